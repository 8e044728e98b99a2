//! What a process of the hub writes to its log, as a whole: set up once, with requests, panics and libraries at work.

#![expect(clippy::unwrap_used, reason = "a failed set-up is reported by panicking")]

use std::{
    env,
    process::{Command, Output},
    sync::Arc,
};

use axum::{
    Router,
    body::Bytes,
    extract::Path,
    response::{IntoResponse, Response},
    routing::post,
};
use http::StatusCode;
use serde_json::Value;
use shared::{
    domain::ids::RequestId,
    http::{
        layers::{Edge, EdgeFault, MAX_WORK, around},
        server::serve,
    },
    telemetry::{Format, InitError, init, request_span::RequestSpans},
    testing::{clock::ManualClock, entropy::SeededEntropy, logs::Captured},
};
use tokio::{net::TcpListener, sync::oneshot};
use tokio_util::task::TaskTracker;

const CANARY: &str = "canary-7f3a";

/// Names the part that a child process plays.
const PART: &str = "TELEMETRY_TEST_PART";

fn problem(_: EdgeFault, _: &RequestId) -> Response {
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// A route that takes the canary in every way there is, answers with it, and panics with it if asked to.
fn router() -> Router {
    let echo = async |Path(path): Path<String>, body: Bytes| {
        assert!(!path.contains("panic"), "{path} {body:?}");
        tracing::trace!("working");
        ([("x-echo", path)], body)
    };
    let clock = Arc::new(ManualClock::at(jiff::Timestamp::UNIX_EPOCH));
    let spans = RequestSpans::new(clock, Arc::new(SeededEntropy::new(1)), None);
    let public_url = "https://hub.example".parse().unwrap();
    around(Router::new().route("/{path}", post(echo)), &Edge { spans, public_url, problem, max_work: MAX_WORK })
}

/// Serves requests full of canaries over HTTP/1.1 and HTTP/2.
async fn serve_canaries() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, router(), TaskTracker::new(), async { drop(stopped.await) }));
    for builder in [reqwest::Client::builder(), reqwest::Client::builder().http2_prior_knowledge()] {
        let client = builder.no_proxy().build().unwrap();
        for path in [CANARY.to_owned(), format!("panic-{CANARY}")] {
            let request = client.post(format!("http://{address}/{path}?code={CANARY}"));
            request.bearer_auth(CANARY).header("traceparent", CANARY).body(CANARY).send().await.unwrap();
        }
    }
    drop(stop);
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn nothing_of_a_request_is_logged_at_any_level() {
    for format in [Format::Stackdriver, Format::Text] {
        let (captured, _guard) = Captured::on_this_thread(format, "trace,h2=trace,hyper=trace,axum=trace");
        serve_canaries().await;
        let text = captured.text();
        assert_eq!(text.matches("request served").count(), 4);
        assert!(!text.contains(CANARY), "{text}");
    }
}

#[test]
fn only_the_hub_itself_is_heard_below_warn() {
    let (captured, _guard) = Captured::on_this_thread(Format::Stackdriver, "trace,hyper=trace");
    tracing::trace!(target: "shared::flows", "ours");
    tracing::info!(target: "hyper::client", "theirs");
    tracing::trace!(target: "another_crate", "theirs");
    tracing::warn!(target: "hyper::client", "their warning");
    let messages: Vec<_> = captured.entries().into_iter().map(|entry| entry["message"].clone()).collect();
    assert_eq!(messages, ["ours", "their warning"]);
}

#[test]
fn no_filter_keeps_audit_records_back() {
    for directives in ["off", "error", "audit=off"] {
        let (captured, _guard) = Captured::on_this_thread(Format::Stackdriver, directives);
        tracing::info!(target: "shared::flows", "ours");
        tracing::info!(target: "audit", "a record");
        let messages: Vec<_> = captured.entries().into_iter().map(|entry| entry["message"].clone()).collect();
        assert_eq!(messages, ["a record"], "{directives}");
    }
}

#[test]
fn a_filter_that_is_not_well_formed_is_named() {
    let outcome = shared::telemetry::subscriber(Format::Text, "shared=loud", std::io::sink);
    assert!(matches!(outcome.map(drop), Err(InitError::Filter(_))));
}

/// Runs one of the tests below in a process of its own, where it is the one to set up logging.
fn play(part: &str, filter: Option<&str>) -> Output {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", part, "--nocapture"]).env(PART, part).env_remove("HUB_LOG").env_remove("RUST_LOG");
    child.envs(filter.map(|filter| ("HUB_LOG", filter))).output().unwrap()
}

fn plays(part: &str) -> bool {
    env::var_os(PART).is_some_and(|playing| playing == part)
}

/// The JSON lines among the output; the test harness writes lines of its own.
fn entries(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn part_that_panics() {
    if plays("part_that_panics") {
        init(Format::Stackdriver).unwrap();
        assert!(matches!(init(Format::Text), Err(InitError::Twice(_))));
        assert!(std::panic::catch_unwind(|| assert!(CANARY.is_empty(), "{CANARY}")).is_err());
        tracing::info!(target: "shared::part", "still here");
        tracing::debug!(target: "shared::part", "told on request");
    }
}

#[test]
fn a_panic_is_one_line_without_its_message() {
    let output = play("part_that_panics", None);
    let entries = entries(&output);
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert_eq!((&entries[0]["severity"], &entries[0]["message"]), (&"ERROR".into(), &"the program panicked".into()));
    assert!(entries[0]["panicLocation"].as_str().unwrap().starts_with("shared/tests/telemetry.rs:"));
    assert_eq!(entries[1]["message"], "still here");
    assert!(!format!("{output:?}").contains(CANARY), "{output:?}");
}

#[test]
fn the_variable_changes_what_is_written() {
    let told = entries(&play("part_that_panics", Some("debug")));
    assert!(told.iter().any(|entry| entry["message"] == "told on request"));
    let quiet = entries(&play("part_that_panics", Some("error")));
    assert_eq!(quiet.len(), 1, "{quiet:?}");
    let unset = entries(&play("part_that_panics", Some("")));
    assert_eq!(unset.len(), 2, "{unset:?}");
}
