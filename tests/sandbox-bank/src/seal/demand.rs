//! What a bank asks of signatures.

use serde::{Deserialize, Serialize};

/// Whether requests have to be signed, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Demand {
    pub(crate) need: Need,
    pub(crate) scheme: Scheme,
}

/// Whether requests have to be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Need {
    /// Nobody looks at signatures.
    Ignored,
    /// A signature has to be right if there is one.
    Checked,
    /// There has to be a right one.
    Required,
}

/// A standard of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scheme {
    /// draft-cavage-http-signatures as Berlin Group's guidelines have it (chapter 12).
    Cavage,
    /// HTTP Message Signatures.
    Rfc9421,
}
