//! Whatever a bank answers, judging it never panics: arbitrary bytes, and answers of the right shape gone wrong.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use proptest::prelude::*;
use url::Url;

use super::{
    BankResponse, accounts, balances, consents,
    fixtures::{REQUEST_ID, oauth_bank},
    headers::X_REQUEST_ID,
    links,
    references::KnownAccount,
    transactions,
};
use crate::domain::account::AccountKind;

/// Answers that each judge takes, to be damaged.
const WHOLE: [&str; 8] = [
    r#"{"consentStatus":"received","consentId":"c-1","_links":{"scaRedirect":{"href":"https://www.bank.example/sca"}}}"#,
    r#"{"consentStatus":"valid","recurringIndicator":"true","validUntil":"2026-12-31","frequencyPerDay":4}"#,
    r#"{"accounts":[{"resourceId":"a","iban":"DE1","currency":"EUR","pan":"4111111111111111","usage":"PRIV"}]}"#,
    r#"{"balances":[{"balanceType":"expected","balanceAmount":{"amount":"-1.00","currency":"EUR"},"lastChangeDateTime":"2017-10-25T15:30:35.035Z"}]}"#,
    r#"{"transactions":{"booked":[{"transactionAmount":{"amount":"1","currency":"EUR"},"bookingDate":"2026-01-01"}],"_links":{"next":{"href":"?page=2"}}}}"#,
    r#"{"cardAccounts":[{"resourceId":"c","maskedPan":"525412******3241","currency":"EUR","debitAccounting":true,"creditLimit":{"amount":"1","currency":"EUR"}}]}"#,
    r#"{"cardTransactions":{"booked":[{"cardTransactionId":"t","transactionAmount":{"amount":"-1","currency":"EUR"},"cardAcceptorAddress":{"country":"DE"},"invoiced":"true"}]}}"#,
    r#"{"transactionsDetails":{"transactionId":"t-1","transactionAmount":{"amount":"1","currency":"EUR"},"currencyExchange":[{"sourceCurrency":"USD","targetCurrency":"EUR","exchangeRate":"1.1"}]}}"#,
];

/// Bodies: noise, and whole answers of which one stretch was replaced by noise.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let noise = || prop::collection::vec(any::<u8>(), 0..24);
    let token = prop_oneof![noise(), "[\\[\\]{}\",:0-9a-z.\\\\+-]{0,8}".prop_map(String::into_bytes)];
    let damaged = (prop::sample::select(&WHOLE[..]), any::<prop::sample::Index>(), 0..6_usize, token).prop_map(
        |(whole, at, length, token)| {
            let mut body = whole.as_bytes().to_vec();
            let start = at.index(body.len());
            let end = (start + length).min(body.len());
            body.splice(start..end, token);
            body
        },
    );
    prop_oneof![prop::collection::vec(any::<u8>(), 0..200), damaged]
}

fn headers() -> impl Strategy<Value = HeaderMap> {
    let byte = || prop_oneof![Just(b'\t'), 0x20..0x7f_u8, 0x80..=0xff_u8];
    let value = || prop::collection::vec(byte(), 0..40).prop_map(|bytes| HeaderValue::from_bytes(&bytes).unwrap());
    let json = Just(HeaderValue::from_static("application/json"));
    let names = [header::RETRY_AFTER, header::DATE, X_REQUEST_ID];
    let others = prop::collection::vec((prop::sample::select(names.to_vec()), value()), 0..3);
    (prop_oneof![4 => json, 1 => value()], others).prop_map(|(content_type, others)| {
        let mut headers: HeaderMap = others.into_iter().collect();
        headers.insert(header::CONTENT_TYPE, content_type);
        headers
    })
}

fn responses() -> impl Strategy<Value = BankResponse> {
    let status = prop_oneof![Just(200_u16), 200..600_u16];
    (status, headers(), bodies()).prop_map(|(status, headers, body)| BankResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: Bytes::from(body),
    })
}

/// Which judges take the response.
fn judge(response: &BankResponse) -> [bool; 10] {
    let bank = oauth_bank();
    let account = KnownAccount::nameless("a-1");
    let card = KnownAccount { kind: AccountKind::Card, ..account };
    let asked = Url::parse("https://api.bank.example/psd2/v1/accounts/a-1/transactions").unwrap();
    [
        consents::created(&bank, REQUEST_ID, response).is_ok(),
        consents::read_answer(&bank, REQUEST_ID, response).is_ok(),
        consents::status_answer(&bank, REQUEST_ID, response).is_ok(),
        consents::delete_answer(&bank, REQUEST_ID, response).is_ok(),
        accounts::read_answer(&bank, AccountKind::Payment, REQUEST_ID, response).is_ok(),
        balances::read_answer(&bank, account, REQUEST_ID, response).is_ok(),
        transactions::read_answer(&bank, account, &asked, REQUEST_ID, response).is_ok(),
        accounts::read_answer(&bank, AccountKind::Card, REQUEST_ID, response).is_ok(),
        transactions::read_answer(&bank, card, &asked, REQUEST_ID, response).is_ok(),
        transactions::read_one_answer(&bank, account, "t-1", REQUEST_ID, response).is_ok(),
    ]
}

#[test]
fn every_whole_answer_is_taken_by_its_judge() {
    let taken = WHOLE.map(|whole| judge(&super::fixtures::raw_answer(200, "application/json", whole.as_bytes())));
    for (index, judge) in [(0, 0), (1, 1), (2, 4), (3, 5), (4, 6), (5, 7), (6, 8), (7, 9)] {
        assert!(taken[index][judge], "answer {index}");
    }
}

proptest! {
    #[test]
    fn no_answer_makes_a_judge_panic(response in responses()) {
        judge(&response);
    }

    #[test]
    fn no_link_makes_a_judge_panic(href in any::<String>()) {
        let bank = oauth_bank();
        let _ = links::web_link(&bank, &href);
        let _ = links::metadata_link(&bank, &href);
        let _ = links::page_of(&bank, &bank.addresses.api, &href);
    }
}
