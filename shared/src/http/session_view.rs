//! A session as the CRM sees it (promise P13): where it stands, every end there is, and which comes first.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    bank::Bank,
    consent::ConsentTerms,
    ids::{BankId, SessionId},
    session::{Access, LapseReason, Session, SessionStatus, StepState},
};

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    /// Its id.
    #[schema(value_type = String)]
    session: SessionId,
    /// At which bank.
    #[schema(value_type = String)]
    bank: BankId,
    /// Where it stands.
    status: SessionStatus,
    /// Why no consent works, if none does.
    reason: Option<LapseReason>,
    /// When it began.
    created_at: Timestamp,
    /// The consent in force.
    consent: Option<ConsentTerms>,
    /// When what ends.
    ends: Ends,
    /// A consent being granted.
    pending: Option<Pending>,
}

/// Everything that ends.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Ends {
    /// What ends first.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<FirstEnd>,
    /// The consent, after its last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    consent_at: Option<Timestamp>,
    /// The chain of refresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_chain_at: Option<Timestamp>,
    /// The refresh token, unless it is used before.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_idle_at: Option<Timestamp>,
    /// The PSU's time to authorise, or the CRM's to activate.
    #[serde(skip_serializing_if = "Option::is_none")]
    sca_window_at: Option<Timestamp>,
    /// The hub's certificate for the bank.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_at: Option<Timestamp>,
    /// The longest that the bank grants, counted from the PSU's authorisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    bank_maximum_at: Option<Timestamp>,
}

/// What ends first, and when.
#[derive(Debug, Serialize, ToSchema)]
pub struct FirstEnd {
    /// Which of the ends.
    what: &'static str,
    /// When.
    at: Timestamp,
}

/// A consent being granted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pending {
    /// How far it has come.
    status: SessionStatus,
    /// When it is given up.
    expires_at: Timestamp,
    /// When to ask for the session again, while the PSU authenticates on another device. Asking earlier is harmless: the
    /// bank is not asked more often.
    #[serde(skip_serializing_if = "Option::is_none")]
    ask_again_at: Option<Timestamp>,
}

impl SessionView {
    /// The view of a session now. `certificate_at` is when the hub's certificate for the bank ends.
    pub fn of(session: &Session, bank: Option<&Bank>, certificate_at: Option<Timestamp>, now: Timestamp) -> Self {
        let status = session.status(now);
        let is_over = matches!(status, SessionStatus::Ending | SessionStatus::Ended);
        let access = session.access.as_ref().filter(|_| !is_over);
        Self {
            session: session.id.clone(),
            bank: session.bank.clone(),
            status,
            reason: (status == SessionStatus::RenewalRequired).then(|| session.lapse_reason(now)).flatten(),
            created_at: session.created_at,
            consent: access.map(|access| access.consent.clone()),
            ends: if is_over { Ends::default() } else { Ends::of(session, bank, certificate_at, now) },
            pending: session.attempt.as_ref().filter(|attempt| attempt.expires_at > now).map(|attempt| Pending {
                status: attempt.status(),
                expires_at: attempt.expires_at,
                ask_again_at: attempt.look_again_at.filter(|_| attempt.awaits_another_device()),
            }),
        }
    }
}

impl Ends {
    fn of(session: &Session, bank: Option<&Bank>, certificate_at: Option<Timestamp>, now: Timestamp) -> Self {
        let access = session.access.as_ref();
        let days = |bank: &Bank| Duration::from_secs(86_400 * u64::from(bank.consent.days()));
        let attempt = session.attempt.as_ref().filter(|attempt| attempt.expires_at > now);
        let mut ends = Self {
            first: None,
            consent_at: access.and_then(Access::consent_ends_at),
            refresh_chain_at: access.and_then(|access| access.grant.chain_ends_at),
            refresh_idle_at: access.and_then(|access| access.grant.idle_ends_at),
            sca_window_at: attempt.map(|attempt| attempt.expires_at),
            certificate_at,
            bank_maximum_at: access.zip(bank).map(|(access, bank)| access.granted_at + days(bank)),
        };
        ends.first =
            ends.named().into_iter().filter_map(|(what, at)| Some(FirstEnd { what, at: at? })).min_by_key(|end| end.at);
        ends
    }

    const fn named(&self) -> [(&'static str, Option<Timestamp>); 6] {
        [
            ("consent", self.consent_at),
            ("refresh_chain", self.refresh_chain_at),
            ("refresh_idle", self.refresh_idle_at),
            ("sca_window", self.sca_window_at),
            ("certificate", self.certificate_at),
            ("bank_maximum", self.bank_maximum_at),
        ]
    }
}

/// How far ending a session has come.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndedView {
    /// The session.
    #[schema(value_type = String)]
    session: SessionId,
    /// `ending` or `ended`.
    status: SessionStatus,
    /// Which steps are done.
    steps: Steps,
}

/// The steps of ending.
#[derive(Debug, Serialize, ToSchema)]
pub struct Steps {
    /// Nothing can be read any more.
    unusable: StepState,
    /// The bank has ended the consent.
    consent_revoked: StepState,
    /// The bank has revoked the tokens.
    tokens_revoked: StepState,
    /// The sealed grant, the last good answers, and their wrapped data keys are gone.
    key_destroyed: StepState,
}

impl EndedView {
    /// The view of a session that the CRM has ended.
    pub fn of(session: &Session, now: Timestamp) -> Self {
        let revocation = session.revocation();
        let is_destroyed = revocation.is_settled() && session.is_erased();
        let key_destroyed = if is_destroyed { StepState::Done } else { StepState::Pending };
        Self {
            session: session.id.clone(),
            status: session.status(now),
            steps: Steps {
                unusable: StepState::Done,
                consent_revoked: revocation.consent,
                tokens_revoked: revocation.tokens,
                key_destroyed,
            },
        }
    }
}
