//! `/card-accounts`: the debit cards of accounts. A card shows what was paid with it; the money is that
//! of its account, and a consent that covers the account covers the card.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Json;
use serde_json::{Value, json};

use super::accounts::{Wish, Wished, understood};
use super::balances;
use super::data::Entitled;
use super::transactions::{self, Report, Window};
use crate::accounts::history::{Entry, Statement};
use crate::accounts::people::{Account, Card};
use crate::accounts::routine::Kind;
use crate::bank::Bank;
use crate::consent::GrantedAccount;
use crate::consent::access::Resource;
use crate::policy::{BookingStatus, Policy};
use crate::refusal::Refusal;

/// A card that a consent covers.
#[derive(Clone, Copy, Debug)]
struct Held<'a> {
    granted: &'a GrantedAccount,
    account: &'a Account,
    card: &'a Card,
}

/// `GET /card-accounts`
pub(super) async fn list(
    State(bank): State<Arc<Bank>>,
    entitled: Entitled,
    wish: Wished,
) -> Result<Json<Value>, Refusal> {
    let wish = understood(wish)?;
    entitled.count(&bank, Resource::CardAccounts, None)?;
    let cards: Result<Vec<Value>, Refusal> = cards(&bank, &entitled)
        .filter(|held| entitled.consent.access.allows(Resource::CardAccounts, &held.account.iban))
        .map(|held| details(&bank, &entitled, held, &wish))
        .collect();
    Ok(Json(json!({ "cardAccounts": cards? })))
}

/// `GET /card-accounts/{account}`
pub(super) async fn show(
    State(bank): State<Arc<Bank>>,
    entitled: Entitled,
    Path(id): Path<String>,
    wish: Wished,
) -> Result<Json<Value>, Refusal> {
    let wish = understood(wish)?;
    let held = held(&bank, &entitled, &id, Resource::CardAccount)?;
    entitled.count(&bank, Resource::CardAccount, Some(&id))?;
    Ok(Json(json!({ "cardAccount": details(&bank, &entitled, held, &wish)? })))
}

/// `GET /card-accounts/{account}/balances`
pub(super) async fn balances(
    State(bank): State<Arc<Bank>>,
    entitled: Entitled,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let held = held(&bank, &entitled, &id, Resource::CardBalances)?;
    entitled.count(&bank, Resource::CardBalances, Some(&id))?;
    let balances = balances::of(&bank, held.account, entitled.moment);
    Ok(Json(json!({ "cardAccount": reference(held), "debitAccounting": false, "balances": balances })))
}

/// `GET /card-accounts/{account}/transactions`. Only the first page of a list counts as a read.
pub(super) async fn transactions(
    State(bank): State<Arc<Bank>>,
    entitled: Entitled,
    Path(id): Path<String>,
    wish: transactions::Wished,
) -> Result<Json<Value>, Refusal> {
    let held = held(&bank, &entitled, &id, Resource::CardTransactions)?;
    let window = Window::of(&transactions::understood(wish)?, &entitled)?;
    if window.page == 1 {
        entitled.count(&bank, Resource::CardTransactions, Some(&id))?;
    }
    let statement = paid_by_card(&bank.book.statement(held.account, entitled.moment.today));
    let report = Report { statement: &statement, window: &window, account: held.account, entitled: &entitled };
    let policy = &entitled.policy;
    let links = report.links(entitled.links(&bank), &format!("/card-accounts/{id}"), "cardAccount");
    let mut page = json!({ "_links": links });
    if report.shows(BookingStatus::Booked) {
        page["booked"] = report.booked().map(|entry| payment(entry, held, policy, true)).collect();
    }
    if report.shows(BookingStatus::Pending) {
        let pending = report.pending().filter(|_| window.page == 1);
        page["pending"] = pending.map(|entry| payment(entry, held, policy, false)).collect();
    }
    Ok(Json(json!({ "cardAccount": reference(held), "debitAccounting": false, "cardTransactions": page })))
}

fn cards<'a>(bank: &'a Bank, entitled: &'a Entitled) -> impl Iterator<Item = Held<'a>> {
    entitled.consent.accounts.iter().filter_map(|granted| {
        let account = bank.book.account(&granted.iban)?;
        Some(Held { granted, account, card: account.card.as_ref()? })
    })
}

/// The card with this id, if the consent covers this data of it.
fn held<'a>(bank: &'a Bank, entitled: &'a Entitled, id: &str, resource: Resource) -> Result<Held<'a>, Refusal> {
    let found = cards(bank, entitled).find(|held| held.granted.card_id() == id).ok_or(Refusal::ResourceUnknown)?;
    entitled.check_access(&found.granted.iban, resource)?;
    Ok(found)
}

fn reference(held: Held<'_>) -> Value {
    json!({ "maskedPan": held.card.masked_pan, "currency": held.account.currency })
}

fn details(bank: &Bank, entitled: &Entitled, held: Held<'_>, wish: &Wish) -> Result<Value, Refusal> {
    let (access, account, card) = (&entitled.consent.access, held.account, held.card);
    let mut details = json!({
        "maskedPan": card.masked_pan,
        "currency": account.currency,
        "name": card.name,
        "product": "Debit card",
        "debitAccounting": false,
        "status": "enabled",
        "usage": account.usage,
    });
    if access.is_addressable() {
        let id = held.granted.card_id();
        let mut links = json!({});
        for (name, resource) in [("balances", Resource::CardBalances), ("transactions", Resource::CardTransactions)] {
            if access.allows(resource, &account.iban) {
                links[name] = entitled.links(bank).to(&format!("/card-accounts/{id}/{name}"));
            }
        }
        details["resourceId"] = json!(id);
        details["_links"] = links;
    }
    if access.tells_owner(&account.iban) {
        details["ownerName"] = json!(account.owner);
    }
    if wish.with_balance {
        if !access.allows(Resource::CardBalances, &account.iban) {
            return Err(Refusal::ConsentInvalid);
        }
        details["balances"] = balances::of(bank, account, entitled.moment);
    }
    Ok(details)
}

fn paid_by_card(statement: &Statement) -> Statement {
    let by_card = |entries: &[Entry]| entries.iter().filter(|entry| entry.kind == Kind::Card).cloned().collect();
    Statement { booked: by_card(&statement.booked), pending: by_card(&statement.pending), ..statement.clone() }
}

fn payment(entry: &Entry, held: Held<'_>, policy: &Policy, booked: bool) -> Value {
    let amount = transactions::amount(entry.cents, policy);
    let mut payment = json!({
        "transactionDate": entry.made_on,
        "transactionAmount": { "currency": held.account.currency, "amount": amount },
        "maskedPAN": held.card.masked_pan,
        "transactionDetails": entry.party_name,
        "invoiced": booked,
    });
    if booked {
        payment["cardTransactionId"] = json!(entry.id);
        payment["bookingDate"] = json!(entry.booked_on);
    }
    payment
}
