//! Public keys and signatures between the forms of X.509, which Cloud KMS has, and those of JOSE.

use rustls_pki_types::{SubjectPublicKeyInfoDer, pem::PemObject};
use x509_parser::{prelude::FromDer, public_key::PublicKey as Parsed, x509::SubjectPublicKeyInfo};

use crate::ports::keys::PublicNumbers;

/// The key in a PEM text, if it is of P-256 or RSA.
pub(super) fn numbers_from_pem(pem: &str) -> Option<PublicNumbers> {
    let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (rest, info) = SubjectPublicKeyInfo::from_der(&der).ok()?;
    if !rest.is_empty() {
        return None;
    }
    match info.parsed().ok()? {
        Parsed::EC(point) => PublicNumbers::from_point(point.data()),
        Parsed::RSA(key) => Some(PublicNumbers::Rsa { n: bare(key.modulus).to_vec(), e: bare(key.exponent).to_vec() }),
        _ => None,
    }
}

/// A signature as JOSE has it. RSA signatures are the same in both worlds; those of ECDSA are a structure in X.509 and
/// two numbers of fixed length in JOSE (RFC 7518 §3.4).
pub(super) fn jose_form(key: &PublicNumbers, signature: &[u8]) -> Option<Vec<u8>> {
    match key {
        PublicNumbers::P256 { .. } => fixed_from_der(signature),
        PublicNumbers::Rsa { n, .. } => (signature.len() == n.len()).then(|| signature.to_vec()),
    }
}

/// r and s, 32 bytes each, of `Ecdsa-Sig-Value` (RFC 3279 §2.2.3).
fn fixed_from_der(der: &[u8]) -> Option<Vec<u8>> {
    let (content, rest) = element(0x30, der)?;
    let (r, after) = element(0x02, content)?;
    let (s, last) = element(0x02, after)?;
    if !rest.is_empty() || !last.is_empty() {
        return None;
    }
    let mut fixed = Vec::with_capacity(64);
    for number in [r, s] {
        let digits = bare(number);
        fixed.resize(fixed.len() + 32_usize.checked_sub(digits.len())?, 0);
        fixed.extend_from_slice(digits);
    }
    Some(fixed)
}

/// The content of the first element, which must have this tag, and what follows. Lengths of a P-256 signature take one
/// byte.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, content) = der.strip_prefix(&[tag])?.split_first()?;
    if length > 0x7f { None } else { content.split_at_checked(length.into()) }
}

/// A positive number without its leading zeroes.
fn bare(number: &[u8]) -> &[u8] {
    let zeroes = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeroes..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{
            ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
        },
    };
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_signature_verifies_in_its_other_form() {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
        // Enough for numbers with leading zeroes, which DER drops, and with a high bit, before which it has a zero.
        for number in 0..1_000_u32 {
            let message = number.to_be_bytes();
            let der = pair.sign(&random, &message).unwrap();
            let fixed = fixed_from_der(der.as_ref()).unwrap();
            assert_eq!(fixed.len(), 64);
            key.verify(&message, &fixed).unwrap();
        }
    }

    #[test]
    fn pads_short_numbers_and_drops_the_zero_of_the_sign() {
        let fixed = fixed_from_der(&[0x30, 7, 0x02, 2, 0, 0x80, 0x02, 1, 1]).unwrap();
        assert_eq!(fixed, [&[0; 31][..], &[0x80], &[0; 31], &[1]].concat());
    }

    #[test]
    fn refuses_what_is_no_signature() {
        let long = [&[0x30, 38, 0x02, 33][..], &[1; 33], &[0x02, 1, 1]].concat();
        for wrong in [
            &[][..],
            &[0x30, 0],
            &[0x31, 6, 0x02, 1, 1, 0x02, 1, 1],
            &[0x30, 6, 0x02, 1, 1, 0x02, 1, 1, 0],
            &[0x30, 7, 0x02, 1, 1, 0x02, 1, 1, 0],
            &[0x30, 6, 0x02, 1, 1, 0x04, 1, 1],
            &[0x30, 0x81, 6, 0x02, 1, 1, 0x02, 1, 1],
            &long,
        ] {
            assert_eq!(fixed_from_der(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn survives_any_bytes(bytes: Vec<u8>) {
            let fixed = fixed_from_der(&bytes);
            prop_assert!(fixed.is_none_or(|fixed| fixed.len() == 64));
        }

        #[test]
        fn survives_any_text(text: String) {
            prop_assert_eq!(numbers_from_pem(&text), None);
        }
    }
}
