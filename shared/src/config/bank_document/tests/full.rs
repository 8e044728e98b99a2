//! A document that says everything.

use super::read_files;
use crate::{
    config::bank_document::schema,
    domain::{
        bank::{Pkce, SealKey, Stage, TlsVersion},
        operation::Operation,
        signature_profile::{Covered, Scheme},
    },
};

/// The document.
pub const FULL: &str = r#"
id = "bank-1"
name = "Bank One"
country = "DE"
bic = "BANKDEFF"
dialect = "berlin-group"

[facts]
assurance = "unverified"
version = 3
sources = ["the bank's own page"]
logo = "https://www.bank.example/logo.svg"
status_page = "https://status.bank.example/"
support = "psd2@bank.example"
notes = ["A new password ends the chain of refresh tokens."]
offered = true

[registration]
kind = "portal"
organisation_identifier = "PSDDE-BAFIN-123456"
redirect_uris_most = 3
egress_address = "192.0.2.7"
renewal = "by the first call"

[addresses]
api = "https://api.bank.example/{group}"
origins = ["https://login.bank.example"]
web = ["https://www.bank.example", "https://login.bank.example/"]

[addresses.values]
group = "retail"

[tls]
identity = "qwac.pem"
trust_anchors = "ca.pem"
accepts_unqualified = true
tokens_must_be_bound = true
pins = ["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]
minimum = "1.3"
cipher_suites = ["TLS_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]
http = "1.1"
idle_seconds = 20
idle_connections = 2

[seal]
identity = "qwac.pem"
operations = ["create_consent"]

[seal.signature]
scheme = "cavage"
carrier = "signature-header"
algorithm = "rsa-pkcs1-sha512"
digest = "sha512"
covered = ["(request-target)", "Digest", "X-Request-ID", "TPP-Redirect-URI?", "psu-*"]

[seal.signature.key_id]
form = "serial-and-issuer"
serial = "decimal"
order = "as-encoded"
escaping = "backslash"
unlisted = "named"

[seal.signature.certificate]
header = "X-Certificate"
form = "armoured"

[oauth]
issuer = "https://login.bank.example"
metadata_url = "https://login.bank.example/.well-known/oauth-authorization-server"
client_id = "PSDDE-BAFIN-123456"
stage = "pre_step_and_sca"
scope = "AIS: {consent_id}"
pre_step_scope = "AIS"
pkce = "s256"
verifier_octets = 33
sca_link = "authorization_endpoint"
token_header = "PSD2-Authorization"
rotation = "family"
default_access_seconds = 600
refresh_margin_seconds = 60
chain_days = 180
idle_hours = 24

[oauth.endpoints]
authorization = "https://login.bank.example/authorize"
token = "https://login.bank.example/token"
revocation = "https://login.bank.example/revoke"

[oauth.authorize]
by = "browser"
rename = { response_type = "responseType", client_id = "clientId" }
extra = { bic = "BANKDEFF" }

[oauth.token]
query = { role = "DEDICATED_AISP" }
extra = { audience = "ais" }

[oauth.application_token]
scope = "AISP-app"
operations = ["create_consent"]

[consent]
kinds = ["all_accounts"]
several = true
validity_days = 90
validity_margin_days = 1
frequency_per_day = 1000
authorisation = "implicit"
preference = "unsaid"
state = "path"
nok_redirect = false
sca_window_minutes = 5
polling = { first_seconds = 5, every_seconds = 5 }
delete = false
first_minutes = { minutes = 15, history_days = 730 }

[psu]
required = ["ip_address", "user_agent"]
incomplete = "background"
forbidden = ["geo_location"]
defaults = { accept_language = "de-DE" }
id = "optional"
id_longest = 10
id_types = ["DE_ONLB_DB"]
corporate_id = "forbidden"

[operations.every]
headers = { X-Api-Key = { file = "key.txt" }, X-Plain = "1" }
without_headers = ["PSU-Accept"]

[operations.transactions]
path = "/v1/accounts/{account_id}/transactions"
accept = "application/xml"
query = { size = "100" }
without_query = ["withBalance"]
total_millis = 30000

[data]
entry_reference_from = true
downloads = "follow"
renames = [{ from = "optMaxLength", to = "maxLength" }]
values = [{ member = "status", from = "ACTIVE", to = "enabled" }]
errors = [{ status = 403, code = "GONE", text_contains = "consent", meaning = "consent_expired" }]
lapsing = { not_before_days = 30 }
booking = { offered = ["booked", "information"], fallback = false }
window = { oldest_days_attended = 720, oldest_days_background = 90, default_days = 30, clamp_days = 80, slice_days = 30 }
paging = { style = "index", first = 1, size = 50, self_link = "end", other_resource = "end", null_host = "repair" }
accounts = { card_accounts = true, closed_absent = true }
balances = { source = "account-call", in_account_list = true, booked = ["CLBD"], available = ["XPCD"] }
amounts = { accounts = "by-parties", cards = "inverted" }
dates = { booking_date = ["value-date"], times = "convert", utc_offset_minutes = 60 }
ids = { trusted = [], content = ["value-date", "amount"] }
remittance = { sources = ["structured"], strip_prefixes = ["SEPA "], strip_suffixes = ["//"] }

[limits]
connect_millis = 1000
total_millis = 25000
body_bytes = 1048576
pages = 20
in_flight = 8

[circuit]
failures = 10
window_seconds = 120
cool_down_seconds = 60
longest_cool_down_seconds = 600

[spike_arrest]
calls = 20
seconds = 2
longest_wait_millis = 500
queue = 10

[background]
reads_per_day = 8
pages_count = true
headers = { remaining = "X-RateLimit-Remaining", reset = "X-RateLimit-Reset" }
token_refreshes_per_day = 6
refreshes_per_day = 3
in_flight = 2
canaries = 1

[[maintenance]]
weekday = "sunday"
from = "02:00"
minutes = 180

[[maintenance]]
from = "23:45"
minutes = 30
"#;

/// The file that it names besides certificates.
pub const KEY: (&str, &str) = ("key.txt", "api-key-canary\n");

#[test]
fn takes_everything_that_can_be_said() {
    let banks = read_files(&[("bank.toml", FULL), KEY]).unwrap();
    let bank = &banks[0];
    assert_eq!(bank.addresses.api.as_str(), "https://api.bank.example/retail");
    assert_eq!((bank.tls.minimum, bank.tls.pins.len()), (TlsVersion::V1_3, 1));
    let seal = bank.seal.as_ref().unwrap();
    assert!(seal.covers(Operation::CreateConsent) && !seal.covers(Operation::Accounts));
    assert!(matches!((&seal.key, &seal.signature.scheme), (SealKey::File(_), Scheme::Cavage(_))));
    assert_eq!(seal.signature.covered.len(), 5);
    assert_eq!(seal.signature.covered.last(), Some(&Covered::PsuHeaders));
    let oauth = bank.oauth.as_ref().unwrap();
    assert_eq!((oauth.stage, oauth.pkce, oauth.verifier_octets), (Stage::PreStepAndSca, Pkce::S256, 33));
    assert_eq!(oauth.token_header, "psd2-authorization");
    let headers = &bank.operations.every.headers;
    let key = headers.iter().find(|header| header.name == "x-api-key").unwrap();
    assert_eq!((key.value.as_bytes(), key.value.is_sensitive()), (&b"api-key-canary"[..], true));
    assert_eq!(bank.operations.path(Operation::Transactions), Some("/v1/accounts/{account_id}/transactions"));
    assert_eq!(bank.maintenance.len(), 2);
    assert!(!format!("{banks:?}").contains("api-key-canary"));
}

/// Every field of the schema stands in the document that says everything; so none is left untried.
#[test]
fn the_full_document_leaves_nothing_out() {
    let unsaid = [
        "/extends",
        "/environments",
        // Said by other forms of the same table, which have tests of their own.
        "/seal/kms_key",
        "/seal/certificate",
        "/seal/signature/label",
        "/seal/signature/lifetime_seconds",
        "/seal/signature/tag",
        "/seal/signature/key_id/address",
        "/seal/signature/key_id/fingerprint",
        "/seal/signature/key_id/name",
        "/seal/signature/certificate/address",
        // What the standard has is not said again.
        "/consent/one_off",
        "/consent/combined_service",
        "/consent/confirmation_parameter",
        "/psu/background",
        "/psu/corporate_id_types",
    ];
    let full: serde_json::Value = toml::from_str(FULL).unwrap();
    let mut missing = Vec::new();
    compare(schema(), &full, "", &mut missing);
    missing.sort();
    let mut unsaid = unsaid.map(str::to_owned).to_vec();
    unsaid.sort();
    assert_eq!(missing, unsaid);
}

fn compare(part: &serde_json::Value, said: &serde_json::Value, path: &str, missing: &mut Vec<String>) {
    let part = match part.get("$ref").and_then(serde_json::Value::as_str) {
        Some(reference) => schema().pointer(reference.trim_start_matches('#')).unwrap(),
        None => part,
    };
    // One kind of call stands for all.
    let is_same_for_all = path == "/operations";
    for (name, field) in part.get("properties").and_then(serde_json::Value::as_object).into_iter().flatten() {
        let path = format!("{path}/{name}");
        match said.get(name) {
            Some(said) => compare(field, said, &path, missing),
            None if is_same_for_all || path.starts_with("/operations/") || path.starts_with("/psu/defaults/") => {}
            None => missing.push(path),
        }
    }
}
