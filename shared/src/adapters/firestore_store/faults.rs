//! What Firestore's errors mean for the hub.

use firestore::gcloud_sdk::tonic::{Code, Status};

use crate::ports::documents::{Contention, StoreError};

/// What kind of error it is, and so what may be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A write's precondition did not hold; nothing was written.
    Guard,
    /// Others changed the same documents; nothing was written, and a repeat may succeed.
    Contention,
    /// The connection failed or the answer did not come in time: what was asked may have been done or not.
    Unclear,
    /// Firestore does not serve us: a spent quota, missing rights. A repeat makes it worse.
    Turned,
    /// Anything else: a repeat would fail the same way.
    Lasting,
}

/// The kind of an error.
pub(super) fn fault(status: &Status) -> Fault {
    match status.code() {
        Code::NotFound if is_about_the_database(status) => Fault::Lasting,
        Code::AlreadyExists | Code::FailedPrecondition | Code::NotFound => Fault::Guard,
        Code::Aborted => Fault::Contention,
        Code::Unavailable | Code::DeadlineExceeded | Code::Internal | Code::Unknown | Code::Cancelled => Fault::Unclear,
        Code::ResourceExhausted | Code::PermissionDenied | Code::Unauthenticated => Fault::Turned,
        _ => Fault::Lasting,
    }
}

/// `NOT_FOUND` may also mean that there is no such database, which no guard of ours asked about.
fn is_about_the_database(status: &Status) -> bool {
    status.message().starts_with("The database ")
}

/// The port's error. What somebody must see to is also told to the log.
pub(super) fn store_error(status: Status) -> StoreError {
    match fault(&status) {
        Fault::Contention => StoreError::Unavailable(Box::new(Contention(Box::new(status)))),
        Fault::Turned => {
            tracing::error!(grpc.code = ?status.code(), "Firestore turns the hub away: see to quota and rights");
            StoreError::Unavailable(Box::new(status))
        }
        Fault::Guard | Fault::Unclear | Fault::Lasting => StoreError::Unavailable(Box::new(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: Code) -> Fault {
        fault(&Status::new(code, "told"))
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for code in (0..=16).map(Code::from_i32) {
            let expected = match code {
                Code::AlreadyExists | Code::FailedPrecondition | Code::NotFound => Fault::Guard,
                Code::Aborted => Fault::Contention,
                Code::Unavailable | Code::DeadlineExceeded | Code::Internal | Code::Unknown | Code::Cancelled => {
                    Fault::Unclear
                }
                Code::ResourceExhausted | Code::PermissionDenied | Code::Unauthenticated => Fault::Turned,
                Code::Ok | Code::InvalidArgument | Code::OutOfRange | Code::Unimplemented | Code::DataLoss => {
                    Fault::Lasting
                }
            };
            assert_eq!(of(code), expected, "{code:?}");
        }
    }

    #[test]
    fn a_database_that_does_not_exist_is_no_guard() {
        let status = Status::not_found("The database (default) does not exist for project p");
        assert_eq!(fault(&status), Fault::Lasting);
        assert_eq!(fault(&Status::not_found("No document to update: projects/p/databases/d/…")), Fault::Guard);
    }

    #[test]
    fn contention_is_told_as_such() {
        let StoreError::Unavailable(cause) = store_error(Status::aborted("too much")) else {
            panic!("not unavailable")
        };
        assert!(cause.is::<Contention>());
    }
}
