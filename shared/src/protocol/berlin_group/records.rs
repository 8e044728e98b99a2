//! Records of a list: each is kept as the bank wrote it, and read for itself.
//!
//! A bank's misspelt members and values are mended on the way to the reader only; the kept record is untouched.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use super::{
    errors::MalformedAnswer,
    strict_json::{Object, malformed},
};
use crate::domain::{
    data_profile::{DataProfile, Rename, ValueRename},
    raw_record::RawRecord,
};

/// What records of one answer are read with.
#[derive(Clone, Copy)]
pub(super) struct RecordReader<'a> {
    /// The bank's ways.
    pub(super) profile: &'a DataProfile,
    /// The answer's body, which the records are part of.
    pub(super) body: &'a Bytes,
}

impl RecordReader<'_> {
    /// The record as an object of that shape.
    pub(super) fn read<T: DeserializeOwned>(&self, record: &RawValue) -> Result<T, MalformedAnswer> {
        let Object(read) = if self.profile.renames.is_empty() && self.profile.values.is_empty() {
            serde_json::from_str(record.get())
        } else {
            serde_json::from_str(record.get()).and_then(|value| serde_json::from_value(self.mended(value)))
        }
        .map_err(|error| malformed(&error))?;
        Ok(read)
    }

    /// The record as the bank wrote it.
    pub(super) fn keep(&self, record: &RawValue) -> RawRecord {
        RawRecord::within(self.body, record)
    }

    /// The value with every member and every value as the standard spells it, at any depth.
    fn mended(&self, value: Value) -> Value {
        match value {
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.mended(item)).collect()),
            Value::Object(members) => {
                // Those that are spelt right win over those that are mended.
                let (renamed, right): (Vec<_>, Vec<_>) =
                    members.into_iter().partition(|(name, _)| right_name(&self.profile.renames, name).is_some());
                let renamed = renamed
                    .into_iter()
                    .map(|(name, value)| (right_name(&self.profile.renames, &name).map_or(name, str::to_owned), value));
                let mend = |(name, value): (String, Value)| {
                    let value = right_value(&self.profile.values, &name, self.mended(value));
                    (name, value)
                };
                Value::Object(renamed.chain(right).map(mend).collect())
            }
            other => other,
        }
    }
}

fn right_name<'a>(renames: &'a [Rename], name: &str) -> Option<&'a str> {
    renames.iter().find(|rename| rename.from == name).map(|rename| rename.to.as_str())
}

fn right_value(values: &[ValueRename], member: &str, value: Value) -> Value {
    let holds = |rename: &&ValueRename| rename.member == member && value.as_str() == Some(&rename.from);
    values.iter().find(holds).map(|rename| Value::String(rename.to.clone())).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> DataProfile {
        toml::from_str(
            r#"
            renames = [{ from = "recourceId", to = "resourceId" }]
            values = [{ member = "status", from = "ACTIVE", to = "enabled" }]
            "#,
        )
        .unwrap()
    }

    fn read(profile: &DataProfile, json: &str) -> Result<Value, MalformedAnswer> {
        let body = Bytes::from(json.to_owned());
        let record: &RawValue = serde_json::from_slice(&body).unwrap();
        let reader = RecordReader { profile, body: &body };
        assert_eq!(reader.keep(record).as_bytes(), body, "the kept record is untouched");
        reader.read(record)
    }

    #[test]
    fn mends_members_and_values_at_any_depth() {
        let read = read(&profile(), r#"{"recourceId":"a","in":[{"recourceId":"b","status":"ACTIVE"}],"x":"ACTIVE"}"#);
        let expected = r#"{"resourceId":"a","in":[{"resourceId":"b","status":"enabled"}],"x":"ACTIVE"}"#;
        assert_eq!(read.unwrap(), serde_json::from_str::<Value>(expected).unwrap());
    }

    #[test]
    fn a_member_that_is_spelt_right_wins() {
        for json in [r#"{"resourceId":"a","recourceId":"b"}"#, r#"{"recourceId":"b","resourceId":"a"}"#] {
            assert_eq!(read(&profile(), json).unwrap()["resourceId"], "a");
        }
    }

    #[test]
    fn a_record_is_an_object_and_nothing_else() {
        for json in ["null", "[]", "1", r#""a""#] {
            assert!(read(&profile(), json).is_err() && read(&DataProfile::default(), json).is_err(), "{json}");
        }
    }
}
