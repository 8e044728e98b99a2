//! The transactions of an account, page by page, and one of them (Berlin Group 1.3.11, `getTransactionList`,
//! `getCardAccountTransactionList`, `getTransactionDetails`).

use http::Method;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;
use uuid::Uuid;

use super::{
    BankRequest, BankResponse, Operation, answers,
    endpoints::{self, Ids, bodiless},
    errors::{AnswerError, MalformedAnswer, UnsendableRequest},
    headers::CallHeaders,
    link_map::LinkMap,
    links::{download_of, next_page, page_of},
    records::RecordReader,
    references::{KnownAccount, WireReference},
    strict_json::Object,
    transaction::{Context, transaction},
    wire::Quotable,
};
use crate::domain::{
    account::{AccountKind, BankTransaction, TransactionStatus},
    bank::Bank,
    data_profile::{Downloads, PageStyle},
};

pub use crate::domain::data_profile::BookingStatus;

/// The number of a page (Berlin Group 1.3.11).
const PAGE_INDEX: &str = "pageIndex";

/// The transactions to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionQuery {
    /// Which.
    pub booking_status: BookingStatus,
    /// From this day on.
    pub from: Date,
    /// To this day; absent for today.
    pub to: Option<Date>,
    /// Only those after the entry of this reference, instead of from a day on. Banks need not have it.
    pub since: Option<String>,
}

/// A page of transactions.
#[derive(Debug)]
pub struct TransactionPage {
    /// Booked ones, then pending ones, then those for information, each in the bank's order.
    pub transactions: Vec<BankTransaction>,
    /// The next page, if this is not the last: an address of this very list.
    pub next: Option<Url>,
    /// Whether the list ends with a link that this bank is known to end lists with, so that some may be missing.
    pub ended_by_a_lie: bool,
}

/// Asks for the first page.
pub fn read(
    bank: &Bank,
    account: KnownAccount<'_>,
    query: &TransactionQuery,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    bodiless(operation(account.kind), Method::GET, address(bank, account, query)?, headers)
}

/// Where a list's first page is.
pub fn address(bank: &Bank, account: KnownAccount<'_>, query: &TransactionQuery) -> Result<Url, UnsendableRequest> {
    let mut url = collection(bank, account)?;
    query.append_to(&mut url, bank, account.kind);
    Ok(url)
}

/// Asks for a further page, which an earlier one named. Its address is checked again: it may have been away.
pub fn read_page(
    bank: &Bank,
    account: KnownAccount<'_>,
    page: &Url,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    let collection = collection(bank, account)?;
    let judged = match page_of(bank, &collection, page.as_str()) {
        Err(_) if bank.data.downloads == Downloads::Follow => download_of(bank, &collection, page.as_str()),
        judged => judged,
    };
    bodiless(operation(account.kind), Method::GET, judged.map_err(UnsendableRequest::Page)?, headers)
}

/// The page at the address that was asked. A link to the next page is followed by the caller, who bounds how many.
pub fn read_answer(
    bank: &Bank,
    account: KnownAccount<'_>,
    asked: &Url,
    request_id: Uuid,
    response: &BankResponse,
) -> Result<TransactionPage, AnswerError> {
    let wire: WirePage<'_> = answers::data(bank, operation(account.kind), request_id, response)?;
    let own = account.confirmed_by(wire.account.or(wire.card_account))?;
    let account = account.told(wire.debit_accounting);
    let collection = collection(bank, account).map_err(|_| AnswerError::WrongAnswer)?;
    let outer_links = wire.links.unwrap_or_default();
    let report = match account.kind {
        AccountKind::Payment => wire.transactions,
        AccountKind::Card => wire.card_transactions.or(wire.transactions),
    };
    let Some(Object(report)) = report else { return without_report(bank, &collection, &outer_links) };
    let href = report.next()?.or(outer_links.href("next")?);
    let (next, ended_by_a_lie) = match (bank.data.paging.style, href) {
        (PageStyle::Links, Some(href)) => {
            let next = next_page(bank, &collection, href, asked)?;
            let ended = next.is_none();
            (next, ended)
        }
        (PageStyle::Index, _) => (page_after(asked, report.len(), bank), false),
        (PageStyle::Links | PageStyle::None, _) => (None, false),
    };
    let reader = RecordReader { profile: &bank.data, body: &response.body };
    let context = Context { reader, account, own: &own };
    Ok(TransactionPage { next, ended_by_a_lie, transactions: report.into_transactions(context)? })
}

/// Asks for one transaction by the bank's own id. Only payment accounts have such resources.
pub fn read_one(
    bank: &Bank,
    account: KnownAccount<'_>,
    transaction_id: &str,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    let ids = Ids { transaction: Some(transaction_id), ..account.ids() };
    let url = endpoints::of(bank, Operation::Transaction, &ids)?;
    bodiless(Operation::Transaction, Method::GET, url, headers)
}

/// The transaction of that id; an answer about another one is not taken. The standard does not say where it stands, so
/// one without a booking date is taken for pending.
pub fn read_one_answer(
    bank: &Bank,
    account: KnownAccount<'_>,
    transaction_id: &str,
    request_id: Uuid,
    response: &BankResponse,
) -> Result<BankTransaction, AnswerError> {
    let wire: WireOne<'_> = answers::data(bank, Operation::Transaction, request_id, response)?;
    let own = account.confirmed_by(wire.account)?;
    let record = wire.transactions_details.or(wire.transaction_details);
    let record = record.ok_or(MalformedAnswer::Missing("transactionsDetails"))?;
    let reader = RecordReader { profile: &bank.data, body: &response.body };
    let context = Context { reader, account, own: &own };
    let mut found = transaction(context, TransactionStatus::Booked, record)?;
    if found.details.bank_id.as_deref().is_some_and(|told| told != transaction_id) {
        return Err(AnswerError::WrongAnswer);
    }
    if found.details.booking_date.is_none() {
        found.details.status = TransactionStatus::Pending;
    }
    Ok(found)
}

/// What reads the transactions of an account of that kind.
const fn operation(kind: AccountKind) -> Operation {
    match kind {
        AccountKind::Payment => Operation::Transactions,
        AccountKind::Card => Operation::CardTransactions,
    }
}

/// Whether the bank takes a parameter of a list of that kind of account.
pub fn takes(bank: &Bank, kind: AccountKind, parameter: &str) -> bool {
    !bank.operations.of(operation(kind)).any(|profile| profile.without_query.contains(parameter))
}

/// Where the account's transactions are.
fn collection(bank: &Bank, account: KnownAccount<'_>) -> Result<Url, UnsendableRequest> {
    endpoints::of(bank, operation(account.kind), &account.ids())
}

/// The page of the next number, unless this one had room left.
fn page_after(asked: &Url, entries: usize, bank: &Bank) -> Option<Url> {
    let rules = &bank.data.paging;
    let full = entries >= usize::try_from(rules.size.max(1)).unwrap_or(usize::MAX);
    let number = |value: &str| value.parse::<u32>().ok();
    let current = asked.query_pairs().find(|(name, _)| name == PAGE_INDEX).and_then(|(_, value)| number(&value));
    let next = current.unwrap_or(rules.first).checked_add(1).filter(|_| full)?;
    let others = asked
        .query_pairs()
        .filter(|(name, _)| name != PAGE_INDEX)
        .map(|(name, value)| (name.into_owned(), value.into_owned()));
    let others: Vec<_> = others.collect();
    let mut page = asked.clone();
    page.query_pairs_mut().clear().extend_pairs(others).append_pair(PAGE_INDEX, &next.to_string());
    Some(page)
}

/// An empty list would be a lie: the transactions are elsewhere. Where downloads are followed, that is the next page.
fn without_report(bank: &Bank, collection: &Url, links: &LinkMap) -> Result<TransactionPage, AnswerError> {
    if !links.has("download") {
        return Err(MalformedAnswer::Missing("transactions").into());
    }
    let href = links.href("download")?.filter(|_| bank.data.downloads == Downloads::Follow);
    let next = Some(download_of(bank, collection, href.ok_or(AnswerError::DownloadOnly)?)?);
    Ok(TransactionPage { transactions: Vec::new(), next, ended_by_a_lie: false })
}

impl TransactionQuery {
    fn append_to(&self, url: &mut Url, bank: &Bank, kind: AccountKind) {
        let sent = |parameter| takes(bank, kind, parameter);
        let paging = &bank.data.paging;
        let has_days = self.booking_status != BookingStatus::Information;
        let mut pairs = url.query_pairs_mut();
        if sent("bookingStatus") {
            pairs.append_pair("bookingStatus", self.booking_status.word());
        }
        if let Some(reference) = &self.since {
            pairs.append_pair("entryReferenceFrom", reference);
        } else if has_days && sent("dateFrom") {
            pairs.append_pair("dateFrom", &self.from.to_string());
        }
        if let Some(to) = self.to.filter(|_| has_days && sent("dateTo")) {
            pairs.append_pair("dateTo", &to.to_string());
        }
        if paging.style == PageStyle::Index {
            pairs.append_pair("itemsPerPage", &paging.size.to_string());
            pairs.append_pair(PAGE_INDEX, &paging.first.to_string());
        }
        drop(pairs);
        if url.query() == Some("") {
            url.set_query(None);
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WirePage<'a> {
    account: Option<Object<WireReference>>,
    card_account: Option<Object<WireReference>>,
    debit_accounting: Option<Quotable<bool>>,
    #[serde(borrow)]
    transactions: Option<Object<WireReport<'a>>>,
    #[serde(borrow)]
    card_transactions: Option<Object<WireReport<'a>>>,
    #[serde(rename = "_links")]
    links: Option<LinkMap>,
}

/// `transactionDetailsBody`; the standard's sample and its schema spell it differently.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireOne<'a> {
    account: Option<Object<WireReference>>,
    #[serde(borrow)]
    transactions_details: Option<&'a RawValue>,
    #[serde(borrow)]
    transaction_details: Option<&'a RawValue>,
}

/// `accountReport` and `cardAccountReport`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WireReport<'a> {
    #[serde(borrow)]
    booked: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pending: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    information: Option<Vec<&'a RawValue>>,
    #[serde(rename = "_links")]
    links: Option<LinkMap>,
}

impl<'a> WireReport<'a> {
    fn next(&self) -> Result<Option<&str>, MalformedAnswer> {
        self.links.as_ref().map_or(Ok(None), |links| links.href("next"))
    }

    /// How many entries there are.
    fn len(&self) -> usize {
        self.lists().map(|(_, list)| list.map_or(0, <[_]>::len)).sum()
    }

    fn lists(&self) -> impl Iterator<Item = (TransactionStatus, Option<&[&'a RawValue]>)> {
        [
            (TransactionStatus::Booked, self.booked.as_deref()),
            (TransactionStatus::Pending, self.pending.as_deref()),
            (TransactionStatus::Information, self.information.as_deref()),
        ]
        .into_iter()
    }

    fn into_transactions(self, context: Context<'_>) -> Result<Vec<BankTransaction>, MalformedAnswer> {
        let records = self.lists().flat_map(|(status, list)| list.into_iter().flatten().map(move |one| (status, *one)));
        records.map(|(status, record)| transaction(context, status, record)).collect()
    }
}

#[cfg(test)]
mod tests {
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
        let lists =
            json!({"information": [record("i")], "pending": [record("p")], "booked": [record("b1"), record("b2")]});
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
        for bad in
            [json!({}), json!({"transactions": null}), json!({"transactions": []}), json!({"transactions": [[]]})]
        {
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
}
