//! What became of one session in a run.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Naming;
use crate::{
    domain::canary::{Form, Met},
    flows::{
        read::ReadError,
        trouble::{BankFault, Held, Trouble},
    },
    protocol::{
        adjustment::NotMade,
        berlin_group::{errors::AnswerError, meaning::Meaning},
    },
};

/// What became of one session in a run.
pub(super) enum Ended {
    /// It was refreshed; the answers had these forms.
    Refreshed(BTreeSet<Form>),
    /// It was left out.
    Skipped(Skip),
    /// The hub holds calls to the bank back.
    HeldBack(Hold),
    /// It failed.
    Failed(Failure),
}

impl From<Hindrance> for Ended {
    fn from(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::Skip(skip, _) => Self::Skipped(skip),
            Hindrance::HeldBack(hold) => Self::HeldBack(hold),
            Hindrance::Failed(failure) => Self::Failed(failure),
        }
    }
}

/// Why the hub holds calls to a bank back, and until when.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hold {
    /// The circuit is open: nobody is read before then.
    Circuit(Timestamp),
    /// The bank has as many calls as it wants to see just now: the others wait a little.
    Pace(Timestamp),
}

impl Hold {
    pub const fn until(self) -> Timestamp {
        match self {
            Self::Circuit(until) | Self::Pace(until) => until,
        }
    }
}

/// Why a session was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skip {
    /// No consent works.
    NoConsent,
    /// The bank or the consent allows none, or there is nothing to refresh.
    NotWanted,
    /// The bank announced that it is not there.
    Maintenance,
    /// The circuit is open, or the bank has all the calls it wants to see.
    HeldBack,
    /// The canaries stopped the others.
    Canary,
    /// It was refreshed a short time ago.
    Fresh,
    /// The reads without the PSU are used up.
    Quota,
    /// Another run was quicker.
    Taken,
    /// There is no document for its bank.
    BankUnknown,
}

impl Skip {
    /// The stable word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoConsent => "no_consent",
            Self::NotWanted => "not_wanted",
            Self::Maintenance => "maintenance",
            Self::HeldBack => "held_back",
            Self::Canary => "canary",
            Self::Fresh => "fresh",
            Self::Quota => "quota",
            Self::Taken => "taken",
            Self::BankUnknown => "bank_unknown",
        }
    }
}

/// A refresh that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    /// The stable name of what went wrong.
    pub kind: &'static str,
    /// Whom it says something of.
    pub of: Source,
}

/// Whom a failure says something of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The bank.
    Bank,
    /// One customer: the consent is over, the account is closed, the reads are used up.
    Customer,
    /// The hub, or nobody: it says nothing of the bank.
    Hub,
}

impl Failure {
    /// What the canaries make of it.
    pub fn met(self) -> Option<Met> {
        let of_customer = match self.of {
            Source::Bank => false,
            Source::Customer => true,
            Source::Hub => return None,
        };
        Some(Met::Failure { kind: self.kind.to_owned(), of_customer })
    }
}

/// What stands in the way of a session.
pub(super) enum Hindrance {
    /// It is left out until then.
    Skip(Skip, Timestamp),
    /// The bank is left alone.
    HeldBack(Hold),
    /// The refresh failed.
    Failed(Failure),
}

/// What an error means for the session and its bank.
pub(super) fn judge(error: ReadError, naming: Naming) -> Hindrance {
    let of = match &error {
        ReadError::Trouble(Trouble::Held(Held::Quota { until, .. })) => return Hindrance::Skip(Skip::Quota, *until),
        ReadError::Trouble(Trouble::Held(Held::CircuitOpen(until))) => {
            return Hindrance::HeldBack(Hold::Circuit(*until));
        }
        ReadError::Trouble(Trouble::Held(Held::SpikeArrest(until) | Held::Busy(until))) => {
            return Hindrance::HeldBack(Hold::Pace(*until));
        }
        ReadError::Trouble(Trouble::Maintenance(until)) => return Hindrance::Skip(Skip::Maintenance, *until),
        ReadError::NotWorking(..) | ReadError::AccountUnknown | ReadError::AccountGone => Source::Customer,
        ReadError::Trouble(Trouble::Bank(fault)) if is_of_customer(fault) => Source::Customer,
        ReadError::Contradiction(_)
        | ReadError::TooManyPages
        | ReadError::Trouble(Trouble::Bank(_) | Trouble::NotMade(NotMade::Default(_))) => Source::Bank,
        ReadError::Busy(_)
        | ReadError::Cursor(_)
        | ReadError::NotOffered
        | ReadError::PeriodTooOld
        | ReadError::Trouble(_) => Source::Hub,
    };
    Hindrance::Failed(Failure { kind: naming(error), of })
}

/// Whether a bank's refusal is about one customer's reads or consent.
const fn is_of_customer(fault: &BankFault) -> bool {
    let BankFault::Answer(AnswerError::Refused(refusal)) = fault else { return false };
    matches!(
        refusal.meaning,
        Meaning::AccessExceeded | Meaning::ConsentExpired | Meaning::ConsentInvalid | Meaning::ConsentUnknown
    )
}
