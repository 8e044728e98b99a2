//! The transactions of an account, page by page (Berlin Group 1.3.11, `getTransactionList`).

use http::Method;
use jiff::civil::Date;
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use super::{
    BankRequest, BankResponse, Operation, answers,
    endpoints::{bodiless, resource},
    errors::{AnswerError, MalformedAnswer, UnsendableRequest},
    headers::CallHeaders,
    link_map::LinkMap,
    links::{page_link, page_of},
    references::{KnownAccount, WireReference},
    strict_json::Object,
    transaction::WireTransaction,
};
use crate::domain::{
    account::{Identification, Transaction, TransactionStatus},
    bank::Bank,
};

/// Which transactions to ask for. Banks must have [`BookingStatus::Booked`] and may refuse the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookingStatus {
    /// Booked.
    Booked,
    /// Pending.
    Pending,
    /// Booked and pending.
    Both,
    /// Standing orders.
    Information,
    /// Everything.
    All,
}

/// The transactions to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionQuery {
    /// Which.
    pub booking_status: BookingStatus,
    /// From this day on.
    pub from: Date,
    /// To this day; absent for today.
    pub to: Option<Date>,
}

/// A page of transactions.
#[derive(Debug)]
pub struct TransactionPage {
    /// Booked ones, then pending ones, then those for information, each in the bank's order.
    pub transactions: Vec<Transaction>,
    /// The next page, if this is not the last: an address of this very list.
    pub next: Option<Url>,
}

/// Asks for the first page.
pub fn read(
    bank: &Bank,
    account: KnownAccount<'_>,
    query: &TransactionQuery,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    let mut url = collection(bank, account)?;
    query.append_to(&mut url);
    bodiless(Operation::Transactions, Method::GET, url, headers)
}

/// Asks for a further page, which an earlier one named. Its address is checked again: it may have been away.
pub fn read_page(
    bank: &Bank,
    account: KnownAccount<'_>,
    page: &Url,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    let page = page_of(bank, &collection(bank, account)?, page.as_str()).map_err(UnsendableRequest::Page)?;
    bodiless(Operation::Transactions, Method::GET, page, headers)
}

/// The page at the address that was asked. A link to the next page is followed by the caller, who bounds how many.
pub fn read_answer(
    bank: &Bank,
    account: KnownAccount<'_>,
    asked: &Url,
    request_id: Uuid,
    response: &BankResponse,
) -> Result<TransactionPage, AnswerError> {
    let wire: WirePage = answers::read(request_id, response)?;
    let own = account.confirmed_by(wire.account)?;
    let outer_links = wire.links.unwrap_or_default();
    let Some(Object(report)) = wire.transactions else { return Err(without_report(&outer_links)) };
    let next = match report.next()?.or(outer_links.href("next")?) {
        Some(href) => Some(page_link(bank, &without_query(asked), href, asked)?),
        None => None,
    };
    Ok(TransactionPage { next, transactions: report.into_transactions(&own)? })
}

/// Where the account's transactions are.
fn collection(bank: &Bank, account: KnownAccount<'_>) -> Result<Url, UnsendableRequest> {
    resource(bank, &["accounts", account.resource_id, "transactions"])
}

fn without_query(page: &Url) -> Url {
    let mut collection = page.clone();
    collection.set_query(None);
    collection
}

/// An empty list would be a lie: the transactions are elsewhere.
fn without_report(links: &LinkMap) -> AnswerError {
    if links.has("download") { AnswerError::DownloadOnly } else { MalformedAnswer::Missing("transactions").into() }
}

impl TransactionQuery {
    fn append_to(&self, url: &mut Url) {
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("bookingStatus", self.booking_status.word());
        pairs.append_pair("dateFrom", &self.from.to_string());
        if let Some(to) = self.to {
            pairs.append_pair("dateTo", &to.to_string());
        }
    }
}

impl BookingStatus {
    /// The standard's word.
    const fn word(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Pending => "pending",
            Self::Both => "both",
            Self::Information => "information",
            Self::All => "all",
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WirePage {
    account: Option<Object<WireReference>>,
    transactions: Option<Object<WireReport>>,
    #[serde(rename = "_links")]
    links: Option<LinkMap>,
}

/// `accountReport`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WireReport {
    booked: Option<Vec<Object<WireTransaction>>>,
    pending: Option<Vec<Object<WireTransaction>>>,
    information: Option<Vec<Object<WireTransaction>>>,
    #[serde(rename = "_links")]
    links: Option<LinkMap>,
}

impl WireReport {
    fn next(&self) -> Result<Option<&str>, MalformedAnswer> {
        self.links.as_ref().map_or(Ok(None), |links| links.href("next"))
    }

    fn into_transactions(self, own: &[Identification]) -> Result<Vec<Transaction>, MalformedAnswer> {
        let lists = [
            (TransactionStatus::Booked, self.booked),
            (TransactionStatus::Pending, self.pending),
            (TransactionStatus::Information, self.information),
        ];
        let records =
            lists.into_iter().flat_map(|(status, list)| list.into_iter().flatten().map(move |one| (status, one)));
        records.map(|(status, Object(record))| record.into_transaction(status, own)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::protocol::berlin_group::{
        fixtures::{BACKGROUND, REQUEST_ID, answer, bank},
        links::LinkRejected,
    };

    const ACCOUNT: KnownAccount<'static> = KnownAccount { resource_id: "a:1", identification: &[] };
    const LIST: &str = "https://api.bank.example/psd2/v1/accounts/a%3A1/transactions";

    fn asked() -> Url {
        let query =
            TransactionQuery { booking_status: BookingStatus::Both, from: jiff::civil::date(2026, 1, 1), to: None };
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
        TransactionQuery { booking_status: BookingStatus::Booked, from: day, to: Some(day) }.append_to(&mut url);
        assert_eq!(url.query(), Some("bookingStatus=booked&dateFrom=2026-02-01&dateTo=2026-02-01"));
    }

    #[test]
    fn keeps_the_lists_apart_by_status() {
        let lists =
            json!({"information": [record("i")], "pending": [record("p")], "booked": [record("b1"), record("b2")]});
        let page = judge(&json!({"transactions": lists})).unwrap();
        let shown: Vec<_> = page.transactions.iter().map(|one| (one.id.as_deref().unwrap(), one.status)).collect();
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
        for bad in
            [json!({}), json!({"transactions": null}), json!({"transactions": []}), json!({"transactions": [[]]})]
        {
            assert!(matches!(judge(&bad), Err(AnswerError::Malformed(_))), "{bad}");
        }
    }

    #[test]
    fn the_transactions_of_another_account_are_not_taken() {
        let known = [Identification { scheme: crate::domain::account::Scheme::Iban, value: "DE1".to_owned() }];
        let account = KnownAccount { identification: &known, ..ACCOUNT };
        let response = answer(200, &json!({"account": {"iban": "DE2"}, "transactions": {}}));
        let judged = read_answer(&bank(), account, &asked(), REQUEST_ID, &response);
        assert!(matches!(judged, Err(AnswerError::WrongAnswer)));
    }
}
