//! What a guard lets pass, and what a version names.

use super::scratch::Scratch;
use crate::ports::documents::Write;

pub(super) async fn reads_nothing_where_nothing_was_written(scratch: &Scratch) {
    assert_eq!(scratch.read("a").await, None, "{scratch}");
}

pub(super) async fn reads_what_was_created(scratch: &Scratch) {
    let version = scratch.create("a", 1).await;
    assert_eq!(scratch.read("a").await, Some((scratch.note(1), version)), "{scratch}");
}

pub(super) async fn refuses_to_create_twice(scratch: &Scratch) {
    let version = scratch.create("a", 1).await;
    scratch.refuse(&[Write::Create(scratch.key("a"), scratch.document(2))]).await;
    assert_eq!(scratch.read("a").await, Some((scratch.note(1), version)), "{scratch}");
}

pub(super) async fn replaces_only_the_version_given(scratch: &Scratch) {
    let first = scratch.create("a", 1).await;
    let replace = |from, number| Write::Replace(scratch.key("a"), from, scratch.document(number));
    let second = scratch.write(replace(first.clone(), 2)).await;
    scratch.refuse(&[replace(first, 3)]).await;
    assert_eq!(scratch.read("a").await, Some((scratch.note(2), second)), "{scratch}");
}

pub(super) async fn refuses_to_replace_what_is_absent(scratch: &Scratch) {
    let version = scratch.create("a", 1).await;
    scratch.refuse(&[Write::Replace(scratch.key("b"), version.clone(), scratch.document(2))]).await;
    scratch.commit(&[Write::Delete(scratch.key("a"), version.clone())]).await;
    scratch.refuse(&[Write::Replace(scratch.key("a"), version, scratch.document(2))]).await;
    assert_eq!(scratch.read("a").await, None, "{scratch}");
    assert_eq!(scratch.read("b").await, None, "{scratch}");
}

pub(super) async fn puts_whatever_was_there(scratch: &Scratch) {
    let put = |number| Write::Put(scratch.key("a"), scratch.document(number));
    let first = scratch.write(put(1)).await;
    let second = scratch.write(put(2)).await;
    assert_eq!(scratch.read("a").await, Some((scratch.note(2), second)), "{scratch}");
    scratch.refuse(&[Write::Replace(scratch.key("a"), first, scratch.document(3))]).await;
}

pub(super) async fn deletes_only_the_version_given(scratch: &Scratch) {
    let first = scratch.create("a", 1).await;
    let second = scratch.write(Write::Put(scratch.key("a"), scratch.document(2))).await;
    scratch.refuse(&[Write::Delete(scratch.key("a"), first)]).await;
    assert_eq!(scratch.number("a").await, Some(2), "{scratch}");
    let versions = scratch.commit(&[Write::Delete(scratch.key("a"), second)]).await;
    assert_eq!(versions, [None], "{scratch}: a deletion makes no version");
    assert_eq!(scratch.read("a").await, None, "{scratch}");
}

pub(super) async fn refuses_to_delete_what_is_absent(scratch: &Scratch) {
    let version = scratch.create("a", 1).await;
    scratch.refuse(&[Write::Delete(scratch.key("b"), version.clone())]).await;
    scratch.commit(&[Write::Delete(scratch.key("a"), version.clone())]).await;
    scratch.refuse(&[Write::Delete(scratch.key("a"), version)]).await;
}

pub(super) async fn every_write_makes_a_new_version(scratch: &Scratch) {
    let first = scratch.create("a", 1).await;
    let second = scratch.write(Write::Replace(scratch.key("a"), first.clone(), scratch.document(1))).await;
    assert_ne!(first, second, "{scratch}: the same content, but another state");
    let third = scratch.write(Write::Put(scratch.key("a"), scratch.document(1))).await;
    assert!(third != second && third != first, "{scratch}: the same content, but another state");
}

pub(super) async fn never_meets_an_old_version_again(scratch: &Scratch) {
    let mut old = Vec::new();
    for _ in 0..5 {
        let version = scratch.create("a", 1).await;
        assert!(!old.contains(&version), "{scratch}: a version came back");
        for stale in &old {
            scratch.refuse(&[Write::Replace(scratch.key("a"), stale.clone(), scratch.document(2))]).await;
            scratch.refuse(&[Write::Delete(scratch.key("a"), stale.clone())]).await;
        }
        scratch.commit(&[Write::Delete(scratch.key("a"), version.clone())]).await;
        old.push(version);
    }
}
