//! Authorities and certificates, minted anew for every run.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, SignatureAlgorithm, date_time_ymd,
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
    /// Whether its time is over.
    pub expired: bool,
    /// Its key.
    pub algorithm: &'static SignatureAlgorithm,
}

/// A certificate for this machine, valid, of a P-256 key.
pub const SOUND: Wish = Wish { host: "127.0.0.1", expired: false, algorithm: &PKCS_ECDSA_P256_SHA256 };

/// A kind of key that few servers take.
pub const UNCOMMON: &SignatureAlgorithm = &PKCS_ED25519;

impl Authority {
    pub fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn mint(&self, wish: Wish) -> Minted {
        let key = KeyPair::generate_for(wish.algorithm).unwrap();
        let mut params = CertificateParams::new([wish.host.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        if wish.expired {
            (params.not_before, params.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1));
        }
        Minted { certificate: params.signed_by(&key, &self.0).unwrap(), key }
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
