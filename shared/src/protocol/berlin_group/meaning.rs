//! What a bank's refusal can mean.
//!
//! A meaning is a fact about the world (the token was rejected), not advice; what to do about it is the flow's business.

/// What a refusal tells us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// The access token is expired, unknown or not good enough.
    TokenRejected,
    /// The consent is past its end.
    ConsentExpired,
    /// The consent is not usable for this: not yet authorised, ended, or too narrow.
    ConsentInvalid,
    /// The bank knows no such consent of ours.
    ConsentUnknown,
    /// The PSU's authentication failed. Only the PSU can go on; repeating may lock the PSU out.
    AuthenticationFailed,
    /// Our TLS certificate or our role is not accepted.
    CertificateRejected,
    /// Our signature is missing or wrong.
    SignatureRejected,
    /// The bank has blocked us from the service.
    ServiceBlocked,
    /// The bank knows no such account under this consent.
    AccountUnknown,
    /// The account is blocked.
    AccountBlocked,
    /// The account's resource was there once and is no longer.
    AccountExpired,
    /// The request is wrong: our error, or the bank's document is.
    RequestRejected,
    /// A parameter is right by the standard, but this bank does not take it; a booking status, say.
    ParameterUnsupported,
    /// The bank gives no data for so long a period, or for such an old one.
    PeriodRejected,
    /// The bank finds our time stamp wrong: one of the two clocks is off.
    ClockRejected,
    /// The bank does not combine account information and payments in one session.
    SessionsUnsupported,
    /// The state of what was addressed does not allow this.
    StateConflict,
    /// The reads without the PSU are used up for this window.
    AccessExceeded,
    /// Too many requests in too short a time.
    TooManyRequests,
    /// Refused without saying why.
    Forbidden,
    /// Nothing is there, without saying what was looked for.
    NotFound,
    /// The bank is failing; the only meaning that speaks of its health.
    BankFailing,
    /// The bank points elsewhere, where we do not go.
    Redirected,
    /// None of these.
    Unexpected,
}

impl Meaning {
    /// The stable name, for audit records and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TokenRejected => "token_rejected",
            Self::ConsentExpired => "consent_expired",
            Self::ConsentInvalid => "consent_invalid",
            Self::ConsentUnknown => "consent_unknown",
            Self::AuthenticationFailed => "authentication_failed",
            Self::CertificateRejected => "certificate_rejected",
            Self::SignatureRejected => "signature_rejected",
            Self::ServiceBlocked => "service_blocked",
            Self::AccountUnknown => "account_unknown",
            Self::AccountBlocked => "account_blocked",
            Self::AccountExpired => "account_expired",
            Self::RequestRejected => "request_rejected",
            Self::ParameterUnsupported => "parameter_unsupported",
            Self::PeriodRejected => "period_rejected",
            Self::ClockRejected => "clock_rejected",
            Self::SessionsUnsupported => "sessions_unsupported",
            Self::StateConflict => "state_conflict",
            Self::AccessExceeded => "access_exceeded",
            Self::TooManyRequests => "too_many_requests",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::BankFailing => "bank_failing",
            Self::Redirected => "redirected",
            Self::Unexpected => "unexpected",
        }
    }
}
