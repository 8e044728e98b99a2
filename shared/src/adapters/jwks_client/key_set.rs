//! Reads a JWK set (RFC 7517 §5) as strangers publish it: what the hub can use is kept, what it cannot is left out,
//! and what must never be public is refused.

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet};
use serde::Deserialize;
use serde_json::Value;

use crate::ports::key_sets::MAX_KEYS;

/// Members that only private and symmetric keys have (RFC 7518 §6.2.2, §6.3.2, §6.4.1; RFC 8037 §2).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// The text is not a set that can be used. Holds no part of the text: it may be a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SetError {
    #[error("the answer is not a JWK set")]
    NotASet,
    #[error("the set holds more than {MAX_KEYS} keys")]
    TooManyKeys,
    #[error("the set holds private keys")]
    PrivateKeys,
}

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<Value>,
}

/// The public keys of the set that the hub can read.
pub(super) fn parse(text: &[u8]) -> Result<JwkSet, SetError> {
    let RawSet { keys } = serde_json::from_slice(text).map_err(|_| SetError::NotASet)?;
    if keys.len() > MAX_KEYS {
        return Err(SetError::TooManyKeys);
    }
    if keys.iter().any(is_private) {
        return Err(SetError::PrivateKeys);
    }
    Ok(JwkSet { keys: keys.into_iter().filter_map(readable).collect() })
}

fn is_private(key: &Value) -> bool {
    PRIVATE_MEMBERS.iter().any(|member| key.get(member).is_some())
}

/// The key, unless it is damaged or of a kind that the hub does not know.
fn readable(key: Value) -> Option<Jwk> {
    let key: Jwk = serde_json::from_value(key).ok()?;
    (!matches!(key.algorithm, AlgorithmParameters::Other(_))).then_some(key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ec(kid: &str) -> Value {
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig",
               "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
               "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})
    }

    fn parse_keys(keys: &[Value]) -> Result<JwkSet, SetError> {
        parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn keeps_good_keys_among_unreadable_ones() {
        let odd = [json!(7), json!({}), json!({"kty": "XYZ", "kid": "new"}), json!({"kty": "EC", "kid": "half"})];
        let set = parse_keys(&[&odd[..], &[ec("good")]].concat()).unwrap();
        assert_eq!(set.keys.len(), 1);
        assert!(set.find("good").is_some());
    }

    #[test]
    fn refuses_every_kind_of_private_key() {
        for member in PRIVATE_MEMBERS {
            let mut private = ec("private");
            private[member] = json!("AQAB");
            assert_eq!(parse_keys(&[ec("good"), private]), Err(SetError::PrivateKeys), "{member}");
        }
        assert_eq!(parse_keys(&[json!({"kty": "oct", "k": "c2VjcmV0"})]), Err(SetError::PrivateKeys));
    }

    #[test]
    fn refuses_more_keys_than_anyone_needs() {
        let many = |count: usize| (0..count).map(|number| ec(&number.to_string())).collect::<Vec<_>>();
        assert_eq!(parse_keys(&many(MAX_KEYS)).map(|set| set.keys.len()), Ok(MAX_KEYS));
        assert_eq!(parse_keys(&many(MAX_KEYS + 1)), Err(SetError::TooManyKeys));
    }

    #[test]
    fn refuses_what_is_no_set() {
        let deep = format!("{{\"keys\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        for text in ["", "null", "[]", "{}", "{\"keys\":{}}", "<html>", "{\"keys\":[]} x", &deep] {
            assert_eq!(parse(text.as_bytes()), Err(SetError::NotASet), "{text:.20}");
        }
        assert_eq!(parse(b"\xff\xfe"), Err(SetError::NotASet));
    }
}
