//! A document's CBOR map as Firestore's fields, and back.
//!
//! Texts in fields whose name ends in `_at` become timestamps, at any depth. Names that Firestore keeps for itself or
//! that this adapter uses are written with a mark in front; a list in a list is wrapped, because Firestore has none.

use std::collections::{BTreeMap, HashMap};

use ciborium::Value;
use firestore::gcloud_sdk::{
    google::firestore::v1::{ArrayValue, MapValue, Value as Field, value::ValueType},
    prost_types,
};
use jiff::Timestamp;

use crate::ports::documents::{Document, StoreError};

/// A document's or map's fields.
pub(super) type Fields = HashMap<String, Field>;

/// The hidden field that no two writes have the same.
pub(super) const WRITE_MARK: &str = "~write";

/// The only field of a map that stands for a list in a list.
const LIST: &str = "~list";

/// Stands before names that Firestore or this adapter would misunderstand.
const NAME_MARK: &str = "~=";

/// Firestore's instants lie in the years 1 to 9999.
const INSTANTS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// A document holds what Firestore has no value for: a mistake in the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("a number in the document does not fit into 64 bits with a sign")]
    Number,
    #[error("a map in the document has keys that are not text")]
    Key,
    #[error("the document has a kind of value that Firestore has not")]
    Kind,
}

impl From<Unfit> for StoreError {
    fn from(unfit: Unfit) -> Self {
        Self::Unavailable(Box::new(unfit))
    }
}

/// The fields of a document.
pub(super) fn fields_of(document: &Document) -> Result<Fields, Unfit> {
    document.as_value().as_map().map_or(Err(Unfit::Kind), |entries| fields(entries))
}

/// The document of these fields, without what this adapter added.
pub(super) fn document_of(mut fields: Fields) -> Result<Document, StoreError> {
    fields.remove(WRITE_MARK);
    Document::from_value(map(fields)?).map_err(damaged)
}

/// A field's name in Firestore.
pub(super) fn name(name: &str) -> String {
    let is_kept = name.starts_with("__") && name.ends_with("__");
    if name.is_empty() || is_kept || name.starts_with('~') { format!("{NAME_MARK}{name}") } else { name.to_owned() }
}

/// A field's value in Firestore.
pub(super) fn field(name: &str, value: &Value) -> Result<Field, Unfit> {
    let kind = match value {
        Value::Text(text) => match instant(name, text) {
            Some(instant) => ValueType::TimestampValue(timestamp(instant)),
            None => ValueType::StringValue(text.clone()),
        },
        Value::Array(items) => ValueType::ArrayValue(list(items)?),
        Value::Map(entries) => ValueType::MapValue(MapValue { fields: fields(entries)? }),
        Value::Bytes(bytes) => ValueType::BytesValue(bytes.clone()),
        Value::Integer(number) => {
            ValueType::IntegerValue(i64::try_from(i128::from(*number)).map_err(|_| Unfit::Number)?)
        }
        Value::Float(number) => ValueType::DoubleValue(*number),
        Value::Bool(yes) => ValueType::BooleanValue(*yes),
        Value::Null => ValueType::NullValue(0),
        _ => return Err(Unfit::Kind),
    };
    Ok(wrap(kind))
}

/// An instant as Firestore keeps it: whole microseconds, rounded down.
pub(super) fn timestamp(instant: Timestamp) -> prost_types::Timestamp {
    let microseconds = instant.as_nanosecond().div_euclid(1_000);
    let seconds = i64::try_from(microseconds.div_euclid(1_000_000)).unwrap_or_default();
    let nanos = i32::try_from(microseconds.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
    prost_types::Timestamp { seconds, nanos }
}

/// A field of that kind of value.
pub(super) const fn wrap(kind: ValueType) -> Field {
    Field { value_type: Some(kind) }
}

fn fields(entries: &[(Value, Value)]) -> Result<Fields, Unfit> {
    let entry = |(key, value): &(Value, Value)| {
        let key = key.as_text().ok_or(Unfit::Key)?;
        Ok((name(key), field(key, value)?))
    };
    entries.iter().map(entry).collect()
}

fn list(items: &[Value]) -> Result<ArrayValue, Unfit> {
    let item = |item: &Value| {
        let plain = field("", item)?;
        let wrapped = || MapValue { fields: Fields::from([(LIST.to_owned(), plain.clone())]) };
        Ok(if item.is_array() { wrap(ValueType::MapValue(wrapped())) } else { plain })
    };
    Ok(ArrayValue { values: items.iter().map(item).collect::<Result<_, Unfit>>()? })
}

fn instant(name: &str, text: &str) -> Option<Timestamp> {
    let instant: Timestamp = if name.ends_with("_at") { text.parse().ok()? } else { return None };
    INSTANTS.contains(&instant.as_second()).then_some(instant)
}

/// In the order of the names, because Firestore keeps none.
fn map(fields: Fields) -> Result<Value, StoreError> {
    let sorted: BTreeMap<String, Field> = fields.into_iter().collect();
    let entry = |(name, field): (String, Field)| {
        let name = name.strip_prefix(NAME_MARK).unwrap_or(&name);
        Ok((Value::from(name), value(field)?))
    };
    Ok(Value::Map(sorted.into_iter().map(entry).collect::<Result<_, StoreError>>()?))
}

fn value(field: Field) -> Result<Value, StoreError> {
    Ok(match field.value_type {
        Some(ValueType::NullValue(_)) => Value::Null,
        Some(ValueType::BooleanValue(yes)) => Value::Bool(yes),
        Some(ValueType::IntegerValue(number)) => Value::from(number),
        Some(ValueType::DoubleValue(number)) => Value::Float(number),
        Some(ValueType::TimestampValue(at)) => Value::Text(text(&at)?),
        Some(ValueType::StringValue(text)) => Value::Text(text),
        Some(ValueType::BytesValue(bytes)) => Value::Bytes(bytes),
        Some(ValueType::ArrayValue(list)) => {
            Value::Array(list.values.into_iter().map(value).collect::<Result<_, StoreError>>()?)
        }
        Some(ValueType::MapValue(MapValue { mut fields })) => match fields.remove(LIST) {
            Some(list) => value(list)?,
            None => map(fields)?,
        },
        _ => return Err(damaged("a field has a kind of value that the hub does not write")),
    })
}

fn text(at: &prost_types::Timestamp) -> Result<String, StoreError> {
    let instant = Timestamp::new(at.seconds, at.nanos).map_err(damaged)?;
    Ok(instant.to_string())
}

fn damaged(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Damaged(cause.into())
}

#[cfg(test)]
mod tests;
