//! A store whose clock the tests move together with everybody else's.
//!
//! The emulator's clock is the machine's. Where a test moves the clocks of a fleet, the true time is the emulator's and what
//! the test has added: the difference between what the shared clock shows and what it showed at the start. What one process
//! has to itself (a clock that is wrong) is no part of it.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use shared::{
    domain::readiness::Component,
    ports::{
        clock::Clock,
        documents::{CommitError, Documents, Found, Key, Query, StoreError, Stored, Version, Write},
    },
};

/// The store, its clock moved.
pub struct ShiftedStore {
    inner: Arc<dyn Documents>,
    /// What every process of the fleet is shown.
    clock: Arc<dyn Clock>,
    /// What it showed at the start.
    started_at: Timestamp,
}

impl ShiftedStore {
    /// That store, moved as the clock has moved since.
    pub fn new(inner: Arc<dyn Documents>, clock: Arc<dyn Clock>, started_at: Timestamp) -> Self {
        Self { inner, clock, started_at }
    }

    fn shift(&self) -> SignedDuration {
        self.clock.now().duration_since(self.started_at)
    }

    fn shifted(&self, stored: Stored) -> Stored {
        Stored { told_at: stored.told_at.map(|at| at + self.shift()), ..stored }
    }
}

#[async_trait]
impl Documents for ShiftedStore {
    async fn read(&self, key: &Key) -> Result<Option<Stored>, StoreError> {
        Ok(self.inner.read(key).await?.map(|stored| self.shifted(stored)))
    }

    async fn commit(&self, writes: &[Write]) -> Result<Vec<Option<Version>>, CommitError> {
        self.inner.commit(writes).await
    }

    fn written_at(&self, version: &Version) -> Option<Timestamp> {
        self.inner.written_at(version).map(|at| at + self.shift())
    }

    async fn find(&self, query: &Query) -> Result<Vec<Found>, StoreError> {
        let found = self.inner.find(query).await?;
        Ok(found.into_iter().map(|found| Found { stored: self.shifted(found.stored), ..found }).collect())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.inner.ready().await
    }

    fn missing(&self) -> Vec<Component> {
        self.inner.missing()
    }
}
