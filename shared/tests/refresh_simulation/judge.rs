//! The invariants, judged where the calls arrive and by what stands in the end.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use shared::{
    domain::{bank::Rotation, circuit::Circuit, refresh::Lease},
    ports::clock::Clock,
};
use tokio::time::Instant;

use crate::{
    bank_port::Asked,
    life::Life,
    world::{Mode, World},
};

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
    /// Whether it says that the PSU is there.
    pub attended: bool,
}

/// When the bank was read without the PSU.
#[derive(Default)]
pub struct Book(Mutex<Vec<Instant>>);

impl Book {
    /// How many reads the bank has seen within that time.
    pub fn within(&self, time: Duration) -> usize {
        self.0.lock().unwrap().iter().filter(|at| at.elapsed() < time).count()
    }

    /// Writes a read down. Answers how many there were within a day, with it.
    fn write(&self) -> usize {
        self.0.lock().unwrap().push(Instant::now());
        self.within(DAY)
    }
}

/// The circuit of reads, as it stands in the store.
#[derive(Default)]
pub struct Gate(Mutex<(Circuit, Option<Instant>)>, AtomicU32);

impl Gate {
    /// The circuit stands so from now on.
    pub fn stands(&self, circuit: Circuit) {
        let mut gate = self.0.lock().unwrap();
        let lets_nobody_in = matches!(circuit, Circuit::Open { .. } | Circuit::Probing { .. });
        let since = lets_nobody_in.then(|| gate.1.unwrap_or_else(Instant::now));
        *gate = (circuit, since);
    }

    /// Whether it has let nobody in for so long at that instant.
    fn was_shut(&self, at: Instant, seen_within: Duration) -> bool {
        self.0.lock().unwrap().1.is_some_and(|since| at > since + seen_within)
    }

    /// How many probes the bank has seen.
    pub fn probes(&self) -> u32 {
        self.1.load(Ordering::Relaxed)
    }

    /// Who may probe, and until when.
    fn lease(&self) -> Option<Lease> {
        match &self.0.lock().unwrap().0 {
            Circuit::Probing { lease, .. } => Some(lease.clone()),
            _ => None,
        }
    }
}

/// Within this time every instance has seen that a circuit is open.
const SEEN_WITHIN: Duration = Duration::from_secs(2);

/// A probe goes out under a live lease only, so that there is one at a time (P6).
pub fn probe(world: &World, life: &Life) {
    world.note(|| format!("{} probes", life.name));
    world.gate.1.fetch_add(1, Ordering::Relaxed);
    let lease = world.gate.lease().filter(|lease| lease.owner == life.owner);
    if lease.is_none_or(|lease| lease.ends_at <= life.clock.now()) {
        world.complain(format!("P6: {} probes without a live lease", life.name));
    }
}

/// The day of the law.
pub const DAY: Duration = Duration::from_hours(24);

/// Reads without the PSU that it allows.
pub const LIMIT: u32 = 4;

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
    let is_read = matches!(arrival.asked, Asked::Data(_));
    if is_read && world.weather.is_clear() && world.gate.was_shut(arrival.left_at, SEEN_WITHIN) {
        world.complain(format!("P6: {} reads although the circuit is open", life.name));
    }
    if world.mode == Mode::Reads && is_read && !arrival.attended {
        let reads = world.book.write();
        if reads > usize::try_from(LIMIT).unwrap() {
            world.complain(format!("V1: {reads} reads without the PSU within a day"));
        }
    }
}

/// Without the PSU the bank is never asked for more than it allows (V1): what it has answered in a schedule about tokens,
/// which is shorter than a day. Over days, whatever arrives is counted.
pub fn data_read(world: &World) {
    if world.mode == Mode::Reads {
        return;
    }
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
