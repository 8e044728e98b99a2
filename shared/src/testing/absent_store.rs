//! A store that is not there, for tests of what goes on without one.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_util::task::TaskTracker;

use crate::{
    domain::ids::OwnerId,
    flows::traffic::Traffic,
    ports::{
        clock::Clock,
        documents::{CommitError, Documents, Found, Key, Query, StoreError, Stored, Version, Write},
        store::Store,
    },
};

/// Answers nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct AbsentStore;

/// Traffic to banks of an instance that has no store: it goes by what it sees itself.
pub fn traffic(clock: Arc<dyn Clock>) -> Traffic {
    Traffic::new(Store::new(Arc::new(AbsentStore)), clock, OwnerId::from_random([1; 16]), TaskTracker::new())
}

fn absent() -> StoreError {
    StoreError::Unavailable("there is no store".into())
}

#[async_trait]
impl Documents for AbsentStore {
    async fn read(&self, _: &Key) -> Result<Option<Stored>, StoreError> {
        Err(absent())
    }

    async fn commit(&self, _: &[Write]) -> Result<Vec<Option<Version>>, CommitError> {
        Err(absent().into())
    }

    fn written_at(&self, _: &Version) -> Option<Timestamp> {
        None
    }

    async fn find(&self, _: &Query) -> Result<Vec<Found>, StoreError> {
        Err(absent())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        Err(absent())
    }
}
