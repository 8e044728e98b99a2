//! What the hub calls a transaction: a pure function of the account and of what the bank says, by the bank's recipe.
//!
//! A booked transaction is named by the bank's own id where that can be relied on, else by what it says. Two that say
//! the same on one day are told apart by a number; which of the two is the first is decided by their bytes and not by
//! their order, so the same list gives the same names in any order. A list that is read page by page hands over what it
//! has [`Seen`]: a day can lie on two pages. That is for booked ones alone; pending ones that two pages have are the same
//! ones told twice.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{BankTransaction, Transaction, TransactionDetails, TransactionStatus};
use crate::domain::{
    code_hash::sha256,
    data_profile::{ContentField, IdRecipe, TrustedId},
    ids::AccountId,
};

/// How many names of one day are handed to the next page.
const MOST_SEEN: usize = 128;

/// What SEPA writes where there is no end-to-end id.
const NOT_PROVIDED: &str = "NOTPROVIDED";

/// The hub's name of a transaction: 128 bits of a hash in base64url.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TransactionId(String);

impl TransactionId {
    /// SHA-256 over the parts, each behind its length (64 bits, big endian), so that no two lists share an encoding.
    fn of(parts: &[&str]) -> Self {
        let encoded: Vec<u8> =
            parts.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes()[..], part.as_bytes()].concat()).collect();
        Self(URL_SAFE_NO_PAD.encode(&sha256(&encoded)[..16]))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How often which content was met on the day that a page ends with, so that the next page counts on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seen(Option<SeenDay>);

/// One day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SeenDay {
    day: Option<Date>,
    counts: BTreeMap<TransactionId, u32>,
}

/// Names the transactions of one page of an account's list, and tells what the next page must know.
pub fn name(
    account: &AccountId,
    recipe: &IdRecipe,
    entries: Vec<BankTransaction>,
    seen: &Seen,
) -> (Vec<Transaction>, Seen) {
    let bases: Vec<Base> = entries.iter().map(|entry| Base::of(account, recipe, &entry.details)).collect();
    let ordinals = ordinals(&entries, &bases, seen);
    let next = seen.after(&entries, &bases);
    let named = entries.into_iter().zip(bases).zip(ordinals).map(|((entry, base), ordinal)| Transaction {
        transaction_id: base.numbered(ordinal),
        link_id: link(account, &entry.details),
        details: entry.details,
        raw: Some(entry.raw),
    });
    (named.collect(), next)
}

/// A name before equal ones are told apart.
struct Base {
    id: TransactionId,
    /// Made of what a booked transaction says, so that another one, on another page too, may say the same.
    counts_on: bool,
}

impl Base {
    fn of(account: &AccountId, recipe: &IdRecipe, details: &TransactionDetails) -> Self {
        let trusted = recipe.trusted.iter().find_map(|name| trusted(details, *name));
        let trusted = trusted.filter(|_| details.status != TransactionStatus::Pending);
        let status = status_word(details.status);
        match trusted {
            Some((kind, id)) => Self { id: TransactionId::of(&[account.as_str(), status, kind, id]), counts_on: false },
            None => Self {
                id: by_content(account, status, &recipe.content, details),
                counts_on: details.status == TransactionStatus::Booked,
            },
        }
    }

    /// The first keeps the name; the others are numbered.
    fn numbered(self, ordinal: u32) -> TransactionId {
        if ordinal == 0 { self.id } else { TransactionId::of(&[self.id.as_str(), "ordinal", &ordinal.to_string()]) }
    }
}

fn trusted(details: &TransactionDetails, name: TrustedId) -> Option<(&'static str, &str)> {
    match name {
        TrustedId::TransactionId => details.bank_id.as_deref().map(|id| ("transaction-id", id)),
        TrustedId::EntryReference => details.entry_reference.as_deref().map(|id| ("entry-reference", id)),
    }
}

const fn status_word(status: TransactionStatus) -> &'static str {
    match status {
        TransactionStatus::Booked => "BOOK",
        TransactionStatus::Pending => "PDNG",
        TransactionStatus::Information => "INFO",
    }
}

fn by_content(
    account: &AccountId,
    status: &str,
    fields: &[ContentField],
    details: &TransactionDetails,
) -> TransactionId {
    let content: Vec<String> = fields.iter().flat_map(|field| said(details, *field)).collect();
    let parts = [account.as_str(), status, "content"].into_iter().chain(content.iter().map(String::as_str));
    TransactionId::of(&parts.collect::<Vec<_>>())
}

/// What a transaction says in one field; as many texts for every transaction, or told apart by their number.
fn said(details: &TransactionDetails, field: ContentField) -> Vec<String> {
    let text = |text: &Option<String>| vec![text.clone().unwrap_or_default()];
    let day = |day: Option<Date>| vec![day.map(|day| day.to_string()).unwrap_or_default()];
    match field {
        ContentField::BookingDate => day(details.booking_date),
        ContentField::ValueDate => day(details.value_date),
        ContentField::Amount => amount(details).to_vec(),
        ContentField::Counterparty => counterparty(details).to_vec(),
        ContentField::Remittance => texts(details),
        ContentField::EndToEndId => text(&details.end_to_end_id),
        ContentField::MandateId => text(&details.mandate_id),
        ContentField::EntryReference => text(&details.entry_reference),
        ContentField::TransactionId => text(&details.bank_id),
        ContentField::TransactionCode => {
            [text(&details.bank_transaction_code), text(&details.proprietary_code)].concat()
        }
    }
}

fn amount(details: &TransactionDetails) -> [String; 3] {
    let direction = format!("{:?}", details.credit_debit);
    [details.amount.canonical(), details.currency.clone(), direction]
}

fn counterparty(details: &TransactionDetails) -> [String; 2] {
    let account = details.counterparty.account.as_ref().map(|account| account.value.clone());
    [details.counterparty.name.clone().unwrap_or_default(), account.unwrap_or_default()]
}

/// The texts behind their numbers.
fn texts(details: &TransactionDetails) -> Vec<String> {
    let lists = [&details.remittance_unstructured, &details.remittance_structured];
    lists.into_iter().flat_map(|list| [vec![list.len().to_string()], list.clone()].concat()).collect()
}

/// What a pending transaction and its booked one have in common; none where that would be too little to tell them from
/// others.
fn link(account: &AccountId, details: &TransactionDetails) -> Option<TransactionId> {
    let end_to_end = details.end_to_end_id.as_deref().filter(|id| *id != NOT_PROVIDED).unwrap_or_default();
    let [name, number] = counterparty(details);
    let party = if number.is_empty() { name.trim().to_uppercase() } else { number };
    if details.status == TransactionStatus::Information || end_to_end.is_empty() && party.is_empty() {
        return None;
    }
    let [amount, currency, direction] = amount(details);
    Some(TransactionId::of(&[account.as_str(), "link", end_to_end, &amount, &currency, &direction, &party]))
}

/// Which of the equal ones each entry is: 0 for the only one. Equal ones are ranked by their bytes.
fn ordinals(entries: &[BankTransaction], bases: &[Base], seen: &Seen) -> Vec<u32> {
    let mut ranked: Vec<usize> = (0..entries.len()).collect();
    ranked.sort_by_key(|index| entries.get(*index).map(|entry| entry.raw.as_bytes()));
    let mut met: BTreeMap<&TransactionId, u32> = BTreeMap::new();
    let mut ordinals = vec![0; entries.len()];
    for index in ranked {
        let (Some(base), Some(ordinal)) = (bases.get(index), ordinals.get_mut(index)) else { continue };
        let before = if base.counts_on { seen.count(&base.id) } else { 0 };
        let next = met.entry(&base.id).or_insert(before);
        *ordinal = *next;
        *next = next.saturating_add(1);
    }
    ordinals
}

impl Seen {
    fn count(&self, base: &TransactionId) -> u32 {
        self.0.as_ref().and_then(|day| day.counts.get(base).copied()).unwrap_or(0)
    }

    /// What was seen when this page was read too: the day that the page ends with. The counts of the same day on the
    /// pages before are kept.
    fn after(&self, entries: &[BankTransaction], bases: &[Base]) -> Self {
        let mut next = self.clone();
        for (entry, base) in entries.iter().zip(bases).filter(|(_, base)| base.counts_on) {
            let day = next.day_of(&entry.details);
            let room = day.counts.len() < MOST_SEEN;
            match day.counts.get_mut(&base.id) {
                Some(count) => *count = count.saturating_add(1),
                None if room => drop(day.counts.insert(base.id.clone(), 1)),
                None => {}
            }
        }
        next
    }

    /// The day of this transaction, begun anew if it is another than the last.
    fn day_of(&mut self, details: &TransactionDetails) -> &mut SeenDay {
        let day = details.booking_date;
        let fresh = || SeenDay { day, counts: BTreeMap::new() };
        let seen = self.0.get_or_insert_with(fresh);
        if seen.day != day {
            *seen = fresh();
        }
        seen
    }
}

#[cfg(test)]
mod tests;
