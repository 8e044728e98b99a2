//! What stands in the way of asking a bank now, and will pass: then the last good answer is better than none.
//!
//! Decided here once, without a wildcard over what a reading can say, so that a new error must be placed.

use crate::{
    domain::meaning::Meaning,
    flows::{
        read::ReadError,
        trouble::{BankFault, Trouble},
    },
    ports::bank_http::BankHttpError,
    protocol::{
        berlin_group::errors::AnswerError,
        oauth::{metadata::MetadataError, token::TokenRefusal},
    },
};

/// Whether the bank cannot be asked now although the consent works: the hub holds the call back, or the bank is down,
/// late, under maintenance or at its limit. Never that a consent, a right or an account is missing, or that something
/// stored was altered.
pub const fn stands_in_the_way(error: &ReadError) -> bool {
    match error {
        ReadError::Busy(_) | ReadError::Contradiction(_) => true,
        ReadError::Trouble(trouble) => holds_up(trouble),
        ReadError::NotWorking(..)
        | ReadError::AccountUnknown
        | ReadError::AccountGone
        | ReadError::Cursor(_)
        | ReadError::TooManyPages
        | ReadError::NotOffered
        | ReadError::PeriodTooOld => false,
    }
}

const fn holds_up(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Held(_) | Trouble::Maintenance(_) => true,
        Trouble::Bank(fault) => is_passing(fault),
        Trouble::Store(_)
        | Trouble::Contention
        | Trouble::Vault(_)
        | Trouble::Integrity
        | Trouble::Entropy(_)
        | Trouble::Audit(_)
        | Trouble::Unsendable(_)
        | Trouble::Seal(_)
        | Trouble::Unsignable(_)
        | Trouble::NotMade(_)
        | Trouble::NotConfirmed
        | Trouble::NoLongerAwaited
        | Trouble::BankUnknown
        | Trouble::Address => false,
    }
}

const fn is_passing(fault: &BankFault) -> bool {
    match fault {
        BankFault::Http(error) => {
            matches!(error, BankHttpError::Unreachable(_) | BankHttpError::Broken(_) | BankHttpError::Timeout)
        }
        BankFault::Answer(AnswerError::Refused(refusal)) => {
            matches!(refusal.meaning, Meaning::AccessExceeded | Meaning::TooManyRequests | Meaning::BankFailing)
        }
        BankFault::Answer(_) => false,
        BankFault::Metadata(error) => matches!(error, MetadataError::Failed),
        BankFault::Token(refusal) => matches!(refusal, TokenRefusal::Closed | TokenRefusal::Failed),
    }
}
