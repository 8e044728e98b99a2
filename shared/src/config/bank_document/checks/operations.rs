//! What single kinds of calls need.

use std::{
    collections::{BTreeSet, HashSet},
    fmt::Display,
};

use http::{HeaderName, header};
use serde::{
    Deserialize,
    de::{IntoDeserializer, value::Error as WordError},
};

use super::{
    limits::{LONGEST_CALL, millis},
    text::{demand_placeholders, header_name, header_value, placeholders},
};
use crate::{
    config::bank_document::{
        place::Place,
        tables::{EVERY, HeaderText, OperationTable, OperationsTable},
    },
    domain::{
        bank::{CallLimits, OperationProfile, Operations, StaticHeader},
        operation::Operation,
    },
};

/// Headers that the hub fills itself: a document that sent its own would undo a promise.
const OWN_HEADERS: [&str; 8] = [
    "authorization",
    "connection",
    "consent-id",
    "content-length",
    "host",
    "psu-ip-address",
    "transfer-encoding",
    "x-request-id",
];

impl OperationsTable {
    pub(super) fn check(self, limits: &CallLimits, place: &mut Place<'_>) -> Operations {
        let mut operations = Operations::default();
        for (name, table) in self.0 {
            let field = format!("operations.{name}");
            if name == EVERY {
                place.demand(&format!("{field}.path"), table.path.is_none(), "cannot be the same for every call");
                operations.every = table.check(&field, limits, place);
            } else if let Some(operation) = place.take(&field, operation(&name)) {
                check_path(operation, table.path.as_deref(), &format!("{field}.path"), place);
                operations.single.insert(operation, table.check(&field, limits, place));
            }
        }
        operations
    }
}

fn operation(name: &str) -> Result<Operation, &'static str> {
    Operation::deserialize(IntoDeserializer::<WordError>::into_deserializer(name)).map_err(|_| "is no operation")
}

/// A path must carry what the call is about and nothing that the call does not know.
fn check_path(operation: Operation, path: Option<&str>, field: &str, place: &mut Place<'_>) {
    let Some(path) = path else { return };
    place.demand(field, !operation.is_oauth(), "is of no use: oauth says where these calls go");
    place.demand(field, path.starts_with('/'), "must begin with /");
    place.demand(field, !path.contains(['?', '#', '\\', ' ']) && !path.contains(".."), "must be a plain path");
    let is_whole = |segment: &str| !segment.contains('{') || (segment.starts_with('{') && segment.ends_with('}'));
    place.demand(field, path.split('/').all(is_whole), "has a placeholder that is not a whole segment");
    let needed = needed(operation);
    demand_placeholders(field, path, needed, place);
    let present = placeholders(path).unwrap_or_default();
    for name in needed.iter().filter(|name| !present.contains(**name)) {
        place.add(field, format!("lacks {{{name}}}"));
    }
}

/// What the path of an operation is made of.
const fn needed(operation: Operation) -> &'static [&'static str] {
    match operation {
        Operation::ReadConsent
        | Operation::ConsentStatus
        | Operation::DeleteConsent
        | Operation::StartAuthorisation => &["consent_id"],
        Operation::AuthorisationStatus | Operation::ConfirmAuthorisation => &["consent_id", "authorisation_id"],
        Operation::Account
        | Operation::Balances
        | Operation::Transactions
        | Operation::CardBalances
        | Operation::CardTransactions => &["account_id"],
        Operation::Transaction => &["account_id", "transaction_id"],
        Operation::CreateConsent
        | Operation::Accounts
        | Operation::CardAccounts
        | Operation::Metadata
        | Operation::ApplicationToken
        | Operation::AuthorizationUrl
        | Operation::RedeemCode
        | Operation::RefreshTokens
        | Operation::RevokeToken => &[],
    }
}

impl OperationTable {
    fn check(self, field: &str, limits: &CallLimits, place: &mut Place<'_>) -> OperationProfile {
        let at = |inner: &dyn Display| format!("{field}.{inner}");
        let accept = self.accept.and_then(|accept| media_type(&at(&"accept"), &accept, place));
        let headers: Vec<_> = self
            .headers
            .into_iter()
            .filter_map(|(name, text)| static_header(&format!("{field}.headers.{name}"), &name, text, place))
            .collect();
        let without_headers = without_headers(&at(&"without_headers"), &self.without_headers, place);
        let contradicts = headers.iter().any(|header| without_headers.contains(&header.name));
        place.demand(&at(&"without_headers"), !contradicts, "names a header that stands in headers");
        let contradicts = self.query.keys().any(|name| self.without_query.contains(name));
        place.demand(&at(&"without_query"), !contradicts, "names a parameter that stands in query");
        let total = self.total_millis.map(millis);
        let is_short = total.is_none_or(|total| limits.connect <= total && total <= LONGEST_CALL);
        place.demand(&at(&"total_millis"), is_short, "must be from limits.connect_millis to 30000");
        OperationProfile {
            path: self.path,
            accept,
            headers,
            without_headers,
            query: self.query,
            without_query: self.without_query,
            total,
            repeated: self.repeated,
        }
    }
}

fn media_type(field: &str, text: &str, place: &mut Place<'_>) -> Option<http::HeaderValue> {
    let is_media_type =
        text.split(',').all(|part| part.trim().split_once('/').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty()));
    place.demand(field, is_media_type, "not a media type");
    let mut value = header_value(field, text, place)?;
    value.set_sensitive(false);
    Some(value)
}

fn static_header(field: &str, name: &str, text: HeaderText, place: &mut Place<'_>) -> Option<StaticHeader> {
    let name = header_name(field, name, place)?;
    place.demand(field, !OWN_HEADERS.contains(&name.as_str()), "is filled by the hub itself");
    place.demand(field, name != header::ACCEPT, "is said by accept");
    let text = match text {
        HeaderText::Plain(text) => text,
        HeaderText::Secret(secret) => place.file(&format!("{field}.file"), &secret.file)?.trim_end().to_owned(),
    };
    Some(StaticHeader { name, value: header_value(field, &text, place)? })
}

fn without_headers(field: &str, names: &BTreeSet<String>, place: &mut Place<'_>) -> HashSet<HeaderName> {
    let names: HashSet<_> = names.iter().filter_map(|name| header_name(field, name, place)).collect();
    for name in names.iter().filter(|name| OWN_HEADERS.contains(&name.as_str())) {
        place.add(field, format!("{name} always goes along"));
    }
    names
}
