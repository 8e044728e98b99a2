//! One process's settings, from environment variables.

use std::{net::IpAddr, path::PathBuf};

use http::HeaderName;
use url::Url;

use super::{address::is_private_enough, environment::Environment, mistakes::Mistakes, reader::Reader};
use crate::domain::reach::Reach;

pub use super::{
    keys_setting::{CloudKmsSetting, KeysSetting},
    reader::Variables,
    store_setting::{FirestoreSetting, StoreSetting},
};

/// One process's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `PORT`: the port to listen on; 8080 if not set.
    pub port: u16,
    /// `HUB_LISTEN`: the address to listen on; every address if not set, as Cloud Run wants it.
    pub listen: IpAddr,
    /// `HUB_PUBLIC_URL`: where CRMs and browsers reach the hub; https, or http on this machine.
    pub public_url: Url,
    /// `HUB_AUDIENCE`: the `aud` that tokens must be made for; the public URL without its last slash if not set.
    pub audience: String,
    /// `HUB_STORE`: where sessions are kept, as `redb:PATH` or `firestore://PROJECT/DATABASE`.
    pub store: StoreSetting,
    /// `HUB_KMS`: where the keys are, as `file:PATH` or `kms:projects/P/locations/L/keyRings/R`.
    pub keys: KeysSetting,
    /// `HUB_BANKS`: the folder of the banks' documents.
    pub banks: PathBuf,
    /// `HUB_ENVIRONMENT`: which of the banks' environments is spoken to, `live` (if not set) or `sandbox`.
    pub environment: Environment,
    /// `HUB_TENANTS`: the folder of the tenants' documents.
    pub tenants: PathBuf,
    /// `HUB_EGRESS_ADDRESS`: the address that banks see us come from.
    pub egress_address: IpAddr,
    /// `HUB_CLIENT_CERTIFICATE_HEADER`: the header in which a load balancer tells, on every call, the SHA-256 of the caller's
    /// certificate. Named only where there is no way past that load balancer.
    pub client_certificate_header: Option<HeaderName>,
    /// `HUB_REACH`: `banks` (if not set), or `google` for a process that calls neither banks nor CRMs: it serves only what
    /// needs none of them, and reads neither banks' documents nor our certificates.
    pub reach: Reach,
    /// `GOOGLE_CLOUD_PROJECT`: where traces are kept, if anywhere.
    pub project: Option<String>,
    /// `HUB_OTLP_ENDPOINT`: where metrics and traces are delivered by OTLP over HTTP, if anywhere.
    pub otlp_endpoint: Option<Url>,
}

impl Settings {
    /// The settings in the process's environment.
    pub fn from_environment() -> Result<Self, Mistakes> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        Self::from_variables(&|name| std::env::var(name).ok())
    }

    /// The settings in these variables, or every mistake in them.
    pub fn from_variables(variables: &Variables<'_>) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let settings = Self::read(variables, &mut mistakes);
        mistakes.or(settings)
    }

    fn read(variables: &Variables<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut reader = Reader { variables, mistakes };
        let port = reader.optional("PORT", "8080", |text| text.parse::<u16>().map_err(|_| "not a port"));
        let listen = reader.optional("HUB_LISTEN", "0.0.0.0", address);
        let public_url = reader.required("HUB_PUBLIC_URL", public_url);
        let store = StoreSetting::read(&mut reader);
        let keys = KeysSetting::read(&mut reader);
        let banks = reader.required("HUB_BANKS", folder);
        let environment = reader.optional("HUB_ENVIRONMENT", Environment::Live.name(), str::parse);
        let tenants = reader.required("HUB_TENANTS", folder);
        let egress_address = reader.required("HUB_EGRESS_ADDRESS", address);
        let client_certificate_header = reader.absent_or("HUB_CLIENT_CERTIFICATE_HEADER", header);
        let reach = reader.optional("HUB_REACH", Reach::default().name(), str::parse);
        let otlp_endpoint = reader.absent_or("HUB_OTLP_ENDPOINT", otlp_endpoint);
        let public_url = public_url?;
        let audience = (variables)("HUB_AUDIENCE").unwrap_or_else(|| Self::default_audience(&public_url));
        Some(Self {
            port: port?,
            listen: listen?,
            public_url,
            audience,
            store: store?,
            keys: keys?,
            banks: banks?,
            environment: environment?,
            tenants: tenants?,
            egress_address: egress_address?,
            client_certificate_header: client_certificate_header?,
            reach: reach?,
            project: (variables)("GOOGLE_CLOUD_PROJECT"),
            otlp_endpoint: otlp_endpoint?,
        })
    }

    /// The public URL without its last slash.
    pub fn default_audience(public_url: &Url) -> String {
        public_url.as_str().trim_end_matches('/').to_owned()
    }
}

fn address(text: &str) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| "not an IP address")
}

fn header(text: &str) -> Result<HeaderName, &'static str> {
    text.parse().map_err(|_| "not the name of a header")
}

fn folder(text: &str) -> Result<PathBuf, &'static str> {
    if text.is_empty() { Err("empty") } else { Ok(text.into()) }
}

/// Reads `HUB_OTLP_ENDPOINT`: https, or http on this machine, where a collector may stand beside the hub.
pub fn otlp_endpoint(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "not a URL")?;
    let is_bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    match (is_private_enough(&url), is_bare && url.password().is_none()) {
        (true, true) => Ok(url),
        (false, _) => Err("must be https (http only on 127.0.0.1)"),
        (_, false) => Err("must be a plain address"),
    }
}

/// https, or http where the traffic does not leave the machine; no query; ends with a slash.
fn public_url(text: &str) -> Result<Url, &'static str> {
    let mut url = Url::parse(text).map_err(|_| "not a URL")?;
    if !is_private_enough(&url) {
        return Err("must be https (http only on 127.0.0.1)");
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err("must be a plain address");
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeSet};

    use super::*;

    fn read(changes: &[(&str, Option<&str>)]) -> Result<Settings, Mistakes> {
        let good = [
            ("HUB_PUBLIC_URL", "https://hub.example"),
            ("HUB_STORE", "redb:/data/store"),
            ("HUB_KMS", "file:/data/keys"),
            ("HUB_BANKS", "/etc/hub/banks"),
            ("HUB_TENANTS", "/etc/hub/tenants"),
            ("HUB_EGRESS_ADDRESS", "192.0.2.1"),
        ];
        Settings::from_variables(&|name| {
            let instead = changes.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
            let value = instead.unwrap_or_else(|| good.iter().find(|(key, _)| *key == name).map(|(_, value)| *value));
            value.map(str::to_owned)
        })
    }

    #[test]
    fn fills_in_what_need_not_be_said() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.port, 8080);
        assert_eq!(settings.public_url.as_str(), "https://hub.example/");
        assert_eq!(settings.audience, "https://hub.example");
        assert_eq!(settings.environment, Environment::Live);
        assert_eq!((settings.reach, settings.client_certificate_header), (Reach::Banks, None));
        let named = read(&[("HUB_CLIENT_CERTIFICATE_HEADER", Some("X-Client-Cert-Fingerprint"))]).unwrap();
        assert_eq!(named.client_certificate_header.unwrap(), "x-client-cert-fingerprint");
        assert_eq!(read(&[("HUB_REACH", Some("google"))]).unwrap().reach, Reach::Google);
        assert_eq!(read(&[("HUB_ENVIRONMENT", Some("sandbox"))]).unwrap().environment, Environment::Sandbox);
    }

    #[test]
    fn tells_every_mistake_at_once_and_no_value() {
        let wrong = [
            ("PORT", Some("canary")),
            ("HUB_PUBLIC_URL", Some("http://hub.example")),
            ("HUB_STORE", None),
            ("HUB_KMS", Some("canary")),
            ("HUB_ENVIRONMENT", Some("canary")),
            ("HUB_REACH", Some("canary")),
            ("HUB_CLIENT_CERTIFICATE_HEADER", Some("ca nary")),
        ];
        let mistakes = read(&wrong).unwrap_err().to_string();
        assert_eq!(
            mistakes,
            "PORT: not a port; HUB_PUBLIC_URL: must be https (http only on 127.0.0.1); HUB_STORE: not set; \
             HUB_KMS: neither file:PATH nor kms:projects/P/locations/L/keyRings/R; \
             HUB_ENVIRONMENT: neither live nor sandbox; HUB_CLIENT_CERTIFICATE_HEADER: not the name of a header; \
             HUB_REACH: neither banks nor google"
        );
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        assert!(read(&[("HUB_PUBLIC_URL", Some("http://127.0.0.1:8080"))]).is_ok());
        for bad in
            ["http://127.0.0.2", "http://localhost", "http://10.0.0.1", "ftp://hub.example", "https://a@b.example"]
        {
            assert!(read(&[("HUB_PUBLIC_URL", Some(bad))]).is_err(), "{bad}");
        }
    }

    const RING: &str = "kms:projects/acme/locations/europe-west3/keyRings/hub";

    #[test]
    fn reads_a_firestore_database_or_two() {
        let store = |changes: &[_]| read(changes).unwrap().store;
        let one = [("HUB_STORE", Some("firestore://acme-hub/(default)"))];
        let setting = FirestoreSetting {
            project: "acme-hub".to_owned(),
            database: "(default)".to_owned(),
            counters: None,
            emulator: None,
        };
        assert_eq!(store(&one), StoreSetting::Firestore(setting.clone()));
        let two = [one[0], ("HUB_COUNTERS", Some("counters")), ("FIRESTORE_EMULATOR_HOST", Some("127.0.0.1:8080"))];
        let (counters, emulator) = (Some("counters".to_owned()), Some("127.0.0.1:8080".to_owned()));
        assert_eq!(store(&two), StoreSetting::Firestore(FirestoreSetting { counters, emulator, ..setting }));
    }

    #[test]
    fn reads_a_key_ring() {
        let changes = [("HUB_KMS", Some(RING)), ("HUB_PSEUDONYMS", Some("file:/secrets/pseudonyms"))];
        let KeysSetting::CloudKms(keys) = read(&changes).unwrap().keys else { panic!("not Cloud KMS") };
        assert_eq!(keys.key_ring, "projects/acme/locations/europe-west3/keyRings/hub");
        assert_eq!((keys.endpoint, keys.pseudonym_key), (None, "/secrets/pseudonyms".into()));
    }

    #[test]
    fn names_what_is_wrong_with_stores_and_keys() {
        let told = |changes: &[_]| read(changes).unwrap_err().to_string();
        for store in ["firestore://", "firestore://acme", "firestore:///x", "firestore://a/B", "firestore://a/b/c", "x"]
        {
            let told = told(&[("HUB_STORE", Some(store))]);
            assert_eq!(told, "HUB_STORE: neither redb:PATH nor firestore://PROJECT/DATABASE", "{store}");
        }
        for keys in ["kms:", "kms:projects/p", "kms:projects/p/locations/l/keyRings/", "kms:projects/p/locations/l/x/r"]
        {
            assert!(told(&[("HUB_KMS", Some(keys))]).starts_with("HUB_KMS: neither"), "{keys}");
        }
        assert_eq!(told(&[("HUB_COUNTERS", Some("x"))]), "HUB_COUNTERS: only with HUB_STORE=firestore://…");
        let unused = [("HUB_KMS_ENDPOINT", Some("x")), ("HUB_PSEUDONYMS", Some("x"))];
        assert_eq!(told(&unused), "HUB_KMS_ENDPOINT: only with HUB_KMS=kms:…; HUB_PSEUDONYMS: only with HUB_KMS=kms:…");
        let keys = [("HUB_KMS", Some(RING)), ("HUB_KMS_ENDPOINT", Some("http://kms.example"))];
        assert_eq!(told(&keys), "HUB_KMS_ENDPOINT: must be https (http only on 127.0.0.1); HUB_PSEUDONYMS: not set");
        let emulator = [("HUB_STORE", Some("firestore://a/b")), ("FIRESTORE_EMULATOR_HOST", Some("http://x"))];
        assert_eq!(told(&emulator), "FIRESTORE_EMULATOR_HOST: not HOST:PORT");
    }

    /// An organisation's policy may refuse a service that has such names, since values of them should be no variables.
    #[test]
    fn no_variable_is_called_as_if_it_held_a_secret() {
        for (store, keys) in [("redb:x", "file:x"), ("firestore://a/b", RING)] {
            let asked = RefCell::new(BTreeSet::new());
            drop(Settings::from_variables(&|name| {
                asked.borrow_mut().insert(name.to_ascii_uppercase());
                match name {
                    "HUB_STORE" => Some(store.to_owned()),
                    "HUB_KMS" => Some(keys.to_owned()),
                    _ => None,
                }
            }));
            let asked = asked.into_inner();
            assert!(asked.len() > 10, "{asked:?}");
            for (name, word) in
                asked.iter().flat_map(|name| ["SECRET", "KEY", "PASSWORD", "TOKEN"].map(|word| (name, word)))
            {
                assert!(!name.contains(word), "{name}");
            }
        }
    }
}
