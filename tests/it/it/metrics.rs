//! Every metric of the catalogue is fed by what the hub really does: by the lines that it writes, as Cloud Logging would
//! read them, and by its own instruments.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use it::bench::{Bench, RETURN_URL, browser::Browser, crm::Crm};
use serde_json::{Value, json};
use shared::{
    domain::{ledger::WINDOW, purpose::Purpose},
    telemetry::{
        Format, Looking,
        metrics::catalogue::{self, Condition, Metric, all},
        metrics::cloud_logging::path,
    },
    testing::{collector::Collector, logs::Captured},
    wiring::collector,
};

/// What the tour does not come to. It needs twenty writers at one document at once; the line is the access line, and the
/// code is one of those that it tells of.
const NOT_ON_THE_TOUR: [&str; 1] = ["hub_store_contention"];

/// Labels that the tour leaves empty, where the bench has no name for what is labelled.
const EMPTY_HERE: [(&str, &str); 1] = [("hub_key_set_fetches", "tenant")];

/// One read that fails counts once; four a day and a circuit of five.
const ONCE: &str = "[operations.every]\nrepeated = false\n";

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Does everything that is counted, at least once.
async fn tour(bench: &Bench) {
    let crm = bench.crm();
    bench.decide("approve").await;
    bench.allow_several_consents().await;
    // Connecting, a replay of the callback, foreign and wrong tokens.
    let browser = Browser::new();
    let started = crm.start("oauth").await;
    let callback = browser.until_callback(&started.text("authorize_url")).await;
    let back = browser.land(&callback).await;
    assert!(browser.open(callback.as_str()).await.status.is_client_error());
    let session = started.text("session");
    crm.activate(&session, &it::bench::crm::parameter(&back, "activation_code")).await;
    assert_eq!(bench.other_crm().get(&format!("/v1/sessions/{session}")).await.problem(), (404, "not_found"));
    crm.bare(Method::GET, "/v1/banks", &[("authorization", &format!("Bearer {}x", crm.token()))]).await;
    assert_eq!(crm.bare(Method::GET, "/metrics", &[]).await.status, StatusCode::NOT_FOUND, "no function serves it");
    // Four reads a day, a bank that counts otherwise, and a trace.
    let account = crm.first_account(&session).await;
    let balances = format!("/v1/sessions/{session}/accounts/{account}/balances");
    let traced = [("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))];
    let traced: Vec<_> = traced.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(crm.get_with(&balances, &traced).await.status, StatusCode::OK);
    for _ in 0..4 {
        crm.get(&balances).await;
    }
    bench.advance(WINDOW.as_secs() + 1);
    bench.fault("balances", json!({"kind": "status", "status": 429}), 1).await;
    crm.get(&balances).await;
    // A bank that fails until its circuit opens.
    bench.fault("transactions", json!({"kind": "status", "status": 500}), 5).await;
    let presence = crm.presence(&session);
    let transactions = format!("/v1/sessions/{session}/accounts/{account}/transactions?from=2000-01-01");
    for _ in 0..6 {
        crm.get_with(&transactions, &[("psu-presence", &presence)]).await;
    }
    // Jobs, with a key that was rotated.
    bench.rotate_key(Purpose::Tokens).await;
    for job in ["rewrap", "expiry-watch", "refresh-tokens", "refresh-balances", "deliver-events"] {
        bench.run_job(job).await;
    }
    crm.delete(&format!("/v1/sessions/{session}")).await;
    bench.cut_keys_off(true).await;
    let wanted = json!({"bank": "oauth", "psu": "customer-4711", "return_url": RETURN_URL});
    assert_eq!(crm.post("/v1/sessions", wanted).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

/// Where an entry keeps what is asked for.
fn at<'a>(entry: &'a Value, field: &str) -> Option<&'a Value> {
    let path = path(field);
    match path.strip_prefix("jsonPayload.") {
        Some(name) => entry.get(name),
        None => path.strip_prefix("httpRequest.").and_then(|name| entry.get("httpRequest")?.get(name)),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether the metric's filter takes the entry.
fn counts(metric: &Metric, entry: &Value) -> bool {
    metric.source.when.iter().all(|condition| {
        let value = at(entry, condition.field()).map(text);
        match condition {
            Condition::Is(_, words) => value.is_some_and(|value| words.contains(&value.as_str())),
            Condition::Has(_) => value.is_some(),
            Condition::Begins(_, beginning) => value.is_some_and(|value| value.starts_with(beginning)),
        }
    })
}

/// What is wrong with a metric, seen from these entries.
fn mistakes(metric: &Metric, entries: &[Value]) -> Vec<String> {
    let counted: Vec<_> = entries.iter().filter(|entry| counts(metric, entry)).collect();
    if counted.is_empty() {
        return vec![format!("{}: no line feeds it", metric.name)];
    }
    let filled = |field: &str| counted.iter().any(|entry| at(entry, field).is_some());
    let labels = metric.labels.iter().filter(|label| !EMPTY_HERE.contains(&(metric.name, label.name)));
    let empty = labels.filter(|label| !filled(label.field)).map(|label| format!("{}: no {}", metric.name, label.name));
    let number = |field: &str| {
        counted.iter().all(|entry| at(entry, field).is_some_and(|value| text(value).parse::<f64>().is_ok()))
    };
    let value = match metric.source.value {
        catalogue::Value::Of(field) if !number(field) => Some(format!("{}: {field} is no number", metric.name)),
        _ => None,
    };
    empty.chain(value).collect()
}

#[tokio::test]
async fn every_metric_is_fed_by_what_the_hub_does() {
    let (otlp, url) = Collector::start().await;
    let looking = Looking { prometheus: true, otlp: collector(Some(url), None).unwrap() };
    let (captured, telemetry, guard) = Captured::looked_at_on_this_thread(Format::Stackdriver, "info", &looking);
    let nobody = "\n[webhook]\nurl = \"http://127.0.0.1:9/events\"\naudience = \"https://crm.example/events\"\n";
    let bench = Bench::alone_with_tenants(ONCE, &[("acme", nobody.to_owned())]).await;
    tour(&bench).await;

    let entries = captured.entries();
    let wanted: Vec<_> = all().filter(|metric| !NOT_ON_THE_TOUR.contains(&metric.name)).collect();
    let logged = wanted.iter().filter(|metric| metric.is_logged());
    let mistakes: Vec<_> = logged.flat_map(|metric| mistakes(metric, &entries)).collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}");

    let text = telemetry.measurements().unwrap().text();
    let samples: BTreeSet<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let has_sample = |name: &str| {
        samples.iter().any(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name}_count")))
    };
    let silent: Vec<_> = wanted.iter().map(|metric| metric.name).filter(|name| !has_sample(name)).collect();
    assert!(silent.is_empty(), "no instrument of {silent:?} has heard anything");

    drop(guard);
    telemetry.finish().await;
    let came = otlp.metrics();
    let missing: Vec<_> =
        wanted.iter().filter(|metric| !came.contains(metric.name)).map(|metric| metric.name).collect();
    assert!(missing.is_empty(), "{missing:?} did not reach the collector");
    the_trace_has_the_call_to_the_bank(&bench, &otlp);
}

/// The bank call is a child of the request, in the caller's trace, and the bank was told nothing of it.
fn the_trace_has_the_call_to_the_bank(bench: &Bench, otlp: &Collector) {
    let ours = otlp.spans().into_iter().filter(|span| span.trace_id == hex(TRACE)).collect::<Vec<_>>();
    let request = ours.iter().find(|span| span.name == "request").unwrap();
    let call = ours.iter().find(|span| span.name == "bank call").unwrap();
    assert_eq!((&call.parent_span_id, request.parent_span_id.clone()), (&request.span_id, hex("b7ad6b7169203331")));
    let entries = bench.reached("balances");
    let told = entries.iter().any(|entry| entry.headers.iter().any(|name| name.contains("trace")));
    assert!(!entries.is_empty() && !told, "a bank learns nothing of our traces");
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// That labels stay few: what the tour leaves in them is no session, account, or address.
#[tokio::test]
async fn labels_tell_of_nobody() {
    let looking = Looking { prometheus: true, otlp: None };
    let (_, telemetry, _guard) = Captured::looked_at_on_this_thread(Format::Stackdriver, "info", &looking);
    let bench = Bench::alone_with_tenants("", &[]).await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    Crm::of(&bench, "acme").get(&format!("/v1/sessions/{session}/accounts/{account}/balances")).await;
    let text = telemetry.measurements().unwrap().text();
    for secret in [session.as_str(), account.as_str(), "198.51.100.7", "customer-4711", "127.0.0.1"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(text.contains(r#"path="/v1/sessions/{session}/accounts/{account}/balances""#), "{text}");
}
