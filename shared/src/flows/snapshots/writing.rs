//! Puts an answer in the place of an older one.

use jiff::{SignedDuration, Timestamp};

use crate::{
    domain::snapshot::Snapshot,
    ports::{
        documents::CommitError,
        store::{Change, Loaded, Store},
    },
};

/// An answer that is written so soon takes the place of what is there without a look at it: nobody can have written a
/// newer one that matters. One that comes later, because the process stood still, looks first.
const SOON: SignedDuration = SignedDuration::from_secs(10);

/// Puts the answer in the place of an older one. An older answer never takes the place of one that is newer by more than
/// [`SOON`].
pub(super) async fn put(store: &Store, snapshot: Snapshot, now: Timestamp) -> Result<(), CommitError> {
    if now.duration_since(snapshot.as_of_at) <= SOON {
        return store.commit(Change::new().put(&snapshot)).await;
    }
    let found: Option<Loaded<Snapshot>> = store.load(snapshot.id().as_str()).await?;
    let written = match found {
        Some(found) if found.record.as_of_at >= snapshot.as_of_at => return Ok(()),
        Some(found) => store.note(&found, snapshot).await.map(drop),
        None => store.commit(Change::new().create(&snapshot)).await,
    };
    match written {
        // Somebody else was quicker, who need not have stood still.
        Err(CommitError::Refused) => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;

    use super::*;
    use crate::{
        domain::{
            data_kind::DataKind,
            ids::{SessionId, TenantId},
            sealed::Sealed,
            snapshot::Question,
        },
        ports::documents::{Document, Documents, Found, Key, Query, StoreError, Stored, Version, Write},
    };

    /// A store of one document, and how often it was read.
    #[derive(Default)]
    struct One(Mutex<(Option<Document>, u32)>);

    #[async_trait]
    impl Documents for One {
        async fn read(&self, _: &Key) -> Result<Option<Stored>, StoreError> {
            let mut held = self.0.lock().unwrap();
            held.1 += 1;
            Ok(held.0.clone().map(|document| Stored { document, version: Version::new([1]), told_at: None }))
        }

        async fn commit(&self, writes: &[Write]) -> Result<Vec<Option<Version>>, CommitError> {
            let [Write::Put(_, document) | Write::Replace(_, _, document) | Write::Create(_, document)] = writes else {
                panic!("another write: {writes:?}")
            };
            self.0.lock().unwrap().0 = Some(document.clone());
            Ok(vec![Some(Version::new([1]))])
        }

        fn written_at(&self, _: &Version) -> Option<Timestamp> {
            None
        }

        async fn find(&self, _: &Query) -> Result<Vec<Found>, StoreError> {
            Ok(Vec::new())
        }

        async fn ready(&self) -> Result<(), StoreError> {
            Ok(())
        }
    }

    /// Writes answers of these seconds at those seconds. Tells of which second the kept one is, and how often it was
    /// looked at.
    async fn after(writes: &[(i64, i64)]) -> (i64, u32) {
        let documents = Arc::new(One::default());
        let store = Store::new(documents.clone());
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        for (as_of, now) in writes {
            let question = Question {
                session: SessionId::from_random([1; 16]),
                tenant: TenantId::parse("acme").unwrap(),
                kind: DataKind::Accounts,
                account: None,
            };
            let snapshot = question.answered(at(*as_of), None, Sealed::from_bytes(vec![1]));
            put(&store, snapshot, at(*now)).await.unwrap();
        }
        let (document, reads) = documents.0.lock().unwrap().clone();
        (document.unwrap().parse::<Snapshot>().unwrap().as_of_at.as_second(), reads)
    }

    #[tokio::test]
    async fn an_answer_that_comes_at_once_costs_no_look() {
        assert_eq!(after(&[(100, 100), (200, 201), (300, 310)]).await, (300, 0));
    }

    #[tokio::test]
    async fn an_answer_that_comes_late_does_not_overwrite_a_newer_one() {
        assert_eq!(after(&[(200, 200), (100, 201)]).await, (200, 1));
        assert_eq!(after(&[(100, 100), (200, 300)]).await, (200, 1));
        assert_eq!(after(&[(100, 300)]).await, (100, 1));
    }
}
