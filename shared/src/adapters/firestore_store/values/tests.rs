use proptest::prelude::*;

use super::*;

fn of(entries: Vec<(&str, Value)>) -> Document {
    Document::from_value(Value::Map(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())).unwrap()
}

fn back(document: &Document) -> Document {
    document_of(fields_of(document).unwrap()).unwrap()
}

/// Names with a meaning of their own somewhere, and others.
fn names() -> impl Strategy<Value = String> {
    let special = ["", "~write", "~list", "~=", "~=~write", "__a__", "____", "a.b", "`", "made_at", "~at_at"];
    prop_oneof![prop::sample::select(special.to_vec()).prop_map(str::to_owned), ".{0,12}"]
}

/// Instants in Firestore's years, and other texts.
fn texts() -> impl Strategy<Value = String> {
    let microseconds = -62_135_596_800_000_000_i64..253_402_207_200_000_000;
    let instant = microseconds.prop_map(|at| Timestamp::from_microsecond(at).unwrap().to_string());
    prop_oneof![instant, ".{0,20}"]
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::Float),
        texts().prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map(names(), inner, 0..6).prop_map(map_of),
        ]
    })
}

/// A map in the order in which Firestore's names lie, which is the order it comes back in.
fn map_of(entries: BTreeMap<String, Value>) -> Value {
    let sorted: BTreeMap<String, (String, Value)> =
        entries.into_iter().map(|(key, value)| (name(&key), (key, value))).collect();
    Value::Map(sorted.into_values().map(|(key, value)| (Value::Text(key), value)).collect())
}

fn documents() -> impl Strategy<Value = Document> {
    prop::collection::btree_map(names(), values(), 0..8).prop_map(|entries| {
        let entries = map_of(entries);
        Document::from_value(entries).unwrap()
    })
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(document in documents()) {
        prop_assert_eq!(back(&document), document);
    }

    #[test]
    fn no_name_is_one_that_firestore_refuses(document in documents()) {
        prop_assert!(every_name(&fields_of(&document).unwrap()));
    }
}

fn every_name(fields: &Fields) -> bool {
    fields.iter().all(|(name, field)| {
        let is_kept = name.starts_with("__") && name.ends_with("__");
        !is_kept && !name.is_empty() && name != WRITE_MARK && fits(field, false)
    })
}

/// No list lies in a list, and every name is good.
fn fits(field: &Field, in_list: bool) -> bool {
    match &field.value_type {
        Some(ValueType::ArrayValue(list)) => !in_list && list.values.iter().all(|item| fits(item, true)),
        Some(ValueType::MapValue(map)) => every_name(&map.fields),
        _ => true,
    }
}

#[test]
fn instants_are_real_timestamps_at_any_depth() {
    let text = Value::from("2026-11-21T14:36:00.000001Z");
    let inner = Value::Map(vec![("seen_at".into(), text.clone())]);
    let fields = fields_of(&of(vec![
        ("made_at", text.clone()),
        ("made", text),
        ("list", Value::Array(vec![inner])),
        ("end_at", Value::Null),
    ]))
    .unwrap();
    let at = ValueType::TimestampValue(prost_types::Timestamp { seconds: 1_795_271_760, nanos: 1_000 });
    assert_eq!(fields["made_at"].value_type, Some(at.clone()));
    assert!(matches!(fields["made"].value_type, Some(ValueType::StringValue(_))));
    assert_eq!(fields["end_at"].value_type, Some(ValueType::NullValue(0)));
    let Some(ValueType::ArrayValue(list)) = &fields["list"].value_type else { panic!("no list") };
    let Some(ValueType::MapValue(map)) = &list.values[0].value_type else { panic!("no map") };
    assert_eq!(map.fields["seen_at"].value_type, Some(at));
}

#[test]
fn instants_lose_what_is_below_a_microsecond() {
    for (given, kept) in [
        ("2026-11-21T14:36:00.000001999Z", "2026-11-21T14:36:00.000001Z"),
        ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(back(&of(vec![("a_at", given.into())])), of(vec![("a_at", kept.into())]));
    }
}

#[test]
fn texts_that_are_no_instants_stay_texts() {
    for text in ["", "soon", "2026-11-21", "-009999-01-02T01:59:59Z", "+010000-01-01T00:00:00Z"] {
        let document = of(vec![("a_at", text.into())]);
        assert_eq!(back(&document), document, "{text}");
    }
}

#[test]
fn refuses_what_firestore_has_no_value_for() {
    let key = Value::Map(vec![(Value::from(1), Value::Null)]);
    let tag = Value::Tag(1, Box::new(Value::Null));
    let cases = [
        (Value::from(u64::MAX), Unfit::Number),
        (Value::Array(vec![Value::from(i64::MAX as u64 + 1)]), Unfit::Number),
        (key, Unfit::Key),
        (tag, Unfit::Kind),
    ];
    for (value, expected) in cases {
        assert_eq!(fields_of(&of(vec![("a", value)])).unwrap_err(), expected);
    }
}

#[test]
fn the_hidden_field_is_not_seen() {
    let mut fields = fields_of(&of(vec![("a", Value::from(1))])).unwrap();
    fields.insert(WRITE_MARK.to_owned(), wrap(ValueType::BytesValue(vec![7; 16])));
    assert_eq!(document_of(fields).unwrap(), of(vec![("a", Value::from(1))]));
}

#[test]
fn a_value_that_the_hub_never_writes_is_damage() {
    for kind in [None, Some(ValueType::ReferenceValue("projects/p".to_owned()))] {
        let fields = Fields::from([("a".to_owned(), Field { value_type: kind })]);
        assert!(matches!(document_of(fields), Err(StoreError::Damaged(_))));
    }
}
