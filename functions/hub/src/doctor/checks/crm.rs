//! CRMs: whether the keys of their issuers can be had.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use shared::{
    domain::tenant::{Tenant, TokenAlgorithm},
    ports::key_sets::KeySets,
};

use crate::{
    doctor::{
        finding::{Finding, What},
        kind::Kind,
    },
    failure::one_line,
};

const ADVICE: &str = "see that jwks_url in the tenant's document is the issuer's, and that its host can be reached";

/// Whether the issuer publishes a key that a token of the tenant may be signed with.
pub async fn issuer(key_sets: &dyn KeySets, tenant: &Tenant) -> Finding {
    let what = What::one(Kind::Jwks, &tenant.id);
    let host = tenant.jwks_url.host_str().unwrap_or_default();
    match key_sets.find(&tenant.jwks_url, None).await {
        Err(error) => Finding::fail(&what, format!("{host}: {}", one_line(&error)), ADVICE),
        Ok(set) => match set.keys.iter().filter(|key| is_usable(key, &tenant.algorithms)).count() {
            0 => {
                let found = format!("{host}: none of {} keys is for the tenant's algorithms", set.keys.len());
                Finding::fail(&what, found, "name the algorithms that the issuer signs with in the tenant's document")
            }
            1 => Finding::ok(&what, format!("{host}: 1 key is usable")),
            count => Finding::ok(&what, format!("{host}: {count} keys are usable")),
        },
    }
}

fn is_usable(key: &Jwk, algorithms: &[TokenAlgorithm]) -> bool {
    let signs = !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
    signs && algorithms.iter().any(|algorithm| fits(key, *algorithm))
}

/// Whether a key is of the algorithm's kind, and not said to be for another.
fn fits(key: &Jwk, algorithm: TokenAlgorithm) -> bool {
    let (named, is_of_kind) = match algorithm {
        TokenAlgorithm::Es256 => (KeyAlgorithm::ES256, is_on(key, &EllipticCurve::P256)),
        TokenAlgorithm::EdDsa => (KeyAlgorithm::EdDSA, is_on(key, &EllipticCurve::Ed25519)),
        TokenAlgorithm::Ps256 => (KeyAlgorithm::PS256, matches!(key.algorithm, AlgorithmParameters::RSA(_))),
        TokenAlgorithm::Rs256 => (KeyAlgorithm::RS256, matches!(key.algorithm, AlgorithmParameters::RSA(_))),
    };
    is_of_kind && key.common.key_algorithm.is_none_or(|said| said == named)
}

fn is_on(key: &Jwk, curve: &EllipticCurve) -> bool {
    match &key.algorithm {
        AlgorithmParameters::EllipticCurve(point) => point.curve == *curve,
        AlgorithmParameters::OctetKeyPair(pair) => pair.curve == *curve,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_fits_its_own_algorithms_only() {
        let key = |value| serde_json::from_value::<Jwk>(value).unwrap();
        let point = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
        let rsa = json!({"kty": "RSA", "n": "AA", "e": "AQAB", "alg": "RS256"});
        assert!(is_usable(&key(point.clone()), &[TokenAlgorithm::Es256]));
        assert!(!is_usable(&key(point), &[TokenAlgorithm::Ps256, TokenAlgorithm::EdDsa]));
        assert!(is_usable(&key(rsa.clone()), &[TokenAlgorithm::Es256, TokenAlgorithm::Rs256]));
        assert!(!is_usable(&key(rsa), &[TokenAlgorithm::Ps256]), "it says that it is for another");
        let encrypts = json!({"kty": "RSA", "n": "AA", "e": "AQAB", "use": "enc"});
        assert!(!is_usable(&key(encrypts), &[TokenAlgorithm::Rs256]));
    }
}
