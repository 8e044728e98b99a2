use std::collections::BTreeSet;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{json, value::RawValue};

use super::*;
use crate::domain::{
    account::Counterparty,
    amount::{Amount, CreditDebit},
    raw_record::RawRecord,
};

fn account(byte: u8) -> AccountId {
    AccountId::from_hash([byte; 16])
}

/// A transaction without anything but its amount, its day and what is changed.
fn entry(amount: &str, day: Option<i8>, change: impl FnOnce(&mut TransactionDetails)) -> BankTransaction {
    let mut details = TransactionDetails {
        bank_id: None,
        entry_reference: None,
        status: TransactionStatus::Booked,
        credit_debit: CreditDebit::Debit,
        direction_inferred: false,
        amount: Amount::parse(amount).unwrap(),
        currency: "EUR".to_owned(),
        booking_date: day.map(|day| jiff::civil::date(2026, 1, day)),
        value_date: None,
        transaction_date: None,
        end_to_end_id: None,
        mandate_id: None,
        creditor_id: None,
        check_id: None,
        batch_transactions: None,
        counterparty: Counterparty::default(),
        ultimate_counterparty: None,
        remittance_unstructured: Vec::new(),
        remittance_structured: Vec::new(),
        bank_transaction_code: None,
        proprietary_code: None,
        purpose: None,
        exchange: Vec::new(),
        balance_after: None,
        additional_information: None,
        standing_order: None,
        card: None,
    };
    change(&mut details);
    let text = serde_json::to_string(&details).unwrap();
    let record = RawValue::from_string(text).unwrap();
    BankTransaction { details, raw: RawRecord::within(&Bytes::new(), &record) }
}

fn plain(amount: &str, day: i8) -> BankTransaction {
    entry(amount, Some(day), |_| {})
}

fn names(entries: Vec<BankTransaction>) -> Vec<TransactionId> {
    names_by(&IdRecipe::default(), entries)
}

fn names_by(recipe: &IdRecipe, entries: Vec<BankTransaction>) -> Vec<TransactionId> {
    let (named, _) = name(&account(1), recipe, entries, &Seen::default());
    named.into_iter().map(|one| one.transaction_id).collect()
}

fn only(entry: BankTransaction) -> TransactionId {
    names(vec![entry]).remove(0)
}

#[test]
fn a_trusted_id_is_the_name_whatever_else_is_said() {
    let with = |id: &str, text: &str| {
        entry("1", Some(1), |details| {
            details.bank_id = Some(id.to_owned());
            details.remittance_unstructured = vec![text.to_owned()];
        })
    };
    assert_eq!(only(with("t-1", "a")), only(with("t-1", "b")));
    assert_ne!(only(with("t-1", "a")), only(with("t-2", "a")));
    let distrusting = IdRecipe { trusted: Vec::new(), ..IdRecipe::default() };
    let distrusted = |id: &str| names_by(&distrusting, vec![with(id, "a")]).remove(0);
    assert_eq!(distrusted("t-1"), distrusted("t-2"));
}

#[test]
fn kinds_of_ids_and_accounts_never_meet() {
    let by_id = entry("1", Some(1), |details| details.bank_id = Some("x".to_owned()));
    let by_reference = entry("1", Some(1), |details| details.entry_reference = Some("x".to_owned()));
    assert_ne!(only(by_id.clone()), only(by_reference));
    let elsewhere = name(&account(2), &IdRecipe::default(), vec![by_id.clone()], &Seen::default()).0.remove(0);
    assert_ne!(only(by_id), elsewhere.transaction_id);
}

#[test]
fn the_same_amount_written_otherwise_is_the_same() {
    assert_eq!(only(plain("10", 1)), only(plain("10.00", 1)));
    assert_ne!(only(plain("10", 1)), only(plain("10.01", 1)));
    assert_ne!(only(plain("10", 1)), only(entry("10", Some(1), |one| one.credit_debit = CreditDebit::Credit)));
}

#[test]
fn a_pending_one_is_never_named_by_the_banks_id_and_is_linked_to_the_booked_one() {
    let pending = |id: &str| {
        entry("9.99", None, |details| {
            details.status = TransactionStatus::Pending;
            details.bank_id = Some(id.to_owned());
            details.counterparty.name = Some("Bakery ".to_owned());
        })
    };
    let booked = entry("9.990", Some(2), |details| {
        details.bank_id = Some("b-1".to_owned());
        details.counterparty.name = Some("BAKERY".to_owned());
    });
    assert_eq!(only(pending("p-1")), only(pending("p-2")));
    let (named, _) = name(&account(1), &IdRecipe::default(), vec![pending("p-1"), booked], &Seen::default());
    assert!(named[0].link_id.is_some());
    assert_eq!(named[0].link_id, named[1].link_id);
    assert_ne!(named[0].transaction_id, named[1].transaction_id);
}

#[test]
fn what_says_too_little_has_no_link() {
    let link = |change: fn(&mut TransactionDetails)| {
        let named = name(&account(1), &IdRecipe::default(), vec![entry("1", None, change)], &Seen::default()).0;
        named.into_iter().next().and_then(|one| one.link_id)
    };
    assert_eq!(link(|_| {}), None);
    assert_eq!(link(|details| details.end_to_end_id = Some("NOTPROVIDED".to_owned())), None);
    assert!(link(|details| details.end_to_end_id = Some("e-1".to_owned())).is_some());
}

#[test]
fn twins_on_two_pages_of_one_day_are_told_apart() {
    let recipe = IdRecipe::default();
    let (first, seen) = name(&account(1), &recipe, vec![plain("2", 5), plain("1", 4)], &Seen::default());
    let (second, seen) = name(&account(1), &recipe, vec![plain("1", 4), plain("1", 4)], &seen);
    let (third, _) = name(&account(1), &recipe, vec![plain("1", 4), plain("1", 3)], &seen);
    let all: Vec<_> = [first, second, third].concat().into_iter().map(|one| one.transaction_id).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    let whole = names(
        [2, 1, 1, 1, 1]
            .into_iter()
            .zip([5, 4, 4, 4, 4])
            .map(|(n, day)| plain(&n.to_string(), day))
            .chain([plain("1", 3)])
            .collect(),
    );
    assert_eq!(all.iter().collect::<BTreeSet<_>>(), whole.iter().collect::<BTreeSet<_>>());
}

#[test]
fn an_entry_that_a_page_repeats_keeps_its_trusted_name() {
    let one = entry("1", Some(1), |details| details.bank_id = Some("t-1".to_owned()));
    let (first, seen) = name(&account(1), &IdRecipe::default(), vec![one.clone()], &Seen::default());
    let (again, _) = name(&account(1), &IdRecipe::default(), vec![one], &seen);
    assert_eq!(first[0].transaction_id, again[0].transaction_id);
}

#[test]
fn pending_ones_that_two_pages_have_are_the_same() {
    let pending = || entry("1", None, |details| details.status = TransactionStatus::Pending);
    let page = || vec![plain("5", 3), pending(), pending()];
    let (first, seen) = name(&account(1), &IdRecipe::default(), page(), &Seen::default());
    let (second, _) = name(&account(1), &IdRecipe::default(), page(), &seen);
    let names =
        |page: &[Transaction]| page.iter().skip(1).map(|one| one.transaction_id.clone()).collect::<BTreeSet<_>>();
    assert_eq!(names(&first), names(&second));
    assert_eq!(names(&first).len(), 2, "twins of one page are two");
}

#[test]
fn what_is_handed_over_stays_small() {
    let many: Vec<_> = (0..1_000).map(|n| plain(&n.to_string(), 1)).collect();
    let (_, seen) = name(&account(1), &IdRecipe::default(), many, &Seen::default());
    assert!(serde_json::to_string(&json!(seen)).unwrap().len() < 4_096);
}

/// Small lists in which twins are likely, sorted by day as banks list them.
fn lists() -> impl Strategy<Value = Vec<BankTransaction>> {
    let one = (0..3_u8, 1..4_i8, any::<bool>(), prop::option::of("[ab]"));
    prop::collection::vec(one, 0..12).prop_map(|mut list| {
        list.sort_by_key(|(_, day, ..)| std::cmp::Reverse(*day));
        let made = list.into_iter().enumerate().map(|(index, (amount, day, trusted, text))| {
            entry(&amount.to_string(), Some(day), |details| {
                details.bank_id = trusted.then(|| format!("t-{index}"));
                details.remittance_unstructured = text.into_iter().collect();
            })
        });
        made.collect()
    })
}

proptest! {
    #[test]
    fn names_are_distinct_and_the_same_in_any_order(list in lists(), seed in any::<u64>()) {
        let straight = names(list.clone());
        prop_assert_eq!(straight.iter().collect::<BTreeSet<_>>().len(), straight.len());
        let mut order: Vec<usize> = (0..list.len()).collect();
        order.sort_by_key(|index| seed.rotate_left(u32::try_from(*index).unwrap() * 7) ^ 0x5bd1_e995);
        let shuffled = names(order.iter().map(|index| list[*index].clone()).collect());
        for (place, index) in order.iter().enumerate() {
            let twins = list.iter().filter(|other| other.raw == list[*index].raw).count();
            if twins == 1 {
                prop_assert_eq!(&shuffled[place], &straight[*index]);
            }
        }
        prop_assert_eq!(shuffled.into_iter().collect::<BTreeSet<_>>(), straight.into_iter().collect::<BTreeSet<_>>());
    }

    #[test]
    fn what_is_told_reads_back_as_it_was(list in lists(), digits in "(0|[1-9][0-9]{0,13})\\.[0-9]{1,8}") {
        let exact = entry(&digits, None, |details| details.status = TransactionStatus::Pending);
        let list = list.into_iter().chain([exact]).collect();
        let (named, _) = name(&account(1), &IdRecipe::default(), list, &Seen::default());
        let text = serde_json::to_string(&named).unwrap();
        prop_assert!(text.contains(&format!("\"{digits}\"")), "every digit is told");
        prop_assert_eq!(serde_json::from_str::<Vec<Transaction>>(&text).unwrap(), named);
    }

    #[test]
    fn names_are_the_same_however_the_list_is_cut_into_pages(list in lists(), size in 1..5_usize) {
        let whole: BTreeSet<_> = names(list.clone()).into_iter().collect();
        let mut seen = Seen::default();
        let mut paged = BTreeSet::new();
        for page in list.chunks(size) {
            let (named, next) = name(&account(1), &IdRecipe::default(), page.to_vec(), &seen);
            paged.extend(named.into_iter().map(|one| one.transaction_id));
            seen = next;
        }
        prop_assert_eq!(paged, whole);
    }
}
