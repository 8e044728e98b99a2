//! `/accounts`: the list and the single account.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use super::balances;
use super::data::Entitled;
use crate::accounts::people::{Account, BIC};
use crate::bank::Bank;
use crate::consent::GrantedAccount;
use crate::consent::access::Resource;
use crate::refusal::Refusal;

/// What may be asked of accounts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wish {
    #[serde(default)]
    pub(super) with_balance: bool,
}

/// The query parameters, or why there are none.
pub(super) type Wished = Result<Query<Wish>, axum::extract::rejection::QueryRejection>;

/// `GET /accounts`
pub(super) async fn list(
    State(bank): State<Arc<Bank>>,
    entitled: Entitled,
    wish: Wished,
) -> Result<Json<Value>, Refusal> {
    let wish = understood(wish)?;
    entitled.count(&bank, Resource::Accounts, None)?;
    let covered = entitled.consent.accounts.iter();
    let covered = covered.filter(|granted| entitled.consent.access.allows(Resource::Accounts, &granted.iban));
    let accounts: Result<Vec<Value>, Refusal> =
        covered.map(|granted| details(&bank, &entitled, granted, &wish)).collect();
    Ok(Json(json!({ "accounts": accounts? })))
}

/// `GET /accounts/{account}`
pub(super) async fn show(
    State(bank): State<Arc<Bank>>,
    entitled: Entitled,
    Path(id): Path<String>,
    wish: Wished,
) -> Result<Json<Value>, Refusal> {
    let wish = understood(wish)?;
    entitled.account(&bank, &id, Resource::Account)?;
    entitled.count(&bank, Resource::Account, Some(&id))?;
    let granted = entitled.consent.account(&id).ok_or(Refusal::ResourceUnknown)?;
    Ok(Json(json!({ "account": details(&bank, &entitled, granted, &wish)? })))
}

/// The query parameters, if they can be read.
pub(super) fn understood(wish: Wished) -> Result<Wish, Refusal> {
    wish.map(|Query(wish)| wish).map_err(|_| Refusal::Format("withBalance is true or false".to_owned()))
}

fn details(bank: &Bank, entitled: &Entitled, granted: &GrantedAccount, wish: &Wish) -> Result<Value, Refusal> {
    let account = bank.book.account(&granted.iban).ok_or(Refusal::ResourceUnknown)?;
    let mut details = description(account);
    if entitled.consent.access.is_addressable() {
        details["resourceId"] = json!(granted.resource_id);
        details["_links"] = links(bank, entitled, granted);
    }
    if entitled.consent.access.tells_owner(&granted.iban) {
        details["ownerName"] = json!(account.owner);
    }
    if wish.with_balance {
        if !entitled.consent.access.allows(Resource::Balances, &granted.iban) {
            return Err(Refusal::ConsentInvalid);
        }
        details["balances"] = balances::of(bank, account, entitled.moment);
    }
    Ok(details)
}

fn description(account: &Account) -> Value {
    json!({
        "iban": account.iban,
        "currency": account.currency,
        "name": account.name,
        "product": account.product,
        "cashAccountType": account.cash_account_type,
        "status": "enabled",
        "bic": BIC,
        "usage": account.usage,
    })
}

/// Only what the consent covers is linked.
fn links(bank: &Bank, entitled: &Entitled, granted: &GrantedAccount) -> Value {
    let mut links = json!({});
    for (name, resource) in [("balances", Resource::Balances), ("transactions", Resource::Transactions)] {
        if entitled.consent.access.allows(resource, &granted.iban) {
            links[name] = entitled.links(bank).to(&format!("/accounts/{}/{name}", granted.resource_id));
        }
    }
    links
}
