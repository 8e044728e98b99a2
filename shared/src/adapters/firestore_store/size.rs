//! How large Firestore finds a document. It counts otherwise than CBOR does: every number, for one, is 8 bytes.

use firestore::gcloud_sdk::google::firestore::v1::{Value as Field, value::ValueType};

use super::values::Fields;
use crate::ports::documents::Key;

/// The largest document that Firestore takes.
pub(super) const LARGEST: usize = 1_048_576;

/// The size of a document.
pub(super) fn of(key: &Key, fields: &Fields) -> usize {
    let name = text(key.collection.name()) + text(&key.id) + 16;
    name + of_fields(fields) + 32
}

fn of_fields(fields: &Fields) -> usize {
    fields.iter().map(|(name, field)| text(name) + of_field(field)).sum()
}

fn of_field(field: &Field) -> usize {
    match &field.value_type {
        Some(ValueType::BooleanValue(_) | ValueType::NullValue(_)) | None => 1,
        Some(ValueType::StringValue(value)) => text(value),
        Some(ValueType::BytesValue(bytes)) => bytes.len(),
        Some(ValueType::ArrayValue(list)) => list.values.iter().map(of_field).sum(),
        Some(ValueType::MapValue(map)) => of_fields(&map.fields),
        Some(_) => 8,
    }
}

fn text(text: &str) -> usize {
    text.len() + 1
}
