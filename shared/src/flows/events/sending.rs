//! Sending one event: claimed first, so that nobody else sends it meanwhile, and written down afterwards.

use std::{error::Error, sync::Arc};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    domain::{
        audit::AuditEvent,
        event::{Event, Failed, rest},
        public_key::PublicKey,
        session::Session,
        tenant::Webhook,
    },
    flows::{
        change::{self, Decision},
        deps::Deps,
        trail::Trail,
        trouble::Trouble,
        vault::VaultError,
    },
    ports::{
        keys::{KeyError, Signer},
        store::Loaded,
        webhooks::{PushError, Webhooks},
    },
    protocol::security_event::SigningInput,
};

/// Signs events and brings them.
pub struct Courier {
    /// The hub's own key.
    pub signer: Arc<dyn Signer>,
    /// The way to receivers.
    pub webhooks: Arc<dyn Webhooks>,
}

impl Courier {
    /// The key that signs now.
    pub(super) async fn key(&self) -> Result<PublicKey, Trouble> {
        let keys = self.signer.public_keys().await.map_err(key_trouble)?;
        keys.into_iter().next().ok_or_else(|| key_trouble(KeyError::VersionUnavailable))
    }
}

/// One run of the job.
pub(super) struct Round<'a> {
    pub deps: &'a Deps,
    pub courier: &'a Courier,
    pub trail: &'a Trail,
    /// The key that signs in this run.
    pub key: &'a PublicKey,
    /// When the run is to end.
    pub ends_at: Instant,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There was none to send: others have sent it, or are about to.
    NothingDue,
    /// The receiver took it.
    Taken,
    /// The receiver did not take it; it is tried again.
    NotTaken,
    /// The receiver did not take it, and it is not tried again.
    GivenUp,
}

impl Round<'_> {
    /// Sends the session's next event, if one is due. Answers the session as it then stands, if there may be another.
    pub async fn send_next(
        &self,
        webhook: &Webhook,
        session: Loaded<Session>,
    ) -> Result<(Outcome, Option<Loaded<Session>>), Trouble> {
        let Some((claimed, event)) = self.claim(session).await? else { return Ok((Outcome::NothingDue, None)) };
        let token = self.token(webhook, &claimed.record).await?;
        match self.courier.webhooks.push(&webhook.url, token).await {
            Ok(()) => {
                let next = self.taken(claimed, &event).await?;
                Ok((Outcome::Taken, Some(next)))
            }
            Err(error) => Ok((self.failed(claimed, &event, &error).await?, None)),
        }
    }

    /// Claims the next event; `None` if none is due by now.
    async fn claim(&self, session: Loaded<Session>) -> Result<Option<(Loaded<Session>, Event)>, Trouble> {
        let mut is_ours = false;
        let decide = |session: &Session, now: Timestamp| {
            let mut claimed = Box::new(session.clone());
            is_ours = session.has_event_due(now) && claimed.claim_event(now);
            Ok::<_, Trouble>(if is_ours { Decision::Note(claimed) } else { Decision::Leave })
        };
        let claimed = change::change(self.deps, self.trail, session, decide).await?;
        let event = claimed.record.outbox.head().cloned().filter(|_| is_ours);
        Ok(event.map(|event| (claimed, event)))
    }

    async fn token(&self, webhook: &Webhook, session: &Session) -> Result<String, Trouble> {
        let input = SigningInput::of_next_event(session, &self.deps.public_url, &webhook.audience, self.key);
        let input = input.ok_or(Trouble::Integrity)?;
        let signature = self.courier.signer.sign(&self.key.key_id, input.as_bytes()).await.map_err(key_trouble)?;
        Ok(input.signed(&signature))
    }

    /// Writes down that the event was taken, and claims nothing: the next one is due at once.
    async fn taken(&self, claimed: Loaded<Session>, event: &Event) -> Result<Loaded<Session>, Trouble> {
        tracing::info!(
            session.id = %claimed.record.id,
            tenant.id = %claimed.record.tenant,
            event.outcome = "delivered",
            event.number = event.number,
            event.kind = event.news.kind().name(),
            event.tries = event.tries,
            "an event was taken"
        );
        let decide = |session: &Session, now: Timestamp| {
            let mut next = Box::new(session.clone());
            let is_new = next.event_taken(event.number, now);
            Ok::<_, Trouble>(if is_new { Decision::Note(next) } else { Decision::Leave })
        };
        change::change(self.deps, self.trail, claimed, decide).await
    }

    async fn failed(&self, claimed: Loaded<Session>, event: &Event, error: &PushError) -> Result<Outcome, Trouble> {
        tracing::warn!(
            error = error as &dyn Error,
            session.id = %claimed.record.id,
            tenant.id = %claimed.record.tenant,
            event.outcome = "failed",
            event.number = event.number,
            event.tries = event.tries,
            "an event was not taken"
        );
        let [chance] = self.deps.random()?;
        let asked = match error {
            PushError::NotTaken { retry_after, .. } => *retry_after,
            PushError::NoAnswer(_) => None,
        };
        let rest = rest(event.tries, chance, asked);
        let mut outcome = Outcome::NotTaken;
        let decide = |session: &Session, now: Timestamp| {
            outcome = Outcome::NotTaken;
            let mut next = Box::new(session.clone());
            Ok::<_, Trouble>(match next.event_failed(event.number, event.tries, rest, now) {
                Failed::Outrun => Decision::Leave,
                Failed::Again(_) => Decision::Note(next),
                Failed::GivenUp(_) => {
                    outcome = Outcome::GivenUp;
                    Decision::Write(next, AuditEvent::EventGivenUp { number: event.number })
                }
            })
        };
        let session = change::change(self.deps, self.trail, claimed, decide).await?;
        if outcome == Outcome::GivenUp {
            tracing::error!(
                session.id = %session.record.id,
                tenant.id = %session.record.tenant,
                event.outcome = "given_up",
                event.number = event.number,
                alert = "event_given_up",
                "an event was tried for two days and is given up"
            );
        }
        Ok(outcome)
    }
}

fn key_trouble(error: KeyError) -> Trouble {
    VaultError::from(Arc::new(error)).into()
}
