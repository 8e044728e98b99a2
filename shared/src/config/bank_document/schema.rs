//! The published schema of bank documents, made from the types.

use std::sync::LazyLock;

use jsonschema::Validator;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::BankDocument;

/// Where the published schema can be had.
const ID: &str = "https://secure-hub.example/bank-document.schema.json";

/// The member of a schema that says in words what its `pattern` wants.
pub const FORM: &str = "x-form";

/// The schema of a document after everything that it builds on is laid together.
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let mut schema =
            SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<BankDocument>().to_value();
        if let Some(fields) = schema.as_object_mut() {
            fields.insert("$id".to_owned(), ID.into());
            fields.insert("title".to_owned(), "A bank's document of the Secure Hub".into());
        }
        without_null(&mut schema);
        schema
    });
    &SCHEMA
}

/// Judges documents by the schema. There is one unless the types are of a kind that no schema can be made of.
pub fn validator() -> Option<&'static Validator> {
    static VALIDATOR: LazyLock<Option<Validator>> = LazyLock::new(|| {
        jsonschema::options().should_validate_formats(true).should_ignore_unknown_formats(true).build(schema()).ok()
    });
    VALIDATOR.as_ref()
}

/// TOML has no `null`: what may be left out is left out.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.retain(|name, value| name != "default" || !value.is_null());
            if let Some(Value::Object(default)) = fields.get_mut("default") {
                default.retain(|_, value| !value.is_null());
            }
            if let Some(Value::Array(kinds)) = fields.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [only] = kinds.as_slice() {
                    let only = only.clone();
                    fields.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = fields.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
                if let [Value::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    fields.remove("anyOf");
                    // What the field says of itself stays in front of what its type says.
                    only.into_iter().for_each(|(name, value)| _ = fields.entry(name).or_insert(value));
                }
            }
            fields.values_mut().for_each(without_null);
        }
        Value::Array(entries) => entries.iter_mut().for_each(without_null),
        _ => {}
    }
}
