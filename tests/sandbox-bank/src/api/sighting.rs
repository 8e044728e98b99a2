//! What the journal tells about a request: everything that helps a test, and nothing that must not be
//! written down.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::request::Parts;
use jiff::Timestamp;
use url::form_urlencoded;

use super::headers;
use crate::fault::Fault;
use crate::fingerprint::sha256_hex;
use crate::journal::{JournalEntry, Operation, Target};
use crate::oauth::form::Form;
use crate::random::is_id;
use crate::tls::caller::Caller;

/// Parameters that may be told; nothing else of a query is.
const HARMLESS: [&str; 9] = [
    "bookingStatus",
    "dateFrom",
    "dateTo",
    "withBalance",
    "page",
    "pageIndex",
    "itemsPerPage",
    "entryReferenceFrom",
    "deltaList",
];

/// The entry for a request that has just arrived; `body` is missing if it could not be read.
pub(super) fn entry(
    at: Timestamp,
    target: Target,
    parts: &Parts,
    body: Option<&Bytes>,
    caller: &Caller,
    fault: Option<&Fault>,
) -> JournalEntry {
    let form = form_of(&target, body);
    let id_in = |name: &str| headers::text(&parts.headers, name).filter(|text| is_id(text)).map(str::to_owned);
    JournalEntry {
        at,
        mood: target.mood,
        method: Some(parts.method.to_string()),
        query: harmless(parts.uri.query().unwrap_or_default()),
        token_sha256: secret(parts, &form).map(|secret| sha256_hex(secret.as_bytes())),
        grant_type: form.one("grant_type").map(|name| known_grant(name).to_owned()),
        consent_id: target.consent.or_else(|| id_in("consent-id")),
        account_id: target.account,
        request_id: id_in("x-request-id"),
        psu_present: parts.headers.contains_key("psu-ip-address"),
        headers: names(parts),
        operation: target.operation,
        path: Some(target.path),
        certificate_sha256: Some(caller.certificate_sha256.clone()),
        organisation: Some(caller.tpp.organisation.clone()),
        fault: fault.map(|fault| fault.kind().to_owned()),
        ..JournalEntry::default()
    }
}

/// The target, told apart by the form where the path does not do: an application's token from a
/// customer's.
pub(super) fn sharpened(target: Target, body: Option<&Bytes>) -> Target {
    let form = form_of(&target, body);
    let operation = match (target.operation, form.one("grant_type")) {
        (Operation::Token, Some("client_credentials")) => Operation::ApplicationToken,
        (operation, _) => operation,
    };
    Target { operation, ..target }
}

fn form_of(target: &Target, body: Option<&Bytes>) -> Form {
    let has_form = matches!(target.operation, Operation::Token | Operation::ApplicationToken | Operation::Revoke);
    body.filter(|_| has_form).map(|body| Form::read(body)).unwrap_or_default()
}

/// What the request proves itself with: a bearer token, or the code or token in its form.
fn secret<'a>(parts: &'a Parts, form: &'a Form) -> Option<&'a str> {
    let in_form = || ["refresh_token", "code", "token"].into_iter().find_map(|name| form.one(name));
    let in_header = |name| headers::bearer_in(&parts.headers, name);
    in_header("authorization").or_else(|| in_header("psd2-authorization")).or_else(in_form)
}

/// A grant type as the journal may tell it: anything unknown might be a secret in the wrong place.
fn known_grant(name: &str) -> &str {
    match name {
        "authorization_code" | "refresh_token" | "client_credentials" => name,
        _ => "other",
    }
}

fn harmless(query: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(name, value)| HARMLESS.contains(&name.as_ref()) && is_plain(value))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// Dates, numbers and words; too short for an account number or a secret.
fn is_plain(value: &str) -> bool {
    value.len() <= 12 && value.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn names(parts: &Parts) -> Vec<String> {
    let mut names: Vec<String> = parts.headers.keys().map(ToString::to_string).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_harmless_parameters_only() {
        let told =
            harmless("bookingStatus=booked&page=2&access_token=secret&dateFrom=2026-01-01&iban=DE89370400440532013000");
        assert_eq!(told.keys().collect::<Vec<_>>(), ["bookingStatus", "dateFrom", "page"]);
    }
}
