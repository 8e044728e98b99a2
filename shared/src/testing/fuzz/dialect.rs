//! What banks answer at their Berlin Group interface.

use std::{error::Error, str};

use http::HeaderValue;
use url::Url;
use uuid::Uuid;

use super::{BANK, Verdict, answer};
use crate::{
    domain::{
        account::{AccountKind, BankAccount, BankTransaction, Identification, Scheme},
        secret::ExposeSecret,
    },
    protocol::{
        berlin_group::{
            accounts,
            approach::Approach,
            balances, consents,
            links::{self, LinkRejected},
            references::KnownAccount,
            transactions,
        },
        exchange::BankResponse,
    },
};

/// The id of every request of ours.
const REQUEST_ID: Uuid = Uuid::from_u128(0x1111_1111_2222_4333_8444_5555_5555_5555);

const ACCOUNT: KnownAccount<'static> = KnownAccount::nameless("a-1");

/// The page of transactions that was asked for.
const ASKED: &str = "https://api.bank.example/v1/accounts/a-1/transactions?bookingStatus=both";

/// Judges an answer, and holds what was taken to a promise.
fn judged<T, E: Error>(
    data: &[u8],
    judge: impl FnOnce(&BankResponse) -> Result<T, E>,
    promise: impl FnOnce(&T),
) -> Verdict {
    let outcome = judge(&answer::parse(data));
    if let Ok(taken) = &outcome {
        promise(taken);
    }
    Verdict::of(&outcome)
}

/// A consent that was asked for. Its id can be sent back, and the browser is sent to the bank alone.
pub fn consent_created(data: &[u8]) -> Verdict {
    judged(
        data,
        |response| consents::created(&BANK, REQUEST_ID, response),
        |created| {
            let id = HeaderValue::from_str(created.consent_id.expose_secret());
            assert!(id.is_ok_and(|id| !id.is_empty()), "a consent id that cannot be sent back is taken");
            if let Approach::Redirect { location } = &created.offer.approach {
                assert!(is_of_the_bank(location), "the browser is sent to a stranger");
            }
        },
    )
}

/// The terms of a consent.
pub fn consent_terms(data: &[u8]) -> Verdict {
    let read = |response: &BankResponse| {
        let _ = consents::accounts_covered(response);
        consents::read_answer(&BANK, REQUEST_ID, response)
    };
    judged(data, read, |_| {})
}

/// The status of a consent.
pub fn consent_status(data: &[u8]) -> Verdict {
    judged(data, |response| consents::status_answer(&BANK, REQUEST_ID, response), |_| {})
}

/// Whether a consent has ended.
pub fn consent_ended(data: &[u8]) -> Verdict {
    judged(data, |response| consents::delete_answer(&BANK, REQUEST_ID, response), |()| {})
}

/// The list of accounts. Each can be read, and shows no whole card number.
pub fn accounts_answer(data: &[u8]) -> Verdict {
    judged(
        data,
        |response| accounts::read_answer(&BANK, AccountKind::Payment, REQUEST_ID, response),
        |accounts| accounts.iter().for_each(can_be_passed_on),
    )
}

fn can_be_passed_on(account: &BankAccount) {
    assert!(!account.resource_id.is_empty(), "an account without a handle is taken");
    assert!(!account.details.identification.iter().any(is_whole_card_number), "a whole card number is passed on");
}

/// PCI DSS 3.4: at most the first six and the last four digits are shown.
fn is_whole_card_number(name: &Identification) -> bool {
    name.scheme == Scheme::PanMasked && name.value.bytes().filter(u8::is_ascii_digit).count() > 11
}

/// The balances of an account. What is taken can be written as JSON.
pub fn balances_answer(data: &[u8]) -> Verdict {
    judged(
        data,
        |response| balances::read_answer(&BANK, ACCOUNT, REQUEST_ID, response),
        |balances| assert!(serde_json::to_vec(balances).is_ok()),
    )
}

/// A page of transactions. What is taken can be written as JSON, and goes on in the same list at the same bank.
pub fn transactions_answer(data: &[u8]) -> Verdict {
    let asked = Url::parse(ASKED).unwrap();
    judged(
        data,
        |response| transactions::read_answer(&BANK, ACCOUNT, &asked, REQUEST_ID, response),
        |page| {
            page.transactions.iter().for_each(can_be_told);
            if let Some(next) = &page.next {
                is_another_page(&asked, next);
            }
        },
    )
}

fn can_be_told(transaction: &BankTransaction) {
    let raw = serde_json::to_vec(&transaction.raw);
    assert!(raw.is_ok_and(|raw| raw == transaction.raw.as_bytes()), "a record is not told as the bank wrote it");
    assert!(serde_json::to_vec(&transaction.details).is_ok());
    let card = transaction.details.card.as_ref().and_then(|card| card.masked_pan.as_deref()).unwrap_or_default();
    assert!(card.bytes().filter(u8::is_ascii_digit).count() <= 11, "a whole card number is passed on");
}

/// The list of card accounts. Each can be read, and shows no whole card number.
pub fn card_accounts_answer(data: &[u8]) -> Verdict {
    judged(
        data,
        |response| accounts::read_answer(&BANK, AccountKind::Card, REQUEST_ID, response),
        |accounts| accounts.iter().for_each(can_be_passed_on),
    )
}

/// A page of a card account's transactions, as that of any other account.
pub fn card_transactions_answer(data: &[u8]) -> Verdict {
    let asked = Url::parse(&ASKED.replace("/accounts/", "/card-accounts/")).unwrap();
    let card = KnownAccount { kind: AccountKind::Card, ..ACCOUNT };
    judged(
        data,
        |response| transactions::read_answer(&BANK, card, &asked, REQUEST_ID, response),
        |page| page.transactions.iter().for_each(can_be_told),
    )
}

/// One transaction.
pub fn transaction_answer(data: &[u8]) -> Verdict {
    judged(data, |response| transactions::read_one_answer(&BANK, ACCOUNT, "t-1", REQUEST_ID, response), can_be_told)
}

/// A link of a bank's, as a page of a list, as a page for the browser and as the address of metadata. It is taken only
/// if it leads where such a link may.
pub fn bank_link(data: &[u8]) -> Verdict {
    let Ok(href) = str::from_utf8(data) else { return Verdict::Refused };
    let asked = Url::parse(ASKED).unwrap();
    let page = links::page_link(&BANK, &without_query(&asked), href, &asked);
    if let Ok(next) = &page {
        is_another_page(&asked, next);
    }
    let web = links::web_link(&BANK, href);
    assert!(web.iter().all(is_of_the_bank), "the browser is sent to a stranger");
    let metadata = links::metadata_link(&BANK, href);
    assert!(metadata.iter().all(|url| is_of_the_bank(url) || url.origin() == asked.origin()), "foreign metadata");
    let verdicts = [page, web, metadata].map(|outcome: Result<Url, LinkRejected>| Verdict::of(&outcome));
    Verdict::taken_if(verdicts.contains(&Verdict::Taken))
}

fn is_another_page(asked: &Url, next: &Url) {
    assert_eq!(without_query(next), without_query(asked), "a page of something else is taken");
    assert_ne!(next, asked, "a page that leads to itself is taken");
}

fn without_query(page: &Url) -> Url {
    let mut list = page.clone();
    list.set_query(None);
    list
}

fn is_of_the_bank(page: &Url) -> bool {
    let registered = BANK.addresses.is_web(page);
    registered && page.username().is_empty() && page.password().is_none()
}
