//! Authorities, certificates and files of them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName, DnType,
    IsCa, KeyPair, PKCS_RSA_SHA256, RsaKeySize, SubjectPublicKeyInfo, date_time_ymd,
};
use shared::{adapters::identity_files::IdentityFiles, testing::clock::ManualClock};
use tempfile::TempDir;

/// A trust service provider.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What a certificate says.
#[derive(Clone, Copy)]
pub struct Wish {
    /// The last number of its type: 2 for a QSEAL, 3 for a QWAC; none for one without statements.
    pub kind: Option<u8>,
    /// The last number of its first role, 3 being `PSP_AI`.
    pub role: u8,
    /// The years in which it holds.
    pub years: (i32, i32),
    /// Its owner's number.
    pub organisation: &'static str,
}

/// A good QWAC.
pub const QWAC: Wish = Wish { kind: Some(3), role: 3, years: (2026, 2028), organisation: "PSDDE-BAFIN-123456" };
/// A good QSEAL.
pub const QSEAL: Wish = Wish { kind: Some(2), ..QWAC };

/// `qcStatements` (RFC 3739 §3.2.6) of a QWAC with one role, `PSP_AI`.
const STATEMENTS: [u8; 79] = *b"\x30\x4d\x30\x08\x06\x06\x04\x00\x8e\x46\x01\x01\x30\x13\x06\x06\x04\x00\x8e\x46\x01\x06\x30\x09\
    \x06\x07\x04\x00\x8e\x46\x01\x06\x03\x30\x2c\x06\x06\x04\x00\x81\x98\x27\x02\x30\x22\x30\x13\x30\x11\x06\x07\x04\x00\x81\x98\x27\
    \x01\x03\x0c\x06PSP_AI\x0c\x03NCA\x0c\x06DE-NCA";

impl Authority {
    pub fn named(name: &str) -> Self {
        Self(CertifiedIssuer::self_signed(authority(name), KeyPair::generate().unwrap()).unwrap())
    }

    pub fn subordinate(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::signed_by(authority(name), key, &self.0).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate of that key.
    pub fn certify(&self, wish: Wish, key: &KeyPair) -> Certificate {
        params(wish).signed_by(key, &self.0).unwrap()
    }

    /// A certificate of a key whose private half is elsewhere: its `SubjectPublicKeyInfo` in DER.
    pub fn certify_public(&self, wish: Wish, info: &[u8]) -> Certificate {
        params(wish).signed_by(&SubjectPublicKeyInfo::from_der(info).unwrap(), &self.0).unwrap()
    }

    /// A new key and its certificate, in one text.
    pub fn mint(&self, wish: Wish) -> String {
        let key = KeyPair::generate().unwrap();
        key.serialize_pem() + &self.certify(wish, &key).pem()
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn params(wish: Wish) -> CertificateParams {
    let mut params = CertificateParams::new(["tpp.example".to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::from_oid(&[2, 5, 4, 97]), wish.organisation);
    params.distinguished_name.push(DnType::CommonName, "tpp.example");
    (params.not_before, params.not_after) = (date_time_ymd(wish.years.0, 1, 1), date_time_ymd(wish.years.1, 1, 1));
    if let Some(kind) = wish.kind {
        let mut value = STATEMENTS;
        (value[32], value[57]) = (kind, wish.role);
        params.custom_extensions =
            vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 3], value.to_vec())];
    }
    params
}

/// A new RSA key of 2,048 bits.
pub fn rsa_key() -> KeyPair {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()
}

/// A folder, and files that are looked at before every use, in the middle of 2026.
pub struct Place {
    pub clock: Arc<ManualClock>,
    pub files: Arc<IdentityFiles>,
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self::looking_every(Duration::ZERO)
    }

    pub fn looking_every(every: Duration) -> Self {
        let clock = Arc::new(ManualClock::at("2026-06-15T12:00:00Z".parse().unwrap()));
        let files = Arc::new(IdentityFiles::new(clock.clone(), every));
        Self { clock, files, folder: TempDir::new().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        write(&self.path(name), content)
    }

    pub fn set_clock(&self, time: &str) {
        self.clock.set(time.parse().unwrap());
    }
}

pub fn write(path: &Path, content: impl AsRef<[u8]>) -> PathBuf {
    fs::write(path, content).unwrap();
    path.to_owned()
}
