//! The invariants, judged where the calls arrive and by what stands in the end.

use std::sync::{Mutex, atomic::Ordering};
use std::time::Duration;

use shared::{domain::bank::Rotation, ports::clock::Clock};
use tokio::time::Instant;

use crate::{bank_port::Asked, life::Life, world::World};

/// How long after an acknowledged end a call may still leave: as long as the look at a session is good for.
const LOOK_LASTS: Duration = Duration::from_secs(10);

/// A call that reaches the bank.
pub struct Arrival<'a> {
    /// What for.
    pub asked: &'a Asked,
    /// When the hub made it.
    pub left_at: Instant,
    /// Whether the bank reads it: one that it refuses unread uses no token.
    pub counts: bool,
}

/// When the CRM was told that the session has ended.
#[derive(Default)]
pub struct Acknowledged(Mutex<Option<Instant>>);

impl Acknowledged {
    /// Notes that the CRM was told now, unless it was told before.
    pub fn now(&self) {
        self.0.lock().unwrap().get_or_insert(Instant::now());
    }

    /// When that was.
    pub fn at(&self) -> Option<Instant> {
        *self.0.lock().unwrap()
    }
}

/// Judges a call as it reaches the bank.
pub fn arrival(world: &World, life: &Life, arrival: &Arrival<'_>) {
    world.note(|| format!("{} reaches the bank for {:?}", life.name, arrival.asked));
    let is_after_end = world.ended.at().is_some_and(|end| arrival.left_at > end + LOOK_LASTS);
    match arrival.asked {
        Asked::Refresh(token) => {
            if is_after_end {
                world.complain("V10: a refresh left after the acknowledged end");
            }
            use_of(world, life, *token, arrival.counts);
        }
        Asked::Data(_) | Asked::Status if is_after_end => {
            world.complain(format!("V10: {:?} left after the acknowledged end", arrival.asked));
        }
        _ => {}
    }
}

/// Without the PSU the bank is never asked for more than it allows (V1).
pub fn data_read(world: &World) {
    let reads = world.reads.fetch_add(1, Ordering::Relaxed) + 1;
    if reads > world.reads_allowed {
        world.complain(format!("V1: read {reads} of {} that the bank allows", world.reads_allowed));
    }
}

/// A refresh token is used by the holder of the live lease alone, never twice at once, and in `family` at most twice
/// (V2).
fn use_of(world: &World, life: &Life, token: usize, counts: bool) {
    if let Some(access) = world.contents.session().and_then(|session| session.access) {
        let lease = access.refresh.lease.filter(|lease| lease.owner == life.owner);
        if lease.is_none_or(|lease| lease.ends_at <= life.clock.now()) {
            world.complain(format!("V2: {} uses a refresh token without a live lease", life.name));
        }
    }
    let mut inner = world.bank.inner();
    let known = &mut inner.refresh[token];
    let was_in_flight = known.is_in_flight;
    known.is_in_flight = true;
    known.uses += u32::from(counts);
    let uses = known.uses;
    drop(inner);
    if was_in_flight {
        world.complain("V2: a refresh token is used twice at once");
    }
    if world.bank.rotation == Rotation::Family && uses > 2 {
        world.complain(format!("V2: a refresh token reaches the bank {uses} times"));
    }
}

/// Every call whose answer or failure came has its one line (V6).
pub fn audit(world: &World, life: &Life) {
    let (answered, recorded) = (life.answered.load(Ordering::Relaxed), life.recorded.load(Ordering::Relaxed));
    if answered != recorded {
        world.complain(format!("V6: {} has {recorded} audit lines for {answered} calls", life.name));
    }
}
