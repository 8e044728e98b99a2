//! A bank's document: one TOML file per bank. Adding a bank is writing one of these.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use url::Url;

use super::{address::is_private_enough, mistakes::Mistakes, read_folder, tenant_document::told};
use crate::domain::{
    bank::{
        Addresses, Bank, CallLimits, CircuitProfile, ConsentProfile, Dialect, Facts, HttpVersion, OAuthProfile,
        Operations, PsuProfile, Registration, Rotation, TlsProfile, TlsVersion, WebOrigin,
    },
    ids::BankId,
};

/// What stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankDocument {
    /// The hub's name of the bank.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 9362.
    pub bic: Option<String>,
    /// Which standard it speaks: `berlin-group`.
    pub dialect: Dialect,
    /// Where its interfaces are.
    pub addresses: AddressesTable,
    /// Mutual TLS.
    pub tls: TlsTable,
    /// Its authorisation server, if it has one.
    pub oauth: Option<OAuthTable>,
    /// Its consents.
    #[serde(default)]
    pub consent: ConsentTable,
    /// Bounds on calls.
    #[serde(default)]
    pub limits: LimitsTable,
}

/// Where a bank's interfaces are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressesTable {
    /// The root that `/v1/...` is appended to; https.
    pub api: Url,
    /// Origins of the pages that a browser may be sent to; https, or http on 127.0.0.1.
    pub web: Vec<Url>,
}

/// Mutual TLS with one bank. Paths are relative to the document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsTable {
    /// The file with the QWAC's key and full chain, PEM.
    pub identity: PathBuf,
    /// The file with the roots that the bank's certificates may lead to, PEM.
    pub trust_anchors: PathBuf,
    /// `1.2` (the default) or `1.3`.
    #[serde(default)]
    pub minimum: TlsVersion,
}

/// A bank's authorisation server and our registration there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthTable {
    /// Its issuer identifier.
    pub issuer: String,
    /// Where its metadata is; of the API's origin.
    pub metadata_url: Url,
    /// Our client id.
    pub client_id: String,
    /// The scope to ask for; `{consent_id}` is filled in.
    pub scope: String,
    /// What happens to a used refresh token: `none`, `grace` or `family`.
    pub rotation: Rotation,
    /// Seconds that an access token lives if the bank does not say; 300 if not set.
    #[serde(default = "default_access_seconds")]
    pub default_access_seconds: u32,
    /// Days after which a chain of refresh tokens ends, if it does.
    pub chain_days: Option<u16>,
}

const fn default_access_seconds() -> u32 {
    300
}

/// What a bank's consents allow.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsentTable {
    /// Days of validity to ask for, 1 to 366.
    pub validity_days: u16,
    /// Background reads a day to ask for, at least 1.
    pub frequency_per_day: u32,
    /// Minutes that the PSU has at the bank, 1 to 60.
    pub sca_window_minutes: u8,
}

/// 180 days is what Delegated Regulation 2022/2360 allows; four a day is what Art. 36(5)(b) of 2018/389 does.
impl Default for ConsentTable {
    fn default() -> Self {
        Self { validity_days: 180, frequency_per_day: 4, sca_window_minutes: 10 }
    }
}

/// Bounds on calls to a bank. What is not set has a default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsTable {
    /// To a connection.
    pub connect_millis: Option<u32>,
    /// From the call to the last byte of the answer; shorter than a refresh lease (45 s).
    pub total_millis: Option<u32>,
    /// Bytes of one answer, after decompression.
    pub body_bytes: Option<u32>,
    /// Pages of one list.
    pub pages: Option<u32>,
}

/// The longest that one call may last, so that a refresh surely ends before its lease.
const LONGEST_CALL: Duration = Duration::from_secs(30);

/// Reads every bank of a folder.
pub fn read_banks(folder: &Path) -> Result<Vec<Bank>, Mistakes> {
    let mut mistakes = Mistakes::default();
    let banks = read_folder(folder, &mut mistakes, |path, text, mistakes| {
        let document =
            mistakes.take(path.display(), toml::from_str::<BankDocument>(text).map_err(|error| told(&error)))?;
        document.check(path, mistakes)
    });
    let mut ids: Vec<_> = banks.iter().map(|bank| &bank.id).collect();
    ids.sort();
    for pair in ids.windows(2) {
        if let [one, other] = pair
            && one == other
        {
            mistakes.add(format!("bank {one}"), "has two documents");
        }
    }
    mistakes.or(Some(banks))
}

impl BankDocument {
    fn check(self, path: &Path, mistakes: &mut Mistakes) -> Option<Bank> {
        let mut place = Place { path, mistakes };
        let id = place.take("id", BankId::parse(self.id));
        place.demand("country", is_country(&self.country), "must be two capital letters");
        place.demand("bic", self.bic.as_deref().is_none_or(is_bic), "must be 8 or 11 letters and digits");
        let addresses = self.addresses.check(&mut place);
        let tls = self.tls.check(&mut place);
        let oauth = self.oauth.map(|oauth| oauth.check(&addresses, &mut place));
        let consent = self.consent.check(&mut place);
        let limits = self.limits.check(&mut place);
        Some(Bank {
            id: id?,
            name: self.name,
            country: self.country,
            bic: self.bic,
            facts: Facts::default(),
            registration: Registration::default(),
            dialect: self.dialect,
            addresses,
            tls: tls?,
            seal: None,
            oauth,
            consent,
            psu: PsuProfile::default(),
            operations: Operations::default(),
            limits,
            circuit: CircuitProfile::default(),
            maintenance: Vec::new(),
        })
    }
}

/// A document in which mistakes are noted by field.
struct Place<'a> {
    path: &'a Path,
    mistakes: &'a mut Mistakes,
}

impl Place<'_> {
    fn take<T, E: std::fmt::Display>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        self.mistakes.take(format!("{}: {field}", self.path.display()), result)
    }

    fn demand(&mut self, field: &str, holds: bool, what: &str) {
        if !holds {
            self.mistakes.add(format!("{}: {field}", self.path.display()), what);
        }
    }

    /// The text of a file that the document names.
    fn file(&mut self, field: &str, name: &Path) -> Option<String> {
        let beside = self.path.parent().unwrap_or(Path::new("")).join(name);
        let text = fs::read_to_string(&beside).map_err(|error| format!("{} cannot be read: {error}", beside.display()));
        self.take(field, text)
    }
}

impl AddressesTable {
    fn check(self, place: &mut Place<'_>) -> Addresses {
        let mut api = self.api;
        place.demand("addresses.api", api.scheme() == "https", "must be https");
        place.demand("addresses.api", api.query().is_none() && api.fragment().is_none(), "must be a plain address");
        let path = api.path().trim_end_matches('/').to_owned();
        api.set_path(&path);
        place.demand("addresses.web", !self.web.is_empty(), "empty");
        place.demand("addresses.web", self.web.iter().all(is_private_enough), "must be https (http only on 127.0.0.1)");
        let web_origins = self.web.iter().filter_map(WebOrigin::of).collect();
        Addresses { api, api_origins: [].into(), web_origins }
    }
}

impl TlsTable {
    fn check(self, place: &mut Place<'_>) -> Option<TlsProfile> {
        let trust_anchors = place.file("tls.trust_anchors", &self.trust_anchors);
        Some(TlsProfile {
            identity_file: place.path.parent().unwrap_or(Path::new("")).join(&self.identity),
            accepts_unqualified: false,
            tokens_must_be_bound: false,
            trust_anchors: trust_anchors?,
            pins: Vec::new(),
            minimum: self.minimum,
            cipher_suites: Vec::new(),
            http: HttpVersion::Any,
            idle_seconds: None,
            idle_connections: None,
        })
    }
}

impl OAuthTable {
    fn check(self, addresses: &Addresses, place: &mut Place<'_>) -> OAuthProfile {
        let own = addresses.api.origin() == self.metadata_url.origin();
        place.demand("oauth.metadata_url", own, "must be of the origin of addresses.api");
        place.demand("oauth.client_id", !self.client_id.is_empty(), "empty");
        OAuthProfile {
            metadata_url: Some(self.metadata_url),
            default_access_lifetime: Duration::from_secs(self.default_access_seconds.into()),
            chain_lifetime: self.chain_days.map(|days| Duration::from_secs(86_400 * u64::from(days))),
            ..OAuthProfile::standard(self.issuer, self.client_id, self.scope, self.rotation)
        }
    }
}

impl ConsentTable {
    fn check(&self, place: &mut Place<'_>) -> ConsentProfile {
        place.demand("consent.validity_days", (1..=366).contains(&self.validity_days), "must be 1 to 366");
        place.demand("consent.frequency_per_day", self.frequency_per_day > 0, "must be at least 1");
        place.demand("consent.sca_window_minutes", (1..=60).contains(&self.sca_window_minutes), "must be 1 to 60");
        ConsentProfile {
            validity_days: self.validity_days,
            frequency_per_day: self.frequency_per_day,
            sca_window_minutes: self.sca_window_minutes,
            ..ConsentProfile::default()
        }
    }
}

impl LimitsTable {
    fn check(&self, place: &mut Place<'_>) -> CallLimits {
        let default = CallLimits::default();
        let millis = |value: Option<u32>, default| value.map_or(default, |millis| Duration::from_millis(millis.into()));
        let limits = CallLimits {
            connect: millis(self.connect_millis, default.connect),
            total: millis(self.total_millis, default.total),
            body_bytes: self.body_bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(default.body_bytes),
            pages: self.pages.unwrap_or(default.pages),
        };
        place.demand("limits.total_millis", limits.total <= LONGEST_CALL, "must be at most 30000");
        place.demand("limits.connect_millis", limits.connect <= limits.total, "must not be more than total_millis");
        limits
    }
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_bic(text: &str) -> bool {
    matches!(text.len(), 8 | 11) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        id = "bank-1"
        name = "Bank One"
        country = "DE"
        bic = "BANKDEFFXXX"
        dialect = "berlin-group"

        [addresses]
        api = "https://api.bank.example/psd2/"
        web = ["https://www.bank.example"]

        [tls]
        identity = "qwac.pem"
        trust_anchors = "ca.pem"

        [oauth]
        issuer = "https://api.bank.example"
        metadata_url = "https://api.bank.example/.well-known/oauth-authorization-server"
        client_id = "PSDDE-BAFIN-123456"
        scope = "AIS:{consent_id}"
        rotation = "family"
    "#;

    fn read(text: &str) -> Result<Vec<Bank>, Mistakes> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("bank.toml", text), ("qwac.pem", "identity-canary"), ("ca.pem", "anchors")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        read_banks(folder.path())
    }

    #[test]
    fn reads_a_bank_and_hides_its_key() {
        let banks = read(GOOD).unwrap();
        assert_eq!(banks[0].addresses.api.as_str(), "https://api.bank.example/psd2");
        assert_eq!(banks[0].consent.validity_days, 180);
        assert!(!format!("{banks:?}").contains("identity-canary"));
    }

    #[test]
    fn tells_all_mistakes_together() {
        let wrong = GOOD
            .replace("\"DE\"", "\"Germany\"")
            .replace("https://api.bank.example/psd2/", "http://api.bank.example/psd2/")
            .replace("ca.pem", "missing.pem")
            .replace("rotation = \"family\"", "rotation = \"family\"\n[limits]\ntotal_millis = 60000");
        let mistakes = read(&wrong).unwrap_err().to_string();
        for part in
            ["country: must be", "addresses.api: must be https", "missing.pem cannot be read", "limits.total_millis"]
        {
            assert!(mistakes.contains(part), "{part} in {mistakes}");
        }
    }

    #[test]
    fn refuses_a_metadata_address_elsewhere() {
        let wrong = GOOD.replace("https://api.bank.example/.well", "https://evil.example/.well");
        assert!(read(&wrong).unwrap_err().to_string().contains("oauth.metadata_url"));
    }

    #[test]
    fn refuses_unknown_fields_and_words() {
        assert!(read(&format!("colour = 1\n{GOOD}")).is_err());
        assert!(read(&GOOD.replace("\"family\"", "\"sometimes\"")).is_err());
    }
}
