//! The key that signs for the hub.

use shared::ports::keys::{KeyError, Signer};

use super::keys::broken;
use crate::doctor::{
    expected::Signing,
    finding::{Finding, What},
    kind::Kind,
};

/// What is signed: a text that nobody takes for a token.
const MESSAGE: &[u8] = b"hub doctor";

const TABLE: &str = "infra/services.tf says who signs: apply infra/, and look who else gave the account a role";

/// Whether the key is published and signs for whoever is meant, and for nobody else.
pub async fn check(signer: &dyn Signer, expected: Option<Signing>) -> Finding {
    let what = What::one(Kind::Keys, "signing");
    match try_out(signer).await {
        Ok(held) => judge(&what, held, expected),
        Err(error) => broken(&what, "signing", &error),
    }
}

async fn try_out(signer: &dyn Signer) -> Result<Signing, KeyError> {
    let keys = match signer.public_keys().await {
        Ok(keys) => keys,
        Err(error) if error.is_denied() => return Ok(Signing::None),
        Err(error) => return Err(error),
    };
    let key = keys.first().ok_or(KeyError::VersionUnavailable)?;
    match signer.sign(&key.key_id, MESSAGE).await {
        Ok(_) => Ok(Signing::Sign),
        Err(error) if error.is_denied() => Ok(Signing::Publish),
        Err(error) => Err(error),
    }
}

fn judge(what: &What, held: Signing, expected: Option<Signing>) -> Finding {
    let words = match held {
        Signing::None => "may neither publish nor sign",
        Signing::Publish => "may publish and not sign",
        Signing::Sign => "may publish and sign",
    };
    match (held, expected) {
        (_, None) => Finding::ok(what, words),
        (held, Some(expected)) if held == expected => Finding::ok(what, format!("{words}, as it should")),
        (Signing::Sign, Some(_)) => Finding::fail(what, "may sign what it must not", TABLE),
        // The public half is no secret.
        (Signing::Publish, Some(Signing::None)) => Finding::warn(what, "may publish, which is not its task", TABLE),
        (_, Some(_)) => Finding::fail(what, words, TABLE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Standing;

    #[test]
    fn who_signs_without_being_meant_to_is_found() {
        let standing = |held, expected| judge(&What::all(Kind::Keys), held, expected).status;
        for held in [Signing::None, Signing::Publish, Signing::Sign] {
            assert_eq!(standing(held, None), Standing::Ok);
            assert_eq!(standing(held, Some(held)), Standing::Ok);
        }
        assert_eq!(standing(Signing::Sign, Some(Signing::None)), Standing::Fail);
        assert_eq!(standing(Signing::Sign, Some(Signing::Publish)), Standing::Fail);
        assert_eq!(standing(Signing::Publish, Some(Signing::None)), Standing::Warn);
        assert_eq!(standing(Signing::Publish, Some(Signing::Sign)), Standing::Fail);
        assert_eq!(standing(Signing::None, Some(Signing::Sign)), Standing::Fail);
    }
}
