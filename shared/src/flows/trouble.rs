//! What can go wrong in every flow: store, keys, randomness, audit, bank.

use jiff::Timestamp;

use crate::{
    domain::{grant::NotAGrant, ledger::Exhausted},
    flows::vault::VaultError,
    ports::{
        audit::AuditUnavailable,
        bank_http::BankHttpError,
        documents::{CommitError, StoreError},
        entropy::NoEntropy,
        seals::SealError,
    },
    protocol::{
        adjustment::NotMade,
        berlin_group::errors::{AnswerError, UnsendableRequest},
        http_signature::UnsignableRequest,
        oauth::{metadata::MetadataError, token::TokenRefusal},
    },
};

/// Something that every flow depends on failed. The caller can do nothing about it, or only wait.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
    /// Others changed the same document each time the flow tried.
    #[error("too many writers at one document")]
    Contention,
    /// Sealing or opening failed.
    #[error("the vault failed")]
    Vault(#[from] VaultError),
    /// What was opened is not what was sealed.
    #[error("an opened value has the wrong shape")]
    Integrity,
    /// No randomness.
    #[error("no randomness")]
    Entropy(#[from] NoEntropy),
    /// The audit stream failed.
    #[error("the audit stream failed")]
    Audit(#[from] AuditUnavailable),
    /// A request to the bank could not be made of what is known.
    #[error("the request to the bank cannot be made")]
    Unsendable(#[from] UnsendableRequest),
    /// The request could not be signed: the seal's key, certificate or time.
    #[error("the request cannot be signed")]
    Seal(#[from] SealError),
    /// The request could not be signed: what the bank's document wants signed does not fit it.
    #[error("the request is not one that can be signed as the bank wants it")]
    Unsignable(#[from] UnsignableRequest),
    /// The bank failed or refused.
    #[error("the bank call failed")]
    Bank(#[from] BankFault),
    /// The request is not made at this bank as it would have to be.
    #[error("the request does not fit the bank")]
    NotMade(#[from] NotMade),
    /// The bank announced that it is not there until then, and it is not.
    #[error("the bank is under maintenance")]
    Maintenance(Timestamp),
    /// The hub holds the call back: the bank fails, or gets all the calls that it wants to see.
    #[error("the call is held back")]
    Held(#[from] Held),
    /// The bank did not take our confirmation of an authorisation.
    #[error("the bank did not take the confirmation")]
    NotConfirmed,
    /// The session no longer waits for what was prepared for it.
    #[error("the session no longer waits for this")]
    NoLongerAwaited,
    /// A session names a bank that has no document.
    #[error("no document for the session's bank")]
    BankUnknown,
    /// An address of the hub's own could not be made: a fault in the settings.
    #[error("an address of the hub's own could not be made")]
    Address,
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CommitError> for Trouble {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused => Self::Contention,
            CommitError::Failed(error) => Self::Store(error),
        }
    }
}

impl From<NotAGrant> for Trouble {
    fn from(_: NotAGrant) -> Self {
        Self::Integrity
    }
}

/// Why the hub holds a call to a bank back, and until when. The bank has not seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Held {
    /// The circuit of the bank and the operation is open (promise P6).
    #[error("the circuit is open until {0}")]
    CircuitOpen(Timestamp),
    /// The fleet has made all the calls that the bank wants to see in a time (promise P7).
    #[error("the bank's calls are used up until {0}")]
    SpikeArrest(Timestamp),
    /// This instance has as many calls to the bank under way as it may.
    #[error("too many calls to the bank are under way")]
    Busy(Timestamp),
    /// The reads of this account and kind without the PSU are used up (promise P4).
    #[error("the reads without the PSU are used up until {until}")]
    Quota {
        /// When the next is allowed.
        until: Timestamp,
        /// Whether the bank said so; otherwise the hub counted.
        by_bank: bool,
    },
}

impl From<Exhausted> for Held {
    fn from(exhausted: Exhausted) -> Self {
        let Exhausted { until, by_bank } = exhausted;
        Self::Quota { until, by_bank }
    }
}

impl Trouble {
    /// Whether the bank surely never read the request: it was held back, could not be made, or no connection came about.
    pub const fn is_surely_unsent(&self) -> bool {
        matches!(
            self,
            Self::Bank(BankFault::Http(
                BankHttpError::NotSent(_)
                    | BankHttpError::QwacExpired(_)
                    | BankHttpError::Unreachable(_)
                    | BankHttpError::TlsRejected(_)
                    | BankHttpError::CertificateRefused(_),
            )) | Self::Held(_)
                | Self::Seal(_)
                | Self::Unsignable(_)
                | Self::Unsendable(_)
                | Self::NotMade(_)
        )
    }
}

/// What a bank did wrong, or says that we did.
#[derive(Debug, thiserror::Error)]
pub enum BankFault {
    /// No answer came.
    #[error("no answer from the bank")]
    Http(#[from] BankHttpError),
    /// The answer is a refusal or not usable.
    #[error("the bank's answer is not usable")]
    Answer(#[from] AnswerError),
    /// The authorisation server's metadata are not usable.
    #[error("the bank's metadata are not usable")]
    Metadata(#[from] MetadataError),
    /// The token endpoint gave no tokens.
    #[error("the bank gave no tokens")]
    Token(#[from] TokenRefusal),
}

macro_rules! bank_trouble {
    ($($fault:ty),*) => {$(
        impl From<$fault> for Trouble {
            fn from(error: $fault) -> Self {
                Self::Bank(error.into())
            }
        }
    )*};
}

bank_trouble!(BankHttpError, AnswerError, MetadataError, TokenRefusal);
