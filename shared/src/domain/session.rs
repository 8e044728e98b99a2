//! A session: one PSU at one bank. It outlives any one consent; renewing keeps it and its account ids.
//!
//! A session has at most one consent in force ([`Access`]), at most one being granted ([`Attempt`]), and consents that
//! are over for us but not yet for the bank ([`Retiring`]). Its status is not stored but follows from these, so no two
//! fields can contradict each other.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::{
    code_hash::CodeHash,
    consent::{ConsentStatus, ConsentTerms},
    grant::StoredGrant,
    ids::{BankId, FlowId, Pseudonym, SessionId, TenantId},
    place::Place,
    refresh::RefreshState,
    sealed::Sealed,
};

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
    /// The newest generation given to a sealed value of this session.
    pub generation: u64,
    /// When upkeep should look at it next.
    pub due_at: Option<Timestamp>,
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
    /// The hash of the activation code that the CRM redeemed or must redeem; redeeming it again changes nothing.
    pub activation: CodeHash,
}

/// The sealed directory: which account id is which of the bank's resources under this consent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredDirectory {
    /// The sealed list.
    pub sealed: Sealed,
    /// Its generation.
    pub generation: u64,
}

/// A consent being granted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// The flow that carries it.
    pub flow: FlowId,
    /// Where the browser goes at the end; registered by the tenant.
    pub return_url: Url,
    /// When the CRM asked for it.
    pub started_at: Timestamp,
    /// When the present stage ends by itself.
    pub expires_at: Timestamp,
    /// When to ask the bank again how the consent stands, while it is pending there.
    pub look_again_at: Option<Timestamp>,
    /// How far it has come.
    pub stage: AttemptStage,
}

/// How far a consent being granted has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptStage {
    /// The PSU has not come back from the bank.
    AwaitingPsu,
    /// The PSU came back and the code is being redeemed; nobody else may redeem it.
    Redeeming,
    /// The bank has granted; the CRM must redeem the activation code that came back with the browser.
    AwaitingActivation(
        /// What will be in force.
        Box<Access>,
    ),
}

/// A consent that must still be ended at the bank.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Retiring {
    /// The sealed consent id and tokens; gone when both steps are settled.
    pub grant: Option<StoredGrant>,
    /// Whether the bank has ended the consent.
    pub consent: StepState,
    /// Whether the bank has revoked the tokens.
    pub tokens: StepState,
    /// How often it was tried.
    pub tries: u32,
    /// When to try next.
    pub try_at: Timestamp,
}

/// How far one step of ending has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Done.
    Done,
    /// Will be tried again.
    Pending,
    /// There is nothing to do.
    NotNeeded,
    /// The bank has no way to do it.
    NotSupported,
}

impl StepState {
    /// Whether nothing is left to do.
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::Pending)
    }

    /// The state of two things together: pending if either is, else the more telling of the two.
    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Pending, _) | (_, Self::Pending) => Self::Pending,
            (Self::NotSupported, _) | (_, Self::NotSupported) => Self::NotSupported,
            (Self::Done, _) | (_, Self::Done) => Self::Done,
            (Self::NotNeeded, Self::NotNeeded) => Self::NotNeeded,
        }
    }
}

/// How far ending has come at the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The consents.
    pub consent: StepState,
    /// The tokens.
    pub tokens: StepState,
}

impl Revocation {
    /// Whether nothing is left to do at the bank.
    pub const fn is_settled(self) -> bool {
        self.consent.is_settled() && self.tokens.is_settled()
    }
}

impl Retiring {
    /// Whether nothing is left to do at the bank.
    pub const fn is_settled(&self) -> bool {
        self.consent.is_settled() && self.tokens.is_settled()
    }
}

/// Why no consent works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lapse {
    /// The reason.
    pub reason: LapseReason,
    /// Since when.
    pub since_at: Timestamp,
}

/// Reasons for a consent not to work any more, or never to have worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LapseReason {
    /// The PSU refused at the bank.
    ScaDenied,
    /// The PSU did not come back in time.
    ScaExpired,
    /// The bank ended the journey with an error.
    ScaFailed,
    /// The CRM did not redeem the activation code in time.
    NotActivated,
    /// The consent has ended by its date or was replaced.
    ConsentExpired,
    /// The PSU ended the consent at the bank.
    ConsentRevoked,
    /// The bank refused the consent.
    ConsentRejected,
    /// The bank takes the tokens no more.
    GrantRefused,
    /// A refresh token was used and its answer lost.
    TokenLost,
}

impl LapseReason {
    /// What it means for a session that its consent stands so at the bank; `None` if it works or may yet.
    pub const fn of_consent(status: ConsentStatus) -> Option<Self> {
        match status {
            ConsentStatus::Valid | ConsentStatus::Received | ConsentStatus::PartiallyAuthorised => None,
            ConsentStatus::Rejected | ConsentStatus::Unknown => Some(Self::ConsentRejected),
            ConsentStatus::RevokedByPsu | ConsentStatus::TerminatedByTpp => Some(Self::ConsentRevoked),
            ConsentStatus::Expired => Some(Self::ConsentExpired),
        }
    }

    /// The stable word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ScaDenied => "sca_denied",
            Self::ScaExpired => "sca_expired",
            Self::ScaFailed => "sca_failed",
            Self::NotActivated => "not_activated",
            Self::ConsentExpired => "consent_expired",
            Self::ConsentRevoked => "consent_revoked",
            Self::ConsentRejected => "consent_rejected",
            Self::GrantRefused => "grant_refused",
            Self::TokenLost => "token_lost",
        }
    }
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
    /// Where the session stands.
    pub fn status(&self, now: Timestamp) -> SessionStatus {
        if self.ended_at.is_some() {
            return if self.revocation().is_settled() { SessionStatus::Ended } else { SessionStatus::Ending };
        }
        if self.access.is_some() {
            return if self.lapse_reason(now).is_none() {
                SessionStatus::Active
            } else {
                SessionStatus::RenewalRequired
            };
        }
        match self.attempt.as_ref().filter(|attempt| attempt.expires_at > now).map(|attempt| &attempt.stage) {
            Some(AttemptStage::AwaitingPsu) => SessionStatus::AwaitingPsu,
            Some(AttemptStage::Redeeming) => SessionStatus::Confirming,
            Some(AttemptStage::AwaitingActivation(_)) => SessionStatus::AwaitingActivation,
            None => SessionStatus::RenewalRequired,
        }
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
        if let Some(AttemptStage::AwaitingActivation(access)) = self.attempt.take().map(|attempt| attempt.stage) {
            self.retire(*access, now);
        }
        if self.access.is_none() {
            self.lapse = Some(Lapse { reason, since_at: now });
        }
        self.schedule();
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
        self.due_at = attempt.into_iter().chain(retiring).min();
    }

    /// Puts the consent in force aside to be ended at the bank.
    pub fn retire(&mut self, access: Access, now: Timestamp) {
        self.retiring.push(Retiring {
            tokens: if access.grant.access_stale_at.is_some() { StepState::Pending } else { StepState::NotNeeded },
            grant: Some(access.grant),
            consent: StepState::Pending,
            tries: 0,
            try_at: now,
        });
    }

    /// Ends the session for the CRM: from now on nothing can be read. Whatever was granted is put aside to be ended at
    /// the bank.
    pub fn end(&mut self, now: Timestamp) {
        let granted = match self.attempt.take().map(|attempt| attempt.stage) {
            Some(AttemptStage::AwaitingActivation(access)) => Some(*access),
            _ => None,
        };
        for access in granted.into_iter().chain(self.access.take()) {
            self.retire(access, now);
        }
        self.ended_at = Some(now);
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

    /// Notes that no consent works, unless a reason is noted already.
    pub fn note_lapse(&mut self, reason: LapseReason, now: Timestamp) {
        self.lapse.get_or_insert(Lapse { reason, since_at: now });
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

impl Attempt {
    /// When upkeep must see to it.
    fn due_at(&self) -> Timestamp {
        self.look_again_at.map_or(self.expires_at, |look| look.min(self.expires_at))
    }

    /// What it means that this stage ended by itself.
    pub const fn lapse_reason(&self) -> LapseReason {
        match self.stage {
            AttemptStage::AwaitingPsu => LapseReason::ScaExpired,
            AttemptStage::Redeeming => LapseReason::ScaFailed,
            AttemptStage::AwaitingActivation(_) => LapseReason::NotActivated,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn session() -> Session {
        let id = SessionId::from_random([1; 16]);
        Session {
            shard: id.shard(SHARDS),
            id,
            tenant: TenantId::parse("acme").unwrap(),
            bank: BankId::parse("bank").unwrap(),
            psu: Pseudonym::from_hash([0; 32]),
            created_at: NOW,
            access: None,
            attempt: None,
            retiring: vec![],
            lapse: None,
            ended_at: None,
            generation: 0,
            due_at: None,
        }
    }

    fn access() -> Access {
        Access {
            consent: ConsentTerms {
                status: ConsentStatus::Valid,
                valid_until: Some("1970-01-10".parse().unwrap()),
                frequency_per_day: 4,
                recurring: true,
            },
            granted_at: NOW,
            grant: StoredGrant {
                sealed: Sealed::from_bytes(vec![1]),
                generation: 1,
                access_stale_at: Some(NOW),
                refreshable: true,
                chain_ends_at: None,
            },
            refresh: RefreshState::default(),
            directory: None,
            activation: CodeHash::of(b"code"),
        }
    }

    fn attempt(stage: AttemptStage) -> Attempt {
        Attempt {
            flow: FlowId::from_hash([0; 32]),
            return_url: "https://crm.example/back".parse().unwrap(),
            started_at: NOW,
            expires_at: NOW + Duration::from_secs(60),
            look_again_at: None,
            stage,
        }
    }

    #[test]
    fn the_status_follows_the_attempt_until_there_is_access() {
        let mut session = session();
        assert_eq!(session.status(NOW), SessionStatus::RenewalRequired);
        session.attempt = Some(attempt(AttemptStage::AwaitingPsu));
        assert_eq!(session.status(NOW), SessionStatus::AwaitingPsu);
        session.attempt = Some(attempt(AttemptStage::AwaitingActivation(Box::new(access()))));
        assert_eq!(session.status(NOW), SessionStatus::AwaitingActivation);
        session.access = Some(access());
        assert_eq!(session.status(NOW), SessionStatus::Active);
    }

    #[test]
    fn an_attempt_that_ran_out_says_so_without_anybody_writing() {
        let mut session = session();
        session.attempt = Some(attempt(AttemptStage::AwaitingPsu));
        let late = NOW + Duration::from_secs(60);
        assert_eq!(session.status(late), SessionStatus::RenewalRequired);
        assert_eq!(session.lapse_reason(late), Some(LapseReason::ScaExpired));
    }

    #[test]
    fn a_consent_works_through_its_last_day_and_no_longer() {
        let mut session = session();
        session.access = Some(access());
        let last: Timestamp = "1970-01-10T23:59:59Z".parse().unwrap();
        assert!(session.working_access(last).is_some());
        let after: Timestamp = "1970-01-11T00:00:00Z".parse().unwrap();
        assert!(session.working_access(after).is_none());
        assert_eq!(session.lapse_reason(after), Some(LapseReason::ConsentExpired));
    }

    #[test]
    fn a_failed_renewal_leaves_the_consent_in_force() {
        let mut session = session();
        session.access = Some(access());
        session.attempt = Some(attempt(AttemptStage::AwaitingPsu));
        assert_eq!(session.status(NOW + Duration::from_secs(3600)), SessionStatus::Active);
    }

    #[test]
    fn ending_is_at_once_for_the_crm_and_destroys_the_grant_when_the_bank_is_done() {
        let mut session = session();
        session.access = Some(access());
        session.end(NOW);
        assert_eq!(session.status(NOW), SessionStatus::Ending);
        assert!(session.working_access(NOW).is_none());
        assert_eq!(session.due_at, Some(NOW));

        session.retiring[0].consent = StepState::Done;
        session.settle();
        assert!(session.retiring[0].grant.is_some());
        session.retiring[0].tokens = StepState::NotSupported;
        session.settle();
        assert_eq!(session.status(NOW), SessionStatus::Ended);
        assert!(session.retiring[0].grant.is_none());
        assert_eq!(session.due_at, None);
    }

    #[test]
    fn ending_a_session_that_never_got_anywhere_leaves_nothing_to_do() {
        let mut session = session();
        session.attempt = Some(attempt(AttemptStage::AwaitingPsu));
        session.end(NOW);
        assert_eq!(session.status(NOW), SessionStatus::Ended);
        assert_eq!(session.due_at, None);
    }

    #[test]
    fn a_grant_awaiting_activation_is_ended_too() {
        let mut session = session();
        session.attempt = Some(attempt(AttemptStage::AwaitingActivation(Box::new(access()))));
        session.end(NOW);
        assert_eq!(session.status(NOW), SessionStatus::Ending);
        assert_eq!(session.retiring.len(), 1);
    }

    #[test]
    fn generations_only_rise() {
        let mut session = session();
        assert_eq!((session.next_generation(), session.next_generation()), (1, 2));
    }
}
