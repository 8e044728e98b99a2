//! What the adapter makes of a service that is away, slow, wrong, or has lost a key.

use std::time::{Duration, Instant};

use kms_stand_in::{Fault, VersionState};
use shared::{
    adapters::cloud_kms::{CloudKms, CloudKmsLimits, CloudKmsSettings, CloudKmsSetupError},
    domain::purpose::Purpose,
    ports::keys::{KeyError, KeyWrap, WrappedKey},
};

use crate::bench::{Bench, adapter, limits};

fn is_unavailable<T>(outcome: &Result<T, KeyError>) -> bool {
    matches!(outcome, Err(KeyError::Unavailable(_)))
}

#[tokio::test]
async fn survives_faults_that_pass() {
    let bench = Bench::start().await;
    let wrapped = bench.wrap().await.unwrap();
    for fault in [
        Fault::UNAVAILABLE,
        Fault::Status { status: 429 },
        Fault::Status { status: 500 },
        Fault::WrongCrc,
        Fault::HangUp,
    ] {
        bench.service.fault_times(fault, 2);
        assert!(bench.wrap().await.is_ok(), "{fault:?}");
        bench.service.fault_times(fault, 2);
        assert_eq!(bench.unwrap(&wrapped).await.unwrap(), [7; 32], "{fault:?}");
    }
    for fault in [Fault::UnverifiedCrc, Fault::WrongKeyName] {
        bench.service.fault_times(fault, 2);
        let wrapped = bench.wrap().await.unwrap();
        assert_eq!(bench.unwrap(&wrapped).await.unwrap(), [7; 32], "{fault:?}");
    }
}

#[tokio::test]
async fn gives_up_after_so_many_attempts() {
    let bench = Bench::start().await;
    let wrapped = bench.wrap().await.unwrap();
    for fault in [Fault::UNAVAILABLE, Fault::WrongCrc, Fault::Status { status: 429 }] {
        let before = bench.service.calls();
        bench.service.fault(fault);
        assert!(is_unavailable(&bench.wrap().await), "{fault:?}");
        assert!(is_unavailable(&bench.unwrap(&wrapped).await), "{fault:?}");
        let calls = bench.service.calls();
        assert_eq!((calls.encrypt - before.encrypt, calls.decrypt - before.decrypt), (3, 3), "{fault:?}");
    }
    for fault in [Fault::WrongKeyName, Fault::UnverifiedCrc] {
        let before = bench.service.calls();
        bench.service.fault(fault);
        assert!(is_unavailable(&bench.wrap().await), "{fault:?}");
        assert_eq!(bench.service.calls().encrypt - before.encrypt, 3, "{fault:?}");
    }
}

#[tokio::test]
async fn asks_once_where_another_attempt_is_useless() {
    let bench = Bench::start().await;
    let wrapped = bench.wrap().await.unwrap();
    for fault in [Fault::Status { status: 401 }, Fault::Status { status: 403 }, Fault::Misshapen] {
        let before = bench.service.calls();
        bench.service.fault(fault);
        assert!(is_unavailable(&bench.wrap().await), "{fault:?}");
        assert!(is_unavailable(&bench.unwrap(&wrapped).await), "{fault:?}");
        let calls = bench.service.calls();
        assert_eq!((calls.encrypt - before.encrypt, calls.decrypt - before.decrypt), (1, 1), "{fault:?}");
    }
}

/// The service answers after ten minutes; whoever waits for that has no limit.
#[tokio::test]
async fn waits_no_longer_than_its_limits() {
    let start = Instant::now();
    let times = CloudKmsLimits {
        attempts: 10,
        attempt: Duration::from_millis(40),
        total: Duration::from_millis(200),
        readiness: Duration::from_millis(40),
        ..limits()
    };
    let bench = Bench::with(times).await;
    let wrapped = adapter(&bench.service, limits()).await;
    let wrapped = wrapped.wrap(Purpose::Tokens, &crate::bench::dek(7), b"somewhere").await.unwrap();
    bench.service.fault(Fault::Latency { millis: 600_000 });
    assert!(is_unavailable(&bench.wrap().await));
    assert!(is_unavailable(&bench.unwrap(&wrapped).await));
    assert!(is_unavailable(&bench.keys.ready().await));
    assert!(start.elapsed() < Duration::from_mins(5));
}

#[tokio::test]
async fn answers_again_when_the_service_is_back() {
    let bench = Bench::start().await;
    let wrapped = bench.wrap().await.unwrap();
    bench.service.stop().await;
    assert!(is_unavailable(&bench.keys.ready().await));
    assert!(is_unavailable(&bench.wrap().await));
    assert!(is_unavailable(&bench.unwrap(&wrapped).await));
    bench.service.resume().await.unwrap();
    bench.keys.ready().await.unwrap();
    assert_eq!(bench.unwrap(&wrapped).await.unwrap(), [7; 32]);
}

#[tokio::test]
async fn starts_without_the_service_and_is_not_ready() {
    let bench = Bench::start().await;
    bench.service.stop().await;
    let late = adapter(&bench.service, limits()).await;
    assert_eq!(bench.service.calls().total(), 0);
    assert!(is_unavailable(&late.ready().await));
    bench.service.resume().await.unwrap();
    late.ready().await.unwrap();
}

#[tokio::test]
async fn is_ready_with_no_more_rights_than_a_function_has() {
    let bench = Bench::start().await;
    bench.service.fault(Fault::Status { status: 403 });
    bench.keys.ready().await.unwrap();
    for status in [401, 404, 429, 500, 503] {
        bench.service.fault(Fault::Status { status });
        assert!(bench.keys.ready().await.is_err(), "{status}");
    }
    bench.service.fault(Fault::WrongKeyName);
    assert!(bench.keys.ready().await.is_err());
}

#[tokio::test]
async fn asks_for_readiness_once_in_a_while() {
    let bench = Bench::with(CloudKmsLimits { readiness_for: Duration::from_hours(1), ..limits() }).await;
    for _ in 0..100 {
        bench.keys.ready().await.unwrap();
    }
    assert_eq!(bench.service.calls().get, 1);
}

#[tokio::test]
async fn tells_a_disabled_version_from_a_wrong_key() {
    let bench = Bench::start().await;
    let old = bench.wrap().await.unwrap();
    bench.service.rotate("tokens").unwrap();
    let new = bench.wrap().await.unwrap();
    bench.set_state(Purpose::Tokens, &old.version, VersionState::Disabled);
    assert!(matches!(bench.unwrap(&old).await, Err(KeyError::VersionUnavailable)));
    assert_eq!(bench.unwrap(&new).await.unwrap(), [7; 32], "others are not affected");
    bench.set_state(Purpose::Tokens, &old.version, VersionState::Enabled);
    assert_eq!(bench.unwrap(&old).await.unwrap(), [7; 32]);
    bench.set_state(Purpose::Tokens, &new.version, VersionState::Disabled);
    assert!(matches!(bench.wrap().await, Err(KeyError::VersionUnavailable)), "no older version takes its place");
}

#[tokio::test]
async fn versions_are_whole_names_and_those_of_other_keys_are_refused() {
    let bench = Bench::start().await;
    let wrapped = bench.wrap().await.unwrap();
    assert_eq!(wrapped.version, format!("{}/cryptoKeys/tokens/cryptoKeyVersions/1", bench.service.key_ring()));
    let before = bench.service.calls();
    for version in [
        wrapped.version.replace("tokens", "payloads"),
        wrapped.version.replace("/hub/", "/another/"),
        "1".to_owned(),
        String::new(),
    ] {
        let relabelled = WrappedKey { version, ..wrapped.clone() };
        assert!(matches!(bench.unwrap(&relabelled).await, Err(KeyError::VersionUnavailable)), "{relabelled:?}");
    }
    assert_eq!(bench.service.calls(), before, "nobody was asked");
}

#[tokio::test]
async fn refuses_settings_that_cannot_be_meant() {
    let set_up = async |key_ring: &str, endpoint: &str| {
        let (key_ring, endpoint) = (key_ring.to_owned(), Some(endpoint.to_owned()));
        CloudKms::new(CloudKmsSettings { key_ring, endpoint, limits: CloudKmsLimits::default() }).await.map(drop)
    };
    let (ring, local) = ("projects/hub/locations/europe-west3/keyRings/hub", "http://127.0.0.1:9");
    set_up(ring, local).await.unwrap();
    for wrong in ["", "hub", "projects/123/locations/europe-west3/keyRings/hub"] {
        assert!(matches!(set_up(wrong, local).await, Err(CloudKmsSetupError::KeyRing)), "{wrong}");
    }
    for wrong in ["", "http://kms.example", "https://kms.example/v1"] {
        assert!(matches!(set_up(ring, wrong).await, Err(CloudKmsSetupError::Endpoint)), "{wrong}");
    }
}
