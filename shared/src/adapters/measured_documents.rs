//! Tells the instruments of this process how each operation of the store ended and how long it took.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::ports::{
    documents::{CommitError, Documents, Found, Key, Query, StoreError, Stored, Version, Write},
    measuring::INSIDE,
};

/// A store whose operations are told of.
pub struct MeasuredDocuments(Arc<dyn Documents>);

impl MeasuredDocuments {
    /// Around this store if somebody measures; else the store as it is.
    pub fn if_heard(store: Arc<dyn Documents>) -> Arc<dyn Documents> {
        let is_heard = tracing::enabled!(target: INSIDE, tracing::Level::TRACE, { store.outcome, store.seconds });
        if is_heard { Arc::new(Self(store)) } else { store }
    }
}

#[async_trait]
impl Documents for MeasuredDocuments {
    async fn read(&self, key: &Key) -> Result<Option<Stored>, StoreError> {
        let begun = Instant::now();
        let result = self.0.read(key).await;
        tell("read", begun, failure(&result));
        result
    }

    async fn commit(&self, writes: &[Write]) -> Result<Vec<Option<Version>>, CommitError> {
        let begun = Instant::now();
        let result = self.0.commit(writes).await;
        let outcome = match &result {
            Ok(_) => "ok",
            Err(CommitError::Refused) => "refused",
            Err(CommitError::Failed(error)) => word(error),
        };
        tell("commit", begun, outcome);
        result
    }

    fn written_at(&self, version: &Version) -> Option<Timestamp> {
        self.0.written_at(version)
    }

    async fn find(&self, query: &Query) -> Result<Vec<Found>, StoreError> {
        let begun = Instant::now();
        let result = self.0.find(query).await;
        tell("find", begun, failure(&result));
        result
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.0.ready().await
    }
}

fn failure<T>(result: &Result<T, StoreError>) -> &'static str {
    result.as_ref().map_or_else(word, |_| "ok")
}

const fn word(error: &StoreError) -> &'static str {
    match error {
        StoreError::Unavailable(_) => "unavailable",
        StoreError::Damaged(_) => "damaged",
        StoreError::TooLarge => "too_large",
    }
}

fn tell(operation: &'static str, begun: Instant, outcome: &'static str) {
    let seconds = begun.elapsed().as_secs_f64();
    tracing::trace!(
        target: INSIDE,
        { store.operation = operation, store.outcome = outcome, store.seconds = seconds },
        "the store was used"
    );
}
