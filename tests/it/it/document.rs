//! The OpenAPI document is made of the very routes that are served.

use http::Method;
use serde_json::{Value, json};

use it::bench::{Bench, all_routes};

#[tokio::test]
async fn names_every_route_with_its_scope() {
    let bench = Bench::start().await;
    let document = whole_document(&bench).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for route in all_routes() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert_eq!(operation["summary"], route.doc.summary, "{} {}", route.method, route.path);
        assert!(operation["responses"]["default"].is_object());
    }
    assert_eq!(document["paths"]["/v1/sessions"]["post"]["security"][0]["token"][0], "sessions:write");
}

/// The documents of all functions as one: where each runs by itself, each tells of its own routes.
async fn whole_document(bench: &Bench) -> Value {
    let mut whole = json!({});
    for url in bench.function_urls() {
        merge(&mut whole, bench.crm().call_at(&url, Method::GET, "/openapi.json", None, &[]).await.body);
    }
    whole
}

fn merge(whole: &mut Value, part: Value) {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.into_iter().for_each(|(name, value)| merge(whole.entry(name).or_insert(json!({})), value));
        }
        (whole, part) => *whole = part,
    }
}

/// Made by that, a client names the kinds as the hub takes them (OpenAPI 3.1, style `form` without `explode`).
#[tokio::test]
async fn a_plan_is_one_parameter_with_commas() {
    let bench = Bench::start().await;
    let document = whole_document(&bench).await;
    let operation = &document["paths"]["/v1/sessions/{session}/accounts/{account}/quota"]["get"];
    let parameters = operation["parameters"].as_array().unwrap();
    let plan = parameters.iter().find(|parameter| parameter["name"] == "plan").unwrap();
    assert_eq!((&plan["style"], &plan["explode"], &plan["required"]), (&json!("form"), &json!(false), &json!(false)));
    let kinds = plan.pointer("/schema/items/enum").unwrap_or_else(|| panic!("{plan}"));
    assert!(kinds.as_array().unwrap().contains(&json!("balances")), "{plan}");
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let bench = Bench::start().await;
    let document = whole_document(&bench).await;
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 20, "{}", references.len());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| collect(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

#[tokio::test]
async fn answers_have_the_members_that_the_document_promises() {
    let bench = Bench::start().await;
    let document = whole_document(&bench).await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let base = format!("/v1/sessions/{session}");
    for (template, path) in [
        ("/v1/sessions/{session}", base.clone()),
        ("/v1/sessions/{session}/accounts", format!("{base}/accounts")),
        ("/v1/sessions/{session}/accounts/{account}/balances", format!("{base}/accounts/{account}/balances")),
        ("/v1/sessions/{session}/accounts/{account}/transactions", format!("{base}/accounts/{account}/transactions")),
        ("/v1/banks", "/v1/banks".to_owned()),
    ] {
        let answer = bench.crm().get(&path).await;
        let schema = &document["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        check(&document, schema, &answer.body, template);
    }
}

/// Whether a value has every required member and no unknown one, as deep as the document goes.
fn check(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        return check(document, document.pointer(&reference[1..]).unwrap(), value, at);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let known: Vec<_> = parts.iter().flat_map(|part| members(document, part)).collect();
        let extra = value.as_object().unwrap().keys().find(|name| !known.contains(name));
        assert_eq!(extra, None, "{at}");
        return;
    }
    if let Some(items) = value.as_array() {
        for item in items {
            check(document, &schema["items"], item, at);
        }
    }
    let (Some(fields), Some(properties)) = (value.as_object(), schema["properties"].as_object()) else { return };
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(fields.contains_key(required.as_str().unwrap()), "{at}: {required} is missing");
    }
    for (name, field) in fields {
        let property = properties.get(name).unwrap_or_else(|| panic!("{at}: {name} is not in the document"));
        check(document, property, field, &format!("{at}.{name}"));
    }
}

fn members(document: &Value, schema: &Value) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return members(document, document.pointer(&reference[1..]).unwrap());
    }
    let parts = schema["allOf"].as_array().into_iter().flatten().flat_map(|part| members(document, part));
    let own = schema["properties"].as_object().into_iter().flat_map(|members| members.keys().cloned());
    parts.chain(own).collect()
}

#[tokio::test]
async fn publishes_the_hubs_own_keys() {
    let bench = Bench::start().await;
    let answer = bench.crm().bare(Method::GET, "/.well-known/jwks.json", &[]).await;
    let key = &answer.body["keys"][0];
    assert_eq!(
        (key["kty"].as_str(), key["crv"].as_str(), key["use"].as_str()),
        (Some("EC"), Some("P-256"), Some("sig"))
    );
    assert_eq!(key.get("d"), None);
    assert!(answer.headers["cache-control"].to_str().unwrap().contains("max-age"));
}

#[test]
fn the_readme_lists_every_route() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let rows: Vec<_> = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    for route in all_routes() {
        let name = format!("{} {}", route.method, route.path);
        assert!(rows.contains(&name.as_str()) || name == "GET /openapi.json", "{name} is not in the README");
    }
}
