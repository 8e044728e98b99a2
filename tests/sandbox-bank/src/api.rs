//! The banking interface: OAuth endpoints and Berlin Group account information, once for each mood.

mod accounts;
mod balances;
mod consents;
mod data;
mod front;
mod headers;
mod links;
mod sighting;
mod transactions;

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Extension, Router, middleware};

use crate::bank::Bank;
use crate::mood::{Approach, Mood};
use crate::oauth::{metadata, token};
use crate::refusal::Refusal;

/// The router of the banking port. The front takes every request first, known or not, and writes
/// it into the journal.
pub(crate) fn router(bank: Arc<Bank>) -> Router {
    let moods = Mood::ALL.into_iter().fold(Router::new(), |router, mood| {
        router.nest(&format!("/{}", mood.as_str()), bank_of(mood).layer(Extension(mood)))
    });
    moods
        .fallback(async || Refusal::ResourceUnknown)
        .method_not_allowed_fallback(async || Refusal::Method)
        .layer(middleware::from_fn_with_state(Arc::clone(&bank), front::receive))
        .with_state(bank)
}

fn bank_of(mood: Mood) -> Router<Arc<Bank>> {
    let router = Router::new().nest("/v1", account_information());
    match mood.profile().approach {
        Approach::OAuth => router.merge(oauth()),
        Approach::Redirect => router,
    }
}

fn oauth() -> Router<Arc<Bank>> {
    Router::new()
        .route("/.well-known/oauth-authorization-server", get(metadata::show))
        .route("/token", post(token::issue))
        .route("/revoke", post(token::revoke))
}

fn account_information() -> Router<Arc<Bank>> {
    Router::new()
        .route("/consents", post(consents::create))
        .route("/consents/{consent}", get(consents::show).delete(consents::terminate))
        .route("/consents/{consent}/status", get(consents::status))
        .route("/consents/{consent}/authorisations", get(consents::authorisations))
        .route("/consents/{consent}/authorisations/{authorisation}", get(consents::authorisation))
        .route("/accounts", get(accounts::list))
        .route("/accounts/{account}", get(accounts::show))
        .route("/accounts/{account}/balances", get(balances::show))
        .route("/accounts/{account}/transactions", get(transactions::list))
        .route("/accounts/{account}/transactions/{transaction}", get(transactions::show))
}
