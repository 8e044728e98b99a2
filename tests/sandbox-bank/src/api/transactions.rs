//! `/accounts/{account}/transactions`: lists in pages, and the single transaction.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Json;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::balances::reference;
use super::data::Entitled;
use crate::accounts::history::{Entry, Statement, decimal};
use crate::accounts::people::Account;
use crate::accounts::routine::Flow;
use crate::bank::Bank;
use crate::consent::access::Resource;
use crate::refusal::Refusal;

/// Small enough that a year takes several pages.
const PAGE: usize = 100;

/// The query as it comes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wish {
    booking_status: String,
    date_from: Date,
    date_to: Option<Date>,
    page: Option<usize>,
    entry_reference_from: Option<String>,
    delta_list: Option<String>,
}

type Wished = Result<Query<Wish>, axum::extract::rejection::QueryRejection>;

/// A page of a list, as it was asked for.
#[derive(Clone, Copy, Debug)]
struct Window {
    status: BookingStatus,
    from: Date,
    to: Date,
    /// Counted from one.
    page: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BookingStatus {
    Booked,
    Pending,
    Both,
}

/// `GET /accounts/{account}/transactions`. Only the first page of a list counts as a read.
pub(super) async fn list(
    State(bank): State<Arc<Bank>>,
    entitled: Entitled,
    Path(id): Path<String>,
    wish: Wished,
) -> Result<Json<Value>, Refusal> {
    let account = entitled.account(&bank, &id, Resource::Transactions)?;
    let Query(wish) = wish.map_err(|error| Refusal::Format(error.body_text()))?;
    let window = Window::of(&wish, entitled.moment.today)?;
    if window.page == 1 {
        entitled.count(&bank, Resource::Transactions, Some(&id))?;
    }
    let statement = bank.book.statement(account, entitled.moment.today);
    let report = report(&statement, window, account, &entitled, &bank, &id);
    Ok(Json(json!({ "account": reference(account), "transactions": report })))
}

/// `GET /accounts/{account}/transactions/{transaction}`
pub(super) async fn show(
    State(bank): State<Arc<Bank>>,
    entitled: Entitled,
    Path((id, transaction)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let account = entitled.account(&bank, &id, Resource::Transaction)?;
    entitled.count(&bank, Resource::Transaction, Some(&id))?;
    let statement = bank.book.statement(account, entitled.moment.today);
    let entry = statement.booked.iter().find(|entry| entry.id == transaction);
    let entry = entry.ok_or(Refusal::ResourceUnknown)?;
    Ok(Json(json!({ "transactionsDetails": booked(entry, account) })))
}

impl Window {
    fn of(wish: &Wish, today: Date) -> Result<Self, Refusal> {
        if wish.entry_reference_from.is_some() || wish.delta_list.is_some() {
            return Err(Refusal::Unsupported("delta access"));
        }
        let window = Self {
            status: BookingStatus::parse(&wish.booking_status)?,
            from: wish.date_from,
            to: wish.date_to.unwrap_or(today),
            page: wish.page.unwrap_or(1),
        };
        if window.page == 0 {
            return Err(Refusal::Format("pages are counted from 1".to_owned()));
        }
        if window.from > window.to || window.from > today {
            return Err(Refusal::Period);
        }
        Ok(window)
    }

    fn holds(&self, date: Date) -> bool {
        (self.from..=self.to).contains(&date)
    }

    fn at(&self, page: usize) -> String {
        let status = self.status.as_str();
        format!("bookingStatus={status}&dateFrom={}&dateTo={}&page={page}", self.from, self.to)
    }
}

impl BookingStatus {
    fn parse(text: &str) -> Result<Self, Refusal> {
        match text {
            "booked" => Ok(Self::Booked),
            "pending" => Ok(Self::Pending),
            "both" => Ok(Self::Both),
            "information" | "all" => Err(Refusal::Unsupported("this bookingStatus")),
            _ => Err(Refusal::Format("bookingStatus is booked, pending or both".to_owned())),
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Pending => "pending",
            Self::Both => "both",
        }
    }
}

/// The page asked for: booked transactions in pages, pending ones all on the first.
fn report(
    statement: &Statement,
    window: Window,
    account: &Account,
    entitled: &Entitled,
    bank: &Bank,
    id: &str,
) -> Value {
    let mut report = json!({ "_links": links(statement, window, entitled, bank, id) });
    if window.status != BookingStatus::Pending {
        let page = in_window(statement, window).skip((window.page - 1).saturating_mul(PAGE)).take(PAGE);
        report["booked"] = page.map(|entry| booked(entry, account)).collect();
    }
    if window.status != BookingStatus::Booked {
        let pending = statement.pending.iter().filter(|entry| window.page == 1 && window.holds(entry.made_on));
        report["pending"] = pending.map(|entry| described(entry, account)).collect();
    }
    report
}

fn in_window(statement: &Statement, window: Window) -> impl Iterator<Item = &Entry> {
    let wanted = window.status != BookingStatus::Pending;
    statement.booked.iter().filter(move |entry| wanted && window.holds(entry.booked_on))
}

fn links(statement: &Statement, window: Window, entitled: &Entitled, bank: &Bank, id: &str) -> Value {
    let links = entitled.links(bank);
    let page = |number: usize| links.to(&format!("/accounts/{id}/transactions?{}", window.at(number)));
    let last = in_window(statement, window).count().div_ceil(PAGE).max(1);
    let mut all = json!({ "account": links.to(&format!("/accounts/{id}")), "first": page(1), "last": page(last) });
    if window.page < last {
        all["next"] = page(window.page + 1);
    }
    if window.page > 1 {
        all["previous"] = page(window.page - 1);
    }
    all
}

fn booked(entry: &Entry, account: &Account) -> Value {
    let mut transaction = described(entry, account);
    transaction["transactionId"] = json!(entry.id);
    transaction["bookingDate"] = json!(entry.booked_on);
    transaction["valueDate"] = json!(entry.booked_on);
    transaction
}

/// What is known before booking: no identifier and no dates of booking yet.
fn described(entry: &Entry, account: &Account) -> Value {
    let amount: Decimal = decimal(entry.cents);
    let mut transaction = json!({
        "transactionAmount": { "currency": account.currency, "amount": amount.to_string() },
        "remittanceInformationUnstructured": entry.text,
        "bankTransactionCode": entry.kind.transaction_code(entry.flow),
    });
    let (name, iban) = match entry.flow {
        Flow::In => ("debtorName", "debtorAccount"),
        Flow::Out => ("creditorName", "creditorAccount"),
    };
    transaction[name] = json!(entry.party_name);
    if let Some(other) = &entry.party_iban {
        transaction[iban] = json!({ "iban": other });
    }
    transaction
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 20);

    fn window(query: &str) -> Result<Window, Refusal> {
        let uri = format!("https://bank.example/?{query}").parse().unwrap();
        let Query(wish) = Query::<Wish>::try_from_uri(&uri).map_err(|error| Refusal::Format(error.body_text()))?;
        Window::of(&wish, TODAY)
    }

    #[test]
    fn reads_a_window_up_to_today_from_page_one() {
        let window = window("bookingStatus=both&dateFrom=2026-01-01").unwrap();
        assert_eq!((window.to, window.page), (TODAY, 1));
        assert_eq!(window.at(2), "bookingStatus=both&dateFrom=2026-01-01&dateTo=2026-11-20&page=2");
    }

    #[test]
    fn refuses_windows_that_make_no_sense() {
        for query in [
            "dateFrom=2026-01-01",
            "bookingStatus=booked",
            "bookingStatus=some&dateFrom=2026-01-01",
            "bookingStatus=information&dateFrom=2026-01-01",
            "bookingStatus=booked&dateFrom=yesterday",
            "bookingStatus=booked&dateFrom=2026-02-01&dateTo=2026-01-01",
            "bookingStatus=booked&dateFrom=2027-01-01&dateTo=2027-02-01",
            "bookingStatus=booked&dateFrom=2026-01-01&page=0",
            "bookingStatus=booked&dateFrom=2026-01-01&deltaList=true",
        ] {
            assert!(window(query).is_err(), "{query}");
        }
    }
}
