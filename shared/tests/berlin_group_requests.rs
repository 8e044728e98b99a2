//! The hub's requests against the Berlin Group's public interface file 1.3.11: every path, method, header, parameter and
//! body is one that the file has, and nothing is missing that it wants.
//!
//! The file is not part of this repository. `SPECS_DIR` names the folder that holds `berlin-group/`; without it there is
//! nothing to check, and the test says so.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test reports by panicking")]

use std::{collections::BTreeSet, path::PathBuf};

use jsonschema::Draft;
use serde_json::{Value, json};
use shared::{
    domain::{
        account::AccountKind,
        bank::{Bank, ConsentKind},
        consent::{AccessWanted, Iban, WantedAccount},
        data_profile::BookingStatus,
        presence::{HeaderText, PsuAtBank, PsuContext},
        secret::SecretString,
    },
    ports::bank_http::BankRequest,
    protocol::berlin_group::{
        accounts, authorisations, balances,
        consents::{self, ConsentOrder},
        headers::CallHeaders,
        references::KnownAccount,
        transactions::{self, TransactionQuery},
    },
    testing::samples,
};
use url::Url;
use uuid::Uuid;

const DOCUMENT: &str = "berlin-group/psd2-api_v1.3.11-2021-10-01v1.yaml";

/// Headers of HTTP itself, which the file does not list.
const OF_HTTP: [&str; 3] = ["accept", "content-type", "authorization"];

fn document() -> Option<Value> {
    let Some(folder) = std::env::var_os("SPECS_DIR") else {
        eprintln!("SPECS_DIR is not set: the requests are not checked");
        return None;
    };
    let text = std::fs::read_to_string(PathBuf::from(folder).join(DOCUMENT)).unwrap();
    Some(serde_saphyr::from_str(&text).unwrap())
}

/// Every request that the hub makes of the account interface.
fn requests(bank: &Bank) -> Vec<BankRequest> {
    let mut requests = of_consents(bank);
    requests.extend(of_data(bank));
    requests
}

fn psu() -> PsuContext {
    let text = |text: &str| HeaderText::parse(text);
    PsuContext {
        ip_port: Some(4711),
        user_agent: text("Mozilla/5.0"),
        accept: text("text/html"),
        accept_charset: text("utf-8"),
        accept_encoding: text("gzip"),
        accept_language: text("de"),
        http_method: text("GET"),
        device_id: text("99435c7e-ad88-49ec-a2ad-99ddcb1f5555"),
        geo_location: text("GEO:52.506931;13.144558"),
        ..PsuContext::at([192, 0, 2, 7].into())
    }
}

fn names() -> PsuAtBank {
    let text = HeaderText::parse("name");
    PsuAtBank { id: text.clone(), id_type: text.clone(), corporate_id: text.clone(), corporate_id_type: text }
}

fn of_consents(bank: &Bank) -> Vec<BankRequest> {
    let (psu, names, token) = (psu(), names(), SecretString::from("token"));
    let (consent, authorisation) = (SecretString::from("consent-1"), SecretString::from("authorisation-1"));
    let callback: Url = "https://hub.example/callback/bank?state=s".parse().unwrap();
    let about = CallHeaders::unattended(Uuid::from_u128(7), Some(&token));
    let account =
        WantedAccount { iban: Iban::parse("DE89370400440532013000").unwrap(), currency: Some("EUR".to_owned()) };
    let kinds = [
        ConsentKind::BankOffered,
        ConsentKind::Dedicated,
        ConsentKind::AllAccounts,
        ConsentKind::AccountList,
        ConsentKind::AccountListWithBalances,
    ];
    let mut requests = Vec::new();
    for kind in kinds {
        for recurring in [true, false] {
            let accounts = if kind == ConsentKind::Dedicated { vec![account.clone()] } else { Vec::new() };
            let order = ConsentOrder {
                access: &AccessWanted { kind, accounts, recurring },
                valid_until: jiff::civil::date(2027, 5, 20),
                frequency_per_day: 4,
                redirect_uri: &callback,
                psu: &psu,
                psu_at_bank: &names,
            };
            requests.push(consents::create(bank, &order, about.request_id, Some(&token)).unwrap());
        }
    }
    requests.extend([
        consents::read(bank, &consent, &about).unwrap(),
        consents::status(bank, &consent, &about).unwrap(),
        consents::delete(bank, &consent, &about).unwrap(),
        authorisations::start(bank, &consent, &callback, &names, &CallHeaders { psu: Some(&psu), ..about }).unwrap(),
        authorisations::status(bank, &consent, &authorisation, &about).unwrap(),
        authorisations::confirm(bank, &consent, &authorisation, Some(&"code".into()), &about).unwrap(),
    ]);
    requests
}

fn of_data(bank: &Bank) -> Vec<BankRequest> {
    let (psu, consent, token) = (psu(), SecretString::from("consent-1"), SecretString::from("token"));
    let headers = CallHeaders {
        request_id: Uuid::from_u128(7),
        psu: Some(&psu),
        consent_id: Some(&consent),
        access_token: Some(&token),
    };
    let account = KnownAccount::nameless("account-1");
    let card = KnownAccount { kind: AccountKind::Card, ..account };
    let day = jiff::civil::date(2026, 11, 1);
    let list = TransactionQuery { booking_status: BookingStatus::Both, from: day, to: Some(day), since: None };
    let delta = TransactionQuery { since: Some("entry-1".to_owned()), ..list.clone() };
    let mut requests = vec![transactions::read_one(bank, account, "transaction-1", &headers).unwrap()];
    for (kind, account) in [(AccountKind::Payment, account), (AccountKind::Card, card)] {
        requests.push(accounts::read(bank, kind, false, &headers).unwrap());
        requests.push(balances::read(bank, account, &headers).unwrap());
        requests.push(transactions::read(bank, account, &list, &headers).unwrap());
    }
    requests.extend([
        accounts::read(bank, AccountKind::Payment, true, &headers).unwrap(),
        accounts::read_one(bank, account, true, &headers).unwrap(),
        transactions::read(bank, account, &delta, &headers).unwrap(),
    ]);
    requests
}

/// An object of the document, through its reference if it is one.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// The operation of the document that the request is, with its path's parameters.
fn operation<'a>(document: &'a Value, request: &BankRequest) -> (&'a Value, &'a Value) {
    let path = request.url.path().strip_prefix("/psd2").unwrap();
    let fits = |template: &str| {
        let (wanted, found): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        let same = |(wanted, found): (&&str, &&str)| wanted == found || (wanted.starts_with('{') && !found.is_empty());
        wanted.len() == found.len() && wanted.iter().zip(&found).all(same)
    };
    let paths = document["paths"].as_object().unwrap();
    // A fixed path goes before one with parameters that covers it (OpenAPI 3.0, paths object).
    let mut candidates: Vec<_> = paths.iter().filter(|(template, _)| fits(template)).collect();
    candidates.sort_by_key(|(template, _)| template.matches('{').count());
    let of_method =
        |item: &'a Value| item.get(request.method.as_str().to_lowercase()).map(|operation| (item, operation));
    let found = candidates.iter().find_map(|(_, item)| of_method(item));
    found.unwrap_or_else(|| panic!("{} {path} is not in the document", request.method))
}

/// What the request says that the document does not have, or the other way round.
fn mistakes(document: &Value, request: &BankRequest) -> Vec<String> {
    let (item, operation) = operation(document, request);
    let parameters = [&item["parameters"], &operation["parameters"]];
    let parameters: Vec<_> = parameters
        .into_iter()
        .filter_map(Value::as_array)
        .flatten()
        .map(|parameter| resolved(document, parameter))
        .collect();
    let named = |place: &str, required: bool| -> BTreeSet<String> {
        let wanted = |parameter: &&&Value| {
            parameter["in"] == place && (!required || parameter["required"].as_bool().unwrap_or(false))
        };
        let name = |parameter: &&Value| parameter["name"].as_str().unwrap().to_owned();
        let names = parameters.iter().filter(wanted).map(name);
        if place == "header" { names.map(|name| name.to_lowercase()).collect() } else { names.collect() }
    };
    let headers: BTreeSet<String> = request.headers.keys().map(|name| name.as_str().to_owned()).collect();
    let query: BTreeSet<String> = request.url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    let mut mistakes = Vec::new();
    let mut tell =
        |what: &str, names: Vec<String>| mistakes.extend(names.into_iter().map(|name| format!("{what} {name}")));
    let known = named("header", false);
    let unknown = headers.difference(&known).filter(|name| !OF_HTTP.contains(&name.as_str()));
    tell("unknown header", unknown.cloned().collect());
    tell("missing header", named("header", true).difference(&headers).cloned().collect());
    tell("unknown parameter", query.difference(&named("query", false)).cloned().collect());
    tell("missing parameter", named("query", true).difference(&query).cloned().collect());
    if let Some(body) = &request.body {
        tell("body:", body_mistakes(document, operation, &serde_json::from_slice(body).unwrap()));
    }
    mistakes
}

/// What is wrong with a body. `OpenAPI` 3.0 schemas are closest to draft 4. The file's alternatives for a confirmation
/// overlap (one of them is the empty object), so `oneOf` is read as `anyOf`, the empty one for the empty
/// body alone.
fn body_mistakes(document: &Value, operation: &Value, body: &Value) -> Vec<String> {
    let schema = &resolved(document, &operation["requestBody"])["content"]["application/json"]["schema"];
    let alternatives = schema["oneOf"].as_array().into_iter().flatten();
    let told = |alternative: &&Value| resolved(document, alternative)["properties"].is_object() != (*body == json!({}));
    let alternatives: Vec<_> = alternatives.filter(told).collect();
    let schema = if alternatives.is_empty() { schema.clone() } else { json!({ "anyOf": alternatives }) };
    let schema = json!({ "allOf": [schema], "components": document["components"] });
    let options = jsonschema::options().with_draft(Draft::Draft4).should_validate_formats(true);
    let validator = options.build(&schema).unwrap();
    validator.iter_errors(body).map(|mistake| format!("{}: {mistake}", mistake.instance_path())).collect()
}

#[test]
fn every_request_is_one_of_the_public_interface_file() {
    let Some(document) = document() else { return };
    let mut bank = samples::bank();
    bank.addresses.api = "https://api.bank.example/psd2".parse().unwrap();
    let requests = requests(&bank);
    assert!(requests.len() > 20);
    for request in requests {
        let mistakes = mistakes(&document, &request);
        let body = request.body.as_deref().map(String::from_utf8_lossy);
        assert!(mistakes.is_empty(), "{} {} {body:?}: {mistakes:?}", request.method, request.url);
    }
}

#[test]
fn a_wrong_request_is_noticed() {
    let Some(document) = document() else { return };
    let mut bank = samples::bank();
    bank.addresses.api = "https://api.bank.example/psd2".parse().unwrap();
    let mut request = of_consents(&bank).remove(0);
    request.headers.remove("x-request-id");
    request.headers.insert("tpp-colour", "blue".parse().unwrap());
    request.url.set_query(Some("colour=blue"));
    request.body = Some(r#"{"access":{},"recurringIndicator":"yes"}"#.into());
    let told = mistakes(&document, &request).join("; ");
    for part in ["unknown header tpp-colour", "missing header x-request-id", "unknown parameter colour", "body: "] {
        assert!(told.contains(part), "{part} in {told}");
    }
}
