//! `GET /customers`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json;
use serde_json::{Value, json};

use crate::accounts::people::Customer;
use crate::bank::Bank;

/// Everybody who banks here, with their accounts.
pub(super) async fn list(State(bank): State<Arc<Bank>>) -> Json<Value> {
    let customers: Vec<Value> = bank.book.customers().iter().map(described).collect();
    Json(json!({ "customers": customers }))
}

fn described(customer: &Customer) -> Value {
    let accounts = customer
        .accounts
        .iter()
        .map(|account| json!({ "iban": account.iban, "currency": account.currency, "name": account.name }));
    json!({ "id": customer.id, "name": customer.name, "accounts": accounts.collect::<Vec<_>>() })
}
