//! The habits of the bank that `POST /policy` changes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::mood::Mood;
use crate::seal::demand::Demand;

/// All habits. What a saved state does not name is as in [`Policy::default`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own, by its own name in JSON")]
pub(crate) struct Policy {
    /// Whether a customer may have several recurring consents with one third party.
    pub(crate) several_consents: bool,
    /// Whether new consents say so in `ASPSP-Multiple-Consent-Support`.
    pub(crate) tells_several: bool,
    /// What signatures are asked for, where it is not what the table of moods says.
    pub(crate) signatures: BTreeMap<Mood, Demand>,
    /// How long consents hold at most.
    pub(crate) longest_days: u16,
    /// What becomes of consents that are to hold longer.
    pub(crate) too_long: TooLong,
    /// The most background reads a day.
    pub(crate) most_reads: u8,
    /// After how many reads of data a consent ends; none for never.
    pub(crate) uses: Option<u32>,
    /// Which transactions can be asked for.
    pub(crate) booking_statuses: BTreeSet<BookingStatus>,
    /// How old transactions may be that nobody is there to ask for; none for any age.
    pub(crate) background_days: Option<u16>,
    /// How long lists come.
    pub(crate) pages: Pages,
    /// Whether lists longer than a page come as a file to download only.
    pub(crate) download: bool,
    /// Whether transactions after a known one can be asked for (`entryReferenceFrom`, `deltaList`).
    pub(crate) delta: bool,
    /// What signs amounts have.
    pub(crate) amounts: Amounts,
    /// How pending entries are named.
    pub(crate) pending: Pending,
    /// Whether asking how a consent stands more than twice a second is refused.
    pub(crate) limits_polls: bool,
    /// Whether headers about the customer come all or not at all, in every mood.
    pub(crate) whole_psu_headers: bool,
}

/// What becomes of consents that are to hold too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TooLong {
    /// They hold shorter.
    Shortened,
    /// They are refused with 422, unless they ask for the longest with `9999-12-31`.
    Refused,
}

/// `bookingStatus` of the Berlin Group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BookingStatus {
    Booked,
    Pending,
    Both,
    Information,
    All,
}

/// How long lists come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pages {
    /// With a `next` link.
    Link,
    /// By `pageIndex` (from 0) and `itemsPerPage`, without links.
    Index,
    /// Whole.
    None,
}

/// What signs amounts have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Amounts {
    /// Minus for a debit.
    Signed,
    /// None; only creditor and debtor tell the direction.
    Unsigned,
    /// The wrong one.
    WronglySigned,
}

/// How pending entries are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pending {
    /// Not at all.
    Nameless,
    /// By the `entryReference` that they keep when they are booked.
    SameReference,
    /// By a `transactionId` that they lose when they are booked.
    OtherId,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            several_consents: false,
            tells_several: true,
            signatures: BTreeMap::new(),
            longest_days: 180,
            too_long: TooLong::Shortened,
            most_reads: 4,
            uses: None,
            booking_statuses: [BookingStatus::Booked, BookingStatus::Pending, BookingStatus::Both].into(),
            background_days: None,
            pages: Pages::Link,
            download: false,
            delta: false,
            amounts: Amounts::Signed,
            pending: Pending::Nameless,
            limits_polls: false,
            whole_psu_headers: false,
        }
    }
}

/// Why a change makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Nothing is named.
    #[error("the policy needs at least one change")]
    Empty,
    /// There is no such habit.
    #[error("the policy has no {0:?}")]
    Unknown(String),
    /// The habit cannot be that.
    #[error("the policy cannot be that: {0}")]
    Value(#[from] serde_json::Error),
}

impl Policy {
    /// What a mood asks of signatures.
    pub(crate) fn demand(&self, mood: Mood) -> Demand {
        self.signatures.get(&mood).copied().unwrap_or(mood.profile().seal)
    }

    /// The policy with some habits changed; what is not named stays. In `signatures`, a mood may have
    /// the need alone, as a word.
    pub(crate) fn changed(&self, changes: Map<String, Value>) -> Result<Self, PolicyError> {
        if changes.is_empty() {
            return Err(PolicyError::Empty);
        }
        let mut all = serde_json::to_value(self)?;
        for (name, value) in changes {
            let place = all.get_mut(&name).ok_or(PolicyError::Unknown(name.clone()))?;
            if name == "signatures" {
                *place = serde_json::to_value(self.resealed(value)?)?;
            } else {
                *place = value;
            }
        }
        Ok(serde_json::from_value(all)?)
    }

    fn resealed(&self, changes: Value) -> Result<BTreeMap<Mood, Demand>, serde_json::Error> {
        let changes: BTreeMap<Mood, Value> = serde_json::from_value(changes)?;
        let mut all = self.signatures.clone();
        for (mood, change) in changes {
            let mut demand = serde_json::to_value(self.demand(mood))?;
            match change {
                Value::Object(parts) => parts.into_iter().for_each(|(name, value)| demand[name] = value),
                need => demand = json!({ "need": need, "scheme": demand["scheme"] }),
            }
            all.insert(mood, serde_json::from_value(demand)?);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::demand::{Need, Scheme};

    fn changed(changes: &Value) -> Result<Policy, PolicyError> {
        Policy::default().changed(changes.as_object().unwrap().clone())
    }

    #[test]
    fn changes_what_is_named() {
        let policy = changed(&json!({ "uses": 24, "pages": "index", "booking_statuses": ["booked"] })).unwrap();
        let expected = Policy {
            uses: Some(24),
            pages: Pages::Index,
            booking_statuses: [BookingStatus::Booked].into(),
            ..Policy::default()
        };
        assert_eq!(policy, expected);
    }

    #[test]
    fn takes_a_need_alone_or_with_its_scheme() {
        let policy = changed(&json!({ "signatures": {
            "oauth": "required", "token": "ignored", "redirect": { "need": "checked", "scheme": "rfc9421" } } }));
        let policy = policy.unwrap();
        assert_eq!(policy.demand(Mood::OAuth), Demand { need: Need::Required, scheme: Scheme::Cavage });
        assert_eq!(policy.demand(Mood::Token), Demand { need: Need::Ignored, scheme: Scheme::Rfc9421 });
        assert_eq!(policy.demand(Mood::Redirect), Demand { need: Need::Checked, scheme: Scheme::Rfc9421 });
        assert_eq!(policy.demand(Mood::Explicit), Demand { need: Need::Required, scheme: Scheme::Cavage });
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        for wrong in [
            json!({}),
            json!({ "colour": "red" }),
            json!({ "uses": -1 }),
            json!({ "pages": "scroll" }),
            json!({ "signatures": { "nowhere": "required" } }),
            json!({ "signatures": { "oauth": "perhaps" } }),
            json!({ "several_consents": null }),
        ] {
            assert!(changed(&wrong).is_err(), "{wrong}");
        }
    }
}
