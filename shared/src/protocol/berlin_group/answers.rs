//! The first judgement of any answer: is it ours, did the bank agree, is it JSON.

use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use uuid::Uuid;

use super::{BankResponse, Operation, errors::AnswerError, headers::X_REQUEST_ID, refusal::BankRefusal, strict_json};
use crate::domain::bank::Bank;

/// RFC 8259 §11.
const JSON: &str = "application/json";

/// The object that the bank answered our request with, by the bank's own ways: what its refusals mean, and
/// what it calls JSON.
pub(super) fn data<'a, T: Deserialize<'a>>(
    bank: &Bank,
    operation: Operation,
    request_id: Uuid,
    response: &'a BankResponse,
) -> Result<T, AnswerError> {
    agreed(bank, request_id, response)?;
    declared_as(&asked_for(bank, operation), &response.headers)?;
    Ok(strict_json::read_object(&response.body)?)
}

/// Whether the bank agreed to our request; what it says beyond that is not looked at.
pub(super) fn agreed(bank: &Bank, request_id: Uuid, response: &BankResponse) -> Result<(), AnswerError> {
    answers_our_request(request_id, response)?;
    if response.status.is_success() {
        return Ok(());
    }
    Err(AnswerError::Refused(BankRefusal::by(&bank.data.errors, response)))
}

/// The request id, if echoed, is ours. A bank that mixes up requests would show one customer's money to another.
fn answers_our_request(request_id: Uuid, response: &BankResponse) -> Result<(), AnswerError> {
    let mut echoes = response.headers.get_all(X_REQUEST_ID).iter();
    let ours = echoes.all(|echo| echo.to_str().is_ok_and(|text| Uuid::try_parse(text.trim()) == Ok(request_id)));
    if ours || is_a_gateways_own(response.status) { Ok(()) } else { Err(AnswerError::WrongAnswer) }
}

/// Statuses that a gateway in front of the bank answers by itself, with a request id of its own. They say nothing
/// of any customer, and must still count as what they are.
fn is_a_gateways_own(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}

/// The media type that this kind of call asks for, without its parameters.
fn asked_for(bank: &Bank, operation: Operation) -> String {
    let wanted = bank.operations.of(operation).filter_map(|profile| profile.accept.as_ref()?.to_str().ok()).last();
    wanted.and_then(|media| media.split(';').next()).unwrap_or(JSON).trim().to_owned()
}

/// JSON, or what this bank calls it. A page for people is neither, whatever the bank's document says.
fn declared_as(media: &str, headers: &HeaderMap) -> Result<(), AnswerError> {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    let is = |media: &str| essence.eq_ignore_ascii_case(media);
    if is(JSON) || is(media) && !is("text/html") { Ok(()) } else { Err(AnswerError::NotJson) }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::{Value, json};

    use super::*;
    use crate::protocol::berlin_group::fixtures::{REQUEST_ID, answer, bank};

    fn judge(response: &BankResponse) -> Result<Value, AnswerError> {
        data(&bank(), Operation::ConsentStatus, REQUEST_ID, response)
    }

    fn typed(content_type: &'static str) -> BankResponse {
        let mut response = answer(200, &json!({"a": 1}));
        response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }

    fn echoing(status: u16, ids: &[&'static str]) -> BankResponse {
        let mut response = answer(status, &json!({}));
        for id in ids {
            response.headers.append(X_REQUEST_ID, HeaderValue::from_static(id));
        }
        response
    }

    #[test]
    fn takes_json_with_any_parameters() {
        for content_type in ["application/json", "application/json;charset=UTF-8", "Application/JSON ; charset=utf-8"] {
            assert_eq!(judge(&typed(content_type)).unwrap(), json!({"a": 1}), "{content_type}");
        }
    }

    #[test]
    fn a_maintenance_page_with_status_200_is_not_json() {
        for content_type in ["text/html", "text/plain", "application/jsonp", "text/application/json", ""] {
            assert!(matches!(judge(&typed(content_type)), Err(AnswerError::NotJson)), "{content_type}");
        }
        let mut response = answer(200, &json!({}));
        response.headers.clear();
        assert!(matches!(judge(&response), Err(AnswerError::NotJson)));
    }

    #[test]
    fn takes_what_this_bank_calls_json() {
        let judge = |media: &'static str, response: &BankResponse| {
            let mut bank = bank();
            bank.operations.every.accept = Some(HeaderValue::from_static(media));
            data::<Value>(&bank, Operation::Balances, REQUEST_ID, response).is_ok()
        };
        assert!(judge("text/plain;charset=UTF-8", &typed("text/plain")));
        assert!(judge("text/plain", &typed("application/json")));
        assert!(!judge("application/json", &typed("text/plain")) && !judge("text/html", &typed("text/html")));
    }

    #[test]
    fn refuses_the_answer_to_another_request() {
        for ids in [
            &["99999999-2222-4333-8444-555555555555"][..],
            &["not-a-uuid"],
            &[""],
            &["11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"],
        ] {
            for status in [200, 400, 401, 404] {
                assert!(matches!(judge(&echoing(status, ids)), Err(AnswerError::WrongAnswer)), "{status} {ids:?}");
            }
        }
    }

    #[test]
    fn takes_an_echo_in_capitals_and_none_at_all() {
        let id = "aaaaaaaa-2222-4333-8444-555555555555";
        let mut response = echoing(200, &["AAAAAAAA-2222-4333-8444-555555555555"]);
        assert!(data::<Value>(&bank(), Operation::ConsentStatus, id.parse().unwrap(), &response).is_ok());
        response.headers.remove(X_REQUEST_ID);
        assert!(judge(&response).is_ok());
    }

    #[test]
    fn a_gateway_s_own_answer_counts_as_what_it_is() {
        for status in [408, 429, 500, 502, 503, 504] {
            let judged = judge(&echoing(status, &["99999999-2222-4333-8444-555555555555"]));
            assert!(matches!(judged, Err(AnswerError::Refused(_))), "{status}");
        }
    }

    #[test]
    fn everything_but_2xx_is_a_refusal() {
        for status in [301, 302, 304, 307, 400, 404, 429, 500] {
            assert!(matches!(judge(&answer(status, &json!({}))), Err(AnswerError::Refused(_))), "{status}");
        }
    }
}
