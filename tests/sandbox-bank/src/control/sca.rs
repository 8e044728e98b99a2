//! `POST /sca`: deciding in the customer's place.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::body::{Body, Mistake};
use crate::accounts::iban::Iban;
use crate::accounts::people::Customer;
use crate::bank::Bank;
use crate::mood::Mood;
use crate::sca::decision::Decision;
use crate::sca::desk::Scripted;

/// What is to happen at the bank's pages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    decision: Wanted,
    customer: Option<String>,
    accounts: Option<Vec<Iban>>,
    /// For visits of this mood only.
    mood: Option<Mood>,
    times: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    Approve,
    /// Approves where somebody else has to agree as well: the consent is `partiallyAuthorised`.
    ApprovePartly,
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
    let mood = script.mood;
    let decision = script.decision(&bank)?;
    bank.change(|state, _| {
        match decision {
            Some(decision) => state.desk.script(Scripted { decision, mood, times }),
            None => state.desk.forget_script(),
        }
        Ok(StatusCode::NO_CONTENT)
    })
}

impl Script {
    /// The decision to play; none leaves it to the browser. Whatever the script names has to exist,
    /// also where it makes no difference.
    fn decision(self, bank: &Bank) -> Result<Option<Decision>, Mistake> {
        let customer = known_customer(bank, self.customer)?;
        if self.accounts.iter().flatten().any(|iban| customer.account(iban).is_none()) {
            return Err(Mistake::Account);
        }
        Ok(match self.decision {
            Wanted::Approve | Wanted::ApprovePartly => Some(Decision::Approve {
                customer: customer.id.to_owned(),
                accounts: self.accounts,
                partly: self.decision == Wanted::ApprovePartly,
            }),
            Wanted::Refuse => Some(Decision::Refuse),
            Wanted::Browser => None,
        })
    }
}

fn known_customer(bank: &Bank, id: Option<String>) -> Result<&Customer, Mistake> {
    match id {
        Some(id) => bank.book.customer(&id).ok_or(Mistake::Customer(id)),
        None => bank.book.customers().first().ok_or(Mistake::NoSuchThing),
    }
}
