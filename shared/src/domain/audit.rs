//! What the auditor gets to see: who did what to which session, when, and how it ended (promise P11).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{BankId, Pseudonym, RequestId, SessionId, TenantId};

/// One record. Its id is the request and the step, so the same step recorded twice is one record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuditRecord {
    /// The inbound request that led to it.
    pub request_id: RequestId,
    /// Counts the records of the request from 1.
    pub step: u32,
    /// When.
    pub recorded_at: Timestamp,
    /// What happened.
    pub event: AuditEvent,
    /// Whose session.
    pub tenant: Option<TenantId>,
    /// Which session.
    pub session: Option<SessionId>,
    /// The PSU, as a keyed hash.
    pub psu: Option<Pseudonym>,
    /// At which bank.
    pub bank: Option<BankId>,
}

impl AuditRecord {
    /// The record's id in the store.
    pub fn id(&self) -> String {
        format!("{}-{}", self.request_id, self.step)
    }
}

impl AuditEvent {
    /// The stable word for what happened, as it is written.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SessionStarted => "session_started",
            Self::RenewalStarted => "renewal_started",
            Self::ConsentAskedFor => "consent_asked_for",
            Self::AuthorisationAskedAbout => "authorisation_asked_about",
            Self::AuthorisationOpened => "authorisation_opened",
            Self::CallbackConsumed => "callback_consumed",
            Self::AuthorisationFailed { .. } => "authorisation_failed",
            Self::GrantStored => "grant_stored",
            Self::ConsentConfirmed => "consent_confirmed",
            Self::SessionActivated => "session_activated",
            Self::RefreshStarted => "refresh_started",
            Self::TokensRefreshed => "tokens_refreshed",
            Self::RefreshFailed { .. } => "refresh_failed",
            Self::ConsentLapsed { .. } => "consent_lapsed",
            Self::RenewalDue { .. } => "renewal_due",
            Self::EventGivenUp { .. } => "event_given_up",
            Self::DirectoryStored => "directory_stored",
            Self::SnapshotTold { .. } => "snapshot_told",
            Self::SnapshotsErased { .. } => "snapshots_erased",
            Self::SessionEnded => "session_ended",
            Self::RevocationTried { .. } => "revocation_tried",
            Self::KeysRewrapped => "keys_rewrapped",
            Self::RestoreSettled { .. } => "restore_settled",
            Self::BankCalled { .. } => "bank_called",
        }
    }

    /// How it ended, in a word, where it may end in several ways. A call to a bank is not told here: its outcome may be
    /// the bank's own number.
    pub fn outcome(&self) -> Option<&str> {
        let (done, open) = ("settled", "pending");
        match self {
            Self::TokensRefreshed => Some("refreshed"),
            Self::AuthorisationFailed { reason } | Self::RefreshFailed { reason } | Self::ConsentLapsed { reason } => {
                Some(reason)
            }
            Self::RevocationTried { settled: is_done } | Self::SnapshotsErased { done: is_done } => {
                Some(if *is_done { done } else { open })
            }
            Self::RestoreSettled { token_given_up } => Some(if *token_given_up { "token_given_up" } else { "kept" }),
            _ => None,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AuditEvent {
    /// A session began and a consent was asked for.
    SessionStarted,
    /// A new consent was asked for in a session.
    RenewalStarted,
    /// A consent was asked for with the tokens of the journey's first leg.
    ConsentAskedFor,
    /// The bank is about to be asked how an authorisation on another device stands.
    AuthorisationAskedAbout,
    /// A browser opened the authorisation link.
    AuthorisationOpened,
    /// A browser came back and its answer was consumed.
    CallbackConsumed,
    /// The bank ended the journey without granting.
    AuthorisationFailed {
        /// Why, in the hub's words.
        reason: String,
    },
    /// The bank granted and the tokens were stored.
    GrantStored,
    /// The bank's terms of the consent were read back.
    ConsentConfirmed,
    /// The CRM redeemed the activation code.
    SessionActivated,
    /// A refresh was begun; the refresh token is about to be used.
    RefreshStarted,
    /// New tokens were stored.
    TokensRefreshed,
    /// A refresh brought no tokens.
    RefreshFailed {
        /// Why, in the hub's words.
        reason: String,
    },
    /// The consent works no more.
    ConsentLapsed {
        /// Why, in the hub's words.
        reason: String,
    },
    /// The consent ends soon, and the CRM is to be told.
    RenewalDue {
        /// In at most so many days.
        days: u16,
    },
    /// An event was tried for two days and never taken by the CRM.
    EventGivenUp {
        /// Which of the session's events.
        number: u64,
    },
    /// The accounts under a consent were named.
    DirectoryStored,
    /// The CRM was told a bank's last good answer, because the bank could not be asked.
    SnapshotTold {
        /// What kind of data.
        data: String,
        /// When the bank had answered.
        as_of_at: Timestamp,
    },
    /// The last good answers of a session that the CRM has ended were erased, or it was tried.
    SnapshotsErased {
        /// Whether they are gone.
        done: bool,
    },
    /// The CRM ended the session.
    SessionEnded,
    /// A step of ending at the bank was done or tried.
    RevocationTried {
        /// Whether every step is done.
        settled: bool,
    },
    /// Data keys of a session were wrapped under a newer key encryption key.
    KeysRewrapped,
    /// The session stands as at an earlier time, and was made ready to be used again.
    RestoreSettled {
        /// Whether its refresh token was given up, because a newer one may have been granted since.
        token_given_up: bool,
    },
    /// A bank was called.
    BankCalled {
        /// What for.
        operation: String,
        /// The bank's status, or the hub's word for why there is none.
        outcome: String,
        /// Whether the PSU was there.
        attended: bool,
        /// How long it took.
        duration_ms: u64,
        /// The id that the bank was given for this call.
        bank_request_id: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_the_word_that_is_written() {
        let reason = || "sca_denied".to_owned();
        let as_of_at = Timestamp::UNIX_EPOCH;
        let events = [
            AuditEvent::SessionStarted,
            AuditEvent::RenewalStarted,
            AuditEvent::ConsentAskedFor,
            AuditEvent::AuthorisationAskedAbout,
            AuditEvent::AuthorisationOpened,
            AuditEvent::CallbackConsumed,
            AuditEvent::AuthorisationFailed { reason: reason() },
            AuditEvent::GrantStored,
            AuditEvent::ConsentConfirmed,
            AuditEvent::SessionActivated,
            AuditEvent::RefreshStarted,
            AuditEvent::TokensRefreshed,
            AuditEvent::RefreshFailed { reason: reason() },
            AuditEvent::ConsentLapsed { reason: reason() },
            AuditEvent::RenewalDue { days: 7 },
            AuditEvent::EventGivenUp { number: 1 },
            AuditEvent::DirectoryStored,
            AuditEvent::SnapshotTold { data: "balances".to_owned(), as_of_at },
            AuditEvent::SnapshotsErased { done: true },
            AuditEvent::SessionEnded,
            AuditEvent::RevocationTried { settled: false },
            AuditEvent::KeysRewrapped,
            AuditEvent::RestoreSettled { token_given_up: true },
        ];
        for event in events {
            assert_eq!(serde_json::to_value(&event).unwrap()["kind"], event.kind());
        }
        assert_eq!(AuditEvent::RevocationTried { settled: false }.outcome(), Some("pending"));
        assert_eq!(AuditEvent::ConsentLapsed { reason: reason() }.outcome(), Some("sca_denied"));
    }
}
