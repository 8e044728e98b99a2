//! `/ready` names what is missing, to whoever asks by another name than the public one.

use http::{Method, StatusCode};
use it::bench::Bench;
use serde_json::{Value, json};

/// How the platform calls a service.
const OWN_NAME: (&str, &str) = ("host", "hub-account-proxy.internal");

/// Longer than any certificate of the sandbox lives.
const YEARS: i64 = 20 * 366 * 86_400;

#[tokio::test]
async fn a_bank_that_no_longer_knows_us_is_named_and_harms_nobody_else() {
    let bench = Bench::alone_with("").await;
    bench.crm().connect("oauth").await;
    let healthy = json!({"store": "ready", "keys": "ready"});
    let ready = bench.crm().bare(Method::GET, "/ready", &[OWN_NAME]).await;
    assert_eq!((ready.status, &ready.body), (StatusCode::OK, &healthy));

    bench.advance(YEARS);
    let ready = bench.crm().bare(Method::GET, "/ready", &[OWN_NAME]).await;
    assert_eq!(ready.status, StatusCode::OK, "other banks are served");
    let missing = ready.body["missing"].as_array().unwrap();
    assert!(missing.contains(&Value::from("identity.oauth")), "{missing:?}");
    let public = bench.crm().bare(Method::GET, "/ready", &[]).await;
    assert_eq!(public.body, healthy, "the public name tells no names");
}

#[tokio::test]
async fn what_everything_needs_is_named_and_makes_it_unready() {
    let bench = Bench::alone_with("").await;
    bench.cut_keys_off(true).await;
    let ready = bench.crm().bare(Method::GET, "/ready", &[OWN_NAME]).await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.body, json!({"store": "ready", "keys": "unavailable", "missing": ["keys"]}));
    let public = bench.crm().bare(Method::GET, "/ready", &[]).await;
    assert_eq!(public.body, json!({"store": "ready", "keys": "unavailable"}));
}
