//! The banking interface: OAuth endpoints and Berlin Group account information, once for each mood.

mod accounts;
mod authorisations;
mod authorization_url;
mod balances;
mod cards;
mod consents;
mod data;
mod front;
mod gate;
mod headers;
mod links;
mod sighting;
mod transactions;

use std::sync::Arc;

use axum::routing::{any, get, post};
use axum::{Extension, Router, middleware};

use crate::bank::Bank;
use crate::mood::{Consents, Mood, Scope};
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
    let profile = mood.profile();
    let consents = match profile.consents {
        Consents::Absent => no_consents(),
        Consents::Open | Consents::Customers | Consents::Applications => consents(),
    };
    let router = Router::new().nest("/v1", consents.merge(account_information()));
    let Some(server) = &profile.server else {
        return router;
    };
    match server.scope {
        Scope::Accounts(_) => {
            router.merge(oauth()).route("/oauth/authorization-server-url", get(authorization_url::show))
        }
        Scope::Consent | Scope::Login(_) => router.merge(oauth()),
    }
}

fn oauth() -> Router<Arc<Bank>> {
    Router::new()
        .route("/.well-known/oauth-authorization-server", get(metadata::show))
        .route("/token", post(token::issue))
        .route("/revoke", post(token::revoke))
}

fn consents() -> Router<Arc<Bank>> {
    let one = get(authorisations::show).put(authorisations::confirm);
    Router::new()
        .route("/consents", post(consents::create))
        .route("/consents/{consent}", get(consents::show).delete(consents::terminate))
        .route("/consents/{consent}/status", get(consents::status))
        .route("/consents/{consent}/authorisations", get(authorisations::list).post(authorisations::start))
        .route("/consents/{consent}/authorisations/{authorisation}", one)
}

/// A bank without consents has heard of them all the same.
fn no_consents() -> Router<Arc<Bank>> {
    Router::new().route("/consents", any(async || Refusal::Method))
}

fn account_information() -> Router<Arc<Bank>> {
    Router::new()
        .route("/accounts", get(accounts::list))
        .route("/accounts/{account}", get(accounts::show))
        .route("/accounts/{account}/balances", get(balances::show))
        .route("/accounts/{account}/transactions", get(transactions::list))
        .route("/accounts/{account}/transactions/download", get(transactions::download))
        .route("/card-accounts", get(cards::list))
        .route("/card-accounts/{account}", get(cards::show))
        .route("/card-accounts/{account}/balances", get(cards::balances))
        .route("/card-accounts/{account}/transactions", get(cards::transactions))
        .route("/accounts/{account}/transactions/{transaction}", get(transactions::show))
}
