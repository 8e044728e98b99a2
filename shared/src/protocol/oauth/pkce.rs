//! Proof Key for Code Exchange (RFC 7636), method S256.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::domain::{
    code_hash::sha256,
    secret::{ExposeSecret, SecretString},
};

/// A code verifier: 256 random bits as 43 characters (§4.1).
#[derive(Clone, Debug)]
pub struct Verifier(SecretString);

impl Verifier {
    /// The verifier of these random bytes.
    pub fn from_random(bytes: &[u8]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// The verifier again, as it was kept sealed.
    pub const fn from_kept(text: SecretString) -> Self {
        Self(text)
    }

    /// The code challenge (§4.2).
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(sha256(self.expose().as_bytes()))
    }

    /// The text, for the token request and for sealing.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_the_challenge_of_rfc_7636_appendix_b() {
        let verifier = Verifier::from_kept("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
        assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn is_long_enough_and_of_the_right_alphabet() {
        let verifier = Verifier::from_random(&[0xfb; 32]);
        assert_eq!(verifier.expose().len(), 43);
        assert!(verifier.expose().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }
}
