//! A deployment on this machine, and the doctor that is sent to it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use kms_stand_in::KmsStandIn;
use sandbox_bank::SandboxBank;
use shared::testing::firestore_emulator::FirestoreEmulator;
use tempfile::TempDir;

use super::issuer;

/// The key of keyed hashes, which must not be seen.
pub const PSEUDONYM_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// What the doctor said.
#[derive(Debug)]
pub struct Said {
    /// The exit status.
    pub status: i32,
    /// The lines of the standard output.
    pub lines: Vec<String>,
    /// The standard error.
    pub complaint: String,
}

impl Said {
    /// The lines that begin so.
    pub fn beginning(&self, start: &str) -> Vec<&str> {
        self.lines.iter().map(String::as_str).filter(|line| line.starts_with(start)).collect()
    }

    /// Asserts that this line failed, and that it is what the exit status tells.
    pub fn has_failed(&self, check: &str, found: &str) {
        let lines = self.beginning(&format!("fail  {check}  — "));
        assert!(lines.iter().any(|line| line.contains(found)), "{check}: {found} in {self:#?}");
        assert!(lines.iter().all(|line| line.matches(" — ").count() >= 2), "what to do: {lines:?}");
        assert_eq!(self.status, 1, "{self:#?}");
    }
}

/// A deployment.
pub struct Deployment {
    pub bank: SandboxBank,
    pub kms: KmsStandIn,
    folder: TempDir,
    settings: BTreeMap<&'static str, String>,
}

impl Deployment {
    /// One in which everything is in order.
    pub async fn start() -> Self {
        let bank = sandbox_bank::start(sandbox_bank::Settings::default()).await.unwrap();
        let (kms, issuer) = (KmsStandIn::start().await.unwrap(), issuer::start().await);
        let emulator = FirestoreEmulator::shared();
        let project = emulator.settings().project;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("banks")).unwrap();
        fs::create_dir(at("tenants")).unwrap();
        fs::write(at("pseudonym"), PSEUDONYM_KEY).unwrap();
        let settings = BTreeMap::from([
            ("HUB_PUBLIC_URL", "https://hub.example".to_owned()),
            ("HUB_STORE", format!("firestore://{project}/hub")),
            ("HUB_COUNTERS", "counters".to_owned()),
            ("FIRESTORE_EMULATOR_HOST", emulator.host().to_owned()),
            ("HUB_KMS", format!("kms:{}", kms.key_ring())),
            ("HUB_KMS_ENDPOINT", kms.url()),
            ("HUB_PSEUDONYMS", format!("file:{}", at("pseudonym").display())),
            ("HUB_BANKS", at("banks").display().to_string()),
            ("HUB_TENANTS", at("tenants").display().to_string()),
            ("HUB_EGRESS_ADDRESS", issuer::SEEN.to_owned()),
            ("HUB_DOCTOR_ADDRESS_URL", format!("{issuer}/address")),
        ]);
        let deployment = Self { bank, kms, folder, settings };
        deployment.write_bank("oauth", deployment.bank.api_url(), OAUTH);
        deployment.write_bank("sealed", deployment.bank.api_url(), "[seal]\nidentity = \"qseal.pem\"\n");
        deployment.write_tenant(&issuer);
        deployment.restore_certificates();
        deployment
    }

    /// A file of the deployment.
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The certificates as they should be.
    pub fn restore_certificates(&self) {
        let pki = self.bank.pki();
        for (name, text) in [("qwac.pem", &pki.qwac), ("qseal.pem", &pki.qseal), ("ca.pem", &pki.ca)] {
            fs::write(self.at("banks").join(name), text).unwrap();
        }
    }

    /// A bank's document with these further lines.
    pub fn write_bank(&self, id: &str, api: &str, further: &str) {
        let mood = if id == "oauth" { "oauth" } else { "explicit" };
        let text = format!(
            "id = \"{id}\"\nname = \"Bank {id}\"\ncountry = \"DE\"\nbic = \"SANDDEFFXXX\"\ndialect = \"berlin-group\"\n\
             [addresses]\napi = \"{api}/{mood}\"\nweb = [\"{}\"]\n\
             [tls]\nidentity = \"qwac.pem\"\ntrust_anchors = \"ca.pem\"\n{}",
            self.bank.web_url(),
            further.replace("API", self.bank.api_url()),
        );
        fs::write(self.at("banks").join(format!("{id}.toml")), text).unwrap();
    }

    /// The document of the one tenant, whose issuer is at that address.
    pub fn write_tenant(&self, issuer: &str) {
        let text = format!(
            "id = \"acme\"\nissuer = \"{issuer}\"\njwks_url = \"{issuer}/jwks\"\nalgorithms = [\"ES256\"]\n\
             return_urls = [\"https://crm.example/back\"]\n\
             [webhook]\nurl = \"https://localhost/events\"\naudience = \"https://crm.example\"\n"
        );
        fs::write(self.at("tenants").join("acme.toml"), text).unwrap();
    }

    /// Another value of a setting, or none.
    pub fn set(&mut self, name: &'static str, value: Option<String>) {
        match value {
            Some(value) => self.settings.insert(name, value),
            None => self.settings.remove(name),
        };
    }

    /// Takes a value back that [`Deployment::set`] changes.
    pub fn setting(&self, name: &str) -> Option<String> {
        self.settings.get(name).cloned()
    }

    /// Sends the doctor.
    pub async fn doctor(&self, arguments: &[&str]) -> Said {
        let settings: Vec<_> = self.settings.iter().map(|(name, value)| (*name, value.clone())).collect();
        doctor(settings, arguments, self.folder.path()).await
    }
}

/// Sends the doctor with these settings and no others.
pub async fn doctor(settings: Vec<(&'static str, String)>, arguments: &[&str], place: &Path) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hub"));
    command.env_clear().envs(settings).arg("doctor").args(arguments).current_dir(place);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said {
        status: output.status.code().unwrap(),
        lines: text(output.stdout).lines().map(str::to_owned).collect(),
        complaint: text(output.stderr),
    }
}

const OAUTH: &str = "[oauth]\nissuer = \"API/oauth\"\nclient_id = \"PSDDE-FAKENCA-HUB001\"\nrotation = \"family\"\n\
                     metadata_url = \"API/oauth/.well-known/oauth-authorization-server\"\nscope = \"AIS:{consent_id}\"\n\
                     chain_days = 180\n";
