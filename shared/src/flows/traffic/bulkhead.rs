//! A bound on the calls that one instance has under way to one bank.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use super::{QUEUE, Shared};
use crate::{domain::bank::Bank, flows::trouble::Held, ports::clock::Clock};

/// When a call that found no place is told to come back.
const COME_BACK: Duration = Duration::from_secs(1);

/// A place among the calls under way; free again when dropped.
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

/// The places at one bank.
pub(super) struct Bulkhead {
    places: Arc<Semaphore>,
    queue: Queue,
    clock: Arc<dyn Clock>,
}

impl Bulkhead {
    pub fn of(bank: &Bank, shared: &Shared) -> Self {
        let places = usize::try_from(bank.limits.in_flight).unwrap_or(Semaphore::MAX_PERMITS);
        let longest = bank.spike_arrest.as_ref().map_or(QUEUE, |profile| profile.queue);
        Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            queue: Queue::of(longest),
            clock: Arc::clone(&shared.clock),
        }
    }

    /// A place, waited for until then at the longest, and only if not too many wait.
    pub async fn enter(&self, until: Instant) -> Result<Place, Held> {
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Place { _permit: permit });
        }
        let busy = || Held::Busy(self.clock.now() + COME_BACK);
        let _waiting = self.queue.join().ok_or_else(busy)?;
        match timeout_at(until, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Place { _permit: permit }),
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }
}

/// Counts those who wait.
pub(super) struct Queue {
    waiting: AtomicU32,
    longest: u32,
}

/// One who waits.
pub(super) struct Waiting<'a> {
    queue: &'a Queue,
    /// How many wait before it.
    pub before: u32,
}

impl Queue {
    pub const fn of(longest: u32) -> Self {
        Self { waiting: AtomicU32::new(0), longest }
    }

    /// Joins, unless the queue is full.
    pub fn join(&self) -> Option<Waiting<'_>> {
        let before = self.waiting.fetch_add(1, Ordering::AcqRel);
        let waiting = Waiting { queue: self, before };
        (before < self.longest).then_some(waiting)
    }

    /// How many wait.
    pub fn len(&self) -> u32 {
        self.waiting.load(Ordering::Acquire)
    }
}

/// Leaves the queue, whatever becomes of the call.
impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.queue.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
