//! What happens to every request on the banking port, before and after its handler: it is written
//! into the journal, worked on, and perhaps spoilt by a fault.

use std::sync::Arc;

use axum::Extension;
use axum::body::{self, Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use rustls::pki_types::UnixTime;

use super::sighting;
use crate::bank::Bank;
use crate::fault::Fault;
use crate::fault::spoil::{self, Scene};
use crate::journal::{JournalEntry, Operation, Target, classify};
use crate::refusal::Refusal;
use crate::seal::demand::Need;
use crate::seal::{Judgement, Letter};
use crate::tls::caller::Caller;

/// The longest body the bank reads.
const LONGEST_BODY: usize = 64 * 1024;

/// An `X-Request-ID` that no client sends.
const SOMEBODY_ELSES: &str = "00000000-0000-4000-8000-00000000e15e";

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request that has been worked on.
struct Done {
    seq: u64,
    request_id: Option<String>,
    answer: Response,
    /// What still spoils the answer.
    fault: Option<Fault>,
}

/// Takes a request in, has it worked on and gives the answer out. The work is a task of its own: the
/// bank writes down and finishes what it was asked even if the client has gone, as a real one does.
pub(super) async fn receive(
    State(bank): State<Arc<Bank>>,
    Extension(caller): Extension<Caller>,
    request: Request,
    next: Next,
) -> Response {
    let uri = request.uri().clone();
    let done = match tokio::spawn(work(Arc::clone(&bank), caller.clone(), request, next)).await {
        Ok(done) => done,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a handler did not finish");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let (mut answer, mut request_id) = (done.answer, done.request_id);
    if let Some(fault) = done.fault {
        if fault == Fault::WrongRequestId {
            request_id = Some(SOMEBODY_ELSES.to_owned());
        }
        let scene = Scene { uri: &uri, api: &bank.addresses.api, caller: &caller };
        answer = spoil::spoil(fault, answer, &scene).await;
        bank.journal.answered(done.seq, answer.status());
    }
    echo(answer, request_id)
}

async fn work(bank: Arc<Bank>, caller: Caller, request: Request, next: Next) -> Done {
    let (parts, body) = request.into_parts();
    let body = body::to_bytes(body, LONGEST_BODY).await.ok();
    let target = sighting::sharpened(classify(&parts.method, parts.uri.path()), body.as_ref());
    let fault = bank.draw_fault(target.operation, target.mood);
    let (judgement, need) = judge(&bank, &target, &parts, body.as_ref(), &caller);
    let entry = sighting::entry(bank.now(), target, &parts, body.as_ref(), &caller, fault.as_ref());
    let entry = JournalEntry { signature: Some(judgement.told()), ..entry };
    let request_id = entry.request_id.clone();
    let seq = bank.journal.arrived(entry);
    let (answer, fault) =
        match (fault.as_ref().and_then(|fault| spoil::instead(fault, bank.now())), judgement.refusal(need)) {
            (Some(answer), _) => (answer, None),
            (None, Some(refusal)) => (refusal.into_response(), fault),
            (None, None) => (handle(parts, body, next).await, fault),
        };
    if fault.is_none() {
        bank.journal.answered(seq, answer.status());
    }
    Done { seq, request_id, answer, fault }
}

/// Judges the request's signature by what its mood asks for. Endpoints of OAuth 2 only look at
/// signatures that are there; nobody signs to read metadata.
fn judge(bank: &Bank, target: &Target, parts: &Parts, body: Option<&Bytes>, caller: &Caller) -> (Judgement, Need) {
    let Some(mood) = target.mood.filter(|_| target.operation != Operation::Metadata) else {
        return (Judgement::Ignored, Need::Ignored);
    };
    let mut demand = bank.read(|state, _| state.policy.demand(mood));
    let by_certificate = matches!(target.operation, Operation::Token | Operation::ApplicationToken | Operation::Revoke);
    if by_certificate && demand.need == Need::Required {
        demand.need = Need::Checked;
    }
    let body = body.map(AsRef::as_ref).unwrap_or_default();
    let letter = Letter { method: &parts.method, uri: &parts.uri, headers: &parts.headers, body };
    (bank.notary.judge(demand, &letter, &caller.tpp.organisation, UnixTime::now()), demand.need)
}

async fn handle(parts: Parts, body: Option<Bytes>, next: Next) -> Response {
    match body {
        Some(body) => next.run(Request::from_parts(parts, Body::from(body))).await,
        None => Refusal::Body.into_response(),
    }
}

fn echo(mut answer: Response, request_id: Option<String>) -> Response {
    if let Some(id) = request_id.and_then(|id| HeaderValue::try_from(id).ok()) {
        answer.headers_mut().insert(X_REQUEST_ID, id);
    }
    answer
}
