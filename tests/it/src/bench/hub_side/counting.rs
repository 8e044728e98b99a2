//! A store that counts what is asked of it, in the units that Firestore is paid in: documents read and written.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use jiff::Timestamp;
use shared::ports::documents::{
    Collection, CommitError, Documents, Found, Key, Query, StoreError, Stored, Version, Write,
};
use tokio::sync::{Mutex, oneshot};

/// What was asked of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Documents read: one for each that a query finds, and one for a query or read that finds none.
    pub reads: u64,
    /// Documents written or deleted.
    pub writes: u64,
}

/// A read that waits until it is let go on.
pub struct HeldRead {
    /// Told when the read has come.
    pub come: oneshot::Receiver<()>,
    /// Lets it go on.
    pub go_on: oneshot::Sender<()>,
}

/// Where a read is to wait.
struct Hold {
    collection: Collection,
    passing: usize,
    come: oneshot::Sender<()>,
    go_on: oneshot::Receiver<()>,
}

pub(super) struct CountingStore {
    hold: Mutex<Option<Hold>>,
    inner: Arc<dyn Documents>,
    reads: AtomicU64,
    writes: AtomicU64,
    circuit_reads: AtomicU64,
    circuit_writes: AtomicU64,
    share_reads: AtomicU64,
    share_writes: AtomicU64,
}

impl CountingStore {
    pub fn over(inner: Arc<dyn Documents>) -> Self {
        let none = || AtomicU64::new(0);
        Self {
            hold: Mutex::new(None),
            inner,
            reads: none(),
            writes: none(),
            circuit_reads: none(),
            circuit_writes: none(),
            share_reads: none(),
            share_writes: none(),
        }
    }

    /// Lets so many reads of the collection pass, and holds the one after them.
    pub async fn hold(&self, collection: Collection, passing: usize) -> HeldRead {
        let ((come, has_come), (go, go_on)) = (oneshot::channel(), oneshot::channel());
        *self.hold.lock().await = Some(Hold { collection, passing, come, go_on });
        HeldRead { come: has_come, go_on: go }
    }

    async fn wait_if_held(&self, collection: Collection) {
        let mut wanted = self.hold.lock().await;
        match wanted.as_mut().filter(|hold| hold.collection == collection) {
            None => return,
            Some(hold) if hold.passing > 0 => {
                hold.passing -= 1;
                return;
            }
            Some(_) => {}
        }
        let hold = wanted.take();
        drop(wanted);
        if let Some(Hold { come, go_on, .. }) = hold {
            come.send(()).unwrap();
            go_on.await.unwrap();
        }
    }

    /// What was asked of every collection but the circuits: those are read once a second, and not by the call.
    pub fn counts(&self) -> Counts {
        Counts { reads: self.reads.load(Ordering::Relaxed), writes: self.writes.load(Ordering::Relaxed) }
    }

    /// What was asked of the circuits.
    pub fn circuit_counts(&self) -> Counts {
        let (reads, writes) = (&self.circuit_reads, &self.circuit_writes);
        Counts { reads: reads.load(Ordering::Relaxed), writes: writes.load(Ordering::Relaxed) }
    }

    /// What was asked of the shares of the banks' budgets, which is in the counts too.
    pub fn share_counts(&self) -> Counts {
        let (reads, writes) = (&self.share_reads, &self.share_writes);
        Counts { reads: reads.load(Ordering::Relaxed), writes: writes.load(Ordering::Relaxed) }
    }
}

#[async_trait]
impl Documents for CountingStore {
    async fn read(&self, key: &Key) -> Result<Option<Stored>, StoreError> {
        self.wait_if_held(key.collection).await;
        let reads = if key.collection == Collection::Circuits { &self.circuit_reads } else { &self.reads };
        reads.fetch_add(1, Ordering::Relaxed);
        self.share_reads.fetch_add(u64::from(key.collection == Collection::Spikes), Ordering::Relaxed);
        self.inner.read(key).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<Vec<Option<Version>>, CommitError> {
        let circuits = writes.iter().filter(|write| write.key().collection == Collection::Circuits).count();
        self.circuit_writes.fetch_add(circuits as u64, Ordering::Relaxed);
        let shares = writes.iter().filter(|write| write.key().collection == Collection::Spikes).count();
        self.share_writes.fetch_add(shares as u64, Ordering::Relaxed);
        self.writes.fetch_add((writes.len() - circuits) as u64, Ordering::Relaxed);
        self.inner.commit(writes).await
    }

    fn written_at(&self, version: &Version) -> Option<Timestamp> {
        self.inner.written_at(version)
    }

    async fn find(&self, query: &Query) -> Result<Vec<Found>, StoreError> {
        let found = self.inner.find(query).await;
        let count = found.as_ref().map_or(0, Vec::len).max(1);
        self.reads.fetch_add(count as u64, Ordering::Relaxed);
        found
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.ready().await
    }
}
