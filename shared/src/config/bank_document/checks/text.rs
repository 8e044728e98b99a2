//! Texts of which several fields promise the same.

use std::collections::BTreeSet;

use http::{HeaderName, HeaderValue};

use crate::config::bank_document::place::Place;

/// The name of a header.
pub fn header_name(field: &str, name: &str, place: &mut Place<'_>) -> Option<HeaderName> {
    place.take(field, HeaderName::from_bytes(name.as_bytes()).map_err(|_| "not the name of a header"))
}

/// The value of a header, marked as secret.
pub fn header_value(field: &str, text: &str, place: &mut Place<'_>) -> Option<HeaderValue> {
    let value = HeaderValue::from_str(text).ok().filter(|_| !text.trim().is_empty());
    let mut value = place.take(field, value.ok_or("cannot stand in a header"))?;
    value.set_sensitive(true);
    Some(value)
}

/// The names between braces, or what is wrong with them.
pub fn placeholders(text: &str) -> Result<BTreeSet<&str>, &'static str> {
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some((before, opened)) = rest.split_once('{') {
        let (name, after) = opened.split_once('}').ok_or("has a { without its }")?;
        if before.contains('}') || name.contains('{') {
            return Err("has braces that do not match");
        }
        names.insert(name);
        rest = after;
    }
    if rest.contains('}') { Err("has a } without its {") } else { Ok(names) }
}

/// Notes placeholders that mean nothing in a field.
pub fn demand_placeholders(field: &str, text: &str, known: &[&str], place: &mut Place<'_>) {
    let Some(names) = place.take(field, placeholders(text)) else { return };
    for name in names.into_iter().filter(|name| !known.contains(name)) {
        place.add(field, format!("{{{name}}} means nothing here"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_names_between_braces() {
        assert_eq!(placeholders("AIS:{consent_id}"), Ok(["consent_id"].into()));
        assert_eq!(placeholders("/{a}/{b}/{a}"), Ok(["a", "b"].into()));
        assert_eq!(placeholders("plain"), Ok([].into()));
        for wrong in ["{", "}", "{a", "a}", "{{a}}", "{a}}"] {
            assert!(placeholders(wrong).is_err(), "{wrong}");
        }
    }
}
