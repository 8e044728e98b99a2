//! One record as the bank wrote it.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error};
use serde_json::value::RawValue;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema},
    },
};

/// The bank's own JSON of one record, byte for byte: every member, every digit. Shares the memory of the answer.
#[derive(Clone, PartialEq, Eq)]
pub struct RawRecord(Bytes);

impl RawRecord {
    /// The part of an answer's body that a record is. Text that is not part of the body is copied.
    pub fn within(body: &Bytes, record: &RawValue) -> Self {
        let text = record.get().as_bytes();
        let start = (text.as_ptr() as usize).checked_sub(body.as_ptr() as usize);
        let shared = start.filter(|start| body.get(*start..).is_some_and(|rest| rest.starts_with(text)));
        Self(shared.map_or_else(|| Bytes::copy_from_slice(text), |start| body.slice(start..start + text.len())))
    }

    /// A whole answer as one record: without a byte order mark and without blanks around it. None if it is not JSON.
    pub fn whole(body: &Bytes) -> Option<Self> {
        let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let record: &RawValue = serde_json::from_slice(text).ok()?;
        Some(Self::within(body, record))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Customers' data stay out of logs.
impl fmt::Debug for RawRecord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RawRecord(..)")
    }
}

impl From<RawRecord> for Bytes {
    fn from(record: RawRecord) -> Self {
        record.0
    }
}

impl Serialize for RawRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_slice::<&RawValue>(&self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(Bytes::copy_from_slice(raw.get().as_bytes())))
    }
}

impl PartialSchema for RawRecord {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().description(Some("One record as the bank wrote it.")).into()
    }
}

impl ToSchema for RawRecord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("RawRecord")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_byte_of_the_record() {
        let body = Bytes::from_static(br#"{"list":[{"a" : 1.10,"b":1e2,"c":"\u00e4"}]}"#);
        let list: std::collections::BTreeMap<&str, Vec<&RawValue>> = serde_json::from_slice(&body).unwrap();
        let record = RawRecord::within(&body, list["list"][0]);
        assert_eq!(record.as_bytes(), br#"{"a" : 1.10,"b":1e2,"c":"\u00e4"}"#);
        assert_eq!(serde_json::to_string(&record).unwrap(), r#"{"a" : 1.10,"b":1e2,"c":"\u00e4"}"#);
        let again: RawRecord = serde_json::from_slice(record.as_bytes()).unwrap();
        assert_eq!(again, record);
    }

    #[test]
    fn a_whole_answer_is_kept_without_what_stands_around_it() {
        let whole = |body: &'static [u8]| RawRecord::whole(&Bytes::from_static(body)).map(Bytes::from);
        assert_eq!(whole(b"\xef\xbb\xbf {\"a\" : 1.10}\n"), Some(Bytes::from_static(b"{\"a\" : 1.10}")));
        assert_eq!(whole(b"<html>"), None);
    }

    #[test]
    fn text_from_elsewhere_is_copied() {
        let other = RawValue::from_string(r#"{"a":1}"#.to_owned()).unwrap();
        assert_eq!(RawRecord::within(&Bytes::from_static(b"{}"), &other).as_bytes(), br#"{"a":1}"#);
    }
}
