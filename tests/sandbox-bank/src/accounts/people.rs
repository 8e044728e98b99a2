//! The customers of the bank and their accounts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::dice::Dice;
use super::iban::Iban;
use super::routine::Habit;
use super::tables;

/// A bank code that no bank has.
const BANK_CODE: u32 = 99_999_999;

/// The bank's own identifier code; the location `XX` belongs to no country.
pub(crate) const BIC: &str = "SANDXXXX";

/// Somebody with accounts at this bank.
#[derive(Debug)]
pub(crate) struct Customer {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) accounts: Vec<Account>,
}

impl Customer {
    pub(crate) fn account(&self, iban: &Iban) -> Option<&Account> {
        self.accounts.iter().find(|account| account.iban == *iban)
    }
}

/// One account.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) iban: Iban,
    pub(crate) owner: &'static str,
    pub(crate) name: &'static str,
    pub(crate) product: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) cash_account_type: &'static str,
    pub(crate) usage: Usage,
    pub(crate) opening_cents: i64,
    pub(crate) habits: &'static [Habit],
    /// The debit card that goes with it.
    pub(crate) card: Option<Card>,
    /// The numbers of the customer's accounts by their key, for transfers between them.
    pub(crate) own: BTreeMap<&'static str, Iban>,
}

/// A debit card.
#[derive(Debug)]
pub(crate) struct Card {
    /// The number with its middle hidden.
    pub(crate) masked_pan: String,
    pub(crate) name: &'static str,
}

/// Who uses an account (`usage` of the Berlin Group's account details).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Usage {
    #[serde(rename = "PRIV")]
    Private,
    #[serde(rename = "ORGA")]
    Organisation,
}

/// A row of the table of customers.
#[derive(Debug)]
pub(crate) struct CustomerPlan {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) usage: Usage,
    pub(crate) accounts: &'static [AccountPlan],
    /// What the card of the first account is called, if there is one.
    pub(crate) card: Option<&'static str>,
}

/// A row of the table of accounts.
#[derive(Debug)]
pub(crate) struct AccountPlan {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) product: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) cash_account_type: &'static str,
    pub(crate) opening_cents: i64,
    pub(crate) habits: &'static [Habit],
}

/// Everybody the bank knows, with account numbers drawn from the seed.
pub(crate) fn customers(seed: u64) -> Vec<Customer> {
    tables::CUSTOMERS.iter().map(|plan| customer(seed, plan)).collect()
}

fn customer(seed: u64, plan: &CustomerPlan) -> Customer {
    let mut dice = Dice::new(seed, &["account numbers", plan.id]);
    let own: BTreeMap<_, _> =
        plan.accounts.iter().map(|account| (account.key, Iban::german(BANK_CODE, dice.roll()))).collect();
    let mut accounts: Vec<Account> = plan.accounts.iter().filter_map(|account| open(plan, account, &own)).collect();
    if let (Some(first), Some(name)) = (accounts.first_mut(), plan.card) {
        let last_digits = Dice::new(seed, &["card numbers", plan.id]).between(0, 9999);
        first.card = Some(Card { masked_pan: format!("999999xxxxxx{last_digits:04}"), name });
    }
    Customer { id: plan.id, name: plan.name, accounts }
}

/// Opens a planned account under its number; a plan without a number opens nothing.
fn open(holder: &CustomerPlan, plan: &AccountPlan, own: &BTreeMap<&'static str, Iban>) -> Option<Account> {
    Some(Account {
        iban: own.get(plan.key)?.clone(),
        owner: holder.name,
        name: plan.name,
        product: plan.product,
        currency: plan.currency,
        cash_account_type: plan.cash_account_type,
        usage: holder.usage,
        opening_cents: plan.opening_cents,
        habits: plan.habits,
        card: None,
        own: own.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_every_account_a_number_of_its_own() {
        let mut ibans: Vec<Iban> =
            customers(1).into_iter().flat_map(|customer| customer.accounts).map(|account| account.iban).collect();
        let count = ibans.len();
        ibans.sort();
        ibans.dedup();
        assert_eq!(ibans.len(), count);
        assert!(ibans.iter().all(|iban| iban.as_str()[4..].starts_with("99999999")));
    }

    #[test]
    fn has_three_customers_with_two_or_three_accounts_and_dollars_somewhere() {
        let customers = customers(1);
        assert_eq!(
            customers.iter().map(|customer| customer.id).collect::<Vec<_>>(),
            ["anna-schmidt", "jonas-weber", "tischlerei-nordlicht"]
        );
        assert!(customers.iter().all(|customer| (2..=3).contains(&customer.accounts.len())));
        assert!(customers.iter().flat_map(|customer| &customer.accounts).any(|account| account.currency == "USD"));
    }

    #[test]
    fn gives_two_customers_a_card_for_their_first_account() {
        let cards = |customer: &Customer| customer.accounts.iter().map(|one| one.card.is_some()).collect::<Vec<_>>();
        let all: Vec<_> = customers(1).iter().map(cards).collect();
        assert_eq!(all, [vec![true, false], vec![true, false, false], vec![false, false]]);
    }

    #[test]
    fn takes_the_numbers_from_the_seed() {
        let numbers = |seed| customers(seed)[0].accounts[0].iban.clone();
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
    }
}
