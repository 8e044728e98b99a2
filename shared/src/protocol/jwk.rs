//! Public keys as JSON Web Keys (RFC 7517), and the names they get by their thumbprints (RFC 7638).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    code_hash::sha256,
    public_key::{PublicKey, PublicNumbers},
};

/// A JWK set (RFC 7517 §5).
#[derive(Debug, Serialize, ToSchema)]
pub struct JwkSet {
    /// The keys, the one that signs first.
    pub keys: Vec<Jwk>,
}

/// A public key for signatures, with everything that a verifier needs to refuse other uses of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Jwk {
    /// Its name in JOSE headers.
    kid: String,
    /// The only algorithm it is for.
    alg: &'static str,
    /// `sig`.
    #[serde(rename = "use")]
    usage: &'static str,
    #[serde(flatten)]
    members: Members,
}

/// The members that make up the key, which alone count for its thumbprint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kty")]
enum Members {
    /// RFC 7518 §6.2.1.
    #[serde(rename = "EC")]
    Ec { crv: &'static str, x: String, y: String },
    /// RFC 7518 §6.3.1.
    #[serde(rename = "RSA")]
    Rsa { e: String, n: String },
}

impl From<&PublicNumbers> for Members {
    fn from(numbers: &PublicNumbers) -> Self {
        match numbers {
            PublicNumbers::P256 { x, y } => Self::Ec { crv: "P-256", x: text(x), y: text(y) },
            PublicNumbers::Rsa { n, e } => Self::Rsa { e: text(e), n: text(n) },
        }
    }
}

impl From<&PublicKey> for Jwk {
    fn from(key: &PublicKey) -> Self {
        Self {
            kid: key.key_id.clone(),
            alg: key.numbers.algorithm(),
            usage: "sig",
            members: Members::from(&key.numbers),
        }
    }
}

impl From<&[PublicKey]> for JwkSet {
    fn from(keys: &[PublicKey]) -> Self {
        Self { keys: keys.iter().map(Jwk::from).collect() }
    }
}

/// The key under the name that its numbers give it, which is the same wherever it is computed.
pub fn named_by_thumbprint(numbers: PublicNumbers) -> PublicKey {
    PublicKey { key_id: thumbprint(&numbers), numbers }
}

/// The SHA-256 of the required members in alphabetic order (RFC 7638 §3).
fn thumbprint(numbers: &PublicNumbers) -> String {
    let members = match Members::from(numbers) {
        Members::Ec { crv, x, y } => format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#),
        Members::Rsa { e, n } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
    };
    text(&sha256(members.as_bytes()))
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// RFC 7638 §3.1.
    #[test]
    fn names_an_rsa_key_as_the_standard_does() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4\
                 n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgd\
                 AZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-\
                 kEgU8awapJzKnqDKgw";
        let key = named_by_thumbprint(PublicNumbers::Rsa { n: bytes(n), e: bytes("AQAB") });
        assert_eq!(key.key_id, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        let jwk = serde_json::to_value(Jwk::from(&key)).unwrap();
        let expected = json!({
            "kid": key.key_id, "alg": "PS256", "use": "sig", "kty": "RSA", "n": n, "e": "AQAB",
        });
        assert_eq!(jwk, expected);
    }

    /// RFC 7517 §A.1 for the key; the thumbprint was made with another implementation of SHA-256.
    #[test]
    fn writes_a_point_as_the_standard_does() {
        let (x, y) = ("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM");
        let point = [vec![4], bytes(x), bytes(y)].concat();
        let key = named_by_thumbprint(PublicNumbers::from_point(&point).unwrap());
        assert_eq!(key.key_id, "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
        let set = serde_json::to_value(JwkSet::from(&[key.clone()][..])).unwrap();
        let expected = json!({
            "kid": key.key_id, "alg": "ES256", "use": "sig", "kty": "EC", "crv": "P-256", "x": x, "y": y,
        });
        assert_eq!(set, json!({ "keys": [expected] }));
    }
}
