//! The promises that every key service keeps.

use kms_stand_in::{Algorithm, VersionState};
use shared::testing::keys;

use crate::bench::Bench;

#[tokio::test]
async fn keeps_the_promises_of_a_key_service() {
    let bench = Bench::start().await;
    let rotate = async |purpose: shared::domain::purpose::Purpose| {
        bench.service.rotate(purpose.name()).unwrap();
    };
    let destroy = async |purpose, version: String| bench.set_state(purpose, &version, VersionState::Destroyed);
    keys::conformance(bench.keys.clone(), rotate, destroy).await;
}

#[tokio::test]
async fn keeps_the_promises_of_a_signer() {
    let bench = Bench::start().await;
    keys::signer_conformance(&*bench.keys).await;
    bench.service.rotate_to("signing", Algorithm::RsaSignPss2048Sha256).unwrap();
    bench.service.rotate_to("signing", Algorithm::EcSignP256Sha256).unwrap();
    keys::signer_conformance(&*bench.keys).await;
}
