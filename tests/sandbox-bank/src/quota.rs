//! Counting the reads that no customer asked for: at most `frequencyPerDay` in any 24 hours
//! (Delegated Regulation 2018/389, Art. 36(5)(b)), for each consent, account and kind of data.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::consent::Consent;
use crate::consent::access::Resource;

/// The instants of past background reads.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct BackgroundReads(BTreeMap<String, BTreeMap<String, Vec<Timestamp>>>);

/// The consent's reads of this kind are used up.
#[derive(Debug)]
pub(crate) struct Exceeded;

/// One read that asks to be let through.
#[derive(Debug)]
pub(crate) struct Read<'a> {
    pub(crate) consent: &'a Consent,
    pub(crate) resource: Resource,
    /// The `resourceId`; none for the list of accounts.
    pub(crate) account: Option<&'a str>,
    pub(crate) presence: Presence,
}

/// Whether the customer is asking now, which the `PSU-IP-Address` header alone tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Attended,
    Background,
}

impl Read<'_> {
    /// Attended reads of a recurring consent are free; a one-off consent gives each thing once,
    /// whoever asks.
    pub(crate) fn is_free(&self) -> bool {
        self.consent.recurring && self.presence == Presence::Attended
    }
}

impl BackgroundReads {
    /// Takes one read from the consent's allowance, unless it is free.
    pub(crate) fn take(&mut self, read: &Read<'_>, now: Timestamp) -> Result<(), Exceeded> {
        if read.is_free() {
            return Ok(());
        }
        let what = format!("{:?} {}", read.resource, read.account.unwrap_or_default());
        let instants = self.0.entry(read.consent.id.clone()).or_default().entry(what).or_default();
        if read.consent.recurring {
            instants.retain(|instant| now.duration_since(*instant) < SignedDuration::from_hours(24));
        }
        if instants.len() >= usize::from(read.consent.frequency_per_day) {
            return Err(Exceeded);
        }
        instants.push(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::consent::tests::consent;

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    fn read<'a>(consent: &'a Consent, account: &'a str, presence: Presence) -> Read<'a> {
        Read { consent, resource: Resource::Balances, account: Some(account), presence }
    }

    #[test]
    fn lets_four_background_reads_through_in_any_24_hours() {
        let consent = consent("c1", json!({ "balances": [] }));
        let mut reads = BackgroundReads::default();
        let background = read(&consent, "a", Presence::Background);
        for hour in [0, 10, 20, 23] {
            assert!(reads.take(&background, at(hour)).is_ok());
        }
        assert!(reads.take(&background, at(23)).is_err());
        assert!(reads.take(&background, at(24)).is_ok());
        assert!(reads.take(&background, at(25)).is_err());
        assert!(reads.take(&background, at(34)).is_ok());
    }

    #[test]
    fn counts_accounts_apart_and_attended_reads_not_at_all() {
        let consent = consent("c1", json!({ "balances": [] }));
        let mut reads = BackgroundReads::default();
        for _ in 0..4 {
            assert!(reads.take(&read(&consent, "a", Presence::Background), at(0)).is_ok());
        }
        assert!(reads.take(&read(&consent, "a", Presence::Attended), at(0)).is_ok());
        assert!(reads.take(&read(&consent, "b", Presence::Background), at(0)).is_ok());
        assert!(reads.take(&read(&consent, "a", Presence::Background), at(0)).is_err());
    }

    #[test]
    fn gives_a_one_off_consent_each_thing_once_even_to_the_customer() {
        let mut once = consent("c1", json!({ "balances": [] }));
        (once.recurring, once.frequency_per_day) = (false, 1);
        let mut reads = BackgroundReads::default();
        assert!(reads.take(&read(&once, "a", Presence::Attended), at(0)).is_ok());
        assert!(reads.take(&read(&once, "a", Presence::Attended), at(1000)).is_err());
    }
}
