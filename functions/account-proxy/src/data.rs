//! Accounts, balances, transactions.

mod answers;
mod params;

use axum::{Extension, extract::State, response::Response};
use shared::{
    domain::ids::RequestId,
    flows::read::Reader,
    http::{
        app::App,
        body::{Form, Params},
        caller::{AccountInPath, Attended, Audit, OwnSession, TransactionInPath},
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
    form: Form,
    Params(params): Params<AccountsParams>,
) -> Result<Response, Problem> {
    let (records, balances) = (Records(params.raw), params.balances()?);
    let clock = app.deps.clone();
    let mut reader = Reader::new(app.deps, trail, session, attendance)?;
    let Some(partial) = balances else {
        let reading = reader.accounts().await?;
        return Ok(form.answer(|| AccountList::of(reading.value, reading.as_of, records), reading.raw));
    };
    let reading = reader.accounts_with_balances(partial).await?;
    let call = (&request_id, clock.now());
    Ok(form.answer(|| AccountList::with_balances(reading.value, reading.as_of, records, call), reading.raw))
}

pub(crate) async fn account(
    State(app): State<App>,
    Audit(trail): Audit,
    OwnSession(session): OwnSession,
    AccountInPath(account_id): AccountInPath,
    Attended(attendance): Attended,
    form: Form,
    Params(params): Params<RecordParams>,
) -> Result<Response, Problem> {
    let reading = Reader::new(app.deps, trail, session, attendance)?.account(&account_id).await?;
    Ok(form.answer(|| OneAccount::of(reading.value, reading.as_of, Records(params.raw)), reading.raw))
}

pub(crate) async fn balances(
    State(app): State<App>,
    Audit(trail): Audit,
    OwnSession(session): OwnSession,
    AccountInPath(account_id): AccountInPath,
    Attended(attendance): Attended,
    form: Form,
    Params(params): Params<RecordParams>,
) -> Result<Response, Problem> {
    let reading = Reader::new(app.deps, trail, session, attendance)?.balances(&account_id).await?;
    let records = Records(params.raw);
    Ok(form.answer(|| BalanceList::of(account_id, reading.value, reading.as_of, records), reading.raw))
}

pub(crate) async fn transactions(
    State(app): State<App>,
    Audit(trail): Audit,
    OwnSession(session): OwnSession,
    AccountInPath(account_id): AccountInPath,
    Attended(attendance): Attended,
    form: Form,
    Params(params): Params<TransactionParams>,
) -> Result<Response, Problem> {
    let (records, wanted) = (Records(params.raw), params.wanted()?);
    let reading = Reader::new(app.deps, trail, session, attendance)?.transactions(&account_id, wanted).await?;
    Ok(form.answer(|| TransactionList::of(account_id, reading.value, reading.as_of, records), reading.raw))
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
    let reading = Reader::new(app.deps, trail, session, attendance)?.transaction(&account_id, &bank_id).await?;
    let records = Records(params.raw);
    Ok(form.answer(|| OneTransaction::of(account_id, reading.value, reading.as_of, records), reading.raw))
}
