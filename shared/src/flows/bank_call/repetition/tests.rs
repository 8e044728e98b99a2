use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use super::*;
use crate::{domain::operation::Operation, testing::samples};

fn request(operation: Operation, method: Method, is_attended: bool) -> BankRequest {
    let url = "https://api.bank.example/anything".parse().unwrap();
    let mut headers = HeaderMap::new();
    if is_attended {
        headers.insert(PSU_IP_ADDRESS, HeaderValue::from_static("198.51.100.7"));
    }
    BankRequest { operation, method, url, headers, body: None }
}

#[expect(clippy::unnecessary_wraps, reason = "what a call comes to")]
fn answer(status: u16, retry_after: Option<&'static str>) -> Result<BankResponse, Trouble> {
    let mut headers = HeaderMap::new();
    if let Some(value) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
    }
    Ok(BankResponse { status: StatusCode::from_u16(status).unwrap(), headers, body: Bytes::new() })
}

fn failed(error: BankHttpError) -> Result<BankResponse, Trouble> {
    Err(error.into())
}

#[test]
fn only_reads_are_repeated_and_those_that_a_bank_counts_only_if_it_has_not_seen_them() {
    let mut bank = samples::bank();
    let repetition = |bank: &Bank, operation, method, attended| of(bank, &request(operation, method, attended));
    assert_eq!(repetition(&bank, Operation::Balances, Method::GET, true), Some(Repetition::AnyPassing));
    assert_eq!(repetition(&bank, Operation::Balances, Method::GET, false), Some(Repetition::IfUnsent));
    assert_eq!(repetition(&bank, Operation::ConsentStatus, Method::GET, false), Some(Repetition::AnyPassing));
    assert_eq!(repetition(&bank, Operation::Metadata, Method::GET, false), Some(Repetition::AnyPassing));
    for (operation, method) in [
        (Operation::RefreshTokens, Method::POST),
        (Operation::RedeemCode, Method::POST),
        (Operation::CreateConsent, Method::POST),
        (Operation::DeleteConsent, Method::DELETE),
        (Operation::ConfirmAuthorisation, Method::PUT),
    ] {
        assert_eq!(repetition(&bank, operation, method, true), None, "{operation:?}");
    }
    bank.operations.every.repeated = Some(false);
    assert_eq!(repetition(&bank, Operation::Balances, Method::GET, true), None);
}

#[test]
fn a_passing_failure_is_waited_out_and_nothing_else() {
    let pause = |outcome| Repetition::AnyPassing.pause(&outcome, [255]).map(|pause| pause.as_millis());
    for status in [502, 503, 504] {
        assert_eq!(pause(answer(status, None)), Some(300), "{status}");
    }
    for status in [200, 301, 400, 401, 404, 408, 429, 500, 501] {
        assert_eq!(pause(answer(status, None)), None, "{status}");
    }
    assert_eq!(pause(answer(503, Some("2"))), Some(2_000));
    assert_eq!(pause(answer(503, Some("0"))), Some(300));
    for long in ["3", "1000000000000", "Wed, 21 Oct 2026 07:28:00 GMT", "-1"] {
        assert_eq!(pause(answer(503, Some(long))), None, "{long}");
    }
    assert_eq!(pause(failed(BankHttpError::Unreachable("refused".into()))), Some(300));
    assert_eq!(pause(failed(BankHttpError::Broken("reset".into()))), Some(300));
    for error in [
        BankHttpError::Timeout,
        BankHttpError::TooLarge,
        BankHttpError::CertificateRefused("alert".into()),
        BankHttpError::NotSent("address".into()),
    ] {
        assert_eq!(pause(failed(error)), None);
    }
    assert_eq!(Repetition::AnyPassing.pause(&answer(503, None), [0]), Some(SHORTEST));
}

#[test]
fn what_a_bank_may_have_counted_is_not_asked_for_again() {
    let pause = |outcome| Repetition::IfUnsent.pause(&outcome, [0]);
    assert_eq!(pause(failed(BankHttpError::Unreachable("refused".into()))), Some(SHORTEST));
    assert_eq!(pause(failed(BankHttpError::Broken("reset".into()))), None);
    assert_eq!(pause(answer(503, None)), None);
}
