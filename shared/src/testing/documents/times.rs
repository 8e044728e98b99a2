//! What the store's own clock tells, if it has one.

use jiff::Timestamp;

use super::scratch::Scratch;
use crate::ports::documents::Write;

/// The times that the store tells of one document: when it was written, and when it looked, by its id and by a query.
async fn times(scratch: &Scratch) -> [Option<Timestamp>; 3] {
    let stored = scratch.store.read(&scratch.key("a")).await.unwrap().unwrap();
    let found = scratch.find(&scratch.query(&[])).await;
    let [found] = found.as_slice() else { panic!("{scratch}: {found:?}") };
    [scratch.store.written_at(&stored.version), stored.told_at, found.stored.told_at]
}

pub(super) async fn tells_a_time_always_or_never(scratch: &Scratch) {
    let version = scratch.create("a", 1).await;
    let has_clock = scratch.store.written_at(&version).is_some();
    let told = times(scratch).await;
    assert!(told.iter().all(|at| at.is_some() == has_clock), "{scratch}: {told:?}");
}

pub(super) async fn a_read_is_no_earlier_than_the_commits_before_it(scratch: &Scratch) {
    scratch.create("a", 0).await;
    let mut last = None;
    for number in 1..=5 {
        let version = scratch.write(Write::Put(scratch.key("a"), scratch.document(number))).await;
        let [written, read, found] = times(scratch).await;
        assert_eq!(written, scratch.store.written_at(&version), "{scratch}: a version was written twice");
        assert!(
            last <= written && written <= read && read <= found,
            "{scratch}: {last:?} {written:?} {read:?} {found:?}"
        );
        last = found;
    }
}

pub(super) async fn tells_whole_microseconds(scratch: &Scratch) {
    scratch.create("a", 1).await;
    for at in times(scratch).await.into_iter().flatten() {
        assert_eq!(at.subsec_nanosecond() % 1_000, 0, "{scratch}: {at} is finer than a microsecond");
    }
}
