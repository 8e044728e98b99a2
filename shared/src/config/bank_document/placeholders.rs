//! `{name}` in addresses, filled in from `[addresses.values]`.

use std::collections::BTreeMap;

use super::{
    field_path::FieldPath,
    findings::Findings,
    node::{Node, Value},
};

/// Fills in every address of a document: every text that begins with `https://` or `http://`.
pub fn fill_in(document: &mut Node, findings: &mut Findings) {
    let values = values(document);
    document.each_text(&FieldPath::default(), &mut |path, origin, text| {
        if text.starts_with("https://") || text.starts_with("http://") {
            match filled(text, &values) {
                Ok(whole) => *text = whole,
                Err(what) => findings.add(origin, path, what),
            }
        }
    });
}

fn values(document: &Node) -> BTreeMap<String, String> {
    let table = document.get("addresses").and_then(|addresses| addresses.get("values")).map(|values| &values.value);
    let Some(Value::Table(fields)) = table else { return BTreeMap::new() };
    let text = |(name, node): (&String, &Node)| match &node.value {
        Value::Text(text) => Some((name.clone(), text.clone())),
        _ => None,
    };
    fields.iter().filter_map(text).collect()
}

fn filled(text: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, opened)) = rest.split_once('{') {
        let (name, after) = opened.split_once('}').ok_or("has a { without its }")?;
        let value = values.get(name).ok_or_else(|| format!("{{{name}}} is not in addresses.values"))?;
        whole.push_str(before);
        whole.push_str(value);
        rest = after;
    }
    whole.push_str(rest);
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_what_is_known_and_refuses_the_rest() {
        let values = BTreeMap::from([("bank_code".to_owned(), "12345678".to_owned())]);
        assert_eq!(filled("https://a.example/{bank_code}/v1", &values).unwrap(), "https://a.example/12345678/v1");
        assert_eq!(filled("https://a.example/v1", &values).unwrap(), "https://a.example/v1");
        assert_eq!(filled("https://{bank}", &values).unwrap_err(), "{bank} is not in addresses.values");
        assert_eq!(filled("https://{bank", &values).unwrap_err(), "has a { without its }");
    }
}
