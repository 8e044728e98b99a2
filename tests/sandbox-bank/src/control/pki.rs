//! `/pki`: the bank's certificates, as banks hand them out.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::body::Mistake;
use crate::bank::Bank;

/// `GET /pki/ca.pem`, `GET /pki/server-chain.pem`
pub(super) async fn show(State(bank): State<Arc<Bank>>, Path(name): Path<String>) -> Result<Response, Mistake> {
    let certificate = match name.as_str() {
        "ca.pem" => &bank.certificates.ca,
        "server-chain.pem" => &bank.certificates.server_chain,
        _ => return Err(Mistake::NoSuchThing),
    };
    let ending = if bank.read(|state, _| state.incidents.adds_empty_lines()) { "\n\n" } else { "" };
    let text = format!("{certificate}{ending}");
    Ok(([(header::CONTENT_TYPE, "application/x-pem-file")], text).into_response())
}
