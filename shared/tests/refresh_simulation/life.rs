//! One life of an instance: from its start to its crash. Whatever it does passes through its ports, so a dead one is
//! one whose ports never answer again, and a frozen one is one whose ports answer later.

use std::{
    future::pending,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use shared::{domain::ids::OwnerId, ports::clock::Clock};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

/// One life of one instance.
#[derive(Debug)]
pub struct Life {
    /// Which instance, counted from 0.
    pub instance: usize,
    /// How traces call it: the instance, and which of its lives.
    pub name: String,
    /// How leases call it.
    pub owner: OwnerId,
    /// Its clock.
    pub clock: SkewedClock,
    /// Bank calls whose answer or failure it was given, or for which it no longer waits.
    pub answered: AtomicU64,
    /// Audit lines it wrote of bank calls.
    pub recorded: AtomicU64,
    dead: AtomicBool,
    thaws_at: Mutex<Option<Instant>>,
    thawed: Notify,
}

impl Life {
    /// A life that begins now.
    pub fn new(instance: usize, name: String, owner: OwnerId, clock: SkewedClock) -> Self {
        Self {
            instance,
            name,
            owner,
            clock,
            answered: AtomicU64::new(0),
            recorded: AtomicU64::new(0),
            dead: AtomicBool::new(false),
            thaws_at: Mutex::new(None),
            thawed: Notify::new(),
        }
    }

    /// Comes true while it lives and is not frozen: never again, after its end.
    pub async fn runs(&self) {
        loop {
            if self.is_dead() {
                pending::<()>().await;
            }
            let thaws_at = *self.thaws_at.lock().unwrap();
            let Some(rest) = thaws_at.map(|thaw| thaw.saturating_duration_since(Instant::now())) else { return };
            if rest.is_zero() {
                return;
            }
            drop(timeout(rest, self.thawed.notified()).await);
        }
    }

    /// Whether it has ended.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Ends it.
    pub fn crash(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }

    /// Freezes it for so long.
    pub fn freeze(&self, time: Duration) {
        *self.thaws_at.lock().unwrap() = Some(Instant::now() + time);
    }

    /// Ends a freeze.
    pub fn thaw(&self) {
        *self.thaws_at.lock().unwrap() = None;
        self.thawed.notify_waiters();
    }
}

/// The runtime's paused clock as a time of day, off by a little.
#[derive(Clone, Copy, Debug)]
pub struct SkewedClock {
    began: Instant,
    skew: SignedDuration,
}

/// The time of day in a world that began then, as nobody but the store and the bank knows it.
pub fn true_time(began: Instant) -> Timestamp {
    let now = Timestamp::from_second(1_800_000_000).unwrap() + began.elapsed();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap()
}

impl SkewedClock {
    /// A clock of a world that began then.
    pub fn new(began: Instant, skew: SignedDuration) -> Self {
        Self { began, skew }
    }
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        let now = true_time(self.began) + self.skew;
        Timestamp::from_microsecond(now.as_microsecond()).unwrap()
    }
}
