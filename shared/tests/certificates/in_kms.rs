//! Seals whose key is in Cloud KMS, against the stand-in.

use std::{path::PathBuf, sync::Arc, time::Duration};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256};
use kms_stand_in::{Algorithm, Fault, KmsStandIn, VersionState};
use shared::{
    adapters::{
        cloud_kms::{CloudKmsLimits, CloudKmsSealKeys},
        seals::OpenSeals,
    },
    domain::{
        bank::{Bank, SealKey},
        signature_profile::SignatureAlgorithm,
    },
    ports::seals::{Seal, SealError, Seals},
};

use crate::{
    pki::{Authority, Place, QSEAL},
    seals::{assert_signs, sealed_bank},
};

/// A stand-in with a key version for the seal, and the seal's certificate.
struct Vault {
    service: KmsStandIn,
    keys: Arc<CloudKmsSealKeys>,
    version: u32,
    place: Place,
}

impl Vault {
    async fn with(algorithm: Algorithm) -> Self {
        let service = KmsStandIn::start().await.unwrap();
        let version = service.rotate_to("signing", algorithm).unwrap();
        let limits = CloudKmsLimits { attempts: 2, first_pause: Duration::from_millis(1), ..CloudKmsLimits::default() };
        let keys = Arc::new(CloudKmsSealKeys::new(Some(&service.url()), limits).await.unwrap());
        Self { service, keys, version, place: Place::new() }
    }

    fn name(&self) -> String {
        format!("{}/cryptoKeys/signing/cryptoKeyVersions/{}", self.service.key_ring(), self.version)
    }

    /// A certificate of the key, in a file.
    async fn certificate(&self) -> PathBuf {
        let version = self.keys.version(&self.name()).await.unwrap();
        let certificate = Authority::named("Root").certify_public(QSEAL, version.public_key_info());
        self.place.write("seal.pem", certificate.pem())
    }

    async fn bank(&self) -> Bank {
        sealed_bank(SealKey::CloudKms { key_version: self.name(), certificate: self.certificate().await })
    }

    fn seals(&self) -> OpenSeals {
        OpenSeals::new(Arc::clone(&self.place.files), Some(Arc::clone(&self.keys)), self.place.clock.clone())
    }

    async fn seal(&self, bank: &Bank) -> Result<Arc<dyn Seal>, SealError> {
        self.seals().seal(bank).await
    }
}

#[tokio::test]
async fn signs_with_the_key_of_the_certificate() {
    let vault = Vault::with(Algorithm::RsaSignPkcs12048Sha256).await;
    let seal = vault.seal(&vault.bank().await).await.unwrap();
    assert_signs(&*seal, SignatureAlgorithm::RsaPkcs1Sha256, &RSA_PKCS1_2048_8192_SHA256).await;
    let vault = Vault::with(Algorithm::EcSignP256Sha256).await;
    let seal = vault.seal(&vault.bank().await).await.unwrap();
    assert_signs(&*seal, SignatureAlgorithm::EcdsaP256Sha256, &ECDSA_P256_SHA256_FIXED).await;
}

#[tokio::test]
async fn a_key_version_has_one_algorithm() {
    let vault = Vault::with(Algorithm::RsaSignPss2048Sha256).await;
    let seal = vault.seal(&vault.bank().await).await.unwrap();
    assert!(seal.sign(SignatureAlgorithm::RsaPssSha256, b"message").await.is_ok());
    let outcome = seal.sign(SignatureAlgorithm::RsaPkcs1Sha256, b"message").await;
    assert!(matches!(outcome, Err(SealError::OtherAlgorithm)), "{outcome:?}");
}

#[tokio::test]
async fn a_certificate_of_another_key_is_refused() {
    let vault = Vault::with(Algorithm::RsaSignPkcs12048Sha256).await;
    let bank = vault.bank().await;
    let other = Authority::named("Root").mint(QSEAL);
    vault.place.write("seal.pem", &other[other.find("-----BEGIN CERTIFICATE").unwrap()..]);
    assert!(matches!(vault.seal(&bank).await, Err(SealError::KeyMismatch)));
}

#[tokio::test]
async fn a_version_that_is_not_there_signs_nothing() {
    let vault = Vault::with(Algorithm::RsaSignPkcs12048Sha256).await;
    let bank = vault.bank().await;
    let seal = vault.seal(&bank).await.unwrap();
    vault.service.set_state("signing", vault.version, VersionState::Disabled).unwrap();
    let outcome = seal.sign(SignatureAlgorithm::RsaPkcs1Sha256, b"message").await;
    assert!(matches!(outcome, Err(SealError::VersionUnavailable)), "{outcome:?}");
    assert!(matches!(vault.seal(&bank).await, Err(SealError::VersionUnavailable)));
    let certificate = vault.place.path("seal.pem");
    for name in ["signing", "projects/p/locations/l/keyRings/r/cryptoKeys/k"] {
        let bank = sealed_bank(SealKey::CloudKms { key_version: name.to_owned(), certificate: certificate.clone() });
        assert!(matches!(vault.seal(&bank).await, Err(SealError::VersionUnavailable)), "{name}");
    }
}

#[tokio::test]
async fn a_service_that_is_away_is_told_from_a_key_that_is_wrong() {
    let vault = Vault::with(Algorithm::RsaSignPkcs12048Sha256).await;
    let bank = vault.bank().await;
    let seals = vault.seals();
    let seal = seals.seal(&bank).await.unwrap();
    vault.service.fault_times(Fault::UNAVAILABLE, 1);
    assert!(seal.sign(SignatureAlgorithm::RsaPkcs1Sha256, b"message").await.is_ok(), "tried again");
    vault.service.fault(Fault::UNAVAILABLE);
    let outcome = seal.sign(SignatureAlgorithm::RsaPkcs1Sha256, b"message").await.unwrap_err();
    assert!(outcome.is_passing(), "{outcome:?}");
    assert!(seals.seal(&bank).await.is_ok(), "the seal is still open");
    assert!(vault.seal(&bank).await.is_err_and(|error| error.is_passing()));
}
