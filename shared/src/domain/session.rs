//! A session: one PSU at one bank. It outlives any one consent; renewing keeps it and its account ids.
//!
//! A session has at most one consent in force ([`Access`]), at most one being granted ([`Attempt`]), and consents that
//! are over for us but not yet for the bank ([`Retiring`]). Its status is not stored but follows from these, so no two
//! fields can contradict each other.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::{
    code_hash::CodeHash,
    consent::ConsentTerms,
    event::{Need, Outbox},
    grant::StoredGrant,
    ids::{AccountId, BankId, FlowId, Pseudonym, SessionId, TenantId},
    ledger::Ledger,
    place::Place,
    refresh::RefreshState,
    sealed::Sealed,
};

mod attempt;
mod erasure;
mod lapse;
mod restored;
mod retiring;
mod sealed_values;
mod telling;

pub use attempt::{Attempt, AttemptStage};
pub use erasure::Erasure;
pub use lapse::{Lapse, LapseReason};
pub use restored::Forgotten;
pub use retiring::{Retiring, Revocation, StepState};
pub use sealed_values::SealedValue;

/// How many shards due-queries are spread over: an index on a rising instant takes 500 writes a second.
pub const SHARDS: u8 = 16;

/// One PSU at one bank.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Its id, as the CRM holds it.
    pub id: SessionId,
    /// Whose it is.
    pub tenant: TenantId,
    /// At which bank.
    pub bank: BankId,
    /// The CRM's reference of the PSU, as a keyed hash.
    pub psu: Pseudonym,
    /// When it began.
    pub created_at: Timestamp,
    /// The consent in force, activated by the CRM.
    pub access: Option<Access>,
    /// The consent being granted.
    pub attempt: Option<Attempt>,
    /// Consents that are over for us and must still be ended at the bank.
    pub retiring: Vec<Retiring>,
    /// Why there is no consent that works, if there is none.
    pub lapse: Option<Lapse>,
    /// When the CRM ended the session.
    pub ended_at: Option<Timestamp>,
    /// What is left to do until the last good answers are erased, once the CRM has ended the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasure: Option<Erasure>,
    /// The newest generation given to a sealed value of this session.
    pub generation: u64,
    /// When upkeep should look at it next.
    pub due_at: Option<Timestamp>,
    /// The reads without the PSU of the last 24 hours.
    #[serde(default, skip_serializing_if = "Ledger::is_empty")]
    pub ledger: Ledger,
    /// When the balances are to be refreshed without anybody asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balances_due_at: Option<Timestamp>,
    /// When the tokens are to be refreshed without anybody needing them, so that their chain does not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_due_at: Option<Timestamp>,
    /// What the CRM has yet to be told.
    #[serde(default, skip_serializing_if = "Outbox::is_empty")]
    pub outbox: Outbox,
    /// When the CRM is to be told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events_due_at: Option<Timestamp>,
    /// The shard that due-queries find it in.
    pub shard: u8,
}

/// A consent in force and what is needed to use it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Access {
    /// What the bank grants.
    pub consent: ConsentTerms,
    /// When the PSU authorised it.
    pub granted_at: Timestamp,
    /// The sealed consent id and tokens.
    pub grant: StoredGrant,
    /// Who is refreshing the tokens.
    pub refresh: RefreshState,
    /// The sealed directory of account ids, once accounts were listed.
    pub directory: Option<StoredDirectory>,
    /// The accounts that the consent is for, as keyed hashes of their IBANs, where the bank told them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered: Option<BTreeSet<AccountId>>,
    /// The hash of the activation code that the CRM redeemed or must redeem; redeeming it again changes nothing.
    pub activation: CodeHash,
    /// The days before its end that the CRM was last reminded at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded: Option<u16>,
    /// What people must do before anything can be read without the PSU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<Need>,
}

/// The sealed directory: which account id is which of the bank's resources under this consent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredDirectory {
    /// The sealed list.
    pub sealed: Sealed,
    /// Its generation.
    pub generation: u64,
}

/// Where a session stands, as the CRM sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// The PSU has yet to authorise at the bank.
    AwaitingPsu,
    /// The PSU came back; the hub is finishing with the bank.
    Confirming,
    /// The CRM has yet to redeem the activation code.
    AwaitingActivation,
    /// Accounts can be read.
    Active,
    /// The PSU must authorise again.
    RenewalRequired,
    /// Ended for the CRM; the bank has yet to be told.
    Ending,
    /// Ended everywhere.
    Ended,
}

impl Session {
    /// A session that begins now, with nothing granted and nothing asked for.
    pub fn begun(id: SessionId, tenant: TenantId, bank: BankId, psu: Pseudonym, now: Timestamp) -> Self {
        Self {
            shard: id.shard(SHARDS),
            id,
            tenant,
            bank,
            psu,
            created_at: now,
            access: None,
            attempt: None,
            retiring: Vec::new(),
            lapse: None,
            ended_at: None,
            erasure: None,
            generation: 0,
            due_at: None,
            ledger: Ledger::default(),
            balances_due_at: None,
            tokens_due_at: None,
            outbox: Outbox::default(),
            events_due_at: None,
        }
    }

    /// Where the session stands.
    pub fn status(&self, now: Timestamp) -> SessionStatus {
        if self.ended_at.is_some() {
            let is_over = self.revocation().is_settled() && self.is_erased();
            return if is_over { SessionStatus::Ended } else { SessionStatus::Ending };
        }
        if self.access.is_some() {
            return if self.lapse_reason(now).is_none() {
                SessionStatus::Active
            } else {
                SessionStatus::RenewalRequired
            };
        }
        let attempt = self.attempt.as_ref().filter(|attempt| attempt.expires_at > now);
        attempt.map_or(SessionStatus::RenewalRequired, Attempt::status)
    }

    /// Why no consent works now, whether or not anybody has written it down yet.
    pub fn lapse_reason(&self, now: Timestamp) -> Option<LapseReason> {
        if let Some(lapse) = &self.lapse {
            return Some(lapse.reason);
        }
        match (&self.access, &self.attempt) {
            (Some(access), _) if access.has_ended(now) => Some(LapseReason::ConsentExpired),
            (None, Some(attempt)) if attempt.expires_at <= now => Some(attempt.lapse_reason()),
            _ => None,
        }
    }

    /// The consent in force, if it works now.
    pub fn working_access(&self, now: Timestamp) -> Option<&Access> {
        let works = self.ended_at.is_none() && self.lapse_reason(now).is_none();
        self.access.as_ref().filter(|_| works)
    }

    /// Where the sealed grant of that generation lives.
    pub fn grant_place(&self, generation: u64) -> Place {
        self.place("grant", generation)
    }

    /// Where the sealed account directory of that generation lives.
    pub fn directory_place(&self, generation: u64) -> Place {
        self.place("directory", generation)
    }

    fn place(&self, field: &'static str, generation: u64) -> Place {
        let (document, tenant) = (self.id.as_str().to_owned(), self.tenant.clone());
        Place { collection: "sessions", document, field, tenant, generation }
    }

    /// Where the browser goes when this flow is consumed, if the session still waits for it.
    pub fn awaited_return_url(&self, flow: &FlowId) -> Option<&Url> {
        let attempt = self.attempt.as_ref().filter(|attempt| attempt.flow == *flow && self.ended_at.is_none())?;
        matches!(attempt.stage, AttemptStage::AwaitingPsu).then_some(&attempt.return_url)
    }

    /// Whether this flow's answer is being redeemed.
    pub fn redeems(&self, flow: &FlowId) -> bool {
        self.ended_at.is_none()
            && self
                .attempt
                .as_ref()
                .is_some_and(|attempt| attempt.flow == *flow && matches!(attempt.stage, AttemptStage::Redeeming))
    }

    /// Gives the attempt up. If no consent is in force, the reason is noted.
    pub fn abandon_attempt(&mut self, reason: LapseReason, now: Timestamp) {
        self.drop_attempt(now);
        if self.access.is_none() {
            self.lapse = Some(Lapse { reason, since_at: now });
        }
        self.schedule();
    }

    /// Forgets the attempt. Whatever the bank granted on the way is put aside to be ended there.
    pub fn drop_attempt(&mut self, now: Timestamp) {
        let Some(attempt) = self.attempt.take() else { return };
        if let AttemptStage::AwaitingActivation(access) = attempt.stage {
            self.retire(*access, now);
        }
        if let Some(kept) = attempt.kept {
            self.put_aside(kept, StepState::Pending, StepState::Pending, now);
        }
    }

    /// Takes the next generation for a sealed value.
    pub fn next_generation(&mut self) -> u64 {
        self.generation = self.generation.saturating_add(1);
        self.generation
    }

    /// Sets [`Session::due_at`] to the earliest thing that upkeep must see to.
    pub fn schedule(&mut self) {
        let attempt = self.attempt.as_ref().map(Attempt::due_at);
        let retiring = self.retiring.iter().filter(|old| !old.is_settled()).map(|old| old.try_at);
        let works = self.lapse.is_none() && self.ended_at.is_none();
        let access = self.access.as_ref().filter(|_| works);
        let reminder = access.and_then(Access::next_reminder_at);
        let end = access.and_then(Access::ends_at);
        let erasure = self.erasure.as_ref().map(|erasure| erasure.try_at);
        self.due_at = [attempt, reminder, end, erasure].into_iter().flatten().chain(retiring).min();
    }

    /// Puts the consent in force aside to be ended at the bank.
    pub fn retire(&mut self, access: Access, now: Timestamp) {
        let has_tokens = access.grant.access_stale_at.is_some();
        let tokens = if has_tokens { StepState::Pending } else { StepState::NotNeeded };
        self.put_aside(access.grant, StepState::Pending, tokens, now);
    }

    /// Puts tokens aside that the bank granted although their consent was put aside meanwhile.
    pub fn retire_tokens(&mut self, grant: StoredGrant, now: Timestamp) {
        self.put_aside(grant, StepState::NotNeeded, StepState::Pending, now);
        self.schedule();
    }

    fn put_aside(&mut self, grant: StoredGrant, consent: StepState, tokens: StepState, now: Timestamp) {
        self.retiring.push(Retiring { grant: Some(grant), consent, tokens, tries: 0, try_at: now });
    }

    /// Gives the consent in force up because the bank ended it for a newer one of the same PSU.
    pub fn yield_to_newer(&mut self, now: Timestamp) {
        if let Some(access) = self.access.take() {
            self.retire(access, now);
            self.lapse = Some(Lapse { reason: LapseReason::ConsentReplaced, since_at: now });
            self.stop_background();
            self.schedule();
        }
    }

    /// Ends the session for the CRM: from now on nothing can be read. Whatever was granted is put aside to be ended at
    /// the bank.
    pub fn end(&mut self, now: Timestamp) {
        self.drop_attempt(now);
        // Whoever had a consent has it, or it was noted why not.
        let had_consent = self.access.is_some() || self.lapse.is_some();
        self.erasure = had_consent.then(|| Erasure::begun(now));
        if let Some(access) = self.access.take() {
            self.retire(access, now);
        }
        self.ended_at = Some(now);
        self.stop_background();
        self.settle();
    }

    /// Destroys what is ended at the bank: the sealed grant goes, and with it the wrapped data key. What a renewal
    /// left behind is forgotten altogether.
    pub fn settle(&mut self) {
        for old in self.retiring.iter_mut().filter(|old| old.is_settled()) {
            old.grant = None;
        }
        if self.ended_at.is_none() {
            self.retiring.retain(|old| !old.is_settled());
        }
        self.schedule();
    }

    /// How far ending has come at the bank, over all that was put aside.
    pub fn revocation(&self) -> Revocation {
        let sum = |step: fn(&Retiring) -> StepState| {
            self.retiring.iter().map(step).fold(StepState::NotNeeded, StepState::and)
        };
        Revocation { consent: sum(|old| old.consent), tokens: sum(|old| old.tokens) }
    }

    /// Whether nothing of the banks' answers is kept any more, as far as that can be known at once. False unless the
    /// CRM has ended the session.
    pub fn is_erased(&self) -> bool {
        self.ended_at.is_some() && self.erasure.as_ref().is_none_or(Erasure::is_done)
    }

    /// Notes a try to erase the last good answers.
    pub fn note_erasure(&mut self, succeeded: bool, now: Timestamp) {
        self.erasure = self.erasure.take().and_then(|erasure| erasure.tried(succeeded, now));
        self.schedule();
    }

    /// Notes that no consent works, unless a reason is noted already.
    pub fn note_lapse(&mut self, reason: LapseReason, now: Timestamp) {
        self.lapse.get_or_insert(Lapse { reason, since_at: now });
        self.stop_background();
        self.schedule();
    }

    /// Takes back that the refresh token counts as lost: whoever used it last has come late, but with certainty. What is
    /// done without anybody asking is due at once, and finds its place again by that.
    pub fn find_token(&mut self) {
        if let Some(lapse) = self.lapse.take_if(|lapse| lapse.reason == LapseReason::TokenLost) {
            (self.balances_due_at, self.tokens_due_at) = (Some(lapse.since_at), Some(lapse.since_at));
        }
        self.schedule();
    }

    /// Nothing is refreshed any more without anybody asking.
    const fn stop_background(&mut self) {
        (self.balances_due_at, self.tokens_due_at) = (None, None);
    }
}

impl Access {
    /// The first instant at which the consent is over: `valid_until` is inclusive and by the bank's calendar, which the
    /// hub takes as UTC.
    pub fn consent_ends_at(&self) -> Option<Timestamp> {
        let last_day = self.consent.valid_until?;
        let after = last_day.checked_add(1.day()).ok()?;
        Some(after.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }

    /// Whether the consent or the chain of refresh tokens is over.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        let past = |end: Option<Timestamp>| end.is_some_and(|end| end <= now);
        past(self.consent_ends_at()) || past(self.grant.chain_ends_at)
    }
}

#[cfg(test)]
mod tests;
