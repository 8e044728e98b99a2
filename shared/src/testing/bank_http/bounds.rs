//! *Bounded.* Time and bytes stay within the bank's limits.

use super::{Answer, Bench, Manners, Presence, Then, assert_named};
use crate::ports::bank_http::BankHttpError;

const LIMIT: usize = 10_000;

pub(super) async fn ends_at_the_deadline_whatever_the_bank_does(bench: &dyn Bench) {
    let client = bench.client();
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".to_vec();
    let slow = [
        Answer::Http1(Vec::new(), Then::Hang),
        Answer::Http1("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(10_000).into_bytes(), Then::Hang),
        Answer::Http1(b"HTTP/1.1 200".to_vec(), Then::Hang),
        Answer::Http1(b"HTTP/1.1 200 OK\r\nx-endless: ".to_vec(), Then::Drip),
        Answer::Http1(head.clone(), Then::Hang),
        Answer::Http1(head, Then::Drip),
    ];
    for answer in slow {
        let bank = bench.start(Manners::answering(answer.clone())).await.hurried();
        assert_named!(bank.read(&*client).await, BankHttpError::Timeout, answer);
    }
}

pub(super) async fn a_bank_that_never_shakes_hands_is_unreachable(bench: &dyn Bench) {
    let bank = bench.start(Manners { presence: Presence::Mute, ..Manners::default() }).await.hurried_to_connect();
    assert_named!(bank.read(&*bench.client()).await, BankHttpError::Unreachable(_), "mute");
}

pub(super) async fn takes_a_body_of_just_the_limit(bench: &dyn Bench) {
    let client = bench.client();
    for answer in of_length(LIMIT) {
        let bank = bench.start(Manners::answering(answer)).await.limited_to(LIMIT);
        assert_eq!(bank.read(&*client).await.unwrap().body.len(), LIMIT);
    }
}

pub(super) async fn refuses_a_body_beyond_the_limit(bench: &dyn Bench) {
    let client = bench.client();
    for answer in of_length(LIMIT + 1) {
        let bank = bench.start(Manners::answering(answer)).await.limited_to(LIMIT);
        assert_named!(bank.read(&*client).await, BankHttpError::TooLarge, "one byte too many");
    }
    let endless = Answer::Http1(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n".to_vec(), Then::Hang);
    let bank = bench.start(Manners::answering(endless)).await;
    assert_named!(bank.read(&*client).await, BankHttpError::TooLarge, "announced");
}

pub(super) async fn counts_the_bytes_after_decompression(bench: &dyn Bench) {
    let bomb = Answer::Gzipped(vec![0; 20 * 1024 * 1024]);
    let bank = bench.start(Manners::answering(bomb)).await.limited_to(LIMIT);
    assert_named!(bank.read(&*bench.client()).await, BankHttpError::TooLarge, "bomb");
}

pub(super) async fn refuses_endless_headers(bench: &dyn Bench) {
    let client = bench.client();
    let many = "x-more: 1\r\n".repeat(10_000);
    let long = format!("x-long: {}\r\n", "1".repeat(2_000_000));
    for headers in [many, long] {
        let text = format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n");
        let bank = bench.start(Manners::answering(Answer::closing(text))).await;
        assert_named!(bank.read(&*client).await, BankHttpError::Malformed(_), headers.len());
    }
}

/// A body of that length: announced, in chunks, up to the end of the connection, compressed, over HTTP/2.
fn of_length(length: usize) -> Vec<Answer> {
    let body = "a".repeat(length);
    let head = "HTTP/1.1 200 OK\r\n";
    vec![
        Answer::closing(format!("{head}content-length: {length}\r\n\r\n{body}")),
        Answer::closing(format!("{head}transfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n")),
        Answer::closing(format!("HTTP/1.0 200 OK\r\n\r\n{body}")),
        Answer::Gzipped(body.clone().into_bytes()),
        Answer::Http2(body.into_bytes()),
    ]
}
