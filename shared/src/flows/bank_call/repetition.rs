//! Which calls are made once more, and after what pause.

use std::time::Duration;

use http::{Method, StatusCode, header::RETRY_AFTER};

use super::PSU_IP_ADDRESS;
use crate::{
    domain::bank::Bank,
    flows::trouble::{BankFault, Trouble},
    ports::bank_http::{BankHttpError, BankRequest, BankResponse},
};

/// The shortest pause.
const SHORTEST: Duration = Duration::from_millis(100);

/// By how many thousandths of a second a pause may be longer, so that calls which failed together do not come back
/// together.
const JITTER: u64 = 200;

/// The longest that a bank may want us to wait before the same call is made once more.
const LONGEST: Duration = Duration::from_secs(2);

/// How a call may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repetition {
    /// Whatever passing failure it was: nobody counts the read.
    AnyPassing,
    /// Only if the bank surely has not seen it: it may count the read.
    IfUnsent,
}

/// How this request may be repeated: a read only, and only where the bank's document does not rule it out. A read of a
/// customer's data without the PSU is one of few.
pub(super) fn of(bank: &Bank, request: &BankRequest) -> Option<Repetition> {
    let operation = request.operation;
    if request.method != Method::GET || !bank.operations.is_repeated(operation) {
        return None;
    }
    let is_counted = operation.is_data() && !request.headers.contains_key(PSU_IP_ADDRESS);
    Some(if is_counted { Repetition::IfUnsent } else { Repetition::AnyPassing })
}

impl Repetition {
    /// How long to wait before the call is made once more; `None` if it is not. The random byte makes the jitter.
    pub fn pause(self, outcome: &Result<BankResponse, Trouble>, [random]: [u8; 1]) -> Option<Duration> {
        let jitter = SHORTEST + Duration::from_millis(JITTER * u64::from(random) / 255);
        match (self, outcome) {
            (_, Err(Trouble::Bank(BankFault::Http(BankHttpError::Unreachable(_)))))
            | (Self::AnyPassing, Err(Trouble::Bank(BankFault::Http(BankHttpError::Broken(_))))) => Some(jitter),
            (Self::AnyPassing, Ok(response)) if is_passing(response.status) => {
                let wanted = wanted(response)?;
                (wanted <= LONGEST).then(|| wanted.max(jitter))
            }
            _ => None,
        }
    }
}

const fn is_passing(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
}

/// How long the bank wants us to wait. `None` if it says so in another way than in seconds (RFC 9110 §10.2.3): then it
/// does not mean a moment.
fn wanted(response: &BankResponse) -> Option<Duration> {
    let Some(value) = response.headers.get(RETRY_AFTER) else { return Some(Duration::ZERO) };
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests;
