//! What a process needs before it can serve.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ids::BankId;

/// How long a dependency may take to say that it is there.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Something outside the process without which nothing can be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependency {
    /// Where sessions are kept.
    Store,
    /// The key service.
    Keys,
}

impl Dependency {
    /// The name in answers and log lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Keys => "keys",
        }
    }
}

/// Something without which the hub, or a part of it, does not work: what is named when it is missing. The name is all that is
/// told; it never holds a value, a path or an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// `store`: the store as a whole.
    Store,
    /// `keys`: the key service as a whole.
    Keys,
    /// `keys.NAME`: one key, or the right to use it.
    Key(&'static str),
    /// `identity.BANK`: what a bank knows us by.
    Identity(BankId),
    /// `index.COLLECTION(FIELD,…)`: an index of the store.
    Index {
        /// The collection.
        collection: &'static str,
        /// The fields, in the index's order.
        fields: Vec<&'static str>,
    },
}

impl fmt::Display for Component {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store => out.write_str("store"),
            Self::Keys => out.write_str("keys"),
            Self::Key(name) => write!(out, "keys.{name}"),
            Self::Identity(bank) => write!(out, "identity.{bank}"),
            Self::Index { collection, fields } => write!(out, "index.{collection}({})", fields.join(",")),
        }
    }
}

/// Whether a dependency answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// It does.
    Ready,
    /// It does not, or not in time.
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_named_by_what_an_operator_looks_for() {
        let index = Component::Index { collection: "sessions", fields: vec!["shard", "due_at"] };
        let bank = Component::Identity(BankId::parse("a-bank").unwrap());
        let all = [Component::Store, Component::Keys, Component::Key("tokens"), bank, index];
        let names = all.map(|component| component.to_string());
        assert_eq!(names, ["store", "keys", "keys.tokens", "identity.a-bank", "index.sessions(shard,due_at)"]);
    }
}
