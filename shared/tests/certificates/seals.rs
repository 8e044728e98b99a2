//! Seals whose key lies beside the certificate.

use std::{path::PathBuf, sync::Arc};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::KeyPair;
use shared::{
    adapters::seals::OpenSeals,
    domain::{
        bank::{Bank, SealKey, SealProfile, TlsProfile},
        signature_profile::{SignatureAlgorithm, SignatureProfile},
    },
    ports::seals::{Seal, SealError, Seals},
    protocol::certificate::public_key_info,
    testing::samples,
};

use crate::pki::{Authority, Place, QSEAL, QWAC, Wish, rsa_key};

const MESSAGE: &[u8] = b"digest: SHA-256=x";

const RSA: [(SignatureAlgorithm, &dyn VerificationAlgorithm); 4] = [
    (SignatureAlgorithm::RsaPkcs1Sha256, &RSA_PKCS1_2048_8192_SHA256),
    (SignatureAlgorithm::RsaPkcs1Sha512, &RSA_PKCS1_2048_8192_SHA512),
    (SignatureAlgorithm::RsaPssSha256, &RSA_PSS_2048_8192_SHA256),
    (SignatureAlgorithm::RsaPssSha512, &RSA_PSS_2048_8192_SHA512),
];

/// A bank that wants every call sealed.
pub fn sealed_bank(key: SealKey) -> Bank {
    let signature = SignatureProfile::berlin_group();
    Bank { seal: Some(SealProfile { signature, operations: None, key }), ..samples::bank() }
}

impl Place {
    pub fn seals(&self) -> OpenSeals {
        OpenSeals::new(Arc::clone(&self.files), None, self.clock.clone())
    }

    async fn seal(&self, file: PathBuf) -> Result<Arc<dyn Seal>, SealError> {
        self.seals().seal(&sealed_bank(SealKey::File(file))).await
    }
}

/// Fails unless the seal's signature is that of its certificate's key.
pub async fn assert_signs(
    seal: &dyn Seal,
    algorithm: SignatureAlgorithm,
    verified_by: &'static dyn VerificationAlgorithm,
) {
    let signature = seal.sign(algorithm, MESSAGE).await.unwrap();
    let key = public_key_info(seal.certificate().der()).unwrap();
    UnparsedPublicKey::new(verified_by, key).verify(MESSAGE, &signature).unwrap();
}

async fn assert_refuses(seal: &dyn Seal, algorithm: SignatureAlgorithm) {
    let outcome = seal.sign(algorithm, MESSAGE).await;
    assert!(matches!(outcome, Err(SealError::OtherAlgorithm)), "{algorithm:?}: {outcome:?}");
}

#[tokio::test]
async fn a_key_of_rsa_signs_with_every_algorithm_of_rsa_in_either_encoding() {
    let (authority, place, key) = (Authority::named("Root"), Place::new(), rsa_key());
    let certificate = authority.certify(QSEAL, &key).pem();
    for pem in [key.serialize_pem(), pkcs1_pem(&key)] {
        let seal = place.seal(place.write("seal.pem", pem + &certificate)).await.unwrap();
        for (algorithm, verified_by) in RSA {
            assert_signs(&*seal, algorithm, verified_by).await;
        }
        assert_refuses(&*seal, SignatureAlgorithm::EcdsaP256Sha256).await;
    }
}

/// The same key in PKCS #1 (RFC 8017 §A.1.2), which PKCS #8 has within it: after 26 bytes for keys of this length.
fn pkcs1_pem(key: &KeyPair) -> String {
    let text = STANDARD.encode(&key.serialize_der()[26..]);
    format!("-----BEGIN RSA PRIVATE KEY-----\n{text}\n-----END RSA PRIVATE KEY-----\n")
}

#[tokio::test]
async fn a_key_of_p_256_signs_with_r_and_s() {
    let (authority, place) = (Authority::named("Root"), Place::new());
    let seal = place.seal(place.write("seal.pem", authority.mint(QSEAL))).await.unwrap();
    assert_signs(&*seal, SignatureAlgorithm::EcdsaP256Sha256, &ECDSA_P256_SHA256_FIXED).await;
    for (algorithm, _) in RSA {
        assert_refuses(&*seal, algorithm).await;
    }
}

#[tokio::test]
async fn signs_with_a_seal_in_its_time_only() {
    let (authority, place) = (Authority::named("Root"), Place::new());
    for (years, told) in [((2024, 2025), "expired at"), ((2027, 2028), "not valid before")] {
        let path = place.write(told, authority.mint(Wish { years, ..QSEAL }));
        let Err(SealError::NotValid(misfit)) = place.seal(path).await else { panic!("{told}") };
        assert!(misfit.to_string().contains(told), "{misfit}");
    }
    let path = place.write("qwac.pem", authority.mint(QWAC));
    assert!(matches!(place.seal(path).await, Err(SealError::File(_))));
    assert!(matches!(place.seals().seal(&samples::bank()).await, Err(SealError::None)));
}

#[tokio::test]
async fn takes_what_a_bank_issues_for_its_sandbox_where_the_document_says_so() {
    let (authority, place) = (Authority::named("Root"), Place::new());
    let path = place.write("seal.pem", authority.mint(Wish { kind: None, ..QSEAL }));
    let mut bank = sealed_bank(SealKey::File(path));
    assert!(place.seals().seal(&bank).await.is_err());
    bank.tls = TlsProfile { accepts_unqualified: true, ..bank.tls };
    assert!(place.seals().seal(&bank).await.is_ok());
}

#[tokio::test]
async fn a_new_seal_is_a_new_key_and_certificate_and_the_old_one_still_signs_what_was_begun() {
    let (authority, place) = (Authority::named("Root"), Place::new());
    let bank = sealed_bank(SealKey::File(place.write("seal.pem", authority.mint(QSEAL))));
    let seals = place.seals();
    let first = seals.seal(&bank).await.unwrap();
    assert!(Arc::ptr_eq(&first, &seals.seal(&bank).await.unwrap()), "opened once");
    place.write("seal.pem", authority.mint(QSEAL));
    let second = seals.seal(&bank).await.unwrap();
    assert_ne!(first.facts().sha256, second.facts().sha256);
    for seal in [first, second] {
        assert_signs(&*seal, SignatureAlgorithm::EcdsaP256Sha256, &ECDSA_P256_SHA256_FIXED).await;
    }
}
