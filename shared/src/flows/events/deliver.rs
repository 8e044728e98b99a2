//! The job `deliver-events`: brings every event that is due to its CRM.
//!
//! Tenants are seen to side by side, each within bounds of its own, so that a receiver that is slow or away holds up
//! nobody else's events. A receiver that fails several times in a row is left alone until the next run.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use ciborium::Value;
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::sending::{Courier, Outcome, Round};
use crate::{
    domain::{
        ids::{SessionId, TenantId},
        session::{SHARDS, Session},
        tenant::Webhook,
    },
    flows::{deps::Deps, trail::Trail, trouble::Trouble},
    ports::{
        documents::{Collection, Query},
        store::Loaded,
    },
};

/// How many sessions of one shard and tenant are read at once.
const PAGE: usize = 50;

/// How long one run goes on: well within the time that the hub works on one request.
const BUDGET: Duration = Duration::from_secs(20);

/// How many tenants are seen to at once.
const TENANTS_AT_ONCE: usize = 64;

/// How many events are on their way to one tenant at once.
const AT_ONCE: usize = 4;

/// How many failures in a row end a tenant's turn.
const PATIENCE: u32 = 4;

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Delivered {
    /// Events that receivers took.
    pub delivered: u32,
    /// Tries that brought no event to its receiver; all are made again.
    pub failed: u32,
    /// Events that were tried for two days and are not tried again.
    pub given_up: u32,
    /// Tenants whose receiver failed so often that the rest of their events is left to the next run.
    #[schema(value_type = Vec<String>)]
    pub stalled: BTreeSet<TenantId>,
    /// Whether the time was over before all that was due was tried.
    pub unfinished: bool,
}

/// Brings every event that is due to its CRM, as far as the time reaches. Two runs at once may bring an event twice, but
/// never a later one before an earlier one.
pub async fn run(deps: &Deps, courier: &Courier, trail: &Trail) -> Result<Delivered, Trouble> {
    if deps.webhooks.is_empty() {
        return Ok(Delivered::default());
    }
    // Without a key nothing is claimed.
    let key = courier.key().await?;
    let round = Round { deps, courier, trail, key: &key, ends_at: Instant::now() + BUDGET };
    let first_shard = deps.random::<1>()?.map(|byte| byte % SHARDS)[0];
    let turn = |(tenant, webhook)| Turn::of(&round, tenant, webhook, first_shard).run();
    let turns: Vec<_> = deps.webhooks.iter().map(turn).collect();
    let turns: Vec<Delivered> = stream::iter(turns).buffer_unordered(TENANTS_AT_ONCE).try_collect().await?;
    Ok(turns.into_iter().fold(Delivered::default(), Delivered::and))
}

impl Delivered {
    fn and(mut self, other: Self) -> Self {
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.given_up += other.given_up;
        self.stalled.extend(other.stalled);
        self.unfinished |= other.unfinished;
        self
    }
}

/// One tenant's part of a run.
struct Turn<'a> {
    round: &'a Round<'a>,
    tenant: &'a TenantId,
    webhook: &'a Webhook,
    /// Runs at the same time begin at different shards.
    first_shard: u8,
    failures_in_a_row: AtomicU32,
    is_unfinished: AtomicBool,
    summary: Mutex<Delivered>,
}

impl<'a> Turn<'a> {
    fn of(round: &'a Round<'a>, tenant: &'a TenantId, webhook: &'a Webhook, first_shard: u8) -> Self {
        Self {
            round,
            tenant,
            webhook,
            first_shard,
            failures_in_a_row: AtomicU32::new(0),
            is_unfinished: AtomicBool::new(false),
            summary: Mutex::default(),
        }
    }

    async fn run(self) -> Result<Delivered, Trouble> {
        for step in 0..SHARDS {
            if !self.goes_on() {
                break;
            }
            self.shard((self.first_shard + step) % SHARDS).await?;
        }
        let is_stalled = self.is_stalled();
        let mut summary = self.summary.into_inner().unwrap_or_else(PoisonError::into_inner);
        summary.unfinished = self.is_unfinished.into_inner();
        if is_stalled {
            tracing::warn!(tenant.id = %self.tenant, alert = "webhook_failing", "a receiver of events fails");
            summary.stalled.insert(self.tenant.clone());
        }
        Ok(summary)
    }

    /// Sees to one shard, page by page. What was seen to is not due any more, so the next page holds others; a session
    /// that is seen again is left to the next run.
    async fn shard(&self, shard: u8) -> Result<(), Trouble> {
        let mut seen: HashSet<SessionId> = HashSet::new();
        loop {
            let page = self.page(shard).await?;
            let is_last = page.len() < PAGE;
            let sessions: Vec<_> = page.into_iter().filter(|found| seen.insert(found.record.id.clone())).collect();
            if sessions.is_empty() {
                return Ok(());
            }
            let sent = stream::iter(sessions).map(Ok).try_for_each_concurrent(AT_ONCE, |session| self.session(session));
            sent.await?;
            if is_last || !self.goes_on() {
                return Ok(());
            }
        }
    }

    async fn page(&self, shard: u8) -> Result<Vec<Loaded<Session>>, Trouble> {
        let tenant = Value::from(self.tenant.as_str().to_owned());
        let query = Query {
            collection: Collection::Sessions,
            equal: vec![("tenant", tenant), ("shard", Value::from(shard))],
            until: Some(("events_due_at", self.round.deps.now())),
            after: None,
            limit: PAGE,
        };
        Ok(self.round.deps.store.find(&query).await?)
    }

    /// Sends the session's events one after the other, until one is not taken.
    async fn session(&self, session: Loaded<Session>) -> Result<(), Trouble> {
        let mut session = session;
        while self.goes_on() {
            let (outcome, next) = match self.round.send_next(self.webhook, session).await {
                Ok(sent) => sent,
                // Somebody works on this session without a pause; the next run comes back to it.
                Err(Trouble::Contention) => return Ok(()),
                Err(error) => return Err(error),
            };
            self.count(outcome);
            match next.filter(|_| outcome == Outcome::Taken) {
                Some(next) => session = next,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    fn count(&self, outcome: Outcome) {
        let mut summary = self.summary.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Outcome::NothingDue => return,
            Outcome::Taken => summary.delivered += 1,
            Outcome::NotTaken => summary.failed += 1,
            Outcome::GivenUp => summary.given_up += 1,
        }
        if outcome == Outcome::Taken {
            self.failures_in_a_row.store(0, Ordering::Relaxed);
        } else {
            self.failures_in_a_row.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn is_stalled(&self) -> bool {
        self.failures_in_a_row.load(Ordering::Relaxed) >= PATIENCE
    }

    /// Whether another event may be sent in this run.
    fn goes_on(&self) -> bool {
        let is_late = Instant::now() >= self.round.ends_at;
        if is_late {
            self.is_unfinished.store(true, Ordering::Relaxed);
        }
        !is_late && !self.is_stalled()
    }
}
