//! A bank and answers of it, for the tests of this dialect.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{BankResponse, headers::CallHeaders};
use crate::{domain::bank::Bank, testing::samples};

/// The id of every request of these tests.
pub(super) const REQUEST_ID: Uuid = Uuid::from_u128(0x1111_1111_2222_4333_8444_5555_5555_5555);

/// Headers of a background call with nothing but its id.
pub(super) const BACKGROUND: CallHeaders<'static> =
    CallHeaders { request_id: REQUEST_ID, psu: None, consent_id: None, access_token: None };

/// A bank whose interface is below a path, whose pages are on a host of their own, and that has no OAuth.
pub(super) fn bank() -> Bank {
    let mut bank = samples::bank();
    bank.addresses.api = Url::parse("https://api.bank.example/psd2").unwrap();
    bank
}

/// The same bank with an authorisation server.
pub(super) fn oauth_bank() -> Bank {
    let oauth = samples::oauth("https://www.bank.example");
    Bank { oauth: Some(oauth), ..bank() }
}

/// An answer of this status and body.
pub(super) fn answer(status: u16, body: &Value) -> BankResponse {
    raw_answer(status, "application/json", body.to_string().as_bytes())
}

/// An answer of any kind.
pub(super) fn raw_answer(status: u16, content_type: &str, body: &[u8]) -> BankResponse {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
    BankResponse { status: StatusCode::from_u16(status).unwrap(), headers, body: Bytes::copy_from_slice(body) }
}
