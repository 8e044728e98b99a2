//! What a bank's refusal can mean, and what follows from it: one row for each meaning.
//!
//! Which status and code mean what is another table (`protocol::berlin_group::codes`). Both are printed together in
//! `docs/errors.md`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a refused call may be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Not as it is.
    Never,
    /// Once, with a new access token.
    RefreshToken,
    /// A read may be repeated as it is, or mended; what changes something may not.
    Idempotent,
    /// After the time that the bank names, or its window.
    After,
}

impl Retry {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::RefreshToken => "refresh_token",
            Self::Idempotent => "idempotent",
            Self::After => "after",
        }
    }
}

macro_rules! meanings {
    ($($(#[$doc:meta])* $variant:ident $name:literal $retry:ident $hub:literal;)*) => {
        /// What a refusal tells us.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Meaning {
            $($(#[$doc])* $variant,)*
        }

        impl Meaning {
            /// Every meaning.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable name, for audit records, metrics and banks' documents.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Whether the call may be made again.
            pub const fn retry(self) -> Retry {
                match self { $(Self::$variant => Retry::$retry,)* }
            }

            /// What the hub does by itself, in a few words.
            pub const fn what_the_hub_does(self) -> &'static str {
                match self { $(Self::$variant => $hub,)* }
            }
        }
    };
}

meanings! {
    /// The access token is expired, unknown or not good enough.
    TokenRejected "token_rejected" RefreshToken "refreshes the token once and repeats; without tokens, asks how the consent stands";
    /// The consent is past its end.
    ConsentExpired "consent_expired" Never "ends the consent, or asks how it stands where the bank is known to lie";
    /// The consent is not usable for this: not yet authorised, ended, or too narrow.
    ConsentInvalid "consent_invalid" Never "asks once how the consent stands";
    /// The bank knows no such consent of ours.
    ConsentUnknown "consent_unknown" Never "asks once how the consent stands";
    /// The PSU's authentication failed. Only the PSU can go on; repeating may lock the PSU out.
    AuthenticationFailed "authentication_failed" Never "nothing: repeating may lock the PSU out";
    /// Our TLS certificate or our role is not accepted.
    CertificateRejected "certificate_rejected" Never "nothing";
    /// Our signature is missing or wrong.
    SignatureRejected "signature_rejected" Never "nothing";
    /// The bank has blocked us from the service.
    ServiceBlocked "service_blocked" Never "nothing";
    /// The bank knows no such account under this consent.
    AccountUnknown "account_unknown" Idempotent "lists the accounts once and repeats under the account's new handle";
    /// The account is blocked.
    AccountBlocked "account_blocked" Never "nothing";
    /// The account's resource was there once and is no longer.
    AccountExpired "account_expired" Never "nothing";
    /// The request is wrong: our error, or the bank's document is.
    RequestRejected "request_rejected" Never "nothing";
    /// A parameter is right by the standard, but this bank does not take it; a booking status, say.
    ParameterUnsupported "parameter_unsupported" Idempotent "asks for booked transactions instead, and tells so";
    /// The bank gives no data for so long a period, or for such an old one.
    PeriodRejected "period_rejected" Idempotent "asks once for a shorter period, and tells so";
    /// The bank finds our time stamp wrong: one of the two clocks is off.
    ClockRejected "clock_rejected" Never "nothing";
    /// The bank does not combine account information and payments in one session.
    SessionsUnsupported "sessions_unsupported" Never "nothing: it never asks for both";
    /// The state of what was addressed does not allow this.
    StateConflict "state_conflict" Never "asks once how the consent stands";
    /// The reads without the PSU are used up for this window.
    AccessExceeded "access_exceeded" After "tells the bank's time";
    /// Too many requests in too short a time.
    TooManyRequests "too_many_requests" After "tells the bank's time";
    /// Refused without saying why.
    Forbidden "forbidden" Never "nothing";
    /// Nothing is there, without saying what was looked for.
    NotFound "not_found" Never "nothing; about an account, at banks that drop closed ones, the account is closed";
    /// The bank is failing; the only meaning that speaks of its health.
    BankFailing "bank_failing" Idempotent "repeats a read once where that costs none of the day's reads, at 502, 503 and 504";
    /// The bank points elsewhere, where we do not go.
    Redirected "redirected" Never "nothing";
    /// None of these.
    Unexpected "unexpected" Never "nothing";
}

impl Meaning {
    /// Whether it speaks of the bank's health, so that it counts for the circuit (promise P6).
    pub const fn counts_for_circuit(self) -> bool {
        matches!(self, Self::BankFailing)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_distinct_and_are_the_words_of_documents() {
        let names: BTreeSet<_> = Meaning::ALL.iter().map(|meaning| meaning.name()).collect();
        assert_eq!(names.len(), Meaning::ALL.len());
        for meaning in Meaning::ALL {
            let read: Meaning = serde_json::from_value(meaning.name().into()).unwrap();
            assert_eq!(read, *meaning);
        }
    }

    #[test]
    fn only_a_failing_bank_counts_for_the_circuit() {
        let counting: Vec<_> = Meaning::ALL.iter().filter(|meaning| meaning.counts_for_circuit()).collect();
        assert_eq!(counting, [&Meaning::BankFailing]);
    }

    #[test]
    fn what_may_lock_the_psu_out_is_never_repeated() {
        assert_eq!(Meaning::AuthenticationFailed.retry(), Retry::Never);
        assert_eq!(Meaning::TokenRejected.retry(), Retry::RefreshToken);
        assert_eq!(Meaning::AccessExceeded.retry(), Retry::After);
    }
}
