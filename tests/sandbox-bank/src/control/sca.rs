//! `POST /sca`: deciding in the customer's place.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::body::{Body, Mistake};
use crate::accounts::iban::Iban;
use crate::accounts::people::Customer;
use crate::bank::Bank;
use crate::sca::decision::Decision;
use crate::sca::desk::Scripted;

/// What is to happen at the bank's pages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    decision: Wanted,
    customer: Option<String>,
    accounts: Option<Vec<Iban>>,
    times: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    Approve,
    Refuse,
    /// Leaves everything to the browser again.
    Browser,
}

/// `POST /sca`: decides the next `times` visits (once if not said) after those already scripted.
/// An approval without customer is the first customer's, one without accounts is for all of them.
pub(super) async fn script(State(bank): State<Arc<Bank>>, Body(script): Body<Script>) -> Result<StatusCode, Mistake> {
    let times = script.times.unwrap_or(1);
    if times == 0 {
        return Err(Mistake::Times);
    }
    let decision = script.decision(&bank)?;
    bank.change(|state, _| {
        match decision {
            Some(decision) => state.desk.script(Scripted { decision, times }),
            None => state.desk.forget_script(),
        }
        Ok(StatusCode::NO_CONTENT)
    })
}

impl Script {
    fn decision(self, bank: &Bank) -> Result<Option<Decision>, Mistake> {
        if self.decision == Wanted::Approve {
            return approval(bank, self.customer, self.accounts).map(Some);
        }
        if self.customer.is_some() || self.accounts.is_some() {
            return Err(Mistake::NoApproval);
        }
        Ok((self.decision == Wanted::Refuse).then_some(Decision::Refuse))
    }
}

fn approval(bank: &Bank, customer: Option<String>, accounts: Option<Vec<Iban>>) -> Result<Decision, Mistake> {
    let customer = known_customer(bank, customer)?;
    if accounts.iter().flatten().any(|iban| customer.account(iban).is_none()) {
        return Err(Mistake::Account);
    }
    Ok(Decision::Approve { customer: customer.id.to_owned(), accounts })
}

fn known_customer(bank: &Bank, id: Option<String>) -> Result<&Customer, Mistake> {
    match id {
        Some(id) => bank.book.customer(&id).ok_or(Mistake::Customer(id)),
        None => bank.book.customers().first().ok_or(Mistake::NoSuchThing),
    }
}
