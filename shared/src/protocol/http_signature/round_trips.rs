//! Signed with fresh keys, and verified as a bank would: from the headers that went out and the certificate in them.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeyPair as RsaKeyPair,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_2048_8192_SHA256,
        RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA512, RsaEncoding, UnparsedPublicKey,
        VerificationAlgorithm,
    },
};
use http::HeaderMap;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{
    SigningCertificate,
    fixtures::{covering, decoded, map, message_signature, now, request, text},
    prepare,
};
use crate::domain::signature_profile::{Scheme, SignatureAlgorithm, SignatureProfile};

fn certificate(key: &KeyPair) -> SigningCertificate {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Seal");
    SigningCertificate::from_pem(params.self_signed(key).unwrap().pem().as_bytes()).unwrap()
}

/// The headers of the request after it was signed.
fn signed(profile: &SignatureProfile, key: &KeyPair, sign: &dyn Fn(&[u8]) -> Vec<u8>) -> HeaderMap {
    let mut sent = request().headers;
    let prepared = prepare(&request(), profile, &certificate(key), now()).unwrap();
    let signature = sign(prepared.message());
    sent.extend(map(prepared.finish(&signature).unwrap()));
    sent
}

/// Reads the headers as a bank does, without any code of ours.
fn verify(sent: &HeaderMap, scheme: &Scheme, algorithm: &'static dyn VerificationAlgorithm) {
    let (message, signature) = match scheme {
        Scheme::Cavage(_) => told_by_cavage(sent),
        Scheme::Rfc9421(_) => told_by_rfc_9421(sent),
    };
    let der = decoded(&text(sent, "tpp-signature-certificate"));
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    let point_or_key = if certificate.public_key().algorithm.algorithm.to_id_string() == "1.2.840.10045.2.1" {
        certificate.public_key().subject_public_key.data.to_vec()
    } else {
        certificate.public_key().raw.to_vec()
    };
    let key = UnparsedPublicKey::new(algorithm, &point_or_key);
    key.verify(message.as_bytes(), &signature).unwrap();
    assert!(key.verify(message.replace("9939", "9938").as_bytes(), &signature).is_err(), "verifies another message");
}

fn told_by_cavage(sent: &HeaderMap) -> (String, Vec<u8>) {
    let header = text(sent, "signature");
    let parameter = |name: &str| header.split_once(&format!("{name}=\"")).unwrap().1.split_once('"').unwrap().0;
    let line = |name: &str| match name {
        "(request-target)" => "(request-target): post /psd2/v1/consents".to_owned(),
        name => format!("{name}: {}", text(sent, name)),
    };
    let lines: Vec<_> = parameter("headers").split(' ').map(line).collect();
    (lines.join("\n"), decoded(parameter("signature")))
}

fn told_by_rfc_9421(sent: &HeaderMap) -> (String, Vec<u8>) {
    let input = text(sent, "signature-input");
    let parameters = input.strip_prefix("sig1=").unwrap();
    let names = parameters.strip_prefix('(').unwrap().split_once(')').unwrap().0;
    let line = |name: &str| match name.trim_matches('"') {
        "@request-target" => format!("{name}: /psd2/v1/consents"),
        header => format!("{name}: {}", text(sent, header)),
    };
    let lines: Vec<_> = names.split(' ').map(line).collect();
    let signature = text(sent, "signature");
    let signature = signature.strip_prefix("sig1=:").unwrap().strip_suffix(':').unwrap();
    (format!("{}\n\"@signature-params\": {parameters}", lines.join("\n")), decoded(signature))
}

fn profiles(algorithm: SignatureAlgorithm) -> [SignatureProfile; 2] {
    let cavage = covering(&["(request-target)", "digest", "x-request-id", "date"]);
    let rfc_9421 = covering(&["(request-target)", "content-digest", "x-request-id", "date"]);
    [SignatureProfile { algorithm, ..cavage }, SignatureProfile { algorithm, scheme: message_signature(), ..rfc_9421 }]
}

#[test]
fn what_an_rsa_key_signs_verifies() {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let pair = RsaKeyPair::from_pkcs8(&key.serialize_der()).unwrap();
    let encodings: [(_, &'static dyn RsaEncoding, &'static dyn VerificationAlgorithm); 4] = [
        (SignatureAlgorithm::RsaPkcs1Sha256, &RSA_PKCS1_SHA256, &RSA_PKCS1_2048_8192_SHA256),
        (SignatureAlgorithm::RsaPkcs1Sha512, &RSA_PKCS1_SHA512, &RSA_PKCS1_2048_8192_SHA512),
        (SignatureAlgorithm::RsaPssSha256, &RSA_PSS_SHA256, &RSA_PSS_2048_8192_SHA256),
        (SignatureAlgorithm::RsaPssSha512, &RSA_PSS_SHA512, &RSA_PSS_2048_8192_SHA512),
    ];
    for (algorithm, encoding, verification) in encodings {
        let sign = |message: &[u8]| {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
            signature
        };
        for profile in profiles(algorithm) {
            verify(&signed(&profile, &key, &sign), &profile.scheme, verification);
        }
    }
}

#[test]
fn what_an_elliptic_key_signs_verifies() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.serialize_der()).unwrap();
    let sign = |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
    for profile in profiles(SignatureAlgorithm::EcdsaP256Sha256) {
        verify(&signed(&profile, &key, &sign), &profile.scheme, &ECDSA_P256_SHA256_FIXED);
    }
}

#[test]
fn the_algorithm_is_named_as_each_standard_names_it() {
    use SignatureAlgorithm as Algorithm;
    let all = [
        Algorithm::RsaPkcs1Sha256,
        Algorithm::RsaPkcs1Sha512,
        Algorithm::RsaPssSha256,
        Algorithm::RsaPssSha512,
        Algorithm::EcdsaP256Sha256,
    ];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let named = |header: &str, start: &str| {
        Some(header.split_once(start)?.1.split_once('"')?.0.to_owned()).filter(|name| !name.is_empty())
    };
    let told = all.map(|algorithm| {
        let [cavage, rfc_9421] = profiles(algorithm).map(|profile| signed(&profile, &key, &|_| vec![1]));
        (named(&text(&cavage, "signature"), "algorithm=\""), named(&text(&rfc_9421, "signature-input"), ";alg=\""))
    });
    let expected = [
        ("rsa-sha256", Some("rsa-v1_5-sha256")),
        ("rsa-sha512", None),
        ("hs2019", None),
        ("hs2019", Some("rsa-pss-sha512")),
        ("ecdsa-sha256", Some("ecdsa-p256-sha256")),
    ];
    assert_eq!(told, expected.map(|(cavage, rfc)| (Some(cavage.to_owned()), rfc.map(str::to_owned))));
}
