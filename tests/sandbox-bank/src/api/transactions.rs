//! `/accounts/{account}/transactions`: lists in pages, and the single transaction.

mod report;
mod window;

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Json;
use serde_json::{Value, json};

use super::balances::{self, reference};
use super::data::Entitled;
use crate::accounts::history::{Entry, Statement};
use crate::accounts::people::Account;
use crate::bank::Bank;
use crate::consent::access::Resource;
use crate::policy::BookingStatus;
use crate::refusal::Refusal;

pub(super) use report::{Report, amount};
use report::{booked, entry_reference};
use window::{PAGE, Since};
pub(super) use window::{Window, Wish, understood};

/// The query parameters, or why there are none.
pub(super) type Wished = Result<Query<Wish>, axum::extract::rejection::QueryRejection>;

/// `GET /accounts/{account}/transactions`. Only the first page of a list counts as a read.
pub(super) async fn list(
    State(bank): State<Arc<Bank>>,
    entitled: Entitled,
    Path(id): Path<String>,
    wish: Wished,
) -> Result<Json<Value>, Refusal> {
    let account = entitled.account(&bank, &id, Resource::Transactions)?;
    let wish = understood(wish)?;
    let window = Window::of(&wish, &entitled)?;
    if window.page == 1 {
        entitled.count(&bank, Resource::Transactions, Some(&id))?;
    }
    let statement = since(&bank, bank.book.statement(account, entitled.moment.today), &window, &entitled, &id)?;
    let path = format!("/accounts/{id}");
    let report = Report { statement: &statement, window: &window, account, entitled: &entitled };
    let mut answer = json!({ "account": reference(account) });
    if entitled.policy.download && report.length() > PAGE {
        let file = format!("{path}/transactions/download?{}", window.at(1));
        answer["_links"] = json!({ "download": entitled.links(&bank).to(&file) });
    } else {
        answer["transactions"] = report.page(entitled.links(&bank), &path);
    }
    if wish.with_balance {
        entitled.account(&bank, &id, Resource::Balances)?;
        answer["balances"] = balances::of(&bank, account, entitled.moment);
    }
    Ok(Json(answer))
}

/// `GET /accounts/{account}/transactions/download`: the whole list at once.
pub(super) async fn download(
    State(bank): State<Arc<Bank>>,
    entitled: Entitled,
    Path(id): Path<String>,
    wish: Wished,
) -> Result<Json<Value>, Refusal> {
    let account = entitled.account(&bank, &id, Resource::Transactions)?;
    let window = Window::of(&understood(wish)?, &entitled)?.whole();
    let statement = bank.book.statement(account, entitled.moment.today);
    let report = Report { statement: &statement, window: &window, account, entitled: &entitled };
    let page = report.page(entitled.links(&bank), &format!("/accounts/{id}"));
    Ok(Json(json!({ "account": reference(account), "transactions": page })))
}

/// `GET /accounts/{account}/transactions/{transaction}`
pub(super) async fn show(
    State(bank): State<Arc<Bank>>,
    entitled: Entitled,
    Path((id, transaction)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let account: &Account = entitled.account(&bank, &id, Resource::Transaction)?;
    entitled.count(&bank, Resource::Transaction, Some(&id))?;
    let statement = bank.book.statement(account, entitled.moment.today);
    let entry = statement.booked.iter().find(|entry| entry.id == transaction);
    let entry = entry.ok_or(Refusal::ResourceUnknown)?;
    Ok(Json(json!({ "transactionsDetails": booked(entry, account, &entitled.policy) })))
}

/// The statement without what came before the point that a delta starts from. A `deltaList` starts
/// where the last one of this consent ended.
fn since(
    bank: &Bank,
    statement: Arc<Statement>,
    window: &Window,
    entitled: &Entitled,
    account: &str,
) -> Result<Arc<Statement>, Refusal> {
    let newest = statement.booked.first().map(entry_reference).unwrap_or_default();
    let known = match &window.since {
        Since::Date => return Ok(statement),
        Since::Entry(reference) => Some(reference.clone()),
        Since::LastTime => {
            let place = format!("{} {account}", entitled.consent.id);
            bank.change(|state, _| Ok::<_, Refusal>(state.deltas.insert(place, newest)))?
        }
    };
    let Some(known) = known else {
        return Ok(statement);
    };
    let end = statement.booked.iter().position(|entry| entry_reference(entry) == known);
    let booked: Vec<Entry> = statement.booked.iter().take(end.ok_or(Refusal::ResourceUnknown)?).cloned().collect();
    Ok(Arc::new(Statement { booked, ..Statement::clone(&statement) }))
}

impl Window {
    fn shows(&self, status: BookingStatus) -> bool {
        match self.status {
            BookingStatus::All => true,
            BookingStatus::Both => status != BookingStatus::Information,
            one => one == status,
        }
    }
}
