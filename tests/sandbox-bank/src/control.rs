//! The control port: how tests and demonstrations look into the bank and play with it. Plain HTTP
//! with JSON, on loopback only.

mod body;
mod consents;
mod customers;
mod faults;
mod incidents;
mod journal;
mod pki;
mod rules;
mod sca;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};

use crate::bank::Bank;
use body::Mistake;

/// The router of the control port.
pub(crate) fn router(bank: Arc<Bank>) -> Router {
    Router::new()
        .route("/journal", get(journal::read).delete(journal::clear))
        .route("/sca", post(sca::script))
        .route("/customers", get(customers::list))
        .route("/faults", get(faults::list).post(faults::arm).delete(faults::disarm_all))
        .route("/faults/{fault}", delete(faults::disarm))
        .route("/incidents", get(incidents::list).post(incidents::play).delete(incidents::end))
        .route("/pki/{certificate}", get(pki::show))
        .route("/clock", get(rules::clock).post(rules::move_clock))
        .route("/tokens", get(rules::tokens).post(rules::change_tokens))
        .route("/policy", get(rules::policy).post(rules::change_policy))
        .route("/consents", get(consents::list))
        .route("/consents/{consent}/revoke", post(consents::revoke))
        .route("/consents/{consent}/status", post(consents::put))
        .fallback(async || Mistake::NoSuchThing)
        .with_state(bank)
}
