//! Balances in the normalised model.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    amount::{Amount, CreditDebit},
    data_profile::BalanceRules,
    raw_record::RawRecord,
};

/// One balance of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Balance {
    /// ISO 20022 code such as `CLBD`, `ITAV`, `XPCD`; the bank's own word where there is none.
    #[serde(rename = "type")]
    pub kind: String,
    /// Without sign.
    pub amount: Amount,
    /// ISO 4217.
    pub currency: String,
    /// `DBIT` for an overdrawn account.
    pub credit_debit: CreditDebit,
    /// Whether a credit line is counted in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_limit_included: Option<bool>,
    /// The day that the balance speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub reference_date: Option<Date>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_change: Option<Timestamp>,
    /// The last transaction counted in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_committed_transaction: Option<String>,
    /// As the bank wrote it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub raw: Option<RawRecord>,
}

/// The balances that people mean by the word, out of all that a bank gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChosenBalances {
    /// What was booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booked: Option<Balance>,
    /// What can be spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<Balance>,
}

impl ChosenBalances {
    /// The first balance of the best type that there is. One with the credit line counted in comes after one without,
    /// because a line is no money.
    pub fn among(balances: &[Balance], rules: &BalanceRules) -> Self {
        let choose = |kinds: &[String]| kinds.iter().find_map(|kind| first_of(balances, kind)).map(without_raw);
        Self { booked: choose(&rules.booked), available: choose(&rules.available) }
    }
}

fn first_of<'a>(balances: &'a [Balance], kind: &str) -> Option<&'a Balance> {
    let mut of_kind = balances.iter().filter(|balance| balance.kind == kind);
    of_kind.clone().find(|balance| balance.credit_limit_included != Some(true)).or_else(|| of_kind.next())
}

/// The record stands with the balance's first mention.
fn without_raw(balance: &Balance) -> Balance {
    Balance { raw: None, ..balance.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balance(kind: &str, amount: &str, with_line: Option<bool>) -> Balance {
        Balance {
            kind: kind.to_owned(),
            amount: Amount::parse(amount).unwrap(),
            currency: "EUR".to_owned(),
            credit_debit: CreditDebit::Credit,
            credit_limit_included: with_line,
            reference_date: None,
            last_change: None,
            last_committed_transaction: None,
            raw: None,
        }
    }

    fn chosen(balances: &[Balance], rules: &BalanceRules) -> [Option<String>; 2] {
        let chosen = ChosenBalances::among(balances, rules);
        [chosen.booked, chosen.available].map(|balance| balance.map(|balance| balance.amount.to_string()))
    }

    #[test]
    fn the_best_type_is_chosen_whatever_its_place() {
        let balances = [balance("XPCD", "3", None), balance("CLBD", "1", None), balance("ITAV", "2", None)];
        assert_eq!(chosen(&balances, &BalanceRules::default()), [Some("1".to_owned()), Some("2".to_owned())]);
        assert_eq!(chosen(&balances[..1], &BalanceRules::default()), [None, Some("3".to_owned())]);
        assert_eq!(chosen(&[], &BalanceRules::default()), [None, None]);
    }

    #[test]
    fn a_credit_line_is_no_money() {
        let balances = [balance("ITAV", "5300", Some(true)), balance("ITAV", "300", Some(false))];
        assert_eq!(chosen(&balances, &BalanceRules::default())[1].as_deref(), Some("300"));
        assert_eq!(chosen(&balances[..1], &BalanceRules::default())[1].as_deref(), Some("5300"));
    }

    #[test]
    fn a_bank_can_have_types_of_its_own() {
        let rules = BalanceRules { available: vec!["X-OWN".to_owned()], ..BalanceRules::default() };
        let balances = [balance("ITAV", "1", None), balance("X-OWN", "2", None)];
        assert_eq!(chosen(&balances, &rules)[1].as_deref(), Some("2"));
    }
}
