//! Which problem each of the flows' errors is. Decided here once, without a wildcard, so that a new error must be placed.

use std::{error::Error, sync::Arc};

use jiff::Timestamp;

use super::problem::{Code, LimitedBy, Problem};
use crate::{
    domain::session::{LapseReason, Session, SessionStatus},
    flows::{
        activate::ActivateError,
        authorize::AuthorizeError,
        callback::CallbackError,
        connect::ConnectError,
        read::ReadError,
        trouble::{BankFault, Held, Trouble},
        vault::VaultError,
    },
    ports::{
        bank_http::BankHttpError,
        documents::{Contention, StoreError},
    },
    protocol::{
        adjustment::NotMade,
        berlin_group::{errors::AnswerError, meaning::Meaning, refusal::BankRefusal},
        cursor::CursorRejected,
        oauth::{metadata::MetadataError, token::TokenRefusal},
    },
};

/// The problem of an error whose code says it all.
fn caused(code: Code, error: impl Error + Send + Sync + 'static) -> Problem {
    Problem::caused(code, error)
}

impl From<Trouble> for Problem {
    fn from(error: Trouble) -> Self {
        let code = match &error {
            Trouble::Store(StoreError::Unavailable(cause)) if cause.is::<Contention>() => Code::StoreContention,
            Trouble::Store(StoreError::Unavailable(_)) => Code::StoreUnavailable,
            Trouble::Store(StoreError::Damaged(_)) | Trouble::Integrity => Code::Integrity,
            Trouble::Contention => Code::StoreContention,
            Trouble::Vault(error) => vault(error),
            Trouble::Audit(_) => Code::AuditUnavailable,
            Trouble::Seal(error) if error.is_passing() => Code::KeysUnavailable,
            Trouble::Seal(_) | Trouble::Unsignable(_) => Code::SealUnavailable,
            Trouble::Bank(fault) => {
                let problem = bank(fault);
                return Self { cause: Some(Arc::new(error)), ..problem };
            }
            Trouble::Maintenance(until) => {
                let until = *until;
                return Self { retry_at: Some(until), ..caused(Code::BankMaintenance, error) };
            }
            Trouble::Held(held) => {
                let problem = held_back(*held);
                return Self { cause: Some(Arc::new(error)), ..problem };
            }
            Trouble::NotMade(NotMade::NotAttended) => Code::PresenceRequired,
            Trouble::NotMade(NotMade::PsuUnknown(_)) => Code::PresenceIncomplete,
            Trouble::NotConfirmed => Code::BankRejectedRequest,
            Trouble::NoLongerAwaited => Code::CallbackAbandoned,
            Trouble::Store(StoreError::TooLarge)
            | Trouble::NotMade(NotMade::Default(_))
            | Trouble::Entropy(_)
            | Trouble::BankUnknown
            | Trouble::Unsendable(_)
            | Trouble::Address => Code::Internal,
        };
        caused(code, error)
    }
}

/// The problem of a call that the hub holds back, still without its cause.
fn held_back(held: Held) -> Problem {
    let (code, until, limited_by) = match held {
        Held::CircuitOpen(until) => (Code::CircuitOpen, until, None),
        Held::SpikeArrest(until) => (Code::SpikeArrest, until, Some(LimitedBy::Hub)),
        Held::Busy(until) => (Code::BankBusy, until, None),
        Held::Quota { until, by_bank } => {
            (Code::QuotaExhausted, until, Some(if by_bank { LimitedBy::Bank } else { LimitedBy::Hub }))
        }
    };
    let remaining = (code == Code::QuotaExhausted).then_some(0);
    Problem { retry_at: Some(until), limited_by, remaining, ..code.into() }
}

const fn vault(error: &VaultError) -> Code {
    match error {
        VaultError::KeysUnavailable(_) => Code::KeysUnavailable,
        VaultError::VersionUnavailable => Code::KeyVersionUnavailable,
        VaultError::Integrity | VaultError::Misshapen => Code::Integrity,
        VaultError::NoEntropy(_) => Code::Internal,
    }
}

/// The problem of a bank's fault, still without its cause.
fn bank(fault: &BankFault) -> Problem {
    match fault {
        BankFault::Http(error) => http(error).into(),
        BankFault::Answer(AnswerError::Refused(refusal)) => refused(refusal),
        BankFault::Answer(error) => answer(error).into(),
        BankFault::Metadata(MetadataError::Failed) => Code::BankUnavailable.into(),
        BankFault::Metadata(_) => Code::BankResponseInvalid.into(),
        BankFault::Token(refusal) => token(*refusal).into(),
    }
}

const fn http(error: &BankHttpError) -> Code {
    match error {
        BankHttpError::NotSent(_) => Code::Internal,
        BankHttpError::QwacExpired(_) => Code::QwacExpired,
        BankHttpError::Unreachable(_) | BankHttpError::Broken(_) => Code::BankUnreachable,
        BankHttpError::Timeout => Code::BankTimeout,
        BankHttpError::TlsRejected(_) => Code::BankTlsFailed,
        BankHttpError::CertificateRefused(_) => Code::BankRejectedCertificate,
        BankHttpError::TooLarge => Code::BankResponseTooLarge,
        BankHttpError::Malformed(_) => Code::BankResponseInvalid,
    }
}

const fn token(refusal: TokenRefusal) -> Code {
    match refusal {
        TokenRefusal::InvalidGrant => Code::ConsentLost,
        TokenRefusal::InvalidClient => Code::BankRejectedClient,
        TokenRefusal::Refused => Code::BankRejectedRequest,
        TokenRefusal::Closed | TokenRefusal::Failed => Code::BankUnavailable,
        TokenRefusal::Unusable => Code::BankResponseInvalid,
    }
}

const fn answer(error: &AnswerError) -> Code {
    match error {
        AnswerError::Refused(refusal) => meaning(refusal.meaning),
        AnswerError::LinkRejected(_) => Code::BankLinkRejected,
        AnswerError::EmbeddedOnly => Code::EmbeddedRefused,
        AnswerError::ApproachNotSupported(_) => Code::ApproachUnsupported,
        AnswerError::NotJson | AnswerError::Malformed(_) | AnswerError::WrongAnswer | AnswerError::DownloadOnly => {
            Code::BankResponseInvalid
        }
    }
}

fn refused(refusal: &BankRefusal) -> Problem {
    let code = meaning(refusal.meaning);
    let limited_by = (code == Code::BankRateLimited).then_some(LimitedBy::Bank);
    Problem { limited_by, retry_after: refusal.retry_after, ..code.into() }
}

/// The problem that a meaning is, where a flow has done what it can.
pub const fn meaning(meaning: Meaning) -> Code {
    match meaning {
        Meaning::TokenRejected | Meaning::ConsentExpired | Meaning::ConsentInvalid | Meaning::ConsentUnknown => {
            Code::ConsentLost
        }
        Meaning::CertificateRejected => Code::BankRejectedCertificate,
        Meaning::SignatureRejected | Meaning::ServiceBlocked | Meaning::ClockRejected => Code::BankRejectedClient,
        Meaning::AccountUnknown | Meaning::AccountBlocked | Meaning::AccountExpired => Code::AccountUnavailable,
        Meaning::PeriodRejected => Code::BankRejectedPeriod,
        Meaning::AccessExceeded | Meaning::TooManyRequests => Code::BankRateLimited,
        Meaning::BankFailing => Code::BankUnavailable,
        Meaning::Redirected => Code::BankRedirectRejected,
        Meaning::AuthenticationFailed => Code::PsuAuthenticationFailed,
        Meaning::RequestRejected
        | Meaning::ParameterUnsupported
        | Meaning::SessionsUnsupported
        | Meaning::StateConflict
        | Meaning::Forbidden
        | Meaning::NotFound
        | Meaning::Unexpected => Code::BankRejectedRequest,
    }
}

impl From<ConnectError> for Problem {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Ended => caused(Code::SessionEnded, error),
            ConnectError::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<AuthorizeError> for Problem {
    fn from(error: AuthorizeError) -> Self {
        let code = match error {
            AuthorizeError::Unknown => Code::LinkUnknown,
            AuthorizeError::Expired => Code::LinkExpired,
            AuthorizeError::Taken => Code::LinkTaken,
            AuthorizeError::Used => Code::LinkUsed,
            AuthorizeError::Trouble(trouble) => return trouble.into(),
        };
        caused(code, error)
    }
}

impl From<CallbackError> for Problem {
    fn from(error: CallbackError) -> Self {
        let code = match error {
            CallbackError::Invalid => Code::CallbackInvalid,
            CallbackError::Expired => Code::CallbackExpired,
            CallbackError::Replayed => Code::CallbackReplayed,
            CallbackError::OtherBrowser => Code::BrowserMismatch,
            CallbackError::OtherIssuer => Code::IssuerMismatch,
            CallbackError::Abandoned => Code::CallbackAbandoned,
            CallbackError::Trouble(trouble) => return trouble.into(),
        };
        caused(code, error)
    }
}

impl From<ActivateError> for Problem {
    fn from(error: ActivateError) -> Self {
        let code = match error {
            ActivateError::WrongCode => Code::ActivationInvalid,
            ActivateError::Expired => Code::ActivationExpired,
            ActivateError::Pending(again) => {
                return Self { retry_at: again, ..caused(Code::ConsentPending, error) };
            }
            ActivateError::Ended => Code::SessionEnded,
            ActivateError::Trouble(trouble) => return trouble.into(),
        };
        caused(code, error)
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotWorking(session, now) => not_working(&session, now),
            ReadError::Busy(until) => Self { retry_at: Some(until), ..Code::RefreshBusy.into() },
            ReadError::AccountUnknown => caused(Code::NotFound, error),
            ReadError::AccountGone => caused(Code::AccountUnavailable, error),
            ReadError::Contradiction(_) => caused(Code::BankUnavailable, error),
            ReadError::NotOffered => caused(Code::NotOffered, error),
            ReadError::PeriodTooOld => caused(Code::BankRejectedPeriod, error),
            ReadError::Cursor(CursorRejected::Foreign | CursorRejected::Expired) => caused(Code::CursorInvalid, error),
            ReadError::TooManyPages => caused(Code::BankResponseTooLarge, error),
            ReadError::Trouble(trouble) => trouble.into(),
        }
    }
}

/// Why nothing can be read in a session, as a problem.
fn not_working(session: &Session, now: Timestamp) -> Problem {
    let code = match session.status(now) {
        SessionStatus::Ending | SessionStatus::Ended => Code::SessionEnded,
        SessionStatus::RenewalRequired => Code::ConsentLost,
        SessionStatus::AwaitingPsu
        | SessionStatus::Confirming
        | SessionStatus::AwaitingActivation
        | SessionStatus::Active => Code::SessionNotActive,
    };
    let reason = (code == Code::ConsentLost).then(|| session.lapse_reason(now).map(LapseReason::name)).flatten();
    Problem { reason, ..code.into() }
}
