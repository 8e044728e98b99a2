//! What single kinds of calls need, as a document tells it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::domain::operation::Operation;

/// The name that stands for calls of every kind.
pub const EVERY: &str = "every";

/// What single kinds of calls need: by the name of the operation, or by `every`.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct OperationsTable(pub BTreeMap<String, OperationTable>);

impl JsonSchema for OperationsTable {
    fn schema_name() -> Cow<'static, str> {
        "OperationsTable".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<OperationTable>();
        let named = |name: &str, description: String| {
            let mut field = table.clone();
            field.insert("description".to_owned(), description.into());
            (name.to_owned(), field.to_value())
        };
        let single = Operation::ALL.map(|operation| {
            let name = operation.name();
            named(name, format!("Calls of the kind `{name}`, over what `{EVERY}` says."))
        });
        let every = named(EVERY, "Calls of every kind.".to_owned());
        let properties: serde_json::Map<_, _> = [every].into_iter().chain(single).collect();
        json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
    }
}

/// What one kind of call needs besides what the standard says.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OperationTable {
    /// Where it goes below the bank's root instead of the standard's path; `{consent_id}`, `{authorisation_id}`,
    /// `{account_id}` and `{transaction_id}` are filled in.
    #[schemars(regex(pattern = r"^/"), extend("x-form" = "a path that begins with /"))]
    pub path: Option<String>,
    /// The media type to ask for instead of `application/json`.
    pub accept: Option<String>,
    /// Headers that are sent besides: a text, or the file that holds it.
    pub headers: BTreeMap<String, HeaderText>,
    /// Headers that are not sent.
    pub without_headers: BTreeSet<String>,
    /// Query parameters that are sent besides.
    pub query: BTreeMap<String, String>,
    /// Query parameters that are not sent.
    pub without_query: BTreeSet<String>,
    /// From the call to the last byte of the answer, instead of `limits.total_millis`.
    #[schemars(range(min = 100, max = 30_000))]
    pub total_millis: Option<u32>,
    /// Whether a read that failed in passing is made once more; true if not set.
    pub repeated: Option<bool>,
}

/// What a header says.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum HeaderText {
    /// This.
    Plain(String),
    /// What stands in a file, without the line's end: for API keys.
    Secret(SecretFile),
}

/// A file that holds a secret.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretFile {
    /// The file, relative to the document that names it.
    pub file: PathBuf,
}

/// Shows where a text is, not the text.
impl std::fmt::Debug for HeaderText {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(_) => out.write_str("Plain(..)"),
            Self::Secret(secret) => out.debug_tuple("Secret").field(&secret.file).finish(),
        }
    }
}
