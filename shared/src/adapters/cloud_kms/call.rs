//! One call to Cloud KMS: how it may fail, and when it is tried again.

use std::time::Duration;

use google_cloud_gax::error::{
    Error,
    rpc::{Code, StatusDetails},
};
use tokio::time::{sleep, timeout};
use tracing::{instrument::WithSubscriber, subscriber::NoSubscriber};

use super::CloudKmsLimits;
use crate::ports::keys::{Denied, KeyError};

/// A call did not succeed. Neither the service's message nor the client's own is kept: both may quote what was sent or
/// received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallFault {
    /// Connecting, sending or receiving failed.
    #[error("Cloud KMS cannot be reached")]
    Unreachable,
    /// No answer within the limits.
    #[error("Cloud KMS did not answer in time")]
    TimedOut,
    /// There are no credentials to call with.
    #[error("there are no credentials for Cloud KMS")]
    NoCredentials,
    /// The right to do this is missing.
    #[error("the right to this call is missing in Cloud KMS")]
    Denied,
    /// The request is not acceptable; for a decryption: the ciphertext or its associated data.
    #[error("Cloud KMS finds the request invalid")]
    Invalid,
    /// There is no such key or version.
    #[error("Cloud KMS has no such key or version")]
    Missing,
    /// The version is disabled or destroyed.
    #[error("the key version is disabled or destroyed in Cloud KMS")]
    Unusable,
    /// Any other refusal.
    #[error("Cloud KMS answered with the HTTP status {0}")]
    Status(u16),
    /// The answer cannot be read.
    #[error("the answer of Cloud KMS cannot be read")]
    Misshapen,
    /// A checksum does not match, or was not looked at by the service.
    #[error("the exchange with Cloud KMS was corrupted: a checksum is wrong")]
    Corrupted,
    /// The answer is about another key than the request.
    #[error("the answer of Cloud KMS is about another key")]
    OtherKey,
}

impl CallFault {
    /// Whether the same call may well succeed a moment later. All our calls may safely be repeated.
    const fn is_passing(self) -> bool {
        match self {
            Self::Unreachable | Self::TimedOut | Self::Corrupted | Self::OtherKey => true,
            Self::Status(status) => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            Self::NoCredentials | Self::Denied | Self::Invalid | Self::Missing | Self::Unusable | Self::Misshapen => {
                false
            }
        }
    }
}

impl From<Error> for CallFault {
    fn from(error: Error) -> Self {
        let status = error.status();
        match status.map(|status| status.code) {
            Some(Code::InvalidArgument) => Self::Invalid,
            Some(Code::FailedPrecondition) => Self::Unusable,
            Some(Code::NotFound) => Self::Missing,
            Some(Code::PermissionDenied) if status.is_some_and(|status| lacks_right(&status.details)) => Self::Denied,
            Some(code) => Self::Status(error.http_status_code().unwrap_or_else(|| usual_status(code))),
            None => Self::without_status(&error),
        }
    }
}

impl CallFault {
    fn without_status(error: &Error) -> Self {
        match error.http_status_code() {
            Some(status) => Self::Status(status),
            None if error.is_timeout() => Self::TimedOut,
            None if error.is_authentication() => Self::NoCredentials,
            None if error.is_deserialization() => Self::Misshapen,
            None => Self::Unreachable,
        }
    }
}

impl From<CallFault> for KeyError {
    fn from(fault: CallFault) -> Self {
        match fault {
            CallFault::Missing | CallFault::Unusable => Self::VersionUnavailable,
            CallFault::Denied => Self::Unavailable(Box::new(Denied(Box::new(fault)))),
            other => Self::Unavailable(Box::new(other)),
        }
    }
}

/// Whether it is the caller who has no right, and not the whole project that may not use the service.
fn lacks_right(details: &[StatusDetails]) -> bool {
    details.iter().all(|detail| match detail {
        StatusDetails::ErrorInfo(info) => info.reason == "IAM_PERMISSION_DENIED",
        _ => true,
    })
}

/// The HTTP status that goes with a code, as far as it decides about another attempt.
const fn usual_status(code: Code) -> u16 {
    match code {
        Code::ResourceExhausted => 429,
        Code::Unavailable => 503,
        Code::DeadlineExceeded => 504,
        Code::Internal | Code::Unknown => 500,
        _ => 400,
    }
}

/// Tries until it works, fails for good, or the limits are reached.
pub(super) async fn retried<T, F>(
    limits: &CloudKmsLimits,
    attempt: impl Fn() -> F + Send + Sync,
) -> Result<T, CallFault>
where
    F: Future<Output = Result<T, CallFault>> + Send,
{
    let trying = async {
        let mut pause = limits.first_pause;
        let mut left = limits.attempts;
        loop {
            left = left.saturating_sub(1);
            match within(limits.attempt, attempt()).await {
                Err(fault) if fault.is_passing() && left > 0 => sleep(pause).await,
                outcome => return outcome,
            }
            pause = pause.saturating_mul(2);
        }
    };
    timeout(limits.total, trying).await.unwrap_or(Err(CallFault::TimedOut))
}

/// One attempt, within a limit. The client's own log lines are dropped: an operator can make it log whole requests and
/// answers, plaintexts included.
pub(super) async fn within<T>(
    limit: Duration,
    attempt: impl Future<Output = Result<T, CallFault>> + Send,
) -> Result<T, CallFault> {
    let silent = attempt.with_subscriber(NoSubscriber::default());
    timeout(limit, silent).await.unwrap_or(Err(CallFault::TimedOut))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use google_cloud_gax::error::rpc::Status;
    use tokio::time::Instant;

    use super::*;

    const PASSING: [CallFault; 6] = [
        CallFault::Unreachable,
        CallFault::TimedOut,
        CallFault::Corrupted,
        CallFault::OtherKey,
        CallFault::Status(429),
        CallFault::Status(503),
    ];
    const LASTING: [CallFault; 7] = [
        CallFault::NoCredentials,
        CallFault::Denied,
        CallFault::Invalid,
        CallFault::Missing,
        CallFault::Unusable,
        CallFault::Misshapen,
        CallFault::Status(401),
    ];

    /// The outcome and the number of attempts of a call that fails so often.
    async fn call(fault: CallFault, failures: u32) -> (Result<(), CallFault>, u32) {
        let attempts = AtomicU32::new(0);
        let attempt = || {
            let number = attempts.fetch_add(1, Ordering::Relaxed);
            async move { if number < failures { Err(fault) } else { Ok(()) } }
        };
        let outcome = retried(&CloudKmsLimits::default(), attempt).await;
        (outcome, attempts.into_inner())
    }

    #[tokio::test(start_paused = true)]
    async fn tries_again_what_may_pass_and_nothing_else() {
        for fault in PASSING {
            assert_eq!(call(fault, 2).await, (Ok(()), 3));
            assert_eq!(call(fault, 3).await, (Err(fault), 3));
        }
        for fault in LASTING {
            assert_eq!(call(fault, 1).await, (Err(fault), 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn stays_within_its_time() {
        let limits = CloudKmsLimits { attempts: 100, ..CloudKmsLimits::default() };
        let start = Instant::now();
        let outcome: Result<(), _> = retried(&limits, std::future::pending).await;
        assert_eq!((outcome, start.elapsed().as_secs()), (Err(CallFault::TimedOut), limits.total.as_secs()));
        let start = Instant::now();
        let limits = CloudKmsLimits { attempts: 1, ..limits };
        let outcome: Result<(), _> = retried(&limits, std::future::pending).await;
        assert_eq!((outcome, start.elapsed().as_secs()), (Err(CallFault::TimedOut), limits.attempt.as_secs()));
    }

    #[test]
    fn a_refusal_is_judged_by_its_code() {
        let fault = |code: Code| CallFault::from(Error::service(Status::default().set_code(code)));
        assert_eq!(fault(Code::InvalidArgument), CallFault::Invalid);
        assert_eq!(fault(Code::FailedPrecondition), CallFault::Unusable);
        assert_eq!(fault(Code::NotFound), CallFault::Missing);
        assert_eq!(fault(Code::PermissionDenied), CallFault::Denied);
        assert_eq!(fault(Code::ResourceExhausted), CallFault::Status(429));
        assert_eq!(fault(Code::Unavailable), CallFault::Status(503));
    }

    #[test]
    fn a_service_that_is_switched_off_is_no_missing_right() {
        assert!(lacks_right(&[]) && lacks_right(&[error_info("IAM_PERMISSION_DENIED")]));
        assert!(!lacks_right(&[error_info("SERVICE_DISABLED")]));
    }

    fn error_info(reason: &str) -> StatusDetails {
        let text = serde_json::json!({ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason });
        serde_json::from_value(text).unwrap()
    }
}
