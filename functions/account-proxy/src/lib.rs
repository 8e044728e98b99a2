//! Shows and ends sessions, and reads accounts for the CRM.

mod data;
mod quota;

use axum::{Json, extract::State};
use http::StatusCode;
use shared::{
    domain::scope::Scope,
    flows::{confirm, disconnect},
    http::{
        app::App,
        caller::{Audit, OwnSession},
        problem::Problem,
        route::{Audience, Doc, Route},
        session_view::{EndedView, SessionView},
    },
};

/// The function's routes.
pub fn routes() -> Vec<Route> {
    let read = Audience::Crm(Scope::AccountsRead);
    let routes = vec![
        Route::get(
            "/v1/sessions/{session}",
            Audience::Crm(Scope::SessionsRead),
            show,
            Doc::new("How a session stands, and when what ends").answers::<SessionView>(StatusCode::OK),
        ),
        Route::delete(
            "/v1/sessions/{session}",
            Audience::Crm(Scope::SessionsWrite),
            end,
            Doc::new("End a session: at once for the CRM, then at the bank, then its keys")
                .answers::<EndedView>(StatusCode::OK),
        ),
        Route::get(
            "/v1/sessions/{session}/accounts",
            read,
            data::accounts,
            Doc::new("The accounts of a session, with their balances if wanted")
                .asks::<data::AccountsParams>()
                .answers::<data::AccountList>(StatusCode::OK)
                .with_presence()
                .or_raw()
                .or_stale(),
        ),
        Route::get(
            "/v1/sessions/{session}/accounts/{account}",
            read,
            data::account,
            Doc::new("One account, read anew")
                .asks::<data::RecordParams>()
                .answers::<data::OneAccount>(StatusCode::OK)
                .with_presence()
                .or_raw()
                .or_stale(),
        ),
        Route::get(
            "/v1/sessions/{session}/accounts/{account}/balances",
            read,
            data::balances,
            Doc::new("The balances of an account")
                .asks::<data::RecordParams>()
                .answers::<data::BalanceList>(StatusCode::OK)
                .with_presence()
                .or_raw()
                .or_stale(),
        ),
        Route::get(
            "/v1/sessions/{session}/accounts/{account}/transactions",
            read,
            data::transactions,
            Doc::new("The transactions of an account, page by page")
                .asks::<data::TransactionParams>()
                .answers::<data::TransactionList>(StatusCode::OK)
                .with_presence()
                .or_raw()
                .or_stale(),
        ),
        Route::get(
            "/v1/sessions/{session}/accounts/{account}/transactions/{transaction}",
            read,
            data::transaction,
            Doc::new("One transaction by the bank's id of it (`bank_id`), read anew")
                .asks::<data::RecordParams>()
                .answers::<data::OneTransaction>(StatusCode::OK)
                .with_presence()
                .or_raw(),
        ),
        Route::get(
            "/v1/sessions/{session}/accounts/{account}/quota",
            read,
            quota::quota,
            Doc::new("What may still be read of an account without the PSU, and what a planned refresh would cost")
                .asks::<quota::QuotaParams>()
                .answers::<quota::Quota>(StatusCode::OK),
        ),
    ];
    Route::all_of("account-proxy", routes)
}

async fn show(
    State(app): State<App>,
    Audit(trail): Audit,
    OwnSession(session): OwnSession,
) -> Result<Json<SessionView>, Problem> {
    let session = confirm::poll(&app.deps, &trail, session).await?;
    let bank = app.deps.bank(&session.record.bank).ok();
    let certificate_at = bank.and_then(|bank| app.deps.certificate_ends_at(bank));
    Ok(Json(SessionView::of(&session.record, bank.map(|bank| &**bank), certificate_at, app.deps.now())))
}

async fn end(
    State(app): State<App>,
    Audit(trail): Audit,
    OwnSession(session): OwnSession,
) -> Result<Json<EndedView>, Problem> {
    let session = Box::pin(disconnect::disconnect(&app.deps, &trail, session)).await?;
    Ok(Json(EndedView::of(&session, app.deps.now())))
}
