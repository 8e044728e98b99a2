//! What may come over a connection besides a clean answer (`docs/bad-input.md`, H6 to H8 and H10): each is refused or
//! passed over within the bank's limits, nothing of it becomes another call's answer, and nothing is asked twice.

use std::sync::Arc;

use http::{Method, StatusCode};
use shared::{
    ports::bank_http::{BankHttp, BankHttpError, BankRequest, BankResponse},
    testing::bank_http::{Answer, Bench, Journal, Manners, TestBank, Then},
};

use crate::{
    bench::{LocalBench, client, credential, document},
    pki::{Authority, SOUND, Wish},
    server,
};

/// Types of frames (RFC 9113 §6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

/// A frame on a stream.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

/// The headers of a good answer: `:status: 200` from the static table (RFC 7541, appendix A).
fn ok_headers() -> Vec<u8> {
    const END_HEADERS: u8 = 4;
    frame(HEADERS, END_HEADERS, 1, &[0x88])
}

/// A bank that answers so. The bench holds the files that the bank's document names.
async fn bank(answer: Answer) -> (LocalBench, TestBank) {
    let bench = LocalBench::new();
    let bank = bench.start(Manners::answering(answer)).await;
    (bench, bank)
}

/// What becomes of one reading, and how many requests the bank has seen by then.
async fn outcome(answer: Answer) -> (Result<BankResponse, BankHttpError>, usize) {
    let (_bench, bank) = bank(answer).await;
    let bank = bank.hurried();
    let outcome = bank.read(&client()).await;
    (outcome, bank.journal.entries().len())
}

#[tokio::test]
async fn a_stream_or_connection_that_ends_under_a_request_is_broken_and_not_asked_again() {
    let refused = [&[0, 0, 0, 0][..], &[0, 0, 0, 7]].concat();
    let half = [ok_headers(), frame(DATA, 0, 1, b"{\"accounts\":["), frame(RST_STREAM, 0, 1, &[0, 0, 0, 2])].concat();
    for (what, frames) in [
        ("a reset", frame(RST_STREAM, 0, 1, &[0, 0, 0, 2])),
        ("a reset in the middle of the body", half),
        ("a farewell that did not see the request", frame(GOAWAY, 0, 0, &refused)),
    ] {
        let (outcome, requests) = outcome(Answer::Http2Frames(frames, Then::Close)).await;
        assert!(matches!(outcome, Err(BankHttpError::Broken(_))), "{what}: {outcome:?}");
        assert_eq!(requests, 1, "{what}");
    }
}

#[tokio::test]
async fn floods_of_frames_end_at_a_bound() {
    let settings = frame(SETTINGS, 0, 0, &[]).repeat(20_000);
    let pings = frame(PING, 0, 0, &[7; 8]).repeat(20_000);
    let continued = [frame(HEADERS, 0, 1, &[0x88]), frame(CONTINUATION, 0, 1, &[0x88; 1000]).repeat(5_000)].concat();
    for (what, frames) in [("settings", settings), ("pings", pings), ("headers without end", continued)] {
        let (outcome, requests) = outcome(Answer::Http2Frames(frames, Then::Hang)).await;
        let ended =
            matches!(outcome, Err(BankHttpError::Timeout | BankHttpError::Broken(_) | BankHttpError::Malformed(_)));
        assert!(ended, "{what}: {outcome:?}");
        assert_eq!(requests, 1, "{what}");
    }
}

#[tokio::test]
async fn a_bank_that_never_takes_the_body_is_given_up_at_the_deadline() {
    // SETTINGS_INITIAL_WINDOW_SIZE of 0 (RFC 9113 §6.5.2): not a byte of a body may be sent.
    let closed = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let (_bench, bank) = bank(Answer::Http2Frames(closed, Then::Hang)).await;
    let bank = bank.hurried();
    let body = vec![b'a'; 1_000_000].into();
    let request = BankRequest { method: Method::POST, body: Some(body), ..bank.accounts() };
    let outcome = client().call(&bank.bank, request).await;
    assert!(matches!(outcome, Err(BankHttpError::Timeout)), "{outcome:?}");
}

#[tokio::test]
async fn bytes_beyond_an_answer_are_nobody_s_answer() {
    const SMUGGLED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwrong";
    for head in ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "HTTP/1.1 204 No Content\r\n\r\n"] {
        let (_bench, bank) = bank(Answer::Http1(format!("{head}{SMUGGLED}").into_bytes(), Then::Wait)).await;
        let client = client();
        for round in 0..5 {
            let response = bank.read(&client).await.unwrap();
            assert!(["", "ok"].contains(&std::str::from_utf8(&response.body).unwrap()), "{round}: {response:?}");
        }
        let connections: Vec<_> = bank.journal.entries().iter().map(|seen| seen.connection).collect();
        assert_eq!(connections, [1, 2, 3, 4, 5], "such a connection is not used again");
    }
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_handed_over_as_no_success() {
    for (head, status) in [
        ("HTTP/1.1 304 Not Modified\r\netag: \"1\"\r\n\r\n", StatusCode::NOT_MODIFIED),
        (
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
            StatusCode::SWITCHING_PROTOCOLS,
        ),
    ] {
        match outcome(Answer::closing(head)).await.0 {
            Ok(response) => assert!(response.status == status && response.body.is_empty(), "{response:?}"),
            Err(error) => assert!(status == StatusCode::SWITCHING_PROTOCOLS, "{error:?}"),
        }
    }
}

#[tokio::test]
async fn answers_before_the_answer_are_passed_over() {
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(50);
    let text = format!("{hints}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    let response = outcome(Answer::closing(text)).await.0.unwrap();
    assert_eq!((response.status, &*response.body), (StatusCode::OK, &b"ok"[..]));
}

#[tokio::test]
async fn a_bank_of_which_one_address_is_dead_is_reached_by_the_other() {
    // `localhost` has an address in IPv6 too on most machines. Nobody listens there.
    let authority = Authority::named("Test QTSP");
    let server = authority.mint(Wish { host: "localhost", ..SOUND });
    let journal = Arc::new(Journal::default());
    let port = server::start(&Manners::default(), &authority, &server, Arc::clone(&journal)).await;
    let folder = tempfile::tempdir().unwrap();
    let identity = authority.mint(SOUND);
    let mut bank = document("bank", port, &folder.path().join("identity.pem"), &identity.pem(), &authority);
    bank.addresses.api = format!("https://localhost:{port}/psd2").parse().unwrap();
    let bank = TestBank { bank, identity: identity.der().to_vec(), renewed: credential(&identity), journal };
    assert_eq!(bank.read(&client()).await.unwrap().status, StatusCode::OK);
}
