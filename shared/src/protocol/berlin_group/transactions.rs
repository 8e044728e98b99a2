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
mod tests;
