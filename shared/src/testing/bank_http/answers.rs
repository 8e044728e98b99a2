//! *Told apart.* What came back is handed over, and what did not is named as what it is.

use http::{Method, StatusCode};

use super::{Answer, BODY, Bench, Manners, Presence, Then, assert_named, told};
use crate::ports::bank_http::{BankHttpError, BankRequest};

pub(super) async fn hands_over_status_headers_and_body(bench: &dyn Bench) {
    let client = bench.client();
    for (status, body) in [(200, "{}"), (201, ""), (401, "no"), (429, "later"), (500, "down"), (503, "")] {
        let length = body.len();
        let text = format!("HTTP/1.1 {status} X\r\nretry-after: 7\r\ncontent-length: {length}\r\n\r\n{body}");
        let bank = bench.start(Manners::answering(Answer::closing(text))).await;
        let response = bank.read(&*client).await.unwrap();
        assert_eq!((response.status.as_u16(), &*response.body), (status, body.as_bytes()));
        assert_eq!(response.headers["retry-after"], "7");
    }
}

pub(super) async fn sends_method_target_headers_and_body(bench: &dyn Bench) {
    let bank = bench.start(Manners::default()).await;
    let request = BankRequest { method: Method::POST, body: Some(BODY), ..bank.accounts() };
    bench.client().call(&bank.bank, request).await.unwrap();
    assert_eq!(bank.journal.entries()[0].request, "POST /v1/accounts?withBalance=true");
}

pub(super) async fn speaks_http_2_with_banks_that_do(bench: &dyn Bench) {
    let bank = bench.start(Manners::answering(Answer::Http2(b"two".to_vec()))).await;
    let response = bank.read(&*bench.client()).await.unwrap();
    assert_eq!((response.status, &*response.body), (StatusCode::OK, &b"two"[..]));
}

pub(super) async fn decompresses(bench: &dyn Bench) {
    let bank = bench.start(Manners::answering(Answer::Gzipped(b"{\"accounts\":[]}".to_vec()))).await;
    let response = bank.read(&*bench.client()).await.unwrap();
    assert_eq!(&*response.body, b"{\"accounts\":[]}");
    assert!(!response.headers.contains_key("content-encoding"));
}

pub(super) async fn nobody_there_is_unreachable(bench: &dyn Bench) {
    let client = bench.client();
    let bank = bench.start(Manners { presence: Presence::Absent, ..Manners::default() }).await;
    assert_named!(bank.read(&*client).await, BankHttpError::Unreachable(_), "refused");
    let mut lost = bench.start(Manners::default()).await;
    lost.bank.addresses.api = "https://bank.invalid/".parse().unwrap();
    assert_named!(lost.read(&*client).await, BankHttpError::Unreachable(_), "no such name");
}

pub(super) async fn a_connection_that_ends_early_is_broken(bench: &dyn Bench) {
    let client = bench.client();
    let early = [
        Answer::closing(""),
        Answer::closing("HTTP/1.1 200"),
        Answer::closing("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort"),
        Answer::closing("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nsh"),
        Answer::closing("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 100\r\n\r\n\x1f"),
        Answer::Http2Refused,
    ];
    for answer in early {
        let bank = bench.start(Manners::answering(answer.clone())).await;
        assert_named!(bank.read(&*client).await, BankHttpError::Broken(_), answer);
    }
}

pub(super) async fn what_is_not_http_is_malformed(bench: &dyn Bench) {
    let client = bench.client();
    let head = "HTTP/1.1 200 OK\r\n";
    let odd = [
        "SSH-2.0-OpenSSH_9.9\r\n\r\n".to_owned(),
        "HTTP/1.1 two hundred\r\n\r\n".to_owned(),
        format!("{head}content-length : 2\r\n\r\nok"),
        format!("{head}content-length: 1\r\ncontent-length: 2\r\n\r\nok"),
        format!("{head}content-length: -1\r\n\r\nok"),
        format!("{head}x-folded: a\r\n b\r\ncontent-length: 2\r\n\r\nok"),
        format!("{head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\nok"),
        format!("{head}content-encoding: gzip\r\ncontent-length: 5\r\n\r\nplain"),
        format!("{head}content-encoding: br\r\ncontent-length: 2\r\n\r\nok"),
        format!("{head}content-encoding: gzip, gzip\r\ncontent-length: 2\r\n\r\nok"),
    ];
    for text in odd {
        let bank = bench.start(Manners::answering(Answer::closing(text.as_str()))).await;
        assert_named!(bank.read(&*client).await, BankHttpError::Malformed(_), text);
    }
    let bank = bench.start(Manners::answering(Answer::Http1ForHttp2)).await;
    assert_named!(bank.read(&*client).await, BankHttpError::Malformed(_) | BankHttpError::Broken(_), "not HTTP/2");
}

/// Also where the first try may look as if it had not been read.
pub(super) async fn sends_once_only(bench: &dyn Bench) {
    let client = bench.client();
    for answer in
        [Answer::closing(""), Answer::Http2Refused, Answer::closing("HTTP/1.1 503 X\r\nretry-after: 0\r\n\r\n")]
    {
        let bank = bench.start(Manners::answering(answer.clone())).await;
        let _ = bank.read(&*client).await;
        assert_eq!(bank.journal.entries().len(), 1, "{answer:?}");
    }
}

pub(super) async fn an_error_tells_nothing_of_the_request(bench: &dyn Bench) {
    let client = bench.client();
    for answer in [Answer::closing(""), Answer::closing("no HTTP\r\n\r\n"), Answer::Http1(Vec::new(), Then::Close)] {
        let bank = bench.start(Manners::answering(answer)).await;
        let url = bank.url("/v1/consents/secret-in-the-path?secret-in-the-query");
        let request = BankRequest { method: Method::POST, body: Some(BODY), url, ..bank.accounts() };
        let error = client.call(&bank.bank, request).await.unwrap_err();
        for text in [told(&error), format!("{error:?}")] {
            assert!(!text.contains("secret") && !text.contains("Bearer"), "{text}");
        }
    }
}
