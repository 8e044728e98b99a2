//! The form of a JSON answer: which members it has and of which types, without any value.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::Value;

use crate::domain::code_hash::sha256;

/// How deep an answer is looked at.
const DEEPEST: usize = 12;

/// How many forms of one answer are looked at.
const MOST: usize = 400;

/// One member's place and type, as the first 64 bits of a SHA-256: names of members may say something of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Form(u64);

impl Form {
    fn of(path: &str) -> Self {
        let hash = sha256(path.as_bytes());
        Self(hash.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte)))
    }
}

/// As sixteen hexadecimal digits.
impl Serialize for Form {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Form {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map(Self).map_err(|_| D::Error::custom("not a form"))
    }
}

/// The forms of an answer; none if it is not JSON. Values, the order of members, how long lists are, and members that
/// are null do not matter.
pub fn forms_of(answer: &[u8]) -> BTreeSet<Form> {
    let mut paths = BTreeSet::new();
    if let Ok(value) = serde_json::from_slice(answer) {
        walk(&value, "", 0, &mut paths);
    }
    paths.iter().map(|path| Form::of(path)).collect()
}

fn walk(value: &Value, path: &str, depth: usize, paths: &mut BTreeSet<String>) {
    if depth > DEEPEST || paths.len() >= MOST {
        return;
    }
    let kind = match value {
        Value::Null => return,
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(items) => {
            for item in items {
                walk(item, &format!("{path}/[]"), depth + 1, paths);
            }
            "array"
        }
        Value::Object(members) => {
            for (name, member) in members {
                walk(member, &format!("{path}/{}", name.replace('/', "~")), depth + 1, paths);
            }
            "object"
        }
    };
    paths.insert(format!("{path} {kind}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(text: &str) -> BTreeSet<Form> {
        forms_of(text.as_bytes())
    }

    #[test]
    fn values_order_and_lengths_do_not_matter() {
        let one = forms(r#"{"balances":[{"amount":"1.00","type":"a"}],"account":{"iban":"DE"}}"#);
        let other = forms(
            r#"{"account":{"iban":"FR"},"balances":[{"type":"b","amount":"2"},{"amount":"3","type":"c","last":null}]}"#,
        );
        assert_eq!(one, other);
    }

    #[test]
    fn members_and_types_do() {
        let usual = forms(r#"{"a":{"b":"1"}}"#);
        for other in [r#"{"a":{"b":1}}"#, r#"{"a":{"c":"1"}}"#, r#"{"a":[{"b":"1"}]}"#, r#"{"a/b":"1"}"#, "[]"] {
            assert!(!forms(other).is_subset(&usual), "{other}");
        }
        assert!(forms("<html>").is_empty());
    }

    #[test]
    fn a_flood_of_members_is_cut_off() {
        let members: Vec<_> = (0..5_000).map(|number| format!("\"m{number}\":1")).collect();
        assert!(forms(&format!("{{{}}}", members.join(","))).len() <= MOST + 1);
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(forms(&deep).len(), DEEPEST + 1);
    }

    #[test]
    fn they_are_kept_as_text() {
        let form = *forms("{}").first().unwrap();
        let text = serde_json::to_string(&form).unwrap();
        assert_eq!((text.len(), serde_json::from_str::<Form>(&text).unwrap()), (18, form));
    }
}
