//! Accounts, balances, transactions.

mod answers;
mod params;

use axum::{Extension, extract::State, response::Response};
use shared::{
    domain::ids::RequestId,
    flows::snapshots::{Desk, Staleness},
    http::{
        app::App,
        body::{Form, Params},
        caller::{AccountInPath, Attended, Audit, OwnSession, TransactionInPath},
        prefer::{Preference, respond},
        problem::Problem,
    },
};

use self::answers::Records;
pub use self::{
    answers::{AccountList, BalanceList, OneAccount, OneTransaction, TransactionList},
    params::{AccountsParams, RecordParams, TransactionParams},
};

pub(crate) async fn accounts(
    State(app): State<App>,
    Audit(trail): Audit,
    Extension(request_id): Extension<RequestId>,
    OwnSession(session): OwnSession,
    Attended(attendance): Attended,
    (form, Preference(staleness)): (Form, Preference),
    Params(params): Params<AccountsParams>,
) -> Result<Response, Problem> {
    let (records, balances) = (Records(params.raw), params.balances()?);
    let mut desk = Desk::new(app.deps, trail, session, attendance, staleness)?;
    let Some(partial) = balances else {
        let answered = desk.accounts().await?;
        return Ok(respond(answered, form, desk.now(), |accounts, as_of, stale| {
            AccountList::of(accounts, as_of, stale, records)
        }));
    };
    let answered = desk.accounts_with_balances(partial).await?;
    let call = (&request_id, desk.now());
    Ok(respond(answered, form, desk.now(), |overviews, as_of, stale| {
        AccountList::with_balances(overviews, as_of, stale, records, call)
    }))
}

pub(crate) async fn account(
    State(app): State<App>,
    Audit(trail): Audit,
    OwnSession(session): OwnSession,
    AccountInPath(account_id): AccountInPath,
    Attended(attendance): Attended,
    (form, Preference(staleness)): (Form, Preference),
    Params(params): Params<RecordParams>,
) -> Result<Response, Problem> {
    let mut desk = Desk::new(app.deps, trail, session, attendance, staleness)?;
    let answered = desk.account(&account_id).await?;
    let records = Records(params.raw);
    Ok(respond(answered, form, desk.now(), |account, as_of, stale| OneAccount::of(account, as_of, stale, records)))
}

pub(crate) async fn balances(
    State(app): State<App>,
    Audit(trail): Audit,
    OwnSession(session): OwnSession,
    AccountInPath(account_id): AccountInPath,
    Attended(attendance): Attended,
    (form, Preference(staleness)): (Form, Preference),
    Params(params): Params<RecordParams>,
) -> Result<Response, Problem> {
    let mut desk = Desk::new(app.deps, trail, session, attendance, staleness)?;
    let answered = desk.balances(&account_id).await?;
    let records = Records(params.raw);
    Ok(respond(answered, form, desk.now(), |balances, as_of, stale| {
        BalanceList::of(account_id, balances, as_of, stale, records)
    }))
}

pub(crate) async fn transactions(
    State(app): State<App>,
    Audit(trail): Audit,
    OwnSession(session): OwnSession,
    AccountInPath(account_id): AccountInPath,
    Attended(attendance): Attended,
    (form, Preference(staleness)): (Form, Preference),
    Params(params): Params<TransactionParams>,
) -> Result<Response, Problem> {
    let (records, wanted) = (Records(params.raw), params.wanted()?);
    let mut desk = Desk::new(app.deps, trail, session, attendance, staleness)?;
    let answered = desk.transactions(&account_id, wanted).await?;
    Ok(respond(answered, form, desk.now(), |page, as_of, stale| {
        TransactionList::of(account_id, page, as_of, stale, records)
    }))
}

pub(crate) async fn transaction(
    State(app): State<App>,
    Audit(trail): Audit,
    OwnSession(session): OwnSession,
    TransactionInPath(account_id, bank_id): TransactionInPath,
    Attended(attendance): Attended,
    form: Form,
    Params(params): Params<RecordParams>,
) -> Result<Response, Problem> {
    let mut desk = Desk::new(app.deps, trail, session, attendance, Staleness::Refused)?;
    let reading = desk.transaction(&account_id, &bank_id).await?;
    let records = Records(params.raw);
    Ok(form.answer(|| OneTransaction::of(account_id, reading.value, reading.as_of, records), reading.raw))
}
