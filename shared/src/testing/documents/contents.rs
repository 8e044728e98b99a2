//! What documents may hold, and how they may be called.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::scratch::{Note, Scratch};
use crate::ports::documents::{CommitError, Document, Key, MAX_DOCUMENT_BYTES, StoreError, Write};

/// A document with every kind of value.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
    text: String,
    empty: String,
    smallest: i64,
    largest: i64,
    yes: bool,
    nothing: Option<bool>,
    list: Vec<BTreeMap<String, i64>>,
    no_list: Vec<i64>,
    nested: BTreeMap<String, BTreeMap<String, Option<String>>>,
    no_map: BTreeMap<String, i64>,
}

fn sample() -> Sample {
    let inner =
        BTreeMap::from([("ü \" \\ \u{0} \u{1f4a9}".to_owned(), None), ("b.c".to_owned(), Some("d".to_owned()))]);
    Sample {
        text: "line\nbreak, quote \", nul \u{0}, ß, \u{1f4b6}".to_owned(),
        empty: String::new(),
        smallest: i64::MIN,
        largest: i64::MAX,
        yes: true,
        nothing: None,
        list: vec![BTreeMap::from([("a".to_owned(), 1)]), BTreeMap::new()],
        no_list: Vec::new(),
        nested: BTreeMap::from([("inner".to_owned(), inner)]),
        no_map: BTreeMap::new(),
    }
}

pub(super) async fn keeps_every_kind_of_value(scratch: &Scratch) {
    scratch.write(Write::Create(scratch.key("a"), Document::of(&sample()).unwrap())).await;
    let stored = scratch.store.read(&scratch.key("a")).await.unwrap().unwrap();
    assert_eq!(stored.document.parse::<Sample>().unwrap(), sample(), "{scratch}");
}

pub(super) async fn keeps_every_byte(scratch: &Scratch) {
    let every_byte: Vec<u8> = (0..=255).collect();
    for (name, sealed) in [("none", Vec::new()), ("all", every_byte), ("zeros", vec![0; 5_000])] {
        let note = Note { sealed, ..scratch.note(1) };
        scratch.write(Write::Create(scratch.key(name), note.document())).await;
        let (read, _) = scratch.read(name).await.unwrap();
        assert_eq!(read, note, "{scratch}");
    }
}

/// A document of exactly so many CBOR bytes.
fn document_of_size(scratch: &Scratch, size: usize) -> Document {
    let with_blob = |length| Note { sealed: vec![0xa5; length], ..scratch.note(1) }.document();
    let encoded_length = |document: &Document| {
        let mut bytes = Vec::new();
        ciborium::into_writer(document.as_value(), &mut bytes).unwrap();
        bytes.len()
    };
    let overhead = encoded_length(&with_blob(size)) - size;
    let document = with_blob(size - overhead);
    assert_eq!(encoded_length(&document), size);
    document
}

pub(super) async fn takes_the_largest_document(scratch: &Scratch) {
    let document = document_of_size(scratch, MAX_DOCUMENT_BYTES);
    let note: Note = document.parse().unwrap();
    let version = scratch.write(Write::Create(scratch.key("a"), document)).await;
    assert!(scratch.read("a").await == Some((note, version)), "{scratch}");
}

pub(super) async fn refuses_a_larger_document(scratch: &Scratch) {
    let writes = [
        Write::Create(scratch.key("small"), scratch.document(1)),
        Write::Create(scratch.key("large"), document_of_size(scratch, MAX_DOCUMENT_BYTES + 1)),
    ];
    let outcome = scratch.store.commit(&writes).await;
    assert!(matches!(outcome, Err(CommitError::Failed(StoreError::TooLarge))), "{scratch}: {outcome:?}");
    assert_eq!(scratch.read("small").await, None, "{scratch}: half a commit");
    assert_eq!(scratch.read("large").await, None, "{scratch}");
}

pub(super) async fn takes_every_id_of_the_alphabet(scratch: &Scratch) {
    let alphabet = "-_.~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let used = scratch.key("").id.len();
    let longest: String = alphabet.chars().cycle().take(200 - used).collect();
    for (number, name) in [(1, alphabet), (2, longest.as_str()), (3, "A"), (4, "a")] {
        scratch.create(name, number).await;
        assert_eq!(scratch.number(name).await, Some(number), "{scratch}: {name}");
    }
}

pub(super) async fn refuses_other_ids(scratch: &Scratch) {
    let too_long = "a".repeat(201);
    for id in ["", "a/b", "a b", "a:b", "a\u{0}", "ä", "a\n", ".", "..", "____", "__a__", too_long.as_str()] {
        let key = Key::new(scratch.collection, id);
        assert!(scratch.store.read(&key).await.is_err(), "{scratch}: read {id:?}");
        let create = Write::Create(key, scratch.document(1));
        assert!(scratch.store.commit(&[create]).await.is_err(), "{scratch}: created {id:?}");
    }
}
