//! The book of accounts: who the customers are and what their accounts say today.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;

use super::history::Statement;
use super::iban::Iban;
use super::people::{self, Account, Customer};

/// All customers and accounts. Made from the seed alone, so nothing of it has to be saved.
#[derive(Debug)]
pub(crate) struct Book {
    seed: u64,
    opened_on: Date,
    customers: Vec<Customer>,
    /// The last statement of each account: a year is made once a day and not once a page.
    statements: Mutex<HashMap<Iban, Arc<Statement>>>,
}

impl Book {
    /// The book whose histories begin on `opened_on`.
    pub(crate) fn new(seed: u64, opened_on: Date) -> Self {
        Self { seed, opened_on, customers: people::customers(seed), statements: Mutex::default() }
    }

    pub(crate) fn customers(&self) -> &[Customer] {
        &self.customers
    }

    pub(crate) fn customer(&self, id: &str) -> Option<&Customer> {
        self.customers.iter().find(|customer| customer.id == id)
    }

    pub(crate) fn account(&self, iban: &Iban) -> Option<&Account> {
        self.customers.iter().find_map(|customer| customer.account(iban))
    }

    /// What an account says on `today`.
    pub(crate) fn statement(&self, account: &Account, today: Date) -> Arc<Statement> {
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = statements.get(&account.iban).filter(|known| known.as_of == today) {
            return Arc::clone(known);
        }
        let fresh = Arc::new(Statement::of(account, self.seed, self.opened_on, today));
        statements.insert(account.iban.clone(), Arc::clone(&fresh));
        fresh
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn makes_a_statement_once_a_day() {
        let book = Book::new(1, date(2025, 11, 20));
        let account = &book.customers()[0].accounts[0];
        let first = book.statement(account, date(2026, 11, 20));
        assert!(Arc::ptr_eq(&first, &book.statement(account, date(2026, 11, 20))));
        assert_eq!(book.statement(account, date(2026, 11, 21)).as_of, date(2026, 11, 21));
    }

    #[test]
    fn finds_customers_and_accounts() {
        let book = Book::new(1, date(2025, 11, 20));
        let iban = &book.customer("jonas-weber").unwrap().accounts[2].iban;
        assert_eq!(book.account(iban).unwrap().currency, "USD");
        assert!(book.customer("nobody").is_none());
    }
}
