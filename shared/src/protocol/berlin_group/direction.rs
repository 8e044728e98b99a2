//! Which way the money went.
//!
//! The standard allows a sign but does not ask for it; its own sample has a positive amount for one outgoing payment
//! and a negative one for the next. So a missing sign says nothing, and the parties must tell.

use super::money::Sign;
use crate::domain::{
    account::{Counterparty, Identification},
    amount::CreditDebit,
    data_profile::SignRule,
};

/// A direction and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Direction {
    pub(super) credit_debit: CreditDebit,
    /// Nothing told the direction: credit is a guess.
    pub(super) inferred: bool,
}

/// The direction of a transaction on the account of these names: by its sign as this bank means it, else by which party the account is,
/// else by which party is named at all.
pub(super) fn direction(
    (sign, rule): (Sign, SignRule),
    creditor: &Counterparty,
    debtor: &Counterparty,
    own: &[Identification],
) -> Direction {
    let told = by_sign(sign, rule)
        .or_else(|| by_own_account(creditor, debtor, own))
        .or_else(|| by_other_party(creditor, debtor));
    Direction { credit_debit: told.unwrap_or(CreditDebit::Credit), inferred: told.is_none() }
}

fn by_sign(sign: Sign, rule: SignRule) -> Option<CreditDebit> {
    match (rule, sign) {
        (SignRule::AsSigned, Sign::None) | (SignRule::ByParties, _) => None,
        (SignRule::AsSigned | SignRule::Always, Sign::Minus) | (SignRule::Inverted, Sign::Plus | Sign::None) => {
            Some(CreditDebit::Debit)
        }
        (SignRule::AsSigned, Sign::Plus)
        | (SignRule::Always, Sign::Plus | Sign::None)
        | (SignRule::Inverted, Sign::Minus) => Some(CreditDebit::Credit),
    }
}

fn by_own_account(creditor: &Counterparty, debtor: &Counterparty, own: &[Identification]) -> Option<CreditDebit> {
    let is_own = |party: &Counterparty| party.account.as_ref().is_some_and(|account| own.contains(account));
    match (is_own(creditor), is_own(debtor)) {
        (true, false) => Some(CreditDebit::Credit),
        (false, true) => Some(CreditDebit::Debit),
        // Between two sub-accounts of one number both are ours.
        (true, true) | (false, false) => None,
    }
}

/// Banks leave the account's own side out.
fn by_other_party(creditor: &Counterparty, debtor: &Counterparty) -> Option<CreditDebit> {
    match (creditor.is_empty(), debtor.is_empty()) {
        (false, true) => Some(CreditDebit::Debit),
        (true, false) => Some(CreditDebit::Credit),
        (true, true) | (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::Scheme;

    const CREDIT: Direction = Direction { credit_debit: CreditDebit::Credit, inferred: false };
    const DEBIT: Direction = Direction { credit_debit: CreditDebit::Debit, inferred: false };
    const GUESS: Direction = Direction { credit_debit: CreditDebit::Credit, inferred: true };

    fn iban(value: &str) -> Identification {
        Identification { scheme: Scheme::Iban, value: value.to_owned() }
    }

    fn party(account: &str) -> Counterparty {
        Counterparty { account: Some(iban(account)), ..Counterparty::default() }
    }

    fn told(sign: Sign, creditor: &Counterparty, debtor: &Counterparty) -> Direction {
        direction((sign, SignRule::AsSigned), creditor, debtor, &[iban("OWN")])
    }

    #[test]
    fn a_bank_can_mean_something_else_by_its_signs() {
        let (nobody, other) = (Counterparty::default(), party("X"));
        let by = |rule, sign| direction((sign, rule), &other, &nobody, &[]);
        for sign in [Sign::Minus, Sign::Plus, Sign::None] {
            assert_eq!(by(SignRule::ByParties, sign), DEBIT, "the party tells");
        }
        assert_eq!(
            [Sign::Minus, Sign::Plus, Sign::None].map(|sign| by(SignRule::Inverted, sign)),
            [CREDIT, DEBIT, DEBIT]
        );
        assert_eq!(
            [Sign::Minus, Sign::Plus, Sign::None].map(|sign| by(SignRule::Always, sign)),
            [DEBIT, CREDIT, CREDIT]
        );
    }

    #[test]
    fn a_sign_says_it_all() {
        let (nobody, other) = (Counterparty::default(), party("X"));
        assert_eq!(told(Sign::Minus, &nobody, &other), DEBIT);
        assert_eq!(told(Sign::Plus, &other, &nobody), CREDIT);
    }

    #[test]
    fn without_a_sign_the_only_party_tells() {
        let (nobody, other) = (Counterparty::default(), party("X"));
        assert_eq!(told(Sign::None, &other, &nobody), DEBIT);
        assert_eq!(told(Sign::None, &nobody, &other), CREDIT);
    }

    #[test]
    fn without_a_sign_our_own_side_tells() {
        assert_eq!(told(Sign::None, &party("OWN"), &party("X")), CREDIT);
        assert_eq!(told(Sign::None, &party("X"), &party("OWN")), DEBIT);
        assert_eq!(told(Sign::None, &party("OWN"), &Counterparty::default()), CREDIT);
    }

    #[test]
    fn what_nothing_tells_is_marked_as_a_guess() {
        let nobody = Counterparty::default();
        assert_eq!(told(Sign::None, &nobody, &nobody), GUESS);
        assert_eq!(told(Sign::None, &party("X"), &party("Y")), GUESS);
        assert_eq!(told(Sign::None, &party("OWN"), &party("OWN")), GUESS);
    }
}
