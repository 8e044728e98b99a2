//! The hub as an OAuth 2.0 client of a bank (RFC 6749), one module per exchange: a function builds the request and
//! another processes the response; neither does any IO.
//!
//! OpenID Connect, pushed requests, request objects and JARM each become a module beside these: the flow calls
//! [`authorization`] for the address to send the browser to and [`callback`] for the judged answer, whatever the profile.

pub mod authorization;
pub mod callback;
pub mod metadata;
pub mod pkce;
pub mod revocation;
pub mod token;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method,
    header::{ACCEPT, CONTENT_TYPE},
};
use url::{Url, form_urlencoded};

use crate::protocol::exchange::{BankRequest, Operation};

/// A form post to one of the authorisation server's endpoints, with JSON wanted back.
fn form_post(operation: Operation, url: &Url, fields: &[(&str, &str)]) -> BankRequest {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    BankRequest { operation, method: Method::POST, url: url.clone(), headers, body: Some(Bytes::from(form)) }
}

#[cfg(test)]
pub(crate) mod samples {
    //! A bank and answers for this folder's tests.

    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use crate::{
        domain::bank::{OAuthProfile, Rotation},
        protocol::exchange::BankResponse,
        testing::samples,
    };

    pub fn profile() -> OAuthProfile {
        OAuthProfile {
            client_id: "PSDDE-BAFIN-123456".to_owned(),
            rotation: Rotation::Family,
            ..samples::oauth("https://api.bank.example/oauth")
        }
    }

    pub fn answer(status: u16, body: &str) -> BankResponse {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        BankResponse { status: StatusCode::from_u16(status).unwrap(), headers, body: Bytes::from(body.to_owned()) }
    }
}
