//! Sealed values over Cloud KMS, as the flows use them.

use std::sync::Arc;

use futures::future::join_all;
use kms_stand_in::{Fault, VersionState};
use shared::{
    domain::{ids::TenantId, place::Place, purpose::Purpose, secret::ExposeSecret},
    flows::vault::{DekCache, Vault, VaultError},
    testing::entropy::SeededEntropy,
};

use crate::bench::Bench;

fn place() -> Place {
    Place {
        collection: "sessions",
        document: "doc-1".to_owned(),
        field: "grant",
        tenant: TenantId::parse("acme").unwrap(),
        generation: 1,
    }
}

/// As another instance would be: it remembers nothing.
fn vault(bench: &Bench, seed: u64) -> Vault {
    Vault::new(bench.keys.clone(), Arc::new(SeededEntropy::new(seed)), DekCache::default())
}

#[tokio::test]
async fn sixty_four_readers_share_one_decryption() {
    let bench = Bench::start().await;
    let vault = vault(&bench, 1);
    let (place, purpose) = (place(), Purpose::Tokens);
    let sealed = vault.seal(purpose, &place, b"secret").await.unwrap();
    bench.service.fault(Fault::Latency { millis: 20 });
    for opened in join_all((0..64).map(|_| vault.open(purpose, &place, &sealed))).await {
        assert_eq!(opened.unwrap().expose_secret(), b"secret");
    }
    assert_eq!((bench.service.calls().encrypt, bench.service.calls().decrypt), (1, 1));
}

#[tokio::test]
async fn opens_old_values_after_a_rotation_and_moves_them_without_the_payload() {
    let bench = Bench::start().await;
    let (place, purpose) = (place(), Purpose::Tokens);
    let old = vault(&bench, 1).seal(purpose, &place, b"secret").await.unwrap();
    assert_eq!(vault(&bench, 2).rewrap(purpose, &place, &old).await.unwrap(), None, "nothing to do yet");
    bench.service.rotate("tokens").unwrap();
    assert_eq!(vault(&bench, 3).open(purpose, &place, &old).await.unwrap().expose_secret(), b"secret");
    let new = vault(&bench, 4).rewrap(purpose, &place, &old).await.unwrap().unwrap();
    bench.service.set_state("tokens", 1, VersionState::Disabled).unwrap();
    let outcome = vault(&bench, 5).open(purpose, &place, &old).await;
    assert!(matches!(outcome, Err(VaultError::VersionUnavailable)), "{outcome:?}");
    assert_eq!(vault(&bench, 6).open(purpose, &place, &new).await.unwrap().expose_secret(), b"secret");
}

#[tokio::test]
async fn opens_nothing_without_the_service_but_what_is_remembered() {
    let bench = Bench::start().await;
    let (place, purpose) = (place(), Purpose::Tokens);
    let vault = vault(&bench, 1);
    let [known, unknown] = [vault.seal(purpose, &place, b"1").await, vault.seal(purpose, &place, b"2").await];
    let (known, unknown) = (known.unwrap(), unknown.unwrap());
    vault.open(purpose, &place, &known).await.unwrap();
    bench.service.stop().await;
    assert_eq!(vault.open(purpose, &place, &known).await.unwrap().expose_secret(), b"1");
    assert!(matches!(vault.open(purpose, &place, &unknown).await, Err(VaultError::KeysUnavailable(_))));
    assert!(matches!(vault.seal(purpose, &place, b"3").await, Err(VaultError::KeysUnavailable(_))));
}
