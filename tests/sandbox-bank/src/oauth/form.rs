//! Parameters of a form or a query, of which none may come twice (RFC 6749 section 3.1 and 3.2).

use std::collections::BTreeMap;

use url::form_urlencoded;

/// Parameters by name.
#[derive(Debug, Default)]
pub(crate) struct Form(BTreeMap<String, Values>);

#[derive(Debug)]
enum Values {
    One(String),
    Several,
}

/// A parameter is missing, empty or there twice.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotOnce;

impl Form {
    /// Reads `application/x-www-form-urlencoded` bytes; there is nothing they could do wrong.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut form = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            form.entry(name.into_owned())
                .and_modify(|values| *values = Values::Several)
                .or_insert_with(|| Values::One(value.into_owned()));
        }
        Self(form)
    }

    /// A parameter's value, if it is there once and not empty (an empty one counts as left out).
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Values::One(value) if !value.is_empty() => Some(value),
            _ => None,
        }
    }

    /// A parameter that has to be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, NotOnce> {
        self.one(name).ok_or(NotOnce)
    }

    /// Whether any parameter came twice.
    pub(crate) fn has_repetitions(&self) -> bool {
        self.0.values().any(|values| matches!(values, Values::Several))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_parameter_that_comes_once() {
        let form = Form::read(b"code=a%20b&state=&iss=1&iss=2");
        assert_eq!(form.one("code"), Some("a b"));
        assert_eq!(form.required("state"), Err(NotOnce));
        assert_eq!(form.required("iss"), Err(NotOnce));
        assert!(form.has_repetitions());
        assert!(!Form::read(b"code=1").has_repetitions());
    }
}
