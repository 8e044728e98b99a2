//! The wrapping keys: each does what it should for whoever is meant, and nothing else. A probe is encrypted and decrypted,
//! so that what is found is what really happens; nothing of anybody's is touched.

use shared::{
    domain::{
        purpose::Purpose,
        secret::{ExposeSecret, Secret32},
    },
    ports::{
        key_inspection::{HubKey, KeyInspection, KeyStanding, Rights},
        keys::{KeyError, KeyWrap},
    },
};

use crate::{
    doctor::{
        finding::{Finding, What},
        kind::Kind,
    },
    failure::one_line,
};

/// What the probe is bound to: nothing else that is sealed is.
const ASSOCIATED: &[u8] = b"hub doctor";

const TABLE: &str = "infra/services.tf says who may do what: apply infra/, and look who else gave the account a role";

/// What was found out about one key.
#[derive(Debug)]
enum Tried {
    /// What we may do with it.
    Rights(Rights),
    /// It does not work.
    Broken(&'static str, KeyError),
    /// It gave back another probe.
    Wrong,
}

/// Whether the key of that purpose does what is expected of whoever is meant; without anybody meant, what it does.
pub async fn check(
    keys: &dyn KeyWrap,
    inspection: Option<&dyn KeyInspection>,
    purpose: Purpose,
    expected: Option<Rights>,
    probe: &Secret32,
) -> Finding {
    let what = What::one(Kind::Keys, purpose);
    match try_out(keys, inspection, purpose, probe).await {
        Tried::Rights(held) => judge(&what, held, expected),
        Tried::Broken(doing, error) => broken(&what, doing, &error),
        Tried::Wrong => Finding::fail(&what, "it decrypts to something else", "rotate the key; docs/cloud-kms.md"),
    }
}

async fn try_out(
    keys: &dyn KeyWrap,
    inspection: Option<&dyn KeyInspection>,
    purpose: Purpose,
    probe: &Secret32,
) -> Tried {
    let wrapped = match keys.wrap(purpose, probe, ASSOCIATED).await {
        Ok(wrapped) => wrapped,
        Err(error) if error.is_denied() => return without_a_probe(inspection, purpose).await,
        Err(error) => return Tried::Broken("encrypting", error),
    };
    match keys.unwrap(purpose, &wrapped, ASSOCIATED).await {
        Ok(again) if again.expose_secret() == probe.expose_secret() => {
            Tried::Rights(Rights { encrypt: true, decrypt: true })
        }
        Ok(_) => Tried::Wrong,
        Err(error) if error.is_denied() => Tried::Rights(Rights { encrypt: true, decrypt: false }),
        Err(error) => Tried::Broken("decrypting", error),
    }
}

/// Who may not encrypt has nothing to decrypt: the service's rules are asked instead.
async fn without_a_probe(inspection: Option<&dyn KeyInspection>, purpose: Purpose) -> Tried {
    let Some(inspection) = inspection else { return Tried::Rights(Rights::default()) };
    match inspection.rights(purpose).await {
        Ok(rights) => Tried::Rights(Rights { encrypt: false, ..rights }),
        Err(error) if error.is_denied() => Tried::Rights(Rights::default()),
        Err(error) => Tried::Broken("asking for rights", error),
    }
}

fn judge(what: &What, held: Rights, expected: Option<Rights>) -> Finding {
    let Some(expected) = expected else { return Finding::ok(what, words(held)) };
    let too_many = [(held.decrypt && !expected.decrypt, "decrypt"), (held.encrypt && !expected.encrypt, "encrypt")];
    if let Some((_, right)) = too_many.iter().find(|(is_so, _)| *is_so) {
        return Finding::fail(what, format!("may {right} what it must not"), TABLE);
    }
    let too_few = [(!held.encrypt && expected.encrypt, "encrypt"), (!held.decrypt && expected.decrypt, "decrypt")];
    match too_few.iter().find(|(is_so, _)| *is_so) {
        Some((_, right)) => Finding::fail(what, format!("may not {right}, or the key is missing"), TABLE),
        None => Finding::ok(what, format!("{}, as it should", words(held))),
    }
}

const fn words(rights: Rights) -> &'static str {
    match (rights.encrypt, rights.decrypt) {
        (true, true) => "may encrypt and decrypt",
        (true, false) => "may encrypt and not decrypt",
        (false, true) => "may decrypt and not encrypt",
        (false, false) => "may neither encrypt nor decrypt",
    }
}

/// A key that does not work.
pub fn broken(what: &What, doing: &str, error: &KeyError) -> Finding {
    let advice = match error {
        KeyError::VersionUnavailable => {
            "the key is missing, or its version is disabled or destroyed: make or enable it; docs/cloud-kms.md"
        }
        _ => "see that HUB_KMS names the ring, and that cloudkms.googleapis.com can be reached and is enabled",
    };
    Finding::fail(what, format!("{doing} fails: {}", one_line(error)), advice)
}

/// How a key stands, where we may look.
pub async fn standing(inspection: &dyn KeyInspection, key: HubKey) -> Finding {
    let what = What::one(Kind::KeyState, key.name());
    match inspection.standing(key).await {
        Ok(standing) => judge_standing(&what, key, &standing),
        Err(error) if error.is_denied() => Finding::skip(&what, "the right to look is missing (roles/cloudkms.viewer)"),
        Err(error) => broken(&what, "looking at it", &error),
    }
}

fn judge_standing(what: &What, key: HubKey, standing: &KeyStanding) -> Finding {
    let KeyStanding { is_usable, is_in_hardware, rotation, doomed } = standing;
    let must_rotate = matches!(key, HubKey::Wrapping(_));
    if !is_usable {
        Finding::fail(what, "its version is not enabled", "enable it, or make a new one; docs/cloud-kms.md")
    } else if *doomed > 0 {
        let found = format!("{doomed} versions will be destroyed");
        Finding::warn(
            what,
            found,
            "restore them unless the job rewrap has left nothing that names them; docs/cloud-kms.md",
        )
    } else if !is_in_hardware {
        Finding::warn(what, "it is not in hardware", "make a version with protection level HSM; infra/keys.tf")
    } else if must_rotate && rotation.is_none() {
        Finding::warn(what, "it is not rotated", "set a rotation period; infra/keys.tf")
    } else {
        let days = rotation.map(|period| format!(", rotated every {} days", period.as_secs() / 86_400));
        Finding::ok(what, format!("enabled, in hardware{}", days.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use async_trait::async_trait;
    use shared::{
        ports::keys::{Denied, WrappedKey},
        testing::memory_keys::MemoryKeys,
    };

    use super::*;
    use crate::doctor::{expected::FunctionName, finding::Standing};

    /// Keys of which a test takes rights away.
    struct Held {
        keys: Arc<MemoryKeys>,
        rights: Rights,
    }

    fn denied<T>() -> Result<T, KeyError> {
        Err(KeyError::Unavailable(Box::new(Denied("refused".into()))))
    }

    #[async_trait]
    impl KeyWrap for Held {
        async fn wrap(&self, purpose: Purpose, key: &Secret32, associated: &[u8]) -> Result<WrappedKey, KeyError> {
            if self.rights.encrypt { self.keys.wrap(purpose, key, associated).await } else { denied() }
        }

        async fn unwrap(&self, purpose: Purpose, key: &WrappedKey, associated: &[u8]) -> Result<Secret32, KeyError> {
            if self.rights.decrypt { self.keys.unwrap(purpose, key, associated).await } else { denied() }
        }

        async fn ready(&self) -> Result<(), KeyError> {
            Ok(())
        }
    }

    #[async_trait]
    impl KeyInspection for Held {
        async fn rights(&self, _: Purpose) -> Result<Rights, KeyError> {
            Ok(self.rights)
        }

        async fn standing(&self, _: HubKey) -> Result<KeyStanding, KeyError> {
            denied()
        }
    }

    fn probe() -> Secret32 {
        Secret32::new(Box::new([3; 32]))
    }

    async fn found(rights: (bool, bool), expected: Option<Rights>) -> Finding {
        let held = Held { keys: Arc::default(), rights: Rights { encrypt: rights.0, decrypt: rights.1 } };
        check(&held, Some(&held), Purpose::Tokens, expected, &probe()).await
    }

    #[tokio::test]
    async fn every_right_too_many_or_too_few_is_found() {
        let all = [(true, true), (true, false), (false, true), (false, false)];
        for function in FunctionName::ALL {
            let expected = function.rights(Purpose::Tokens);
            for held in all {
                let found = found(held, Some(expected)).await;
                let is_right = held == (expected.encrypt, expected.decrypt);
                assert_eq!(found.status == Standing::Ok, is_right, "{function:?} {held:?}: {found}");
                assert_eq!(found.status == Standing::Fail, !is_right);
            }
        }
        let callback = Some(FunctionName::Callback.rights(Purpose::Tokens));
        assert_eq!(found((true, true), callback).await.found, "may decrypt what it must not");
        assert_eq!(found((false, true), callback).await.found, "may decrypt what it must not");
    }

    #[tokio::test]
    async fn rights_are_only_told_where_nobody_is_meant() {
        for (held, told) in
            [((true, true), "may encrypt and decrypt"), ((false, false), "may neither encrypt nor decrypt")]
        {
            let found = found(held, None).await;
            assert_eq!((found.status, found.found.as_str()), (Standing::Ok, told));
        }
    }

    #[tokio::test]
    async fn a_key_that_is_away_fails_whoever_is_meant() {
        let keys = MemoryKeys::default();
        keys.cut_off(true);
        let found = check(&keys, None, Purpose::Flow, None, &probe()).await;
        assert_eq!((found.status, found.check.as_str()), (Standing::Fail, "keys.flow"));
    }

    #[tokio::test]
    async fn the_right_to_look_is_nobodys_duty() {
        let held = Held { keys: Arc::default(), rights: Rights::default() };
        assert_eq!(standing(&held, HubKey::Signing).await.status, Standing::Skip);
    }

    #[test]
    fn a_key_that_stands_badly_is_found() {
        let good = KeyStanding {
            is_usable: true,
            is_in_hardware: true,
            rotation: Some(Duration::from_hours(90 * 24)),
            doomed: 0,
        };
        let told = |standing: &KeyStanding, key| judge_standing(&What::all(Kind::KeyState), key, standing);
        let wrapping = HubKey::Wrapping(Purpose::Flow);
        let found = told(&good, wrapping);
        assert_eq!((found.status, found.found.as_str()), (Standing::Ok, "enabled, in hardware, rotated every 90 days"));
        let unrotated = KeyStanding { rotation: None, ..good.clone() };
        assert_eq!(told(&unrotated, HubKey::Signing).status, Standing::Ok);
        for bad in [
            unrotated,
            KeyStanding { doomed: 1, ..good.clone() },
            KeyStanding { is_in_hardware: false, ..good.clone() },
        ] {
            assert_eq!(told(&bad, wrapping).status, Standing::Warn, "{bad:?}");
        }
        assert_eq!(told(&KeyStanding { is_usable: false, ..good }, wrapping).status, Standing::Fail);
    }
}
