//! Authorities and certificates, minted anew for every run.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, SignatureAlgorithm,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// An authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub struct Minted {
    certificate: Certificate,
    key: KeyPair,
}

/// What a certificate says that matters here.
#[derive(Clone, Copy)]
pub struct Wish {
    /// The address or name that it is for.
    pub host: &'static str,
    /// The years in which it holds.
    pub years: (i32, i32),
    /// Its key.
    pub algorithm: &'static SignatureAlgorithm,
}

/// A QWAC for this machine, valid, of a P-256 key.
pub const SOUND: Wish = Wish { host: "127.0.0.1", years: VALID, algorithm: &PKCS_ECDSA_P256_SHA256 };

/// The time of this test and a long time around it.
const VALID: (i32, i32) = (2000, 4000);
/// A time that is over.
pub const OVER: (i32, i32) = (2019, 2020);
/// A time that nobody here lives to see.
pub const TO_COME: (i32, i32) = (3999, 4000);

/// `qcStatements` (RFC 3739 §3.2.6) of a QWAC with the roles `PSP_AI` and `PSP_PI`.
const QWAC: &str = "3081853008060604008e4601013013060604008e4601063009060704008e460106033064060604008198270230\
    5a302630110607040081982701030c065053505f414930110607040081982701020c065053505f50490c24536\
    16e64626f78204e6174696f6e616c20436f6d706574656e7420417574686f726974790c0a44452d46414b454e4341";

/// A kind of key that few servers take.
pub const UNCOMMON: &SignatureAlgorithm = &PKCS_ED25519;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Authority {
    pub fn named(name: &str) -> Self {
        Self(CertifiedIssuer::self_signed(authority(name), KeyPair::generate().unwrap()).unwrap())
    }

    pub fn mint(&self, wish: Wish) -> Minted {
        let key = KeyPair::generate_for(wish.algorithm).unwrap();
        let mut params = CertificateParams::new([wish.host.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        (params.not_before, params.not_after) = (date_time_ymd(wish.years.0, 1, 1), date_time_ymd(wish.years.1, 1, 1));
        params.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 3], bytes(QWAC))];
        Minted { certificate: params.signed_by(&key, &self.0).unwrap(), key }
    }

    /// An authority below this one.
    pub fn subordinate(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::signed_by(authority(name), key, &self.0).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }
}

impl Minted {
    /// Key and certificate in one text, as banks' documents have them.
    pub fn pem(&self) -> String {
        self.key_pem() + &self.certificate_pem()
    }

    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    pub fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    pub fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    pub fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }
}
