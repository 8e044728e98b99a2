//! What a query finds, in what order.

use ciborium::Value;
use jiff::{SignedDuration, Timestamp};

use super::scratch::{Note, Scratch};
use crate::ports::documents::{Collection, Found, Query, Write};

/// An instant that many microseconds after a fixed one.
fn instant(microseconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(500_000) + SignedDuration::from_micros(microseconds)
}

async fn put(scratch: &Scratch, name: &str, note: Note) {
    scratch.write(Write::Put(scratch.key(name), note.document())).await;
}

async fn put_due(scratch: &Scratch, name: &str, number: i64, due_at: Option<Timestamp>) {
    put(scratch, name, Note { due_at, ..scratch.note(number) }).await;
}

pub(super) async fn finds_nothing_where_nothing_matches(scratch: &Scratch) {
    assert!(scratch.find(&scratch.query(&[])).await.is_empty(), "{scratch}");
    scratch.create("a", 1).await;
    assert!(scratch.find(&scratch.query(&[("number", Value::from(2))])).await.is_empty(), "{scratch}");
    assert!(scratch.find(&scratch.query(&[("no_such_field", Value::from(2))])).await.is_empty(), "{scratch}");
}

pub(super) async fn finds_what_equals_every_value(scratch: &Scratch) {
    let cases = [(1, "x", false), (2, "x", true), (3, "y", true), (4, "x", true)];
    for (number, text, done) in cases {
        put(scratch, &number.to_string(), Note { text: text.to_owned(), done, ..scratch.note(number) }).await;
    }
    let numbers = async |equal: &[(&'static str, Value)]| scratch.numbers(&scratch.query(equal)).await;
    let (x, done) = (("text", Value::from("x")), ("done", Value::from(true)));
    assert_eq!(numbers(&[]).await, [1, 2, 3, 4], "{scratch}");
    assert_eq!(numbers(std::slice::from_ref(&x)).await, [1, 2, 4], "{scratch}: a text");
    assert_eq!(numbers(std::slice::from_ref(&done)).await, [2, 3, 4], "{scratch}: a boolean");
    assert_eq!(numbers(&[("number", Value::from(3))]).await, [3], "{scratch}: a number");
    assert_eq!(numbers(&[("number", Value::from("3"))]).await, [0_i64; 0], "{scratch}: a number is not a text");
    assert_eq!(numbers(&[x, done]).await, [2, 4], "{scratch}: two values");
}

pub(super) async fn finds_in_one_collection_only(scratch: &Scratch) {
    let number = |collection| Collection::ALL.iter().position(|one| *one == collection).unwrap();
    let number = i64::try_from(number(scratch.collection)).unwrap();
    scratch.create("a", number).await;
    assert_eq!(scratch.numbers(&scratch.query(&[])).await, [number], "{scratch}");
}

pub(super) async fn finds_up_to_an_instant(scratch: &Scratch) {
    put_due(scratch, "before", 1, Some(instant(-1))).await;
    put_due(scratch, "exactly", 2, Some(instant(0))).await;
    put_due(scratch, "after", 3, Some(instant(1))).await;
    put_due(scratch, "never", 4, None).await;
    let query = Query { until: Some(("due_at", instant(0))), ..scratch.query(&[]) };
    assert_eq!(scratch.numbers(&query).await, [1, 2], "{scratch}");
    let query = Query { until: Some(("due_at", instant(1))), ..scratch.query(&[("number", Value::from(3))]) };
    assert_eq!(scratch.numbers(&query).await, [3], "{scratch}: with a value too");
    let query = Query { until: Some(("other_at", instant(1))), ..scratch.query(&[]) };
    assert_eq!(scratch.numbers(&query).await, [0_i64; 0], "{scratch}: documents without the field");
}

/// As text, `…00Z` would come after `…00.5Z`, and 1970 after 1969 only by luck.
pub(super) async fn finds_in_order_of_instants_then_ids(scratch: &Scratch) {
    put_due(scratch, "f", 6, Some(instant(1_000_000))).await;
    put_due(scratch, "e", 5, Some(instant(500_000))).await;
    put_due(scratch, "b", 2, Some(instant(0))).await;
    put_due(scratch, "d", 4, Some(instant(1))).await;
    put_due(scratch, "c", 3, Some(instant(0))).await;
    put_due(scratch, "z", 1, Some(instant(-60_000_000))).await;
    let query = Query { until: Some(("due_at", instant(1_000_000))), ..scratch.query(&[]) };
    assert_eq!(scratch.numbers(&query).await, [1, 2, 3, 4, 5, 6], "{scratch}");
}

pub(super) async fn finds_at_most_the_limit(scratch: &Scratch) {
    for number in 0..5 {
        put_due(scratch, &number.to_string(), number, Some(instant(-number))).await;
    }
    for limit in 0..=6 {
        let query = Query { limit, until: Some(("due_at", instant(0))), ..scratch.query(&[]) };
        let first: Vec<i64> = [4, 3, 2, 1, 0].into_iter().take(limit).collect();
        assert_eq!(scratch.numbers(&query).await, first, "{scratch}: the first {limit} in the query's order");
    }
}

pub(super) async fn finds_what_stands_now(scratch: &Scratch) {
    let version = scratch.create("a", 1).await;
    assert_eq!(scratch.numbers(&scratch.query(&[])).await, [1], "{scratch}: created");
    let version = scratch.write(Write::Replace(scratch.key("a"), version, scratch.document(2))).await;
    assert_eq!(scratch.numbers(&scratch.query(&[])).await, [2], "{scratch}: replaced");
    scratch.commit(&[Write::Delete(scratch.key("a"), version)]).await;
    assert_eq!(scratch.numbers(&scratch.query(&[])).await, [0_i64; 0], "{scratch}: deleted");
}

pub(super) async fn finds_versions_that_can_be_replaced(scratch: &Scratch) {
    let created = scratch.create("a", 1).await;
    let found: Vec<Found> = scratch.find(&scratch.query(&[])).await;
    let found = found.into_iter().next().unwrap();
    assert_eq!(found.id, scratch.key("a").id, "{scratch}");
    assert_eq!(found.stored.version, created, "{scratch}");
    scratch.write(Write::Replace(scratch.key("a"), found.stored.version, scratch.document(2))).await;
}

pub(super) async fn walks_page_by_page(scratch: &Scratch) {
    for name in ["a", "b", "c", "d", "e"] {
        scratch.create(name, i64::from(name.as_bytes()[0])).await;
    }
    let (mut after, mut pages) = (None, Vec::new());
    loop {
        let page = scratch.find(&Query { after, limit: 2, ..scratch.query(&[]) }).await;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        pages.push(page.into_iter().map(|found| found.id).collect::<Vec<_>>());
    }
    let names = [&["a", "b"][..], &["c", "d"], &["e"]];
    let ids = names.map(|names| names.iter().map(|name| scratch.key(name).id).collect::<Vec<_>>());
    assert_eq!(pages, ids, "{scratch}");
    let between = Query { after: Some(scratch.key("bb").id), ..scratch.query(&[]) };
    assert_eq!(scratch.numbers(&between).await, [99, 100, 101], "{scratch}: the id given need not exist");
}

/// More than a store would send at once.
pub(super) async fn finds_hundreds(scratch: &Scratch) {
    for hundred in 0..3 {
        let create = |number| {
            let note = Note { due_at: Some(instant(number)), ..scratch.note(number) };
            Write::Create(scratch.key(&number.to_string()), note.document())
        };
        let writes: Vec<Write> = (hundred * 100..(hundred + 1) * 100).map(create).collect();
        scratch.commit(&writes).await;
    }
    let query = Query { until: Some(("due_at", instant(1_000))), ..scratch.query(&[]) };
    assert_eq!(scratch.numbers(&query).await, (0..300).collect::<Vec<_>>(), "{scratch}");
}
