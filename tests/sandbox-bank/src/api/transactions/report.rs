//! How transactions are told.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::super::data::Entitled;
use super::super::links::Links;
use super::window::Window;
use crate::accounts::history::{Entry, Statement, decimal};
use crate::accounts::people::Account;
use crate::accounts::routine::{Flow, Habit, Kind, Rhythm};
use crate::policy::{Amounts, BookingStatus, Pages, Pending, Policy};

/// A list and the page of it that is asked for.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) statement: &'a Statement,
    pub(crate) window: &'a Window,
    pub(crate) account: &'a Account,
    pub(crate) entitled: &'a Entitled,
}

impl Report<'_> {
    /// The page: booked transactions in pages, the others all on the first. `path` is the account's.
    pub(crate) fn page(&self, links: Links<'_>, path: &str) -> Value {
        let (account, policy) = (self.account, &self.entitled.policy);
        let first = self.window.page == 1;
        let mut report = json!({ "_links": self.links(links, path, "account") });
        if self.window.shows(BookingStatus::Booked) {
            report["booked"] = self.booked().map(|entry| booked(entry, account, policy)).collect();
        }
        if self.window.shows(BookingStatus::Pending) {
            let pending = self.pending().filter(|_| first);
            report["pending"] = pending.map(|entry| pending_entry(entry, account, policy)).collect();
        }
        if self.window.shows(BookingStatus::Information) {
            let orders = account.habits.iter().filter(|_| first);
            report["information"] = orders.filter_map(|habit| standing_order(habit, self)).collect();
        }
        report
    }

    /// The booked entries of the page.
    pub(crate) fn booked(&self) -> impl Iterator<Item = &Entry> {
        self.in_window().skip((self.window.page - 1).saturating_mul(self.window.size)).take(self.window.size)
    }

    /// The pending entries of the list.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &Entry> {
        self.statement.pending.iter().filter(|entry| self.window.holds(entry.made_on))
    }

    /// Whether entries of this kind are asked for.
    pub(crate) fn shows(&self, status: BookingStatus) -> bool {
        self.window.shows(status)
    }

    /// How many booked entries the whole list has.
    pub(crate) fn length(&self) -> usize {
        self.in_window().count()
    }

    fn in_window(&self) -> impl Iterator<Item = &Entry> {
        let wanted = self.window.shows(BookingStatus::Booked);
        self.statement.booked.iter().filter(move |entry| wanted && self.window.holds(entry.booked_on))
    }

    /// The links of a page; `owner` is the name of the link to the account.
    pub(crate) fn links(&self, links: Links<'_>, path: &str, owner: &str) -> Value {
        let mut all = json!({});
        all[owner] = links.to(path);
        if self.entitled.policy.pages != Pages::Link {
            return all;
        }
        let page = |number: usize| links.to(&format!("{path}/transactions?{}", self.window.at(number)));
        let last = self.length().div_ceil(self.window.size).max(1);
        all["first"] = page(1);
        all["last"] = page(last);
        if self.window.page < last {
            all["next"] = page(self.window.page + 1);
        }
        if self.window.page > 1 {
            all["previous"] = page(self.window.page - 1);
        }
        all
    }
}

/// How an entry is referred to, in delta access and over its booking: 35 letters at most.
pub(super) fn entry_reference(entry: &Entry) -> String {
    format!("ref-{}", entry.id.get(..16).unwrap_or(&entry.id))
}

/// An amount with the sign that the policy gives it.
pub(crate) fn amount(cents: i64, policy: &Policy) -> String {
    let amount: Decimal = decimal(cents);
    match policy.amounts {
        Amounts::Signed => amount,
        Amounts::Unsigned => amount.abs(),
        Amounts::WronglySigned => -amount,
    }
    .to_string()
}

/// A booked entry.
pub(super) fn booked(entry: &Entry, account: &Account, policy: &Policy) -> Value {
    let mut transaction = described(entry, account, policy);
    transaction["transactionId"] = json!(entry.id);
    transaction["entryReference"] = json!(entry_reference(entry));
    transaction["bookingDate"] = json!(entry.booked_on);
    transaction["valueDate"] = json!(entry.booked_on);
    transaction
}

/// What is known before booking: no dates of booking yet, and no name unless the policy says so.
fn pending_entry(entry: &Entry, account: &Account, policy: &Policy) -> Value {
    let mut transaction = described(entry, account, policy);
    match policy.pending {
        Pending::Nameless => {}
        Pending::SameReference => transaction["entryReference"] = json!(entry_reference(entry)),
        Pending::OtherId => transaction["transactionId"] = json!(format!("pending-{}", entry_reference(entry))),
    }
    transaction
}

fn described(entry: &Entry, account: &Account, policy: &Policy) -> Value {
    let mut transaction = json!({
        "transactionAmount": { "currency": account.currency, "amount": amount(entry.cents, policy) },
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

/// A standing order of the account, if the habit is one.
fn standing_order(habit: &Habit, report: &Report<'_>) -> Option<Value> {
    let Rhythm::Monthly(day) = habit.rhythm else {
        return None;
    };
    let orders = report.statement.booked.iter();
    let latest = orders
        .filter(|entry| entry.kind == Kind::StandingOrder && entry.text == habit.text)
        .max_by_key(|entry| entry.booked_on)?;
    let mut order = described(latest, report.account, &report.entitled.policy);
    order["additionalInformationStructured"] = json!({ "standingOrderDetails": {
        "startDate": report.statement.opened_on,
        "frequency": "Monthly",
        "dayOfExecution": day.to_string(),
    }});
    Some(order)
}
