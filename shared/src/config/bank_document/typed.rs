//! The tree into the types of a document, with the place of what does not fit.

use std::{collections::btree_map, fmt, slice};

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, Error, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor, value,
        value::StringDeserializer,
    },
    forward_to_deserialize_any,
};

use super::{
    field_path::FieldPath,
    node::{Node, Value},
};

/// What does not fit, and where. Values are not told.
#[derive(Debug)]
pub struct Misfit {
    /// From the inside out.
    steps: Vec<String>,
    /// What is wrong.
    pub what: String,
}

impl Misfit {
    /// The way to the field.
    pub fn field(&self) -> FieldPath {
        self.steps.iter().rev().cloned().collect()
    }

    fn at(mut self, step: &str) -> Self {
        self.steps.push(step.to_owned());
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)
    }
}

impl std::error::Error for Misfit {}

impl Error for Misfit {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self { steps: Vec::new(), what: what.to_string() }
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("must be {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("must be {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("must be one of {}", expected.join(", ")))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::custom("is not a field of a bank's document").at(field)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom("is missing").at(field)
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match &self.value {
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::Integer(number) => match u64::try_from(*number) {
                Ok(number) => visitor.visit_u64(number),
                Err(_) => visitor.visit_i64(*number),
            },
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Boolean(truth) => visitor.visit_bool(*truth),
            Value::List(entries) => visitor.visit_seq(Entries { entries: entries.iter(), number: 0 }),
            Value::Table(fields) => visitor.visit_map(Fields { fields: fields.iter(), next: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match &self.value {
            Value::Text(word) => visitor.visit_enum(word.as_str().into_deserializer()),
            Value::Table(fields) => {
                let fields = Fields { fields: fields.iter(), next: None };
                visitor.visit_enum(value::MapAccessDeserializer::new(fields))
            }
            _ => Err(Misfit::custom("must be a word")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// A list being read.
struct Entries<'de> {
    entries: slice::Iter<'de, Node>,
    number: usize,
}

impl<'de> SeqAccess<'de> for Entries<'de> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        let Some(entry) = self.entries.next() else { return Ok(None) };
        let number = self.number.to_string();
        self.number += 1;
        seed.deserialize(entry).map(Some).map_err(|misfit| misfit.at(&number))
    }
}

/// A table being read.
struct Fields<'de> {
    fields: btree_map::Iter<'de, String, Node>,
    next: Option<(&'de str, &'de Node)>,
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        let Some((name, field)) = self.fields.next() else { return Ok(None) };
        self.next = Some((name, field));
        let key: StringDeserializer<Misfit> = name.clone().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let Some((name, field)) = self.next.take() else { return Err(Misfit::custom("has a name without a value")) };
        seed.deserialize(field).map_err(|misfit| misfit.at(name))
    }
}
