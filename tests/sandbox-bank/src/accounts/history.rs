//! What happened on an account, day by day.
//!
//! Each day is made from dice of its own (seed, account, date), so that a transaction stays the same
//! for ever: moving the clock adds days and changes none. Balances are sums over the same entries.

use jiff::ToSpan as _;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::dice::Dice;
use super::iban::Iban;
use super::people::Account;
use super::routine::{Flow, Habit, Kind, Party};

/// The bank code of all counterparties; no bank has it.
const ELSEWHERE: u32 = 99_900_000;

/// One movement of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The bank's identifier; it contains no account number.
    pub(crate) id: String,
    pub(crate) made_on: Date,
    pub(crate) booked_on: Date,
    /// Signed: minus for a debit.
    pub(crate) cents: i64,
    pub(crate) kind: Kind,
    pub(crate) flow: Flow,
    pub(crate) party_name: &'static str,
    pub(crate) party_iban: Option<Iban>,
    pub(crate) text: &'static str,
}

/// The state of an account at the end of a day.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) as_of: Date,
    /// Newest first.
    pub(crate) booked: Vec<Entry>,
    /// Card payments that are not booked yet, newest first.
    pub(crate) pending: Vec<Entry>,
    /// The first day of the history.
    pub(crate) opened_on: Date,
    pub(crate) opening_cents: i64,
}

impl Statement {
    /// All that happened from `opened_on` to `today`.
    pub(crate) fn of(account: &Account, seed: u64, opened_on: Date, today: Date) -> Self {
        let mut booked: Vec<Entry> = Vec::new();
        let mut pending = Vec::new();
        for entry in days(opened_on, today).flat_map(|date| day(account, seed, date)) {
            if entry.booked_on <= today {
                booked.push(entry);
            } else if entry.kind == Kind::Card {
                pending.push(entry);
            }
        }
        booked.sort_by(|one, other| other.booked_on.cmp(&one.booked_on).then_with(|| one.id.cmp(&other.id)));
        pending.reverse();
        Self { as_of: today, booked, pending, opened_on, opening_cents: account.opening_cents }
    }

    /// All that was booked by the end of yesterday.
    pub(crate) fn closing_booked(&self) -> Decimal {
        let before_today = self.booked.iter().filter(|entry| entry.booked_on < self.as_of);
        self.balance(before_today)
    }

    /// What can be spent now: everything booked, less what is reserved.
    pub(crate) fn available(&self) -> Decimal {
        let reserved = self.pending.iter().filter(|entry| entry.flow == Flow::Out);
        self.balance(self.booked.iter().chain(reserved))
    }

    /// What the account will hold once everything pending is booked.
    pub(crate) fn expected(&self) -> Decimal {
        self.balance(self.booked.iter().chain(&self.pending))
    }

    /// The day before the last one that is closed.
    pub(crate) fn closed_on(&self) -> Date {
        self.as_of.saturating_sub(1.day())
    }

    fn balance<'a>(&self, entries: impl Iterator<Item = &'a Entry>) -> Decimal {
        decimal(self.opening_cents + entries.map(|entry| entry.cents).sum::<i64>())
    }
}

/// Cents as a decimal with two places.
pub(crate) fn decimal(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

fn days(first: Date, last: Date) -> impl Iterator<Item = Date> {
    first.series(1.day()).take_while(move |date| *date <= last)
}

fn day(account: &Account, seed: u64, date: Date) -> Vec<Entry> {
    let mut dice = Dice::new(seed, &[account.iban.as_str(), &date.to_string()]);
    account.habits.iter().filter_map(|habit| entry(account, habit, date, &mut dice)).collect()
}

fn entry(account: &Account, habit: &Habit, date: Date, dice: &mut Dice) -> Option<Entry> {
    if !habit.rhythm.falls_on(date, dice) {
        return None;
    }
    let (party_name, party_iban) = other_end(account, dice.pick(habit.parties)?);
    Some(Entry {
        id: format!("{:016x}{:016x}", dice.roll(), dice.roll()),
        made_on: date,
        booked_on: habit.kind.booking_day(date),
        cents: habit.flow.signed(dice.between(habit.cents.0, habit.cents.1)),
        kind: habit.kind,
        flow: habit.flow,
        party_name,
        party_iban,
        text: habit.text,
    })
}

fn other_end(account: &Account, party: &'static Party) -> (&'static str, Option<Iban>) {
    match party {
        Party::Elsewhere { name, account } => (name, Some(Iban::german(ELSEWHERE, *account))),
        Party::Shop(name) => (name, None),
        Party::Own(key) => (account.owner, account.own.get(key).cloned()),
        Party::Bank => ("Sandbox Bank", None),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::people::{Customer, customers};
    use super::*;

    const TODAY: Date = date(2026, 11, 20);

    fn statement(customer: usize, account: usize, today: Date) -> Statement {
        let customers: Vec<Customer> = customers(1);
        Statement::of(&customers[customer].accounts[account], 1, date(2025, 11, 20), today)
    }

    #[test]
    fn fills_a_year_with_several_hundred_transactions_up_to_today() {
        let statement = statement(0, 0, TODAY);
        assert!((300..900).contains(&statement.booked.len()), "{}", statement.booked.len());
        assert!(statement.booked.iter().all(|entry| entry.booked_on <= TODAY));
        assert_eq!(statement.booked[0].booked_on, TODAY);
    }

    #[test]
    fn adds_days_without_changing_earlier_ones() {
        let before = statement(0, 0, TODAY);
        let after = statement(0, 0, date(2026, 12, 20));
        let kept: Vec<_> = after.booked.iter().filter(|entry| entry.booked_on <= TODAY).collect();
        assert_eq!(kept, before.booked.iter().collect::<Vec<_>>());
        assert!(before.pending.iter().all(|entry| after.booked.contains(entry)));
    }

    #[test]
    fn agrees_with_itself_about_balances() {
        let today = statement(0, 0, TODAY);
        let tomorrow = statement(0, 0, date(2026, 11, 21));
        let booked_today: i64 =
            today.booked.iter().filter(|entry| entry.booked_on == TODAY).map(|entry| entry.cents).sum();
        assert_eq!(tomorrow.closing_booked() - today.closing_booked(), decimal(booked_today));
        let pending: i64 = today.pending.iter().map(|entry| entry.cents).sum();
        assert_eq!(today.expected(), today.closing_booked() + decimal(booked_today + pending));
    }

    #[test]
    fn keeps_every_account_out_of_the_red_over_the_year() {
        for (index, customer) in customers(1).iter().enumerate() {
            for position in 0..customer.accounts.len() {
                let balance = statement(index, position, TODAY).available();
                assert!(balance.is_sign_positive(), "{} {position}: {balance}", customer.id);
            }
        }
    }

    #[test]
    fn shows_a_transfer_between_own_accounts_on_both_sides() {
        let (current, savings) = (statement(0, 0, TODAY), statement(0, 1, TODAY));
        let saved = |statement: &Statement| -> Vec<(Date, i64)> {
            let orders = statement.booked.iter().filter(|entry| entry.text == "Savings plan");
            orders.map(|entry| (entry.booked_on, entry.cents.abs())).collect()
        };
        assert!(saved(&current).len() >= 11);
        assert_eq!(saved(&current), saved(&savings));
    }

    #[test]
    fn never_puts_an_account_number_into_a_transaction_id() {
        let statement = statement(1, 0, TODAY);
        let mut ids: Vec<_> = statement.booked.iter().map(|entry| entry.id.clone()).collect();
        assert!(ids.iter().all(|id| id.len() == 32));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), statement.booked.len());
    }
}
