//! Commits of several writes: all or nothing.

use super::scratch::Scratch;
use crate::ports::documents::{Collection, Version, Write};

/// What the documents of a test hold before it commits.
struct Before {
    replaced: Version,
    deleted: Version,
    stale: Version,
}

async fn set_up(scratch: &Scratch) -> Before {
    let stale = scratch.create("guarded", 1).await;
    scratch.write(Write::Put(scratch.key("guarded"), scratch.document(2))).await;
    Before { replaced: scratch.create("replaced", 1).await, deleted: scratch.create("deleted", 1).await, stale }
}

/// One write of each kind, all of which may pass.
fn good_writes(scratch: &Scratch, before: &Before) -> Vec<Write> {
    vec![
        Write::Create(scratch.key("created"), scratch.document(10)),
        Write::Replace(scratch.key("replaced"), before.replaced.clone(), scratch.document(20)),
        Write::Delete(scratch.key("deleted"), before.deleted.clone()),
        Write::Put(scratch.key("put"), scratch.document(30)),
    ]
}

async fn numbers(scratch: &Scratch) -> [Option<i64>; 5] {
    [
        scratch.number("created").await,
        scratch.number("replaced").await,
        scratch.number("deleted").await,
        scratch.number("put").await,
        scratch.number("guarded").await,
    ]
}

pub(super) async fn applies_every_write(scratch: &Scratch) {
    let before = set_up(scratch).await;
    let versions = scratch.commit(&good_writes(scratch, &before)).await;
    assert_eq!(numbers(scratch).await, [Some(10), Some(20), None, Some(30), Some(2)], "{scratch}");
    for (name, version) in ["created", "replaced", "deleted", "put"].into_iter().zip(versions) {
        assert_eq!(scratch.read(name).await.map(|(_, version)| version), version, "{scratch}: the version of {name}");
    }
}

pub(super) async fn applies_nothing_if_one_guard_fails(scratch: &Scratch) {
    let before = set_up(scratch).await;
    let unchanged = numbers(scratch).await;
    let key = || scratch.key("guarded");
    let bad_writes = [
        Write::Create(key(), scratch.document(3)),
        Write::Replace(key(), before.stale.clone(), scratch.document(3)),
        Write::Delete(key(), before.stale.clone()),
        Write::Replace(scratch.key("absent"), before.stale.clone(), scratch.document(3)),
    ];
    for bad in bad_writes {
        for position in 0..=4 {
            let mut writes = good_writes(scratch, &before);
            writes.insert(position, bad.clone());
            scratch.refuse(&writes).await;
            assert_eq!(numbers(scratch).await, unchanged, "{scratch}: {bad:?} at {position}");
        }
    }
    scratch.commit(&good_writes(scratch, &before)).await;
}

pub(super) async fn writes_to_several_collections_at_once(scratch: &Scratch) {
    let create = |collection| Write::Create(scratch.elsewhere(collection).key("a"), scratch.document(1));
    let everywhere: Vec<Write> = Collection::ALL.into_iter().map(create).collect();
    // Every collection's turn writes to all of them: only the first may.
    if scratch.collection == Collection::ALL[0] {
        scratch.commit(&everywhere).await;
    } else {
        scratch.refuse(&everywhere).await;
    }
    assert_eq!(scratch.number("a").await, Some(1), "{scratch}");
}

pub(super) async fn an_empty_commit_does_nothing(scratch: &Scratch) {
    assert!(scratch.commit(&[]).await.is_empty(), "{scratch}");
}
