//! The `access` object of a consent: which data of which accounts.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::accounts::iban::Iban;

/// What a consent asks for, and after the customer's approval what it covers. Only values of one
/// of the four [`Form`]s exist.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub(crate) struct Access {
    wire: Wire,
    form: Form,
}

/// The forms an `access` may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The customer picks the accounts at the bank (empty arrays).
    Offer,
    /// The third party names them.
    Named,
    /// Only the list of all accounts.
    List,
    /// Everything that PSD2 allows for all accounts.
    Everything,
}

/// The kinds of data that a call reads; background reads are counted for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Resource {
    Accounts,
    Account,
    Balances,
    Transactions,
    Transaction,
    CardAccounts,
    CardAccount,
    CardBalances,
    CardTransactions,
}

/// Why an `access` object is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessFault {
    #[error("access names no data")]
    Empty,
    #[error("access mixes account lists with availableAccounts, availableAccountsWithBalance or allPsd2")]
    Mixed,
    #[error("additionalInformation needs accounts, balances or transactions beside it")]
    Additional,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(skip_serializing_if = "Option::is_none")]
    accounts: Option<Vec<AccountReference>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balances: Option<Vec<AccountReference>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transactions: Option<Vec<AccountReference>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_information: Option<AdditionalInformation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available_accounts: Option<Reach>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available_accounts_with_balance: Option<Reach>,
    #[serde(skip_serializing_if = "Option::is_none")]
    all_psd2: Option<Reach>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restricted_to: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdditionalInformation {
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_name: Option<Vec<AccountReference>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Reach {
    AllAccounts,
    AllAccountsWithOwnerName,
}

/// An account as requests and answers name it; this bank knows accounts by their IBAN only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountReference {
    iban: Iban,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
}

impl AccountReference {
    pub(crate) fn new(iban: Iban, currency: &str) -> Self {
        Self { iban, currency: Some(currency.to_owned()) }
    }
}

impl Access {
    /// All data of the accounts that the customer picks.
    pub(crate) fn offer() -> Self {
        let none = || Some(Vec::new());
        let wire = Wire { accounts: none(), balances: none(), transactions: none(), ..Wire::default() };
        Self { wire, form: Form::Offer }
    }

    pub(crate) const fn form(&self) -> Form {
        self.form
    }

    /// The accounts named anywhere.
    pub(crate) fn named(&self) -> BTreeSet<&Iban> {
        self.wire.lists().into_iter().flatten().flatten().map(|reference| &reference.iban).collect()
    }

    /// Whether accounts of this ISO 20022 type may be offered (`restrictedTo`).
    pub(crate) fn admits_type(&self, cash_account_type: &str) -> bool {
        let restricted = self.wire.restricted_to.as_ref();
        restricted.is_none_or(|types| types.is_empty() || types.iter().any(|one| one == cash_account_type))
    }

    /// Writes the customer's choice into the empty arrays; named accounts the customer does not
    /// own fall out of the others.
    pub(crate) fn grant(&mut self, chosen: &[AccountReference]) {
        let offer = self.form == Form::Offer;
        for list in self.wire.lists_mut().into_iter().flatten() {
            if offer {
                *list = chosen.to_vec();
            } else {
                list.retain(|reference| chosen.iter().any(|one| one.iban == reference.iban));
            }
        }
    }

    /// Whether the consent covers this data of a granted account.
    pub(crate) fn allows(&self, resource: Resource, iban: &Iban) -> bool {
        let listed = |list: &Option<Vec<AccountReference>>| list.iter().flatten().any(|one| one.iban == *iban);
        match (self.form, resource) {
            (Form::Everything, _) | (Form::List, Resource::Accounts | Resource::CardAccounts) => true,
            (Form::List, Resource::Balances | Resource::CardBalances) => {
                self.wire.available_accounts_with_balance.is_some()
            }
            (Form::List, _) => false,
            (_, Resource::Accounts | Resource::Account | Resource::CardAccounts | Resource::CardAccount) => {
                self.named().contains(iban)
            }
            (_, Resource::Balances | Resource::CardBalances) => listed(&self.wire.balances),
            (_, Resource::Transactions | Resource::Transaction | Resource::CardTransactions) => {
                listed(&self.wire.transactions)
            }
        }
    }

    /// Whether the account can be addressed on its own; a mere list of accounts cannot.
    pub(crate) fn is_addressable(&self) -> bool {
        self.form != Form::List
    }

    /// Whether the owner's name may be told for this account.
    pub(crate) fn tells_owner(&self, iban: &Iban) -> bool {
        let asked = self.wire.additional_information.iter().flat_map(|more| &more.owner_name).flatten();
        self.wire.reach() == Some(Reach::AllAccountsWithOwnerName)
            || asked.into_iter().any(|reference| reference.iban == *iban)
    }

    /// The data asked for, in words for the customer.
    pub(crate) fn in_words(&self) -> Vec<&'static str> {
        let everything = self.form == Form::Everything;
        let balances = self.wire.balances.is_some() || self.wire.available_accounts_with_balance.is_some();
        [
            (true, "the list of your accounts"),
            (everything || balances, "balances"),
            (everything || self.wire.transactions.is_some(), "transactions"),
        ]
        .into_iter()
        .filter_map(|(asked, words)| asked.then_some(words))
        .collect()
    }
}

impl Wire {
    fn lists(&self) -> [Option<&Vec<AccountReference>>; 3] {
        [self.accounts.as_ref(), self.balances.as_ref(), self.transactions.as_ref()]
    }

    fn lists_mut(&mut self) -> [Option<&mut Vec<AccountReference>>; 4] {
        let owners = self.additional_information.as_mut().and_then(|more| more.owner_name.as_mut());
        [self.accounts.as_mut(), self.balances.as_mut(), self.transactions.as_mut(), owners]
    }

    fn reach(&self) -> Option<Reach> {
        self.available_accounts.or(self.available_accounts_with_balance).or(self.all_psd2)
    }

    fn form(&self) -> Result<Form, AccessFault> {
        let lists: Vec<_> = self.lists().into_iter().flatten().collect();
        let broad = [self.available_accounts, self.available_accounts_with_balance, self.all_psd2];
        match (lists.is_empty(), broad.iter().flatten().count()) {
            (true, 0) if self.additional_information.is_some() => Err(AccessFault::Additional),
            (true, 0) => Err(AccessFault::Empty),
            (true, 1) if self.additional_information.is_some() => Err(AccessFault::Mixed),
            (true, 1) if self.all_psd2.is_some() => Ok(Form::Everything),
            (true, 1) => Ok(Form::List),
            (false, 0) if lists.iter().all(|list| list.is_empty()) => Ok(Form::Offer),
            (false, 0) => Ok(Form::Named),
            _ => Err(AccessFault::Mixed),
        }
    }
}

impl TryFrom<Wire> for Access {
    type Error = AccessFault;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let form = wire.form()?;
        Ok(Self { wire, form })
    }
}

impl From<Access> for Wire {
    fn from(access: Access) -> Self {
        access.wire
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const IBAN: &str = "DE89370400440532013000";
    const OTHER: &str = "GB82WEST12345698765432";

    fn access(value: Value) -> Result<Access, serde_json::Error> {
        serde_json::from_value(value)
    }

    fn reference(iban: &str) -> AccountReference {
        AccountReference::new(Iban::parse(iban).unwrap(), "EUR")
    }

    #[test]
    fn tells_the_four_forms_apart() {
        let form = |value| access(value).unwrap().form();
        assert_eq!(form(json!({ "accounts": [], "balances": [] })), Form::Offer);
        assert_eq!(form(json!({ "accounts": [], "balances": [{ "iban": IBAN }] })), Form::Named);
        assert_eq!(form(json!({ "availableAccounts": "allAccounts" })), Form::List);
        assert_eq!(form(json!({ "availableAccountsWithBalance": "allAccountsWithOwnerName" })), Form::List);
        assert_eq!(form(json!({ "allPsd2": "allAccounts" })), Form::Everything);
    }

    #[test]
    fn refuses_empty_mixed_and_malformed_requests() {
        for wrong in [
            json!({}),
            json!({ "accounts": [], "allPsd2": "allAccounts" }),
            json!({ "availableAccounts": "allAccounts", "allPsd2": "allAccounts" }),
            json!({ "additionalInformation": { "ownerName": [] } }),
            json!({ "allPsd2": "everything" }),
            json!({ "accounts": [{ "iban": "DE00370400440532013000" }] }),
            json!({ "accounts": [{ "bban": "1234" }] }),
            json!({ "accounts": "all" }),
        ] {
            assert!(access(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn fills_an_offer_with_the_choice_and_nothing_else() {
        let mut offer = access(json!({ "balances": [], "additionalInformation": { "ownerName": [] } })).unwrap();
        offer.grant(&[reference(IBAN)]);
        let (chosen, other) = (Iban::parse(IBAN).unwrap(), Iban::parse(OTHER).unwrap());
        assert!(offer.allows(Resource::Balances, &chosen));
        assert!(offer.allows(Resource::Account, &chosen));
        assert!(offer.tells_owner(&chosen));
        assert!(!offer.allows(Resource::Transactions, &chosen));
        assert!(!offer.allows(Resource::Balances, &other));
    }

    #[test]
    fn drops_named_accounts_that_were_not_granted() {
        let mut named = access(json!({ "balances": [{ "iban": IBAN }, { "iban": OTHER }] })).unwrap();
        named.grant(&[reference(IBAN)]);
        assert!(!named.allows(Resource::Balances, &Iban::parse(OTHER).unwrap()));
    }

    #[test]
    fn lets_a_list_of_accounts_show_the_list_only() {
        let iban = Iban::parse(IBAN).unwrap();
        let list = access(json!({ "availableAccounts": "allAccounts" })).unwrap();
        assert!(list.allows(Resource::Accounts, &iban));
        for resource in [Resource::Account, Resource::Balances, Resource::Transactions] {
            assert!(!list.allows(resource, &iban));
        }
    }

    #[test]
    fn admits_the_account_types_it_is_restricted_to() {
        let savings = access(json!({ "allPsd2": "allAccounts", "restrictedTo": ["SVGS"] })).unwrap();
        assert!(savings.admits_type("SVGS") && !savings.admits_type("CACC"));
    }
}
