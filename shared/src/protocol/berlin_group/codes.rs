//! Which refusal means what: one table. What follows from a meaning stands with [`Meaning`] itself, and which problem
//! it is for the caller in `http::trouble`; `docs/errors.md` shows all three together.

use std::fmt;

use http::StatusCode;

use super::meaning::Meaning::{
    self, AccessExceeded, AccountBlocked, AccountExpired, AccountUnknown, AuthenticationFailed, BankFailing,
    CertificateRejected, ClockRejected, ConsentExpired, ConsentInvalid, ConsentUnknown, Forbidden, NotFound,
    ParameterUnsupported, PeriodRejected, Redirected, RequestRejected, ServiceBlocked, SessionsUnsupported,
    SignatureRejected, StateConflict, TokenRejected, TooManyRequests, Unexpected,
};

/// Which statuses a row speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// This one.
    Is(u16),
    /// 3xx.
    Redirection,
    /// 4xx.
    ClientError,
    /// 5xx.
    ServerError,
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(code) => write!(out, "{code}"),
            Self::Redirection => out.write_str("3xx"),
            Self::ClientError => out.write_str("4xx"),
            Self::ServerError => out.write_str("5xx"),
        }
    }
}

impl Status {
    fn covers(self, status: StatusCode) -> bool {
        match self {
            Self::Is(code) => status.as_u16() == code,
            Self::Redirection => status.is_redirection(),
            Self::ClientError => status.is_client_error(),
            Self::ServerError => status.is_server_error(),
        }
    }
}

use Status::{ClientError, Is, Redirection, ServerError};

/// Any code and none.
const ANY: Option<&str> = None;

/// The first row that covers status and code holds. Codes are those of the standard (Berlin Group 1.3, message codes)
/// and its misprints. Banks move codes between 400, 401, 403 and 404, so a code means the same under all of them;
/// statuses that speak of the bank's health or its limits stand first, and no code changes what they mean.
pub const TABLE: &[(Status, Option<&str>, Meaning)] = &[
    (Redirection, ANY, Redirected),
    (ServerError, ANY, BankFailing),
    (Is(408), ANY, BankFailing),
    (ClientError, Some("ACCESS_EXCEEDED"), AccessExceeded),
    (Is(429), ANY, TooManyRequests),
    (ClientError, Some("TOKEN_EXPIRED"), TokenRejected),
    (ClientError, Some("TOKEN_INVALID"), TokenRejected),
    (ClientError, Some("TOKEN_UNKNOWN"), TokenRejected),
    (ClientError, Some("CONSENT_EXPIRED"), ConsentExpired),
    (ClientError, Some("CONSENT_INVALID"), ConsentInvalid),
    (ClientError, Some("CONSENT_UNKNOWN"), ConsentUnknown),
    (ClientError, Some("PSU_CREDENTIALS_INVALID"), AuthenticationFailed),
    (ClientError, Some("CORPORATE_ID_INVALID"), AuthenticationFailed),
    (ClientError, Some("SCA_METHOD_UNKNOWN"), AuthenticationFailed),
    (ClientError, Some("SCA_INVALID"), AuthenticationFailed),
    (ClientError, Some("CERTIFICATE_MISSING"), CertificateRejected),
    (ClientError, Some("CERTIFICATE_INVALID"), CertificateRejected),
    (ClientError, Some("CERTIFICATE_EXPIRED"), CertificateRejected),
    (ClientError, Some("CERTIFICATE_BLOCKED"), CertificateRejected),
    (ClientError, Some("CERTIFICATE_REVOKED"), CertificateRejected),
    (ClientError, Some("CERTIFICATE_REVOKE"), CertificateRejected),
    (ClientError, Some("ROLE_INVALID"), CertificateRejected),
    (ClientError, Some("SIGNATURE_MISSING"), SignatureRejected),
    (ClientError, Some("SIGNATURE_INVALID"), SignatureRejected),
    (ClientError, Some("KID_MISSING"), SignatureRejected),
    (ClientError, Some("SERVICE_BLOCKED"), ServiceBlocked),
    (ClientError, Some("RESOURCE_UNKNOWN"), AccountUnknown),
    (ClientError, Some("RESOURCE_BLOCKED"), AccountBlocked),
    (ClientError, Some("RESOURCE_EXPIRED"), AccountExpired),
    (ClientError, Some("FORMAT_ERROR"), RequestRejected),
    (ClientError, Some("PARAMETER_NOT_CONSISTENT"), RequestRejected),
    (ClientError, Some("PARAMETER_NOT_SUPPORTED"), ParameterUnsupported),
    (ClientError, Some("SERVICE_INVALID"), RequestRejected),
    (ClientError, Some("PRODUCT_INVALID"), RequestRejected),
    (ClientError, Some("PRODUCT_UNKNOWN"), RequestRejected),
    (ClientError, Some("CARD_INVALID"), RequestRejected),
    (ClientError, Some("EXECUTION_DATE_INVALID"), RequestRejected),
    (ClientError, Some("CANCELLATION_INVALID"), RequestRejected),
    (ClientError, Some("PAYMENT_FAILED"), RequestRejected),
    (ClientError, Some("REQUESTED_FORMATS_INVALID"), RequestRejected),
    (ClientError, Some("PERIOD_INVALID"), PeriodRejected),
    (ClientError, Some("TIMESTAMP_INVALID"), ClockRejected),
    (ClientError, Some("SESSIONS_NOT_SUPPORTED"), SessionsUnsupported),
    (ClientError, Some("STATUS_INVALID"), StateConflict),
    (ClientError, Some("REFERENCE_STATUS_INVALID"), StateConflict),
    (Is(400), ANY, RequestRejected),
    // The token is the likeliest culprit, and the cheapest to replace.
    (Is(401), ANY, TokenRejected),
    (Is(403), ANY, Forbidden),
    (Is(404), ANY, NotFound),
    (Is(405), ANY, RequestRejected),
    (Is(406), ANY, RequestRejected),
    (Is(409), ANY, StateConflict),
    (Is(410), ANY, NotFound),
    (Is(415), ANY, RequestRejected),
    (Is(422), ANY, RequestRejected),
];

/// What a refusal of this status and code means.
pub(super) fn classify(status: StatusCode, code: Option<&str>) -> Meaning {
    let holds = |row: &&(Status, Option<&str>, Meaning)| row.0.covers(status) && (row.1 == ANY || row.1 == code);
    TABLE.iter().find(holds).map_or(Unexpected, |row| row.2)
}

/// Whether the table has a row for the code.
pub(super) fn names(code: &str) -> bool {
    TABLE.iter().any(|row| row.1 == Some(code))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn of(status: u16, code: Option<&str>) -> Meaning {
        classify(StatusCode::from_u16(status).unwrap(), code)
    }

    #[test]
    fn no_code_makes_a_failing_bank_anything_else() {
        for status in [408, 500, 501, 502, 503, 504, 599] {
            for code in [None, Some("TOKEN_EXPIRED"), Some("ACCESS_EXCEEDED")] {
                assert_eq!(of(status, code), BankFailing, "{status} {code:?}");
            }
        }
    }

    #[test]
    fn nothing_but_408_and_5xx_speaks_of_the_bank_s_health() {
        for status in (300..500).filter(|status| *status != 408) {
            for row in TABLE {
                assert_ne!(of(status, row.1), BankFailing, "{status} {:?}", row.1);
            }
        }
    }

    #[test]
    fn a_status_alone_is_enough() {
        let expected = [
            (302, Redirected),
            (400, RequestRejected),
            (401, TokenRejected),
            (403, Forbidden),
            (404, NotFound),
            (406, RequestRejected),
            (409, StateConflict),
            (418, Unexpected),
            (429, TooManyRequests),
        ];
        for (status, meaning) in expected {
            assert_eq!(of(status, None), meaning, "{status}");
            assert_eq!(of(status, Some("A_CODE_OF_THE_BANK_S_OWN")), meaning, "{status}");
        }
    }

    #[test]
    fn a_code_says_more_than_its_status() {
        assert_eq!(of(401, Some("CONSENT_EXPIRED")), ConsentExpired);
        assert_eq!(of(401, Some("CERTIFICATE_REVOKE")), CertificateRejected);
        assert_eq!(of(403, Some("CONSENT_UNKNOWN")), ConsentUnknown);
        assert_eq!(of(400, Some("CONSENT_UNKNOWN")), ConsentUnknown);
        assert_eq!(of(404, Some("RESOURCE_UNKNOWN")), AccountUnknown);
        assert_eq!(of(429, Some("ACCESS_EXCEEDED")), AccessExceeded);
        assert_eq!(of(429, Some("TOKEN_EXPIRED")), TooManyRequests);
        assert_eq!(of(405, Some("SERVICE_INVALID")), RequestRejected);
    }

    #[test]
    fn every_row_can_hold() {
        for (index, row) in TABLE.iter().enumerate() {
            let first = |status: u16| {
                let status = StatusCode::from_u16(status).unwrap();
                TABLE.iter().position(|other| other.0.covers(status) && (other.1 == ANY || other.1 == row.1))
            };
            assert!((300..600).any(|status| first(status) == Some(index)), "row {index}");
        }
    }

    #[test]
    fn names_are_distinct() {
        let meanings: Vec<_> = TABLE.iter().map(|row| row.2).chain([Unexpected]).collect();
        for one in &meanings {
            let twins: BTreeSet<_> =
                meanings.iter().filter(|other| other.name() == one.name()).map(|other| format!("{other:?}")).collect();
            assert_eq!(twins.len(), 1, "{twins:?}");
        }
    }
}
