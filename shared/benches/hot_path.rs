//! What the warm path saves: the work of a first call beside that of later ones, as a table of medians and ratios.
//!
//! Run by `cargo bench -p shared`. Nothing is asserted, since a machine's speed is no property of the code; the ratios,
//! unlike the times, can be compared from machine to machine. The key service is one in memory, so opening cold costs a
//! call over the network more than it says here.

#![expect(clippy::unwrap_used, reason = "a failed set-up is reported by panicking")]

use std::{
    hint::black_box,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, middleware::from_fn_with_state, routing::get};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header::CONTENT_TYPE};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::{
    adapters::system::SystemClock,
    domain::{
        bank::Rotation,
        grant::{Grant, Tokens},
        ids::{OwnerId, TenantId},
        place::Place,
        purpose::Purpose,
        refresh::{RefreshState, Step, next_step},
        secret::ExposeSecret,
    },
    flows::vault::{DekCache, Vault},
    protocol::{
        berlin_group::{references::KnownAccount, transactions},
        exchange::BankResponse,
    },
    telemetry::{
        Format, Looking,
        request_span::{RequestSpans, request_span},
        subscriber, subscriber_with,
    },
    testing::{entropy::SeededEntropy, fuzz::issuer, memory_keys::MemoryKeys, samples},
};
use tower::ServiceExt;
use tracing_subscriber::util::SubscriberInitExt;
use url::Url;
use uuid::Uuid;

/// Samples of each measurement.
const SAMPLES: usize = 1_000;

/// Repetitions within one sample of what takes nanoseconds.
const REPETITIONS: u32 = 1_000;

/// Two ways, and how long each takes.
struct Row {
    what: &'static str,
    first: (&'static str, Duration),
    second: (&'static str, Duration),
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("{:<26} {:>32} {:>32} {:>8}", "", "one way", "the other", "ratio");
    for row in [tokens().await, grants().await, pages(), refreshes(), frames().await] {
        let ratio = row.first.1.as_secs_f64() / row.second.1.as_secs_f64();
        println!("{:<26} {:>32} {:>32} {ratio:>7.1}x", row.what, cell(row.first), cell(row.second));
    }
}

fn cell((way, time): (&str, Duration)) -> String {
    format!("{way} {time:>9.1?}")
}

/// The frame around a request and its access line, while somebody looks at what is measured, and while nobody does.
async fn frames() -> Row {
    let spans = RequestSpans::new(Arc::new(SystemClock), Arc::new(SeededEntropy::new(1)), None);
    let router = Router::new()
        .route("/v1/sessions/{session}", get(async || StatusCode::OK))
        .layer(from_fn_with_state(spans, request_span));
    let ask = async || {
        let request = Request::get("/v1/sessions/s").body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap()
    };
    let requests = || (0..SAMPLES).map(|_| ask());
    let looking = Looking { prometheus: true, otlp: None };
    let (looked_at, _telemetry) = subscriber_with(Format::Stackdriver, "info", io::sink, &looking).unwrap();
    let counted = {
        let _guard = looked_at.set_default();
        median(requests()).await
    };
    let written = {
        let _guard = subscriber(Format::Stackdriver, "info", io::sink).unwrap().set_default();
        median(requests()).await
    };
    Row { what: "a request's frame", first: ("counted for Prometheus", counted), second: ("written only", written) }
}

/// The median of how long each piece of work takes.
async fn median<F: Future>(work: impl IntoIterator<Item = F>) -> Duration {
    let mut times = Vec::with_capacity(SAMPLES);
    for piece in work {
        let start = Instant::now();
        black_box(piece.await);
        times.push(start.elapsed());
    }
    middle(times)
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The median of work that is done over and over.
fn repeated<T>(repetitions: u32, work: impl Fn() -> T) -> Duration {
    let sample = || {
        let start = Instant::now();
        for _ in 0..repetitions {
            black_box(work());
        }
        start.elapsed() / repetitions
    };
    middle((0..SAMPLES).map(|_| sample()).collect())
}

/// A CRM's token that was never seen, and the same again.
async fn tokens() -> Row {
    let claims = |number: usize| {
        json!({"iss": "https://crm.example", "aud": "https://hub.example", "sub": "crm", "jti": number.to_string(),
            "iat": 1_767_225_600, "exp": 1_767_229_200, "scope": "sessions:read accounts:read"})
    };
    let tokens: Vec<_> =
        (0..SAMPLES).map(|number| issuer::sign("at+jwt", claims(number).to_string().as_bytes())).collect();
    let gate = issuer::gate();
    let judge = async |token: &str| gate.judge(token).await.unwrap();
    let first = median(tokens.iter().map(|token| judge(token))).await;
    let again = median(tokens.iter().map(|token| judge(token))).await;
    Row { what: "judging a CRM token", first: ("first time", first), second: ("remembered", again) }
}

/// A sealed grant whose data key is to be unwrapped, and one whose is at hand.
async fn grants() -> Row {
    let vault = Vault::new(Arc::new(MemoryKeys::default()), Arc::new(SeededEntropy::new(1)), DekCache::default());
    let text = grant().to_plaintext().unwrap();
    let mut sealed = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        sealed.push(vault.seal(Purpose::Tokens, &place(), &text).await.unwrap());
    }
    let place = place();
    let open = async |sealed| {
        let text = vault.open(Purpose::Tokens, &place, sealed).await.unwrap();
        Grant::from_plaintext(text.expose_secret()).unwrap()
    };
    let cold = median(sealed.iter().map(open)).await;
    let warm = median(sealed.iter().map(open)).await;
    Row { what: "opening a sealed grant", first: ("cold", cold), second: ("key at hand", warm) }
}

fn grant() -> Grant {
    let tokens = Tokens { access: "a".repeat(900).into(), refresh: Some("r".repeat(900).into()), scope: None };
    Grant { tokens: Some(tokens), ..Grant::of_consent("consent-1".into()) }
}

fn place() -> Place {
    let tenant = TenantId::parse("acme").unwrap();
    Place { collection: "sessions", document: "s-1".to_owned(), field: "grant", tenant, generation: 1 }
}

/// A page of 100 transactions, judged and put into the hub's model, beside plain parsing of the same bytes.
fn pages() -> Row {
    let (bank, body) = (samples::bank(), page());
    let asked = Url::parse("https://api.bank.example/v1/accounts/a-1/transactions?bookingStatus=both").unwrap();
    let account = KnownAccount::nameless("a-1");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let response = BankResponse { status: StatusCode::OK, headers, body: body.clone() };
    let judge = || transactions::read_answer(&bank, account, &asked, Uuid::nil(), &response).unwrap();
    Row {
        what: "a page of 100 transactions",
        first: ("judged, in our model", repeated(1, judge)),
        second: ("plain JSON", repeated(1, || serde_json::from_slice::<Value>(&body).unwrap())),
    }
}

fn page() -> Bytes {
    let transaction = |number: u32| {
        json!({"transactionId": format!("t-{number}"), "bookingDate": "2026-01-02", "valueDate": "2026-01-03",
            "transactionAmount": {"amount": "-12.30", "currency": "EUR"}, "creditorName": "Example Ltd",
            "creditorAccount": {"iban": "DE00000000000000000000"},
            "remittanceInformationUnstructured": "Invoice 2026-001, thank you",
            "bankTransactionCode": "PMNT-RCDT-ESCT"})
    };
    let booked: Vec<_> = (0..100).map(transaction).collect();
    Bytes::from(json!({"transactions": {"booked": booked}}).to_string())
}

/// What to do about a stale grant: nobody is at it, and somebody is.
fn refreshes() -> Row {
    let (owner, now) = (OwnerId::from_random([1; 16]), Timestamp::UNIX_EPOCH);
    let decide = |state: &RefreshState| next_step(state, 1, Rotation::Family, &owner, now);
    let idle = RefreshState::default();
    let taken = match decide(&idle) {
        Step::Call(state) => state,
        other => unreachable!("{other:?}"),
    };
    Row {
        what: "deciding on a refresh",
        first: ("take the lease", repeated(REPETITIONS, || decide(&idle))),
        second: ("wait for it", repeated(REPETITIONS, || decide(&taken))),
    }
}
