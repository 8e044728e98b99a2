//! What fields promise each other: one wrong document for each promise, and one document that says everything.

use super::{GOOD, read, read_files};
use crate::{
    config::bank_document::schema,
    domain::{
        bank::{Pkce, SealKey, Stage, TlsVersion},
        operation::Operation,
        signature_profile::{Covered, Scheme},
    },
};

const FULL: &str = r#"
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

[circuit]
failures = 10
window_seconds = 120
cool_down_seconds = 60

[[maintenance]]
weekday = "sunday"
from = "02:00"
minutes = 180

[[maintenance]]
from = "23:45"
minutes = 30
"#;

const KEY: (&str, &str) = ("key.txt", "api-key-canary\n");

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

/// One change to the full document and what is told of it.
const WRONG: &[(&str, &str, &str)] = &[
    ("id = \"bank-1\"", "id = \"Bank 1\"", "id: "),
    ("sources = [\"the bank's own page\"]", "", "facts.sources: must be told for a document that nobody has tried"),
    ("logo = \"https:", "logo = \"http:", "facts.logo: must be https"),
    ("api = \"https:", "api = \"http:", "addresses.api: must be https"),
    ("{group}\"", "{group}?a=b\"", "addresses.api: must be a plain address"),
    ("group = \"retail\"", "", "addresses.api: {group} is not in addresses.values"),
    (
        "origins = [\"https://login.bank.example\"]",
        "origins = [\"https://login.bank.example/path\"]",
        "addresses.origins[0]: must be scheme, host and port alone",
    ),
    ("web = [\"https:", "web = [\"http:", "addresses.web[0]: must be https (http only on 127.0.0.1)"),
    ("pins = [\"47DE", "pins = [\"47", "tls.pins[0]: must be 32 octets in base64"),
    (
        "\"TLS_AES_256_GCM_SHA384\", ",
        "\"TLS_RSA_WITH_RC4_128_SHA\", ",
        "tls.cipher_suites[0]: is not a cipher suite that the hub speaks",
    ),
    ("\"TLS_AES_256_GCM_SHA384\", ", "", "tls.cipher_suites: has none of TLS 1.3, which is the minimum"),
    ("http = \"1.1\"", "http = \"3\"", "tls.http: must be one of any, 1.1, 2"),
    (
        "operations = [\"create_consent\"]\n\n[seal.signature]",
        "operations = []\n\n[seal.signature]",
        "seal.operations: empty",
    ),
    (
        "identity = \"qwac.pem\"\noperations",
        "identity = \"qwac.pem\"\nkms_key = \"projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1\"\noperations",
        "seal: needs either identity, or kms_key and certificate",
    ),
    ("\"Digest\", ", "", "seal.signature.covered: lacks digest, so the body is not signed"),
    ("\"Digest\", ", "\"Digest\", \"digest\", ", "seal.signature.covered: must not say the same twice"),
    (
        "\"Digest\", ",
        "\"Digest\", \"@method\", ",
        "seal.signature.covered[2]: can be signed with scheme = \"rfc9421\" only",
    ),
    ("\"Digest\", ", "\"Digest\", \"two words\", ", "seal.signature.covered[2]: is nothing that can be signed"),
    (
        "scheme = \"cavage\"",
        "scheme = \"cavage\"\nlabel = \"sig\"",
        "seal.signature.label: means nothing in this scheme",
    ),
    (
        "scheme = \"cavage\"\ncarrier = \"signature-header\"",
        "scheme = \"rfc9421\"\ncarrier = \"authorization\"",
        "seal.signature.carrier: means nothing in this scheme",
    ),
    ("form = \"serial-and-issuer\"", "form = \"fixed\"", "seal.signature.key_id.name: must be visible ASCII"),
    ("form = \"serial-and-issuer\"", "form = \"address\"", "seal.signature.key_id.address: is missing"),
    ("form = \"serial-and-issuer\"", "name = \"k\"", "seal.signature.key_id.name: means nothing with this form"),
    ("form = \"armoured\"", "form = \"none\"", "seal.signature.certificate.header: means nothing with this form"),
    (
        "header = \"X-Certificate\"",
        "header = \"X Certificate\"",
        "seal.signature.certificate.header: not the name of a header",
    ),
    ("issuer = \"https:", "issuer = \"http:", "oauth.issuer: must be a plain address, and https"),
    (
        "metadata_url = \"https://login",
        "metadata_url = \"https://evil",
        "oauth.metadata_url: must be of the origin of addresses.api or of addresses.origins",
    ),
    ("token = \"https://login", "token = \"https://evil", "oauth.endpoints.token: must be of the origin"),
    (
        "revocation = \"https://login",
        "revocation = \"https://evil",
        "oauth.endpoints.revocation: must be of the origin",
    ),
    (
        "authorization = \"https://login",
        "authorization = \"https://evil",
        "oauth.endpoints.authorization: must be of an origin of addresses.web",
    ),
    ("by = \"browser\"", "by = \"browsers\"", "oauth.authorize.by: must be one of browser, hub, hub_asks"),
    ("client_id = \"PSDDE-BAFIN-123456\"", "", "oauth.client_id: not set, and tls.identity names no organisation"),
    ("{consent_id}", "{consent}", "oauth.scope: {consent} means nothing here"),
    ("{consent_id}", "{consent_id", "oauth.scope: has a { without its }"),
    ("pre_step_scope = \"AIS\"", "", "oauth.pre_step_scope: missing, for oauth.stage has a pre-step"),
    ("stage = \"pre_step_and_sca\"", "", "oauth.pre_step_scope: means nothing, for oauth.stage has no pre-step"),
    (
        "pre_step_scope = \"AIS\"",
        "pre_step_scope = \"{consent_id}\"",
        "oauth.pre_step_scope: {consent_id} means nothing here",
    ),
    ("stage = \"pre_step_and_sca\"", "stage = \"token\"", "oauth.scope: {consent_id} means nothing here"),
    ("pkce = \"s256\"", "pkce = \"refused\"", "oauth.verifier_octets: means nothing where PKCE is refused"),
    ("verifier_octets = 33", "verifier_octets = 31", "oauth.verifier_octets: must be at least 32"),
    ("token_header = \"PSD2-Authorization\"", "token_header = \"\"", "oauth.token_header: not the name of a header"),
    (
        "rename = { response_type = \"responseType\"",
        "rename = { response_type = \"state\"",
        "oauth.authorize.rename.response_type: takes the name of another parameter",
    ),
    (
        "rename = { response_type",
        "rename = { responsetype",
        "oauth.authorize.rename.responsetype: is no parameter that the hub sends",
    ),
    ("extra = { bic", "extra = { state", "oauth.authorize.extra.state: is filled by the hub itself"),
    ("extra = { audience", "extra = { code", "oauth.token.extra.code: is filled by the hub itself"),
    (
        "scope = \"AISP-app\"\noperations = [\"create_consent\"]",
        "operations = []",
        "oauth.application_token.operations: empty",
    ),
    (
        "scope = \"AISP-app\"\noperations = [\"create_consent\"]",
        "operations = [\"metadata\"]",
        "oauth.application_token.operations: names calls that need none",
    ),
    (
        "kinds = [\"all_accounts\"]",
        "kinds = [\"all_accounts\", \"all_accounts\"]",
        "consent.kinds: must not say the same twice",
    ),
    ("kinds = [\"all_accounts\"]", "kinds = []", "consent.kinds: must have at least 1 entries"),
    (
        "kinds = [\"all_accounts\"]",
        "kinds = [\"all\"]",
        "consent.kinds[0]: must be one of bank_offered, dedicated, all_accounts, account_list, account_list_with_balances",
    ),
    (
        "validity_days = 90\nvalidity_margin_days = 1",
        "validity_days = 1\nvalidity_margin_days = 1",
        "consent.validity_margin_days: leaves nothing of validity_days",
    ),
    (
        "sca_window_minutes = 5\npolling = { first_seconds = 5",
        "sca_window_minutes = 1\npolling = { first_seconds = 60",
        "consent.polling.first_seconds: is not within sca_window_minutes",
    ),
    ("every_seconds = 5", "every_seconds = 0", "consent.polling.every_seconds: must be at least 1"),
    ("forbidden = [\"geo_location\"]", "forbidden = [\"user_agent\"]", "psu.forbidden: names what psu.required does"),
    ("required = [\"ip_address\", \"user_agent\"]", "required = []\n", ""),
    (
        "forbidden = [\"geo_location\"]",
        "forbidden = [\"accept_language\"]",
        "psu.defaults.accept_language: is forbidden",
    ),
    (
        "defaults = { accept_language = \"de-DE\" }",
        "defaults = { ip_address = \"192.0.2.1\" }",
        "psu.defaults.ip_address: an address is never made up",
    ),
    (
        "defaults = { accept_language = \"de-DE\" }",
        "defaults = { accept_langauge = \"de\" }",
        "psu.defaults.accept_langauge: is not known here; accept_language is",
    ),
    ("id = \"optional\"", "id = \"forbidden\"", "psu.id_types: means nothing where the id is forbidden"),
    ("id_longest = 10", "id_longest = 0", "psu.id_longest: must be at least 1"),
    (
        "[operations.every]",
        "[operations.every]\npath = \"/v1\"",
        "operations.every.path: cannot be the same for every call",
    ),
    ("X-Plain", "Consent-ID", "operations.every.headers.Consent-ID: is filled by the hub itself"),
    ("X-Plain = \"1\"", "X-Plain = \"\"", "operations.every.headers.X-Plain: cannot stand in a header"),
    (
        "{ file = \"key.txt\" }",
        "{ file = \"no-key.txt\" }",
        "operations.every.headers.X-Api-Key.file: no-key.txt cannot be read",
    ),
    ("{ file = \"key.txt\" }", "7", "operations.every.headers.X-Api-Key: is of none of the forms that it may have"),
    (
        "without_headers = [\"PSU-Accept\"]",
        "without_headers = [\"x-plain\"]",
        "operations.every.without_headers: names a header that stands in headers",
    ),
    (
        "without_headers = [\"PSU-Accept\"]",
        "without_headers = [\"X-Request-ID\"]",
        "operations.every.without_headers: x-request-id always goes along",
    ),
    (
        "[operations.transactions]",
        "[operations.transaktions]",
        "operations.transaktions: is not known here; transactions is",
    ),
    ("/v1/accounts/{account_id}/transactions", "/v1/transactions", "operations.transactions.path: lacks {account_id}"),
    (
        "/v1/accounts/{account_id}/transactions",
        "/v1/{consent_id}/{account_id}",
        "operations.transactions.path: {consent_id} means nothing here",
    ),
    (
        "\"/v1/accounts/{account_id}/transactions",
        "\"v1/accounts/{account_id}/transactions",
        "operations.transactions.path: must be a path that begins with /",
    ),
    (
        "/v1/accounts/{account_id}/transactions",
        "/v1/../{account_id}",
        "operations.transactions.path: must be a plain path",
    ),
    (
        "[operations.transactions]",
        "[operations.redeem_code]",
        "operations.redeem_code.path: is of no use: oauth says where these calls go",
    ),
    ("accept = \"application/xml\"", "accept = \"xml\"", "operations.transactions.accept: not a media type"),
    (
        "without_query = [\"withBalance\"]",
        "without_query = [\"size\"]",
        "operations.transactions.without_query: names a parameter that stands in query",
    ),
    ("total_millis = 30000", "total_millis = 30001", "operations.transactions.total_millis: must be at most 30000"),
    (
        "total_millis = 30000",
        "total_millis = 500",
        "operations.transactions.total_millis: must be from limits.connect_millis to 30000",
    ),
    (
        "/v1/accounts/{account_id}/transactions",
        "/v1/a-{account_id}",
        "operations.transactions.path: has a placeholder that is not a whole segment",
    ),
    ("slice_days = 30", "slice_days = 0", "data.window.slice_days: must be at least 1"),
    (
        "oldest_days_background = 90",
        "oldest_days_background = 721",
        "data.window.oldest_days_background: must not be more than oldest_days_attended",
    ),
    (
        "default_days = 30",
        "default_days = 91",
        "data.window.default_days: must not be more than oldest_days_background",
    ),
    ("size = 50", "size = 0", "data.paging.size: must be at least 1"),
    ("style = \"index\"", "style = \"links\"", "data.paging.first: means nothing unless style is index"),
    ("booked = [\"CLBD\"]", "booked = []", "data.balances.booked: empty"),
    (
        "utc_offset_minutes = 60",
        "utc_offset_minutes = 900",
        "data.dates.utc_offset_minutes: must be within 14 hours of UTC",
    ),
    (
        "booking_date = [\"value-date\"]",
        "booking_date = [\"value_date\"]",
        "data.dates.booking_date[0]: must be one of booking-date, value-date, transaction-date",
    ),
    ("content = [\"value-date\", \"amount\"]", "content = []", "data.ids.content: empty"),
    ("sources = [\"structured\"]", "sources = []", "data.remittance.sources: empty"),
    ("strip_prefixes = [\"SEPA \"]", "strip_prefixes = [\"\"]", "data.remittance.strip_prefixes: has an empty text"),
    ("to = \"maxLength\"", "to = \"optMaxLength\"", "data.renames[0]: renames nothing"),
    ("to = \"enabled\"", "to = \"ACTIVE\"", "data.values[0]: renames nothing"),
    (
        "status = 403, code = \"GONE\", text_contains = \"consent\", ",
        "",
        "data.errors[0]: needs a status, a code or a text_contains",
    ),
    ("status = 403", "status = 200", "data.errors[0].status: is no status of a refusal"),
    ("meaning = \"consent_expired\"", "meaning = \"bad_mood\"", "data.errors[0].meaning: must be one of"),
    ("connect_millis = 1000", "connect_millis = 26000", "limits.connect_millis: must not be more than total_millis"),
    ("pages = 20", "pages = 0", "limits.pages: must be at least 1"),
    ("failures = 10", "failures = 0", "circuit.failures: must be at least 1"),
    ("from = \"02:00\"", "from = \"25:00\"", "maintenance[0].from: must be a time such as 23:30"),
    ("weekday = \"sunday\"", "weekday = \"sundays\"", "maintenance[0].weekday: must be one of monday"),
    ("minutes = 30\n", "minutes = 1441\n", "maintenance[1].minutes: must be at most 1440"),
];

#[test]
fn every_broken_promise_is_told_by_its_field() {
    for (from, to, expected) in WRONG {
        assert!(FULL.contains(from), "{from}");
        let outcome = read_files(&[("bank.toml", &FULL.replacen(from, to, 1)), KEY]);
        if expected.is_empty() {
            assert!(outcome.is_ok(), "{to}: {outcome:?}");
            continue;
        }
        let told = outcome.map(|_| "nothing").expect_err(to);
        let (place, _) = told.split_once(": ").unwrap();
        assert!(place.starts_with("bank.toml:"), "{told}");
        assert!(told.contains(&format!(": {expected}")), "{to}\n told    {told}\n wanted  {expected}");
    }
}

#[test]
fn a_fixed_server_needs_no_metadata() {
    let metadata = "metadata_url = \"https://api.bank.example/.well-known/oauth-authorization-server\"\n";
    let without = GOOD.replace(metadata, "");
    let told = read(&without).unwrap_err();
    for endpoint in ["token", "authorization"] {
        let expected = format!("oauth.endpoints.{endpoint}: missing, for there is no metadata_url");
        assert!(told.contains(&expected), "{told}");
    }
    let fixed =
        "[oauth.endpoints]\ntoken = \"https://api.bank.example/t\"\nauthorization = \"https://www.bank.example/a\"";
    assert!(read(&format!("{without}{fixed}")).is_ok());
    let linked = "sca_link = \"authorization_endpoint\"\n[oauth.endpoints]\ntoken = \"https://api.bank.example/t\"\n";
    assert!(read(&format!("{without}{linked}")).is_ok());
}

#[test]
fn a_seal_has_other_forms() {
    let kms = "[seal]\nkms_key = \"projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1\"\n\
        certificate = \"ca.pem\"\n[seal.signature]\nscheme = \"rfc9421\"\nlabel = \"sig\"\nlifetime_seconds = 60\ntag = \"ais\"\n\
        covered = [\"@method\", \"@target-uri\", \"content-digest\"]\n\
        [seal.signature.key_id]\nform = \"fixed\"\nname = \"our key\"\n[seal.signature.certificate]\nform = \"none\"\n";
    let banks = read(&format!("{GOOD}{kms}")).unwrap();
    let seal = banks[0].seal.as_ref().unwrap();
    assert!(matches!((&seal.key, &seal.signature.scheme), (SealKey::CloudKms { .. }, Scheme::Rfc9421(_))));
    assert_eq!(seal.signature.certificate, None);
    let stet = "[seal]\nidentity = \"qwac.pem\"\n[seal.signature.key_id]\nform = \"address\"\nfingerprint = \"sha256\"\n\
        address = \"https://tpp.example/qseal.pem\"\n[seal.signature.certificate]\nform = \"address\"\n\
        address = \"https://tpp.example/qseal.pem\"\n";
    assert!(read(&format!("{GOOD}{stet}")).is_ok());
    let told =
        read(&format!("{GOOD}[seal]\nidentity = \"qwac.pem\"\n[seal.signature]\nscheme = \"rfc9421\"\n")).unwrap_err();
    assert!(told.contains("seal.signature.covered: missing"), "{told}");
}
