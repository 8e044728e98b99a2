//! Nothing of a call to a bank reaches a log line, however much is logged.

use http::{HeaderMap, HeaderValue, Method, header::AUTHORIZATION};
use shared::{
    ports::bank_http::BankRequest,
    telemetry::Format,
    testing::{
        bank_http::{Answer, Bench, Manners},
        logs::Captured,
    },
};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

use crate::bench::LocalBench;

const CANARY: &str = "canary-7f3a";

/// Calls with a canary in every part of the request, and an answer that holds it too.
async fn call_banks() {
    let bench = LocalBench::new();
    let client = bench.client();
    let text = format!("HTTP/1.1 200 OK\r\nlocation: /{CANARY}\r\ncontent-length: 11\r\n\r\n{CANARY}");
    let broken = format!("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{CANARY}");
    let answers =
        [Answer::closing(text), Answer::closing(broken), Answer::closing(CANARY), Answer::Http2(CANARY.into())];
    for answer in answers {
        let bank = bench.start(Manners::answering(answer)).await;
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(CANARY))]);
        let url = bank.url(&format!("/v1/consents/{CANARY}?code={CANARY}"));
        let request = BankRequest { method: Method::POST, url, headers, body: Some(CANARY.into()), ..bank.accounts() };
        let _ = client.call(&bank.bank, request).await;
        assert_eq!(bank.journal.entries().len(), 1);
    }
}

#[tokio::test]
async fn nothing_of_a_call_is_logged_at_any_level() {
    for format in [Format::Stackdriver, Format::Text] {
        let (captured, _guard) = Captured::on_this_thread(format, "trace,hyper=trace,h2=trace,reqwest=trace");
        call_banks().await;
        assert!(!captured.text().contains(CANARY), "{}", captured.text());
    }
}

/// Shows that the test above listens where the libraries speak: without the hub's own filter they are heard.
#[tokio::test]
async fn the_libraries_speak_where_nobody_stops_them() {
    let captured = Captured::default();
    let layer = tracing_subscriber::fmt::layer().with_writer(captured.clone());
    let guard = tracing_subscriber::registry().with(layer).set_default();
    call_banks().await;
    drop(guard);
    let text = captured.text();
    assert!(["hyper_util::client", "h2::client"].iter().all(|target| text.contains(target)));
}
