//! One run over some shards: finds what is due, starts it at each bank as fast as the bank may be asked, and adds up what
//! came of it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use tracing::Instrument;

use super::{
    Summary, Work, balances,
    lane::{Lane, Pace, Task},
    leases::{self, Taken},
    outcome::{Ended, Failure, Hold, Skip, Source},
    pages::{self, LARGEST, PAGE},
    tokens, watching,
};
use crate::{
    domain::{
        canary::{Cycle, Met, State, Stop},
        ids::{BankId, OwnerId, SessionId},
        job_lease::{Job, JobLease},
        session::Session,
    },
    flows::trouble::Trouble,
    ports::store::Loaded,
};

/// Fewer than this many waiting sessions, and the next page is read.
const LOW: usize = PAGE / 4;

/// How often a run looks whether it may go on at a bank.
const LOOK: Duration = Duration::from_millis(300);

/// When nothing has ended for so long, a run looks whether others are due behind what waits for a bank that hangs.
const STALL: Duration = Duration::from_secs(3);

/// So many failures of the hub's own in a row end a run: nothing is claimed that cannot be read.
const MOST_OWN_FAILURES: u32 = 3;

/// One run.
pub(super) struct Run {
    work: Arc<Work>,
    owner: OwnerId,
    cycle: Cycle,
    lanes: BTreeMap<BankId, Lane>,
    /// Every session that this run has found, and the shard of those that it is not done with.
    seen: HashMap<SessionId, Option<u8>>,
    running: FuturesUnordered<JoinHandle<(SessionId, BankId, Ended)>>,
    own_failures: u32,
    summary: Summary,
}

impl Run {
    pub fn new(work: Arc<Work>, owner: OwnerId) -> Self {
        let cycle = Cycle::of(work.deps.now());
        let summary = Summary::of(&work);
        let (lanes, seen, running) = (BTreeMap::new(), HashMap::new(), FuturesUnordered::new());
        Self { work, owner, cycle, lanes, seen, running, own_failures: 0, summary }
    }

    /// Works on those of the shards that no other run is at.
    pub async fn over(mut self, shards: &[u8]) -> Result<Summary, Trouble> {
        let mut leases = Vec::new();
        let outcome = self.each(shards, &mut leases).await;
        self.wait_for_the_rest().await;
        self.write_down().await;
        for (lease, exhausted) in leases {
            let is_left = self.seen.values().any(|shard| *shard == Some(lease.shard));
            let done_until = (exhausted && !is_left && outcome.is_ok()).then_some(self.work.due_until);
            self.summary.more |= done_until.is_none();
            leases::give_back(&self.work, &lease, done_until).await;
        }
        outcome.map(|()| self.summary)
    }

    async fn each(&mut self, shards: &[u8], leases: &mut Vec<(JobLease, bool)>) -> Result<(), Trouble> {
        for shard in shards {
            if self.is_at_its_end() {
                self.summary.more = true;
                break;
            }
            // Most runs find most shards empty: they take no lease there.
            if !pages::is_any_due(&self.work, *shard).await? {
                continue;
            }
            match leases::take(&self.work, *shard, &self.owner).await? {
                Taken::TooLate => {
                    self.summary.more = true;
                    break;
                }
                Taken::Running => self.summary.already_running.push(*shard),
                Taken::Done => self.summary.already_done.push(*shard),
                Taken::Ours(lease) => {
                    leases.push((lease, false));
                    let exhausted = self.shard(*shard).await?;
                    leases.last_mut().into_iter().for_each(|(_, is_exhausted)| *is_exhausted = exhausted);
                }
            }
        }
        while self.waiting() > 0 && !self.is_at_its_end() {
            self.start().await?;
            self.one_ends().await;
        }
        Ok(())
    }

    /// Finds what is due in a shard. Answers whether it has found all; some of it may still wait.
    async fn shard(&mut self, shard: u8) -> Result<bool, Trouble> {
        let mut looked_at = None::<Instant>;
        while !self.is_at_its_end() {
            let is_stalled = looked_at.is_none_or(|looked_at| looked_at.elapsed() > STALL);
            if self.waiting() < LOW || is_stalled {
                looked_at = Some(Instant::now());
                if self.fetch(shard).await? {
                    self.start().await?;
                    return Ok(true);
                }
            }
            self.start().await?;
            if self.one_ends().await {
                looked_at = Some(Instant::now());
            }
        }
        Ok(false)
    }

    fn is_at_its_end(&self) -> bool {
        self.work.is_late() || self.own_failures >= MOST_OWN_FAILURES
    }

    fn waiting(&self) -> usize {
        self.lanes.values().map(|lane| lane.queue.len()).sum()
    }

    /// Reads the next page. Those that still wait are read again, so the page is so much longer. Answers whether there
    /// are no more.
    async fn fetch(&mut self, shard: u8) -> Result<bool, Trouble> {
        let left = self.seen.values().filter(|seen| **seen == Some(shard)).count();
        let limit = (left + PAGE).min(LARGEST);
        let found = pages::due(&self.work, shard, limit).await?;
        let is_last = found.len() < limit;
        let (mut brought, mut put_off) = (false, Vec::new());
        for session in found {
            if self.seen.contains_key(&session.record.id) {
                continue;
            }
            brought = true;
            put_off.extend(self.take(shard, session));
        }
        join_all(put_off).await;
        // A full page of what is in hand already: whatever is behind it is for the next run.
        self.summary.more |= !is_last && !brought && left == 0;
        Ok(is_last || (!brought && left == 0))
    }

    /// Puts a session into its bank's lane; where there is none, the session is put off.
    fn take(&mut self, shard: u8, session: Loaded<Session>) -> Option<JoinHandle<()>> {
        let bank = session.record.bank.clone();
        self.summary.is_due(&bank);
        let known = self.work.deps.banks.get(&bank).cloned();
        let Some(known) = known else {
            self.summary.skip(&bank, Skip::BankUnknown);
            self.seen.insert(session.record.id.clone(), None);
            return Some(self.put_off(Box::new(session), Skip::BankUnknown));
        };
        self.seen.insert(session.record.id.clone(), Some(shard));
        self.lanes.entry(bank).or_insert_with(|| Lane::new(known)).queue.push_back(session);
        None
    }

    /// Puts a session off that no lane is for. It is waited for, so that nothing is left to do after the answer.
    fn put_off(&self, session: Box<Loaded<Session>>, skip: Skip) -> JoinHandle<()> {
        let work = Arc::clone(&self.work);
        let until = work.deps.now();
        let task = async move { drop(work.put_off(*session, skip, until).await) };
        self.work.deps.work.spawn(task.in_current_span())
    }

    /// Starts as much at every bank as may be under way.
    async fn start(&mut self) -> Result<(), Trouble> {
        let now = self.work.deps.now();
        for lane in self.lanes.values_mut() {
            if lane.pace == Pace::Unknown && !lane.queue.is_empty() {
                (lane.pace, lane.trial) = match watching::open(&self.work, &lane.bank, self.cycle, &self.owner).await? {
                    watching::Opened::Lead(trial) if trial.is_over() => (Pace::Open, Some(trial)),
                    watching::Opened::Lead(trial) => (Pace::Canaries, Some(trial)),
                    watching::Opened::Open(trial) => (Pace::Open, Some(trial)),
                    watching::Opened::Elsewhere => (Pace::Unknown, None),
                    watching::Opened::Stopped => (Pace::Closed(Skip::Canary, self.cycle.ends_at()), None),
                };
            }
            while let Some(task) = lane.next(now) {
                let work = Arc::clone(&self.work);
                let bank = lane.bank.id.clone();
                let doing = async move {
                    let (id, ended) = work.carry_out(task).await;
                    (id, bank, ended)
                };
                // It goes to its end whatever becomes of the caller: what a bank was asked is written down.
                self.running.push(self.work.deps.work.spawn(doing.in_current_span()));
            }
        }
        Ok(())
    }

    /// Waits for one refresh to end, a moment at most. Answers whether one did.
    async fn one_ends(&mut self) -> bool {
        let moment = (Instant::now() + LOOK).min(self.work.waits_until);
        if self.running.is_empty() {
            if self.waiting() > 0 {
                tokio::time::sleep_until(moment).await;
            }
            return false;
        }
        match timeout_at(moment, self.running.next()).await {
            Ok(Some(Ok((id, bank, ended)))) => {
                self.ended(&id, &bank, ended).await;
                true
            }
            Ok(Some(Err(_)) | None) => true,
            Err(_) => false,
        }
    }

    async fn wait_for_the_rest(&mut self) {
        while !self.running.is_empty() && Instant::now() < self.work.waits_until {
            self.one_ends().await;
        }
    }

    async fn ended(&mut self, id: &SessionId, bank: &BankId, ended: Ended) {
        self.summary.ended(bank, &ended);
        // What failed for the hub's own sake is still due, and its shard not done with.
        if matches!(ended, Ended::Failed(Failure { of: Source::Hub, .. })) {
            self.own_failures += 1;
        } else {
            self.own_failures = 0;
            self.seen.insert(id.clone(), None);
        }
        let Some(lane) = self.lanes.get_mut(bank) else { return };
        lane.running = lane.running.saturating_sub(1);
        let met = match ended {
            Ended::Refreshed(forms) => Some(Met::Answers(forms)),
            Ended::Failed(failure) => failure.met(),
            Ended::Skipped(_) => None,
            Ended::HeldBack(Hold::Circuit(until)) => {
                lane.pace = Pace::Closed(Skip::HeldBack, until);
                None
            }
            Ended::HeldBack(Hold::Pace(until)) => {
                lane.paused_until = Some(until);
                None
            }
        };
        if let Some(met) = met {
            self.judge(bank, met).await;
        }
    }

    /// What the canaries make of it: go on, or stop the others.
    async fn judge(&mut self, bank: &BankId, met: Met) {
        let Some(lane) = self.lanes.get_mut(bank) else { return };
        let Some(trial) = &mut lane.trial else { return };
        let stop = trial.met(met);
        let was_canary = lane.pace == Pace::Canaries;
        let state = match &stop {
            Some(stop) => {
                let job = self.work.job.name();
                tracing::error!(alert = "canary_stopped", bank.id = %bank, job.name = job, reason = word(stop), kind = kind(stop), "the refreshes of a bank wait for the next cycle");
                self.summary.bank(bank).stopped = Some(word(stop));
                lane.pace = Pace::Closed(Skip::Canary, self.cycle.ends_at());
                State::Stopped
            }
            None if was_canary && trial.is_over() => {
                lane.pace = Pace::Open;
                State::Open
            }
            None => return,
        };
        if let Err(error) = watching::note(&self.work, &lane.bank, self.cycle, trial, Some(state)).await {
            tracing::warn!(error = &error as &dyn std::error::Error, bank.id = %bank, "the canaries' word was not written down");
        }
    }

    /// Writes down what was learned, and gives unfinished canaries to the next run.
    async fn write_down(&mut self) {
        let now = self.work.deps.now();
        for lane in self.lanes.values_mut() {
            let Some(trial) = &mut lane.trial else { continue };
            let (came, failed) = trial.counts();
            let is_unfinished = !trial.is_over() && !trial.is_stopped();
            let state = is_unfinished.then(|| State::Testing { came, failed, owner: self.owner.clone(), ends_at: now });
            if let Err(error) = watching::note(&self.work, &lane.bank, self.cycle, trial, state).await {
                tracing::warn!(error = &error as &dyn std::error::Error, bank.id = %lane.bank.id, "what was learned of a bank is lost");
            }
        }
    }
}

impl Work {
    async fn carry_out(&self, task: Task) -> (SessionId, Ended) {
        match task {
            Task::Refresh(session) => {
                let id = session.record.id.clone();
                let ended = match self.job {
                    Job::RefreshBalances => balances::refresh(self, *session).await,
                    Job::RefreshTokens => tokens::refresh(self, *session).await,
                };
                (id, ended)
            }
            Task::PutOff(session, skip, until) => {
                let id = session.record.id.clone();
                let ended = match self.put_off(*session, skip, until).await {
                    Ok(skip) => Ended::Skipped(skip),
                    Err(error) => Ended::Failed(Failure { kind: (self.naming)(error.into()), of: Source::Hub }),
                };
                (id, ended)
            }
        }
    }
}

const fn word(stop: &Stop) -> &'static str {
    match stop {
        Stop::NewFailure(_) => "new_failure",
        Stop::NewForm => "new_form",
        Stop::Failures => "failures",
    }
}

fn kind(stop: &Stop) -> &str {
    match stop {
        Stop::NewFailure(kind) => kind,
        Stop::NewForm | Stop::Failures => "",
    }
}
