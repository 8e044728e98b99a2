//! What the schema finds, told in words that name the field and never its value.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
    paths::LocationSegment,
};
use serde_json::Value;

use super::{
    field_path::FieldPath,
    findings::Findings,
    nearest::nearest,
    node::Node,
    schema::{FORM, schema, validator},
};

/// How much of a document is there to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// Perhaps not all: what is missing is no mistake.
    Part,
}

/// Notes everything in which a document does not keep to the schema.
pub fn judge(document: &Node, extent: Extent, findings: &mut Findings) {
    match validator() {
        Some(validator) => {
            let json = document.to_json();
            let counts =
                |error: &ValidationError<'_>| extent == Extent::Whole || !matches!(error.kind(), Kind::Required { .. });
            let errors = validator.iter_errors(&json).filter(counts);
            errors.for_each(|error| tell(&error, document, findings));
        }
        None => findings.add_in(document, &FieldPath::default(), "cannot be checked: there is no schema"),
    }
}

fn field_of(error: &ValidationError<'_>) -> FieldPath {
    let step = |segment: LocationSegment<'_>| match segment {
        LocationSegment::Property(name) => name.to_string(),
        LocationSegment::Index(number) => number.to_string(),
    };
    error.instance_path().segments().map(step).collect()
}

fn tell(error: &ValidationError<'_>, document: &Node, findings: &mut Findings) {
    let field = field_of(error);
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => {
            let known = known_names(error);
            for name in unexpected {
                let known = known.iter().map(String::as_str);
                findings.add_in(document, &field.then(name), unknown_field(name, known));
            }
        }
        Kind::Required { property } => {
            findings.add_in(document, &field.then(property.as_str().unwrap_or_default()), "is missing");
        }
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => tell_choice(context, &field, document, findings),
        _ if findings.has(&field) => {}
        kind => findings.add_in(document, &field, own_words(error).unwrap_or_else(|| words(kind))),
    }
}

fn unknown_field<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some(meant) => format!("is not known here; {meant} is"),
        None => "is not known here".to_owned(),
    }
}

/// What the schema itself says of the form of a text, where that is what is wrong.
fn own_words(error: &ValidationError<'_>) -> Option<String> {
    let Kind::Pattern { .. } = error.kind() else { return None };
    let form = part_of(error)?.get(FORM)?.as_str()?;
    Some(format!("must be {form}"))
}

/// The part of the schema that found something.
fn part_of(error: &ValidationError<'_>) -> Option<&'static Value> {
    let (part, _) = error.schema_path().as_str().rsplit_once('/')?;
    schema().pointer(part)
}

/// The names that the part of the schema knows that found an unknown one.
fn known_names(error: &ValidationError<'_>) -> Vec<String> {
    let properties = part_of(error).and_then(|part| part.get("properties")).and_then(Value::as_object);
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

/// Tells the mistakes by the choice that was most likely meant.
fn tell_choice(choices: &[Vec<ValidationError<'static>>], field: &FieldPath, document: &Node, findings: &mut Findings) {
    let words: Vec<_> = choices.iter().flatten().flat_map(wanted_words).collect();
    let is_word = |error: &ValidationError<'_>| !wanted_words(error).is_empty();
    // A choice is out if a word that marks it is another's, or if it is of another type altogether.
    let is_possible = |errors: &&Vec<ValidationError<'static>>| {
        !errors.iter().any(|error| is_word(error) || (field_of(error) == *field && is_type(error)))
    };
    match choices.iter().filter(is_possible).min_by_key(|errors| errors.len()) {
        Some(meant) => meant.iter().for_each(|error| tell(error, document, findings)),
        None if words.is_empty() => findings.add_in(document, field, "is of none of the forms that it may have"),
        None => {
            let marked = choices.iter().flatten().find(|error| is_word(error)).map_or_else(|| field.clone(), field_of);
            findings.add_in(document, &marked, one_of(&words));
        }
    }
}

fn is_type(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), Kind::Type { .. })
}

/// The words of which one is wanted, where that is what is wrong.
fn wanted_words(error: &ValidationError<'_>) -> Vec<String> {
    match error.kind() {
        Kind::Constant { expected_value } => vec![plain(expected_value)],
        Kind::Enum { options } => options.as_array().into_iter().flatten().map(plain).collect(),
        _ => Vec::new(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn one_of(words: &[String]) -> String {
    match words {
        [only] => format!("must be {only}"),
        several => format!("must be one of {}", several.join(", ")),
    }
}

fn words(kind: &Kind) -> String {
    match kind {
        Kind::Type { kind } => format!("must be {}", type_words(kind)),
        Kind::Enum { options } => one_of(&options.as_array().into_iter().flatten().map(plain).collect::<Vec<_>>()),
        Kind::Constant { expected_value } => one_of(&[plain(expected_value)]),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::MinItems { limit } => format!("must have at least {limit} entries"),
        Kind::MaxItems { limit } => format!("must have at most {limit} entries"),
        Kind::UniqueItems => "must not say the same twice".to_owned(),
        Kind::Pattern { pattern } => format!("must be of the form {pattern}"),
        Kind::Format { format } if format == "uri" => {
            "must be a whole address, such as https://bank.example/".to_owned()
        }
        Kind::Format { format } => format!("must be of the form {format}"),
        other => format!("does not keep to the schema ({})", other.keyword()),
    }
}

fn type_words(kind: &TypeKind) -> String {
    let TypeKind::Single(kind) = kind else { return "of another type".to_owned() };
    match kind.to_string().as_str() {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a table",
        _ => "of another type",
    }
    .to_owned()
}
