//! Turns: calls to a bank leave evenly, no faster than this instance's share allows.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Mutex as Turns,
    time::{Instant, sleep, timeout_at},
};

use super::{Shared, bulkhead::Queue, shares};
use crate::{
    domain::{
        bank::{Bank, SpikeProfile},
        ids::BankId,
        spike::{Pacer, Plan, Turn},
    },
    flows::trouble::{Held, Trouble},
};

/// How long an instance waits before it asks for more again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// How long a call may wait before the instance asks for more.
const EASE: Duration = Duration::from_millis(100);

/// Which part of its lanes a bank gives, of each eight, to an instance that has not called it yet.
const FIRST_SHARE: u32 = 8;

/// The turns at one bank.
pub(super) struct Pace {
    bank: BankId,
    plan: Plan,
    longest: Duration,
    shared: Shared,
    /// What the pacer counts from.
    began: Instant,
    pacer: Mutex<Pacer>,
    /// First come, first served.
    line: Turns<()>,
    queue: Queue,
    asked: Turns<Asked>,
    /// Calls since the last share.
    calls: AtomicU32,
}

/// What was asked of the fleet.
#[derive(Default)]
struct Asked {
    /// When more was asked for.
    more_at: Option<Instant>,
    /// Nothing is left to share before then.
    nothing_until: Option<Instant>,
}

impl Pace {
    pub fn of(bank: &Bank, profile: &SpikeProfile, shared: &Shared) -> Self {
        let plan = Plan::of(profile);
        Self {
            bank: bank.id.clone(),
            plan,
            longest: profile.longest_wait(),
            shared: shared.clone(),
            began: Instant::now(),
            pacer: Mutex::new(Pacer::of(plan.window)),
            line: Turns::default(),
            queue: Queue::of(profile.queue),
            asked: Turns::default(),
            calls: AtomicU32::new(0),
        }
    }

    /// Waits for the call's turn, until then at the longest and no longer than the bank's document says. One that would
    /// wait longer is sent away at once.
    pub async fn turn(&self, until: Instant) -> Result<(), Trouble> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.pacer().lanes(self.now()) == 0 {
            self.ask().await?;
        }
        if self.queue.len() == 0 && self.line.try_lock().is_ok() && self.pacer().turn(self.now()) == Turn::Go {
            return Ok(());
        }
        let waiting = self.queue.join().ok_or_else(|| self.later(self.queue.len()))?;
        let longest = self.longest.min(until.saturating_duration_since(Instant::now()));
        let ease = EASE.min(longest);
        if self.pacer().wait(waiting.before, self.now()) > ease {
            self.ask_more(waiting.before, ease).await?;
        }
        if self.pacer().wait(waiting.before, self.now()) > longest {
            return Err(self.later(waiting.before).into());
        }
        let deadline = Instant::now() + longest;
        timeout_at(deadline, self.in_line()).await.unwrap_or_else(|_| Err(self.later(waiting.before).into()))
    }

    async fn in_line(&self) -> Result<(), Trouble> {
        let _first = self.line.lock().await;
        loop {
            let turn = self.pacer().turn(self.now());
            match turn {
                Turn::Go => return Ok(()),
                Turn::Wait(time) => sleep(time).await,
                Turn::Ask => self.ask().await?,
            }
        }
    }

    /// Asks for a share, by what was needed lately. If there is none to be had, the call is sent away until the next
    /// window.
    async fn ask(&self) -> Result<(), Trouble> {
        let mut asked = self.asked.lock().await;
        if self.pacer().lanes(self.now()) > 0 {
            return Ok(());
        }
        if asked.nothing_until.is_none_or(|until| until <= Instant::now()) {
            self.take(&mut asked, self.need()).await?;
        }
        if self.pacer().lanes(self.now()) > 0 { Ok(()) } else { Err(self.until_next_window().into()) }
    }

    /// Asks for as many lanes as it takes for the call to wait no longer than that; now and then.
    async fn ask_more(&self, before: u32, longest: Duration) -> Result<(), Trouble> {
        let Ok(mut asked) = self.asked.try_lock() else { return Ok(()) };
        let lanes = self.pacer().lanes(self.now());
        let wanted = self.pacer().lanes_for(before, longest, self.now()).min(self.plan.lanes);
        let is_too_soon = asked.more_at.is_some_and(|at| at.elapsed() < ASK_AGAIN);
        if wanted <= lanes || is_too_soon {
            return Ok(());
        }
        asked.more_at = Some(Instant::now());
        self.take(&mut asked, wanted).await
    }

    async fn take(&self, asked: &mut Asked, wanted: u32) -> Result<(), Trouble> {
        let (lanes, lasts) = shares::take(&self.shared, &self.bank, wanted, &self.plan).await?;
        asked.nothing_until = (lanes == 0).then(|| Instant::now() + lasts);
        let now = self.now();
        self.pacer().share(lanes, now, now + lasts);
        Ok(())
    }

    /// What this instance needs, going by its calls since it asked last: a quarter more than those.
    fn need(&self) -> u32 {
        let calls = self.calls.swap(0, Ordering::Relaxed);
        calls.saturating_add(calls / 4).max(self.plan.lanes / FIRST_SHARE).max(1)
    }

    fn later(&self, before: u32) -> Held {
        let wait = self.pacer().wait(before, self.now()).min(self.plan.window);
        Held::SpikeArrest(self.shared.clock.now() + wait)
    }

    fn until_next_window(&self) -> Held {
        let now = self.shared.clock.now();
        Held::SpikeArrest(now + self.plan.left(now))
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn pacer(&self) -> MutexGuard<'_, Pacer> {
        self.pacer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
