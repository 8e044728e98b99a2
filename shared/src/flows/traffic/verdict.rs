//! What the end of a call says about the bank's health. Decided here and nowhere else.

use http::{StatusCode, header::CONTENT_TYPE};

use crate::{
    domain::{code_hash::sha256, operation::Operation},
    flows::{
        trail::Subject,
        trouble::{BankFault, Trouble},
    },
    ports::bank_http::{BankHttpError, BankRequest, BankResponse},
};

/// What the end of a call says about the bank's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The bank answers, be it with a refusal.
    Well,
    /// It fails.
    Failed {
        /// Not even a connection held.
        of_connection: bool,
    },
    /// Nothing: it was never asked, asks us to wait, or does not like who we are.
    Nothing,
}

/// The verdict on a call of that kind. Refusals (4xx) are answers; 408 and 5xx are failures, and so is a page for people
/// where data was asked for: many banks show one, with 200, when they are down.
pub fn verdict(operation: Operation, result: &Result<BankResponse, Trouble>) -> Verdict {
    match result {
        Ok(response) if is_failure(operation, response) => Verdict::Failed { of_connection: false },
        Ok(response) if response.status == StatusCode::TOO_MANY_REQUESTS => Verdict::Nothing,
        Ok(_) => Verdict::Well,
        Err(Trouble::Bank(BankFault::Http(error))) => health_of(error),
        Err(_) => Verdict::Nothing,
    }
}

fn is_failure(operation: Operation, response: &BankResponse) -> bool {
    let status = response.status;
    let is_page = || {
        let kind = response.headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
        kind.is_some_and(|kind| kind.starts_with(b"text/html"))
    };
    status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || (operation.is_data() && status.is_success() && is_page())
}

/// What it says about the bank's health that there is no answer.
pub const fn health_of(error: &BankHttpError) -> Verdict {
    match error {
        BankHttpError::Unreachable(_) | BankHttpError::Broken(_) | BankHttpError::TlsRejected(_) => {
            Verdict::Failed { of_connection: true }
        }
        BankHttpError::Timeout => Verdict::Failed { of_connection: false },
        BankHttpError::NotSent(_)
        | BankHttpError::QwacExpired(_)
        | BankHttpError::CertificateRefused(_)
        | BankHttpError::TooLarge
        | BankHttpError::Malformed(_) => Verdict::Nothing,
    }
}

/// Whose data a call asks for: a short hash of session and resource. Paging and periods make no difference.
pub fn subject_of(subject: &Subject, request: &BankRequest) -> u32 {
    let session = subject.session.as_ref().map_or("", |session| session.as_str());
    let text = [session, request.url.path()].join("\n");
    sha256(text.as_bytes()).iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}
