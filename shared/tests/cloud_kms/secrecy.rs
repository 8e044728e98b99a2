//! Keys do not leave by way of errors, debug output or log lines.

use std::{env, error::Error, process::Command};

use base64::{Engine, engine::general_purpose::STANDARD};
use kms_stand_in::Fault;
use shared::{
    domain::purpose::Purpose,
    ports::keys::{KeyError, KeyWrap, Signer},
    testing::logs::Captured,
};

use crate::bench::{Bench, dek};

/// Everything that an error says, its causes included.
fn told(error: &KeyError) -> String {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    let causes: Vec<_> = causes.map(|cause| format!("{cause} {cause:?}")).collect();
    format!("{error} {error:?} {causes:?}")
}

fn assert_tells_nothing(told: &str) {
    for secret in [STANDARD.encode([7; 32]), format!("{:?}", [7_u8; 32]), r"\x07\x07".to_owned(), "BwcHBwcH".to_owned()]
    {
        assert!(!told.contains(&secret), "{told}");
    }
}

/// The stand-in's refusals quote the request, and its misshapen answers have the plaintext where a number should be.
#[tokio::test]
async fn errors_have_no_key_in_them() {
    let bench = Bench::start().await;
    let wrapped = bench.wrap().await.unwrap();
    let statuses = [400, 401, 403, 404, 429, 500, 503].map(|status| Fault::Status { status });
    let others = [Fault::Misshapen, Fault::WrongCrc, Fault::UnverifiedCrc, Fault::WrongKeyName, Fault::HangUp];
    let mut errors = 0;
    for fault in statuses.into_iter().chain(others) {
        bench.service.fault(fault);
        let outcomes = [bench.wrap().await.err(), bench.unwrap(&wrapped).await.err(), bench.keys.ready().await.err()];
        for error in outcomes.into_iter().flatten() {
            assert_tells_nothing(&told(&error));
            errors += 1;
        }
    }
    assert!(errors > 25, "{errors}");
}

#[tokio::test]
async fn debug_output_has_no_key_in_it() {
    let bench = Bench::start().await;
    let wrapped = bench.keys.wrap(Purpose::Tokens, &dek(7), b"").await.unwrap();
    bench.keys.public_keys().await.unwrap();
    assert_tells_nothing(&format!("{:?} {wrapped:?}", bench.keys));
    assert_eq!(
        format!("{:?}", bench.keys),
        format!("CloudKms {{ ring: KeyRing({:?}), .. }}", bench.service.key_ring())
    );
}

#[tokio::test]
async fn log_lines_have_no_key_in_them() {
    let captured = Captured::default();
    // Everything, unlike the hub's own subscriber, which leaves out what other crates say in detail.
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(captured.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    tracing::debug!("listening");
    let bench = Bench::start().await;
    let wrapped = bench.wrap().await.unwrap();
    assert_eq!(bench.unwrap(&wrapped).await.unwrap(), [7; 32]);
    bench.service.fault(Fault::Status { status: 400 });
    assert!(bench.wrap().await.is_err());
    assert!(captured.text().contains("listening"));
    assert_tells_nothing(&captured.text());
}

/// With this variable the client writes whole requests and answers to the log, as the hub's environment might have it.
#[test]
fn not_even_where_the_client_was_told_to_log_everything() {
    let mut again = Command::new(env::current_exe().unwrap());
    again.args(["--exact", "secrecy::log_lines_have_no_key_in_them"]).env("GOOGLE_CLOUD_RUST_LOGGING", "true");
    let output = again.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}
