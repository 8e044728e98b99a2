//! How accounts are named: by IBAN, national number, masked card number, telephone number or a word of the bank's own.

use serde::Deserialize;

use super::{
    endpoints::Ids,
    errors::AnswerError,
    strict_json::Object,
    wire::{Quotable, Text},
};
use crate::domain::{
    account::{AccountKind, BankAccount, Identification, Scheme},
    consent::Iban,
    data_profile::{AmountRules, SignRule},
};

/// An account as the hub knows it when it asks for its data.
#[derive(Clone, Copy)]
pub struct KnownAccount<'a> {
    /// The bank's handle for it under the consent in use.
    pub resource_id: &'a str,
    /// Its names, as far as they are known; an answer that contradicts them is not taken.
    pub identification: &'a [Identification],
    /// Where its data are.
    pub kind: AccountKind,
    /// Whether its debits are told as positive amounts, where that is known.
    pub debit_accounting: Option<bool>,
}

impl<'a> From<&'a BankAccount> for KnownAccount<'a> {
    fn from(account: &'a BankAccount) -> Self {
        Self {
            resource_id: &account.resource_id,
            identification: &account.details.identification,
            kind: account.details.kind,
            debit_accounting: account.details.debit_accounting,
        }
    }
}

impl<'a> KnownAccount<'a> {
    /// A payment account of which nothing but its handle is known.
    pub const fn nameless(resource_id: &'a str) -> Self {
        Self { resource_id, identification: &[], kind: AccountKind::Payment, debit_accounting: None }
    }

    /// What a path names it by.
    pub(super) fn ids(&self) -> Ids<'a> {
        Ids { account: Some(self.resource_id), ..Ids::default() }
    }

    /// The same, where an answer tells whether debits are positive in it.
    pub(super) fn told(self, debit_accounting: Option<Quotable<bool>>) -> Self {
        Self { debit_accounting: debit_accounting.map(|told| told.0).or(self.debit_accounting), ..self }
    }

    /// Whether what is owed on it is told as a positive amount.
    pub(super) fn has_positive_debits(&self) -> bool {
        self.kind == AccountKind::Card && self.debit_accounting == Some(true)
    }

    /// What signs mean on it.
    pub(super) fn signs(&self, rules: AmountRules) -> SignRule {
        match (self.kind, self.debit_accounting) {
            (AccountKind::Payment, _) => rules.accounts,
            (AccountKind::Card, Some(true)) => SignRule::Inverted,
            (AccountKind::Card, _) => rules.cards,
        }
    }

    /// All names of the account, those that the answer gives it included. An answer about another account is the
    /// answer to somebody else's question.
    pub(super) fn confirmed_by(&self, told: Option<Object<WireReference>>) -> Result<Vec<Identification>, AnswerError> {
        let told = told.map(|Object(reference)| reference.into_identifications()).unwrap_or_default();
        self.confirmed_by_names(&told)?;
        Ok([self.identification, told.as_slice()].concat())
    }

    /// Whether an answer that gives these names can be about this account.
    pub(super) fn confirmed_by_names(&self, told: &[Identification]) -> Result<(), AnswerError> {
        if contradict(self.identification, told) { Err(AnswerError::WrongAnswer) } else { Ok(()) }
    }
}

/// Whether both name the account by the same kind of account number, and no number of that kind is in both.
fn contradict(known: &[Identification], told: &[Identification]) -> bool {
    [Scheme::Iban, Scheme::Bban].into_iter().any(|scheme| {
        let of =
            |names: &[Identification]| names.iter().filter(|name| name.scheme == scheme).cloned().collect::<Vec<_>>();
        let (known, told) = (of(known), of(told));
        !known.is_empty() && !told.is_empty() && !known.iter().any(|name| told.contains(name))
    })
}

/// `accountReference`; part of `accountDetails` too.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireReference {
    iban: Text,
    bban: Text,
    masked_pan: Text,
    pan: Text,
    msisdn: Text,
    other: Option<Object<WireOther>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireOther {
    identification: Text,
}

impl WireReference {
    /// The IBAN, if it is named by one whose check digits fit.
    pub(super) fn into_iban(self) -> Option<Iban> {
        Iban::parse(&compact(&self.iban.into_option()?)).ok()
    }

    /// The names, the most specific first.
    pub(super) fn into_identifications(self) -> Vec<Identification> {
        let other = self.other.and_then(|Object(other)| other.identification.into_option());
        let names = [
            (Scheme::Iban, self.iban.into_option().map(|iban| compact(&iban))),
            (Scheme::Bban, self.bban.into_option()),
            (Scheme::PanMasked, self.masked_pan.into_option().map(mask)),
            (Scheme::PanMasked, self.pan.into_option().map(mask)),
            (Scheme::Msisdn, self.msisdn.into_option()),
            (Scheme::Other, other),
        ];
        names.into_iter().filter_map(|(scheme, value)| Some(Identification { scheme, value: value? })).collect()
    }
}

/// An IBAN in its electronic form: without blanks, in capitals. Accounts are found again by it after a renewal.
fn compact(iban: &str) -> String {
    iban.split_whitespace().collect::<String>().to_ascii_uppercase()
}

/// A card number with all but its first six and last four digits hidden (PCI DSS 3.4). One that the bank has hidden
/// or replaced already stays as it is.
pub(super) fn mask(pan: String) -> String {
    let digits = pan.bytes().filter(u8::is_ascii_digit).count();
    if digits < 12 {
        return pan;
    }
    let mut seen = 0;
    let hidden = |digit: char| {
        seen += usize::from(digit.is_ascii_digit());
        if digit.is_ascii_digit() && seen > 6 && seen + 4 <= digits { 'x' } else { digit }
    };
    pan.chars().map(hidden).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn names(wire: Value) -> Vec<Identification> {
        serde_json::from_value::<WireReference>(wire).unwrap().into_identifications()
    }

    fn shown(wire: Value) -> Vec<String> {
        names(wire).into_iter().map(|name| format!("{:?} {}", name.scheme, name.value)).collect()
    }

    #[test]
    fn the_most_specific_name_comes_first() {
        let all = json!({
            "other": {"identification": "depot-1"}, "msisdn": "+49170", "pan": "123456xxxxxx3457",
            "bban": "BARC123", "iban": "de23 1001 0010 1234 5678 9", "currency": "EUR",
        });
        let expected = [
            "Iban DE2310010010123456789",
            "Bban BARC123",
            "PanMasked 123456xxxxxx3457",
            "Msisdn +49170",
            "Other depot-1",
        ];
        assert_eq!(shown(all), expected);
    }

    #[test]
    fn a_whole_card_number_is_never_kept() {
        assert_eq!(shown(json!({"pan": "4111111111111111"})), ["PanMasked 411111xxxxxx1111"]);
        assert_eq!(shown(json!({"maskedPan": "4111 1111 1111 1111"})), ["PanMasked 4111 11xx xxxx 1111"]);
        assert_eq!(shown(json!({"pan": "tok_8217"})), ["PanMasked tok_8217"]);
    }

    #[test]
    fn an_answer_about_another_account_is_not_ours() {
        let known = names(json!({"iban": "DE23", "bban": "1"}));
        let account = KnownAccount { identification: &known, ..KnownAccount::nameless("a") };
        let judge = |told: Value| account.confirmed_by(serde_json::from_value(told).unwrap()).is_ok();
        assert!(judge(json!(null)) && judge(json!({})) && judge(json!({"iban": "de 23"})));
        assert!(judge(json!({"maskedPan": "123456xxxxxx3457"})));
        assert!(!judge(json!({"iban": "DE24"})) && !judge(json!({"iban": "DE23", "bban": "2"})));
    }

    #[test]
    fn a_card_that_tells_debits_as_positive_is_read_so() {
        let rules = AmountRules::default();
        let card = KnownAccount { kind: AccountKind::Card, ..KnownAccount::nameless("a") };
        assert_eq!(card.signs(rules), SignRule::AsSigned);
        assert_eq!(KnownAccount { debit_accounting: Some(true), ..card }.signs(rules), SignRule::Inverted);
        assert_eq!(
            KnownAccount { debit_accounting: Some(true), ..KnownAccount::nameless("a") }.signs(rules),
            SignRule::AsSigned
        );
    }

    #[test]
    fn an_account_without_a_known_name_takes_the_name_that_it_is_told() {
        let account = KnownAccount::nameless("a");
        let told = serde_json::from_value(json!({"iban": "DE24"})).unwrap();
        assert_eq!(account.confirmed_by(told).unwrap(), names(json!({"iban": "DE24"})));
    }
}
