use serde_json::{Value, json};

use super::*;
use crate::{
    domain::{
        account::{Identification, Scheme},
        amount::CreditDebit,
    },
    protocol::berlin_group::{
        fixtures::{BACKGROUND, REQUEST_ID, answer, bank},
        links::LinkRejected,
    },
};

const ACCOUNT: KnownAccount<'static> = KnownAccount::nameless("a:1");
const LIST: &str = "https://api.bank.example/psd2/v1/accounts/a%3A1/transactions";

fn asked() -> Url {
    let query = TransactionQuery {
        booking_status: BookingStatus::Both,
        from: jiff::civil::date(2026, 1, 1),
        to: None,
        since: None,
    };
    read(&bank(), ACCOUNT, &query, &BACKGROUND).unwrap().url
}

fn judge(body: &Value) -> Result<TransactionPage, AnswerError> {
    read_answer(&bank(), ACCOUNT, &asked(), REQUEST_ID, &answer(200, body))
}

fn record(id: &str) -> Value {
    json!({"transactionId": id, "transactionAmount": {"amount": "1", "currency": "EUR"}})
}

fn page_to(next: &Value) -> Value {
    json!({"transactions": {"booked": [record("t-1")], "_links": {"next": next}}})
}

#[test]
fn asks_for_a_period_and_a_booking_status() {
    assert_eq!(asked().as_str(), format!("{LIST}?bookingStatus=both&dateFrom=2026-01-01"));
    let mut url = Url::parse(LIST).unwrap();
    let day = jiff::civil::date(2026, 2, 1);
    TransactionQuery { booking_status: BookingStatus::Booked, from: day, to: Some(day), since: None }.append_to(
        &mut url,
        &bank(),
        AccountKind::Payment,
    );
    assert_eq!(url.query(), Some("bookingStatus=booked&dateFrom=2026-02-01&dateTo=2026-02-01"));
}

#[test]
fn keeps_the_lists_apart_by_status() {
    let lists = json!({"information": [record("i")], "pending": [record("p")], "booked": [record("b1"), record("b2")]});
    let page = judge(&json!({"transactions": lists})).unwrap();
    let shown: Vec<_> =
        page.transactions.iter().map(|one| (one.details.bank_id.as_deref().unwrap(), one.details.status)).collect();
    let expected = [
        ("b1", TransactionStatus::Booked),
        ("b2", TransactionStatus::Booked),
        ("p", TransactionStatus::Pending),
        ("i", TransactionStatus::Information),
    ];
    assert_eq!(shown, expected);
    assert!(page.next.is_none());
}

#[test]
fn finds_the_next_page_in_either_place() {
    let next = json!({"href": "/psd2/v1/accounts/a:1/transactions?page=2"});
    let outer = json!({"transactions": {"booked": []}, "_links": {"next": next}});
    for body in [page_to(&next), outer] {
        assert_eq!(judge(&body).unwrap().next.unwrap().as_str(), format!("{LIST}?page=2"));
    }
}

#[test]
fn follows_no_link_away_from_the_list_and_shows_none_of_its_page() {
    for (href, why) in [
        ("https://evil.example/psd2/v1/accounts/a:1/transactions?page=2", LinkRejected::ForeignOrigin),
        ("/psd2/v1/accounts/a:2/transactions?page=2", LinkRejected::OtherResource),
        ("/psd2/v1/accounts/a:1/balances", LinkRejected::OtherResource),
        ("?bookingStatus=both&dateFrom=2026-01-01", LinkRejected::Loop),
    ] {
        match judge(&page_to(&json!({ "href": href }))) {
            Err(AnswerError::LinkRejected(rejected)) => assert_eq!(rejected, why, "{href}"),
            other => panic!("{href}: {other:?}"),
        }
    }
}

#[test]
fn a_next_link_that_cannot_be_read_does_not_end_the_list() {
    assert!(matches!(judge(&page_to(&json!(7))), Err(AnswerError::Malformed(MalformedAnswer::Invalid("_links")))));
}

#[test]
fn a_further_page_is_checked_again_before_it_is_asked_for() {
    let page = Url::parse(&format!("{LIST}?page=2")).unwrap();
    assert_eq!(read_page(&bank(), ACCOUNT, &page, &BACKGROUND).unwrap().url, page);
    let foreign = Url::parse("https://evil.example/psd2/v1/accounts/a:1/transactions").unwrap();
    let refused = read_page(&bank(), ACCOUNT, &foreign, &BACKGROUND).unwrap_err();
    assert_eq!(refused, UnsendableRequest::Page(LinkRejected::ForeignOrigin));
}

#[test]
fn a_list_that_is_not_there_is_not_an_empty_list() {
    let download = json!({"_links": {"download": {"href": "x"}}});
    assert!(matches!(judge(&download), Err(AnswerError::DownloadOnly)));
    for bad in [json!({}), json!({"transactions": null}), json!({"transactions": []}), json!({"transactions": [[]]})] {
        assert!(matches!(judge(&bad), Err(AnswerError::Malformed(_))), "{bad}");
    }
}

#[test]
fn the_transactions_of_another_account_are_not_taken() {
    let known = [Identification { scheme: Scheme::Iban, value: "DE1".to_owned() }];
    let account = KnownAccount { identification: &known, ..ACCOUNT };
    let response = answer(200, &json!({"account": {"iban": "DE2"}, "transactions": {}}));
    let judged = read_answer(&bank(), account, &asked(), REQUEST_ID, &response);
    assert!(matches!(judged, Err(AnswerError::WrongAnswer)));
}

fn with(data: &str) -> Bank {
    Bank { data: toml::from_str(data).unwrap(), ..bank() }
}

fn query(status: BookingStatus) -> TransactionQuery {
    let (from, to) = (jiff::civil::date(2026, 1, 1), Some(jiff::civil::date(2026, 2, 1)));
    TransactionQuery { booking_status: status, from, to, since: None }
}

fn asks(bank: &Bank, query: &TransactionQuery) -> Option<String> {
    read(bank, ACCOUNT, query, &BACKGROUND).unwrap().url.query().map(str::to_owned)
}

#[test]
fn leaves_out_what_the_bank_refuses() {
    let both = query(BookingStatus::Both);
    let without = |dropped: &[&str]| {
        let mut bank = bank();
        bank.operations.every.without_query = dropped.iter().map(|&name| name.to_owned()).collect();
        asks(&bank, &both)
    };
    assert_eq!(without(&["dateTo"]).as_deref(), Some("bookingStatus=both&dateFrom=2026-01-01"));
    assert_eq!(without(&["bookingStatus", "dateFrom", "dateTo"]), None);
    let orders = asks(&bank(), &query(BookingStatus::Information));
    assert_eq!(orders.as_deref(), Some("bookingStatus=information"), "orders have no days");
}

#[test]
fn asks_for_what_came_after_an_entry() {
    let delta = TransactionQuery { since: Some("e/1".to_owned()), to: None, ..query(BookingStatus::Booked) };
    assert_eq!(asks(&bank(), &delta).as_deref(), Some("bookingStatus=booked&entryReferenceFrom=e%2F1"));
}

#[test]
fn counts_pages_where_they_have_numbers() {
    let bank = with("paging = { style = \"index\", first = 1, size = 2 }");
    let first = read(&bank, ACCOUNT, &query(BookingStatus::Booked), &BACKGROUND).unwrap().url;
    assert!(first.query().unwrap().ends_with("itemsPerPage=2&pageIndex=1"), "{first}");
    let page = |asked: &Url, records: &[&str]| {
        let records: Vec<_> = records.iter().map(|id| record(id)).collect();
        let lie = json!({"next": {"href": "https://evil.example/"}});
        let body = json!({"transactions": {"booked": records, "_links": lie}});
        read_answer(&bank, ACCOUNT, asked, REQUEST_ID, &answer(200, &body)).unwrap().next
    };
    let second = page(&first, &["1", "2"]).unwrap();
    assert!(second.query().unwrap().ends_with("itemsPerPage=2&pageIndex=2"), "{second}");
    assert_eq!(read_page(&bank, ACCOUNT, &second, &BACKGROUND).unwrap().url, second);
    assert_eq!(page(&second, &["3"]), None);
}

#[test]
fn a_known_lie_ends_the_list_and_that_is_told() {
    let bank = with("paging = { self_link = \"end\" }");
    let asked = asked();
    let body = page_to(&json!({"href": format!("?{}", asked.query().unwrap())}));
    let page = read_answer(&bank, ACCOUNT, &asked, REQUEST_ID, &answer(200, &body)).unwrap();
    assert!(page.next.is_none() && page.ended_by_a_lie && page.transactions.len() == 1);
}

#[test]
fn a_bank_without_pages_has_one_whatever_its_links_say() {
    let bank = with("paging = { style = \"none\" }");
    let body = page_to(&json!({"href": "?page=2"}));
    let page = read_answer(&bank, ACCOUNT, &asked(), REQUEST_ID, &answer(200, &body)).unwrap();
    assert!(page.next.is_none() && !page.ended_by_a_lie);
}

#[test]
fn a_download_is_the_next_page_where_it_is_followed() {
    let (plain, bank) = (bank(), with("downloads = \"follow\""));
    let offer = |href: &str| answer(200, &json!({"_links": {"download": {"href": href}}}));
    let judge = |href: &str| read_answer(&bank, ACCOUNT, &asked(), REQUEST_ID, &offer(href));
    let page = judge("/psd2/v1/accounts/a:1/transactions/download/77").unwrap();
    let download = page.next.unwrap();
    assert_eq!(download.as_str(), format!("{LIST}/download/77"));
    assert_eq!(read_page(&bank, ACCOUNT, &download, &BACKGROUND).unwrap().url, download);
    let elsewhere = read_page(&plain, ACCOUNT, &download, &BACKGROUND);
    assert!(elsewhere.is_err(), "a bank whose downloads are not followed has none");
    assert!(matches!(judge("https://evil.example/77"), Err(AnswerError::LinkRejected(_))));
}

#[test]
fn a_card_s_transactions_are_asked_for_among_the_cards() {
    let card = KnownAccount { kind: AccountKind::Card, debit_accounting: Some(true), ..ACCOUNT };
    let url = read(&bank(), card, &query(BookingStatus::Booked), &BACKGROUND).unwrap().url;
    assert_eq!(url.path(), "/psd2/v1/card-accounts/a%3A1/transactions");
    let spent = json!({"cardTransactionId": "c-1", "transactionAmount": {"amount": "256.67", "currency": "EUR"}});
    let body = json!({"cardAccount": {"maskedPan": "525412******3241"}, "cardTransactions": {"booked": [spent]}});
    let page = read_answer(&bank(), card, &url, REQUEST_ID, &answer(200, &body)).unwrap();
    let details = &page.transactions[0].details;
    assert_eq!((details.bank_id.as_deref(), details.credit_debit), (Some("c-1"), CreditDebit::Debit));
}

#[test]
fn reads_the_one_transaction_that_was_asked_for() {
    let url = read_one(&bank(), ACCOUNT, "t/1", &BACKGROUND).unwrap().url;
    assert_eq!(url.as_str(), format!("{LIST}/t%2F1"));
    let judge = |body: Value| read_one_answer(&bank(), ACCOUNT, "t/1", REQUEST_ID, &answer(200, &body));
    let mut booked = record("t/1");
    booked["bookingDate"] = json!("2026-01-01");
    let status = |body: Value| judge(body).unwrap().details.status;
    assert_eq!(status(json!({"transactionsDetails": booked})), TransactionStatus::Booked);
    assert_eq!(status(json!({"transactionDetails": record("t/1")})), TransactionStatus::Pending);
    assert!(matches!(judge(json!({"transactionsDetails": record("t/2")})), Err(AnswerError::WrongAnswer)));
    assert!(matches!(judge(json!({})), Err(AnswerError::Malformed(_))));
}
