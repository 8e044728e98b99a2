//! Everything the bank remembers that changes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::consent::{Consent, ConsentStatus};
use crate::fault::Faults;
use crate::incident::Incidents;
use crate::mood::Mood;
use crate::oauth::grants::Grants;
use crate::policy::Policy;
use crate::quota::BackgroundReads;
use crate::sca::desk::Desk;
use crate::settings::TokenPolicy;

/// The bank's memory. It is saved as one document, so that what belongs together changes together.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    /// The day the histories of all accounts begin.
    pub(crate) opened_on: Date,
    /// What `POST /clock` has added to the clock.
    pub(crate) clock_advance: SignedDuration,
    pub(crate) tokens: Tokens,
    pub(crate) consents: BTreeMap<String, Consent>,
    #[serde(flatten)]
    pub(crate) policy: Policy,
    #[serde(default)]
    pub(crate) incidents: Incidents,
    pub(crate) grants: Grants,
    pub(crate) reads: BackgroundReads,
    pub(crate) desk: Desk,
    pub(crate) faults: Faults,
    /// The newest entry that the last `deltaList` told, by consent and account.
    #[serde(default)]
    pub(crate) deltas: BTreeMap<String, String>,
    /// The addresses that clients have announced for customers to come back to.
    #[serde(default)]
    announced: BTreeSet<(String, String)>,
}

/// The rules for tokens: as started with, and as changed since.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Tokens {
    configured: TokenPolicy,
    pub(crate) current: TokenPolicy,
}

impl Tokens {
    fn configured(policy: TokenPolicy) -> Self {
        Self { configured: policy, current: policy }
    }

    /// A restart keeps what was changed since; a start with other settings wins over it.
    fn restarted(self, policy: TokenPolicy) -> Self {
        if self.configured == policy { self } else { Self::configured(policy) }
    }
}

impl State {
    /// A bank that opens at `now`, with a year of history behind it.
    pub(crate) fn new(tokens: TokenPolicy, now: Timestamp) -> Self {
        Self {
            opened_on: day_of(now).saturating_sub(1.year()),
            clock_advance: SignedDuration::ZERO,
            tokens: Tokens::configured(tokens),
            consents: BTreeMap::new(),
            policy: Policy::default(),
            incidents: Incidents::default(),
            grants: Grants::default(),
            reads: BackgroundReads::default(),
            desk: Desk::default(),
            faults: Faults::default(),
            deltas: BTreeMap::new(),
            announced: BTreeSet::new(),
        }
    }

    /// The saved state, taken up by a bank that is started with `tokens`.
    pub(crate) fn restarted(mut self, tokens: TokenPolicy) -> Self {
        self.incidents.forget_closed_port();
        Self { tokens: self.tokens.restarted(tokens), ..self }
    }

    /// The bank's own time, given the clock it was started with.
    pub(crate) fn time(&self, clock: Timestamp) -> Timestamp {
        clock.saturating_add(self.clock_advance).unwrap_or(Timestamp::MAX)
    }

    /// Remembers an address that customers may be sent back to for `client`.
    pub(crate) fn announce(&mut self, client: &str, redirect_uri: &str) {
        self.announced.insert((client.to_owned(), redirect_uri.to_owned()));
    }

    /// Whether `client` has announced that address.
    pub(crate) fn is_announced(&self, client: &str, redirect_uri: &str) -> bool {
        self.announced.contains(&(client.to_owned(), redirect_uri.to_owned()))
    }

    /// A consent that `organisation` made in this mood; anybody else's looks the same as none.
    pub(crate) fn own_consent(&self, id: &str, mood: Mood, organisation: &str) -> Option<&Consent> {
        self.consents.get(id).filter(|consent| consent.mood == mood && consent.tpp.organisation == organisation)
    }

    /// Ends the consents whose place `newer` takes, unless the bank allows several.
    pub(crate) fn retire_older(&mut self, newer: &Consent, today: Date) {
        if self.policy.several_consents {
            return;
        }
        let older = self.consents.values_mut().filter(|consent| consent.gives_way_to(newer, today));
        older.for_each(|consent| consent.end(ConsentStatus::Expired, today));
    }
}

/// The bank's date; it keeps its books in UTC, whatever the machine's zone.
pub(crate) fn day_of(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now).date()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::consent::tests::{TODAY, consent};
    use crate::settings::Rotation;

    fn state() -> State {
        State::new(TokenPolicy::default(), Timestamp::UNIX_EPOCH)
    }

    fn with_two_valid_consents(several: bool) -> ConsentStatus {
        let mut state = state();
        state.policy.several_consents = several;
        for id in ["older", "newer"] {
            let mut consent = consent(id, json!({ "accounts": [] }));
            consent.approve("sca", "anna-schmidt", Vec::new(), TODAY);
            state.retire_older(&consent, TODAY);
            state.consents.insert(id.to_owned(), consent);
        }
        state.consents["older"].status_on(TODAY)
    }

    #[test]
    fn ends_the_older_consent_unless_several_are_allowed() {
        assert_eq!(with_two_valid_consents(false), ConsentStatus::Expired);
        assert_eq!(with_two_valid_consents(true), ConsentStatus::Valid);
    }

    #[test]
    fn shows_a_consent_only_to_its_maker_and_in_its_mood() {
        let mut state = state();
        state.consents.insert("c1".to_owned(), consent("c1", json!({ "accounts": [] })));
        let maker = "PSDDE-FAKENCA-HUB001";
        assert!(state.own_consent("c1", Mood::OAuth, maker).is_some());
        assert!(state.own_consent("c1", Mood::Redirect, maker).is_none());
        assert!(state.own_consent("c1", Mood::OAuth, "PSDDE-FAKENCA-OTHER2").is_none());
        assert!(state.own_consent("c2", Mood::OAuth, maker).is_none());
    }

    #[test]
    fn keeps_changed_token_rules_over_a_restart_with_the_same_settings() {
        let mut state = state();
        state.tokens.current.rotation = Rotation::Family;
        let state = state.restarted(TokenPolicy::default());
        assert_eq!(state.tokens.current.rotation, Rotation::Family);
        let other = TokenPolicy { access_seconds: 7, ..TokenPolicy::default() };
        assert_eq!(state.restarted(other).tokens.current, other);
    }

    #[test]
    fn moves_its_own_time_without_touching_the_clock() {
        let mut state = state();
        state.clock_advance = SignedDuration::from_hours(24);
        assert_eq!(day_of(state.time(Timestamp::UNIX_EPOCH)).to_string(), "1970-01-02");
    }
}
