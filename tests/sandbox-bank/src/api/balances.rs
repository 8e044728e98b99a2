//! `/accounts/{account}/balances`

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Json;
use serde_json::{Value, json};

use super::data::Entitled;
use crate::accounts::people::Account;
use crate::bank::{Bank, Moment};
use crate::consent::access::Resource;
use crate::refusal::Refusal;

/// `GET /accounts/{account}/balances`
pub(super) async fn show(
    State(bank): State<Arc<Bank>>,
    entitled: Entitled,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let account = entitled.account(&bank, &id, Resource::Balances)?;
    entitled.count(&bank, Resource::Balances, Some(&id))?;
    Ok(Json(json!({ "account": reference(account), "balances": of(&bank, account, entitled.moment) })))
}

/// How answers name an account.
pub(super) fn reference(account: &Account) -> Value {
    json!({ "iban": account.iban, "currency": account.currency })
}

/// An account's balances now.
pub(super) fn of(bank: &Bank, account: &Account, moment: Moment) -> Value {
    let statement = bank.book.statement(account, moment.today);
    let amount = |amount: rust_decimal::Decimal| json!({ "currency": account.currency, "amount": amount.to_string() });
    json!([
        {
            "balanceAmount": amount(statement.closing_booked()),
            "balanceType": "closingBooked",
            "referenceDate": statement.closed_on(),
        },
        {
            "balanceAmount": amount(statement.available()),
            "balanceType": "interimAvailable",
            "creditLimitIncluded": false,
            "lastChangeDateTime": moment.now,
        },
        {
            "balanceAmount": amount(statement.expected()),
            "balanceType": "expected",
            "referenceDate": moment.today,
        },
    ])
}
