//! `_links`: which links an answer has, by name. Where they lead is judged in `links`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::errors::MalformedAnswer;

/// The links of one answer.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct LinkMap(BTreeMap<String, Value>);

impl LinkMap {
    /// Whether there is a link of that name. `null` is none.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|link| !link.is_null())
    }

    /// Where the link of that name leads, as the bank wrote it; `None` if there is none or it is blank. A link in a
    /// form that we cannot read is an error: taken for none, it would end a list too early.
    pub(super) fn href(&self, name: &str) -> Result<Option<&str>, MalformedAnswer> {
        let href = match self.0.get(name) {
            Some(Value::Object(link)) => link.get("href").unwrap_or(&Value::Null),
            Some(link) => link,
            None => &Value::Null,
        };
        match href {
            Value::Null => Ok(None),
            Value::String(href) => Ok(Some(href.as_str()).filter(|href| !href.is_empty())),
            _ => Err(MalformedAnswer::Invalid("_links")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn next(link: &Value) -> Result<Option<String>, MalformedAnswer> {
        let links: LinkMap = serde_json::from_value(json!({ "next": link })).unwrap();
        links.href("next").map(|href| href.map(str::to_owned))
    }

    #[test]
    fn a_link_is_an_object_or_the_address_itself() {
        for link in [json!({"href": "/a"}), json!({"href": "/a", "verificationStatus": "x"}), json!("/a")] {
            assert_eq!(next(&link).unwrap().as_deref(), Some("/a"));
        }
    }

    #[test]
    fn a_blank_link_is_none() {
        for link in [json!(null), json!({}), json!({"href": null}), json!({"href": ""}), json!("")] {
            assert_eq!(next(&link), Ok(None));
        }
    }

    #[test]
    fn a_link_in_another_form_is_an_error() {
        for link in [json!(1), json!([]), json!(["/a"]), json!({"href": 1}), json!({"href": {"href": "/a"}})] {
            assert_eq!(next(&link), Err(MalformedAnswer::Invalid("_links")));
        }
    }
}
