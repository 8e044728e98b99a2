//! JSON read strictly: one reading only, or none.
//!
//! A duplicate member means one thing to one parser and another to the next (RFC 8259 §4), and a struct read from an
//! array means whatever the order of its fields is; money does not stand on either. Depth is bounded by the parser.

use std::{borrow::Cow, collections::HashSet, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::error::Category;

use super::errors::MalformedAnswer;

/// Reads an object. A byte order mark before it is tolerated (RFC 8259 §8.1); anything after it is not.
pub(super) fn read_object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, MalformedAnswer> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|_| MalformedAnswer::NotUtf8)?;
    serde_json::from_str::<UniqueMembers>(text).map_err(|error| malformed(&error))?;
    let object: Object<T> = serde_json::from_str(text).map_err(|error| malformed(&error))?;
    Ok(object.0)
}

/// What the parser says without its message, which may quote the content.
pub(super) fn malformed(error: &serde_json::Error) -> MalformedAnswer {
    let fault = match error.classify() {
        Category::Data => "unexpected content",
        Category::Eof => "early end",
        Category::Syntax | Category::Io => "a syntax error",
    };
    MalformedAnswer::Json { fault, line: error.line(), column: error.column() }
}

/// A `T` that is read from an object and from nothing else; derived readers would take an array as well.
#[derive(Default)]
pub(super) struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}

/// Any JSON value in which no object has a member twice. Holds nothing: it is read for the check.
struct UniqueMembers;

impl<'de> Deserialize<'de> for UniqueMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueMembersVisitor)
    }
}

struct UniqueMembersVisitor;

impl<'de> Visitor<'de> for UniqueMembersVisitor {
    type Value = UniqueMembers;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_i64<E>(self, _: i64) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_u64<E>(self, _: u64) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_f64<E>(self, _: f64) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_str<E>(self, _: &str) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_unit<E>(self) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<UniqueMembers, A::Error> {
        while items.next_element::<UniqueMembers>()?.is_some() {}
        Ok(UniqueMembers)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<UniqueMembers, A::Error> {
        let mut seen = HashSet::new();
        while let Some(Name(name)) = members.next_key()? {
            if !seen.insert(name) {
                return Err(A::Error::custom("duplicate member"));
            }
            members.next_value::<UniqueMembers>()?;
        }
        Ok(UniqueMembers)
    }
}

/// A member's name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sample {
        a: String,
    }

    fn read(body: &[u8]) -> Result<Sample, MalformedAnswer> {
        read_object(body)
    }

    fn fault(body: &[u8]) -> String {
        read(body).unwrap_err().to_string()
    }

    #[test]
    fn reads_an_object_and_ignores_what_it_does_not_know() {
        let body = br#" {"a": "1", "b": [1, 2.5, -3, null, true, {"c": "d"}]} "#;
        assert_eq!(read(body).unwrap().a, "1");
    }

    #[test]
    fn tolerates_a_byte_order_mark() {
        assert_eq!(read(b"\xef\xbb\xbf{\"a\":\"1\"}").unwrap().a, "1");
    }

    #[test]
    fn refuses_a_duplicate_member_at_any_depth_and_however_it_is_escaped() {
        for body in [
            r#"{"a":"1","a":"1"}"#,
            r#"{"a":"1","\u0061":"2"}"#,
            r#"{"a":"1","x":[{"y":1,"y":2}]}"#,
            r#"{"a":"1","x":{"y":1,"z":2,"y":3}}"#,
        ] {
            assert!(fault(body.as_bytes()).starts_with("unexpected content"), "{body}");
        }
    }

    #[test]
    fn refuses_what_is_not_one_object() {
        for body in ["", "null", "[]", r#"["1"]"#, r#""a""#, r#"{"a":"1"}{}"#, r#"{"a":"1"} x"#, r#"{"a":"1""#] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn refuses_numbers_that_json_has_not() {
        for number in ["NaN", "1e400", "Infinity", "01", "+1"] {
            assert!(read(format!(r#"{{"a":"1","b":{number}}}"#).as_bytes()).is_err(), "{number}");
        }
    }

    #[test]
    fn refuses_depth_without_end() {
        let body = format!(r#"{{"a":"1","b":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert!(fault(body.as_bytes()).starts_with("a syntax error"));
    }

    #[test]
    fn refuses_bytes_that_are_not_utf_8_even_where_nobody_looks() {
        assert_eq!(read(b"{\"a\":\"1\",\"b\":\"\xff\"}"), Err(MalformedAnswer::NotUtf8));
    }

    #[test]
    fn errors_do_not_quote_the_content() {
        assert_eq!(fault(br#"{"a": {"DE2310010010123456789": 1}}"#), "unexpected content at line 1, column 6");
        assert_eq!(fault(br#"{"a": "DE2310010010123456789"#), "early end at line 1, column 28");
    }
}
