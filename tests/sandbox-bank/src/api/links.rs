//! Links in answers.

use serde_json::{Value, json};

use crate::bank::Addresses;
use crate::mood::{LinkStyle, Mood};

/// Writes the links of one mood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links<'a> {
    addresses: &'a Addresses,
    mood: Mood,
}

impl<'a> Links<'a> {
    pub(super) fn new(addresses: &'a Addresses, mood: Mood) -> Self {
        Self { addresses, mood }
    }

    /// A link to a path below `/v1`, in the style of the mood.
    pub(super) fn to(self, path: &str) -> Value {
        json!({ "href": self.href(path) })
    }

    /// The address alone.
    pub(super) fn href(self, path: &str) -> String {
        let host = match self.mood.profile().links {
            LinkStyle::Absolute => &self.addresses.api,
            LinkStyle::Relative => "",
        };
        format!("{host}/{}/v1{path}", self.mood)
    }
}

/// A link that is always absolute, because it leads somewhere else.
pub(super) fn elsewhere(address: &str) -> Value {
    json!({ "href": address })
}
