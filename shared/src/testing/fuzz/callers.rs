//! What CRMs, schedulers and browsers send along with a request.

use std::{future::Future, str, sync::LazyLock};

use axum::extract::FromRequestParts;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request,
    header::{ACCEPT, COOKIE},
};
use uuid::Uuid;

use super::{
    BANK, NOW, Verdict,
    issuer::{gate, sign, tenant},
};
use crate::{
    domain::{account::AccountKind, fingerprint::Fingerprint, ids::FlowId, scope::Scope},
    http::{
        access::{Bearer, Gate, TokenRejected},
        body::{Form, RAW},
        cookie,
        presence::{self, Bound},
    },
    protocol::berlin_group::{accounts, headers::CallHeaders},
    telemetry::trace_context::TraceContext,
};

/// More lines of one header than any seed has.
const MAX_LINES: usize = 32;

static GATE: LazyLock<Gate> = LazyLock::new(gate);

/// Runs work that has nothing to wait for.
fn run<F: Future>(work: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

/// The whole text of an access token.
pub fn access_token(data: &[u8]) -> Verdict {
    let Ok(token) = str::from_utf8(data) else { return Verdict::Refused };
    judge(token)
}

/// The claims of an access token behind a good signature.
pub fn access_claims(data: &[u8]) -> Verdict {
    judge(&sign("at+jwt", data))
}

/// A token that is taken speaks for its issuer's tenant and runs no jobs for a CRM; memory grants what the judgement
/// did, and nothing to a token that was refused.
fn judge(token: &str) -> Verdict {
    let [first, again] = run(async { [GATE.judge(token).await, GATE.judge(token).await] });
    if let Ok(bearer) = &first {
        assert_eq!(bearer.tenant.id, tenant().id);
        assert!(!bearer.may(Scope::JobsRun), "a CRM may run jobs");
    }
    let granted = first.as_ref().ok().map(rights);
    assert!(again.is_err() || granted == again.as_ref().ok().map(rights), "memory grants what the judgement did not");
    verdict(&first)
}

fn rights(bearer: &Bearer) -> Vec<Scope> {
    Scope::ALL.into_iter().filter(|scope| bearer.may(*scope)).collect()
}

fn verdict<T>(judged: &Result<T, TokenRejected>) -> Verdict {
    assert!(!matches!(judged, Err(TokenRejected::Keys(_))), "the keys are at hand");
    Verdict::of(judged)
}

/// The claims of a presence token behind a good signature. What is taken can be sent to a bank.
pub fn presence_claims(data: &[u8]) -> Verdict {
    let (token, tenant) = (sign("psu-presence+jwt", data), tenant());
    let judged = run(presence::judge(&GATE, &tenant, &token, Bound::Session("session-1"), NOW));
    if let Ok(context) = &judged {
        let headers = CallHeaders { request_id: Uuid::nil(), psu: Some(context), consent_id: None, access_token: None };
        assert!(
            accounts::read(&BANK, AccountKind::Payment, false, &headers).is_ok(),
            "a presence that cannot be told to a bank is taken"
        );
    }
    verdict(&judged)
}

/// `Cookie` headers, one a line. A secret that is found stands in them under the flow's own name.
pub fn cookies(data: &[u8]) -> Verdict {
    let flow = FlowId::from_hash([1; 32]);
    let kept = cookie::kept(&lines(&COOKIE, data), &flow);
    if let Some(secret) = &kept {
        let stands = String::from_utf8_lossy(data).contains(&URL_SAFE_NO_PAD.encode(secret));
        assert!(stands, "a secret that nobody sent is found");
    }
    Verdict::taken_if(kept.is_some())
}

/// `Accept` headers, one a line. The bank's own JSON goes only to those who name it.
pub fn accept(data: &[u8]) -> Verdict {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.headers = lines(&ACCEPT, data);
    let form = run(Form::from_request_parts(&mut parts, &()));
    let names_raw = || String::from_utf8_lossy(data).to_ascii_lowercase().contains(RAW);
    assert!(!matches!(form, Ok(Form::Raw)) || names_raw(), "the bank's own JSON goes to somebody who never asked");
    Verdict::taken_if(form.is_ok())
}

fn lines(name: &HeaderName, data: &[u8]) -> HeaderMap {
    let values = data.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
    let mut headers = HeaderMap::new();
    for value in values.take(MAX_LINES) {
        headers.append(name, value);
    }
    headers
}

/// `traceparent` on the first line and `X-Cloud-Trace-Context` on the second. Only hexadecimal digits get through.
pub fn trace_context(data: &[u8]) -> Verdict {
    let values = data.split(|byte| *byte == b'\n').map(HeaderValue::from_bytes);
    let names = ["traceparent", "x-cloud-trace-context"].map(HeaderName::from_static);
    let headers = names.into_iter().zip(values).filter_map(|(name, value)| Some((name, value.ok()?))).collect();
    let context = TraceContext::of(&headers);
    if let Some(context) = &context {
        assert!(is_hex_of(&context.trace_id(), 32) && context.span_id().is_none_or(|span| is_hex_of(&span, 16)));
    }
    Verdict::taken_if(context.is_some())
}

/// The fingerprint that a load balancer tells. Each has one form in which documents have it, and is itself again from there.
pub fn client_certificate(data: &[u8]) -> Verdict {
    let told = str::from_utf8(data).ok().and_then(Fingerprint::told);
    if let Some(told) = told {
        let written = told.to_string();
        assert!(written.strip_prefix("sha256:").is_some_and(|digits| is_hex_of(digits, 64)));
        assert_eq!(Fingerprint::parse(&written), Some(told));
    }
    Verdict::taken_if(told.is_some())
}

fn is_hex_of(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
