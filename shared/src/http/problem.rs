//! The catalogue of problems and their form on the wire (RFC 9457).
//!
//! A code is stable: callers may switch on it, and it doubles as a metric label. The caller sees the code, its title and
//! what to do next, never a bank's text or a cause. The cause goes to the log, whole chain, once, where the problem
//! leaves the hub.

use std::{error::Error, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{ids::RequestId, refusal_code::RefusalCode},
    ports::clock::Clock,
};

/// What the caller can do about a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextAction {
    /// The same call may succeed at once.
    RetryNow,
    /// Wait until `retry_at`, or for a while.
    Wait,
    /// The PSU must authorise again: renew the session.
    RenewConsent,
    /// The journey must be started again from its beginning.
    Restart,
    /// Something is wrong at the bank that the bank must mend.
    ContactBank,
    /// Something is wrong in the hub's or the caller's settings or code.
    FixConfiguration,
    /// Nothing.
    None,
}

/// Whose limit was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitedBy {
    /// The hub's.
    Hub,
    /// The bank's.
    Bank,
}

macro_rules! catalogue {
    ($($(#[$doc:meta])* $variant:ident $name:literal $status:ident $action:ident $title:literal;)*) => {
        /// Every problem the hub can have.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* #[doc = $title] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable word.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The status it comes with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// What the caller can do.
            pub const fn next_action(self) -> NextAction {
                match self { $(Self::$variant => NextAction::$action,)* }
            }

            /// One sentence for people.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

catalogue! {
    Unauthenticated "unauthenticated" UNAUTHORIZED FixConfiguration "The call carries no valid token.";
    ClientCertificateRefused "client_certificate_refused" FORBIDDEN FixConfiguration "The call did not come with the client certificate that was agreed.";
    ScopeMissing "scope_missing" FORBIDDEN FixConfiguration "The token does not allow this call.";
    PresenceInvalid "presence_invalid" UNAUTHORIZED FixConfiguration "The presence token is not valid for this session.";
    PresenceRequired "presence_required" FORBIDDEN RetryNow "This bank answers only while the PSU is there.";
    PresenceIncomplete "presence_incomplete" BAD_REQUEST FixConfiguration "This bank wants to know more of the PSU's request than the presence token tells.";
    NotFound "not_found" NOT_FOUND None "There is no such thing.";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED FixConfiguration "The address does not take this method.";
    RequestInvalid "request_invalid" BAD_REQUEST FixConfiguration "The request is not well-formed.";
    BodyTooLarge "body_too_large" PAYLOAD_TOO_LARGE FixConfiguration "The request's body is too large.";
    MediaTypeUnsupported "media_type_unsupported" UNSUPPORTED_MEDIA_TYPE FixConfiguration "The request's media type is not supported.";
    NotAcceptable "not_acceptable" NOT_ACCEPTABLE FixConfiguration "The answer cannot be had in the wanted media type.";
    BankUnknown "bank_unknown" BAD_REQUEST FixConfiguration "There is no such bank.";
    PsuReferenceRejected "psu_reference_rejected" BAD_REQUEST FixConfiguration "The PSU reference must be an opaque reference of the CRM's own.";
    ConsentKindUnsupported "consent_kind_unsupported" BAD_REQUEST FixConfiguration "The bank does not grant a consent of that kind.";
    PsuIdRejected "psu_id_rejected" BAD_REQUEST FixConfiguration "The PSU's name at the bank is missing, not wanted, or of an unknown kind.";
    ReturnUrlUnregistered "return_url_unregistered" BAD_REQUEST FixConfiguration "The return URL is not registered.";
    LinkUnknown "link_unknown" NOT_FOUND Restart "This link does not exist.";
    LinkExpired "link_expired" GONE Restart "This link has expired.";
    LinkTaken "link_taken" CONFLICT Restart "This link was opened in another browser.";
    LinkUsed "link_used" GONE Restart "This link was used.";
    CallbackInvalid "callback_invalid" BAD_REQUEST Restart "This is not an answer to anything the hub asked.";
    CallbackExpired "callback_expired" BAD_REQUEST Restart "The answer came too late.";
    CallbackReplayed "callback_replayed" CONFLICT None "The answer was taken before.";
    BrowserMismatch "browser_mismatch" BAD_REQUEST Restart "The answer came from another browser than the one that started.";
    IssuerMismatch "issuer_mismatch" BAD_REQUEST Restart "The answer came from another bank than the one that was asked.";
    CallbackAbandoned "callback_abandoned" CONFLICT Restart "The session no longer waits for this answer.";
    ActivationInvalid "activation_invalid" FORBIDDEN Restart "The activation code is not right.";
    ActivationExpired "activation_expired" GONE Restart "The activation code has expired.";
    ConsentPending "consent_pending" CONFLICT Wait "The bank has not made the consent valid yet.";
    SessionNotActive "session_not_active" CONFLICT Wait "The session has not been connected yet.";
    SessionEnded "session_ended" CONFLICT None "The session has ended.";
    ConsentLost "consent_lost" CONFLICT RenewConsent "The consent works no more.";
    CursorInvalid "cursor_invalid" BAD_REQUEST Restart "The cursor is not valid (any more).";
    RefreshBusy "refresh_busy" SERVICE_UNAVAILABLE Wait "The session's tokens are being refreshed.";
    BankUnreachable "bank_unreachable" BAD_GATEWAY Wait "The bank could not be reached.";
    BankTimeout "bank_timeout" GATEWAY_TIMEOUT Wait "The bank did not answer in time.";
    BankTlsFailed "bank_tls_failed" BAD_GATEWAY ContactBank "The bank's certificate or TLS is not acceptable.";
    BankRejectedCertificate "bank_rejected_client_certificate" BAD_GATEWAY FixConfiguration "The bank refuses the hub's certificate.";
    BankRejectedClient "bank_rejected_client" BAD_GATEWAY FixConfiguration "The bank does not accept the hub as its client.";
    BankRejectedRequest "bank_rejected_request" BAD_GATEWAY FixConfiguration "The bank refuses the request.";
    BankRejectedPeriod "bank_rejected_period" BAD_REQUEST FixConfiguration "The bank does not give data for this period.";
    NotOffered "not_offered" BAD_REQUEST FixConfiguration "The bank does not offer this.";
    PsuAuthenticationFailed "psu_authentication_failed" CONFLICT RenewConsent "The bank did not accept the PSU's authentication.";
    BankUnavailable "bank_unavailable" BAD_GATEWAY Wait "The bank failed.";
    AccountUnavailable "account_unavailable" CONFLICT None "The bank gives no data for this account (any more).";
    BankRateLimited "bank_rate_limited" TOO_MANY_REQUESTS Wait "The bank's limit is met.";
    BankResponseInvalid "bank_response_invalid" BAD_GATEWAY ContactBank "The bank's answer is not usable.";
    BankResponseTooLarge "bank_response_too_large" BAD_GATEWAY ContactBank "The bank's answer is too large.";
    BankRedirectRejected "bank_redirect_rejected" BAD_GATEWAY ContactBank "The bank redirected a call, which the hub does not follow.";
    BankLinkRejected "bank_link_rejected" BAD_GATEWAY ContactBank "The bank sent a link that leads elsewhere.";
    CircuitOpen "circuit_open" SERVICE_UNAVAILABLE Wait "The bank fails, and is left alone for a while.";
    SpikeArrest "spike_arrest" TOO_MANY_REQUESTS Wait "The bank gets all the calls that it wants to see.";
    BankBusy "bank_busy" SERVICE_UNAVAILABLE Wait "Too many calls to the bank are under way.";
    QuotaExhausted "quota_exhausted" TOO_MANY_REQUESTS Wait "The reads without the PSU are used up.";
    BankMaintenance "bank_maintenance" SERVICE_UNAVAILABLE Wait "The bank is under announced maintenance.";
    EmbeddedRefused "embedded_refused" BAD_GATEWAY ContactBank "The bank wants the PSU's password through the hub, which is refused.";
    ApproachUnsupported "approach_unsupported" BAD_GATEWAY FixConfiguration "The bank wants a way of authorising that its document does not name.";
    StoreUnavailable "store_unavailable" SERVICE_UNAVAILABLE Wait "The hub's store is not available.";
    StoreContention "store_contention" SERVICE_UNAVAILABLE RetryNow "Too many changes at once.";
    KeysUnavailable "keys_unavailable" SERVICE_UNAVAILABLE Wait "The hub's keys are not available.";
    KeyVersionUnavailable "key_version_unavailable" SERVICE_UNAVAILABLE FixConfiguration "A version of the hub's keys is not available.";
    QwacExpired "qwac_expired" SERVICE_UNAVAILABLE FixConfiguration "The hub's certificate for the bank is not valid now.";
    SealUnavailable "seal_unavailable" SERVICE_UNAVAILABLE FixConfiguration "The request to the bank could not be signed.";
    AuditUnavailable "audit_unavailable" SERVICE_UNAVAILABLE Wait "The hub's audit is not available.";
    TimedOut "timed_out" SERVICE_UNAVAILABLE Wait "The hub could not finish in time.";
    Integrity "integrity" INTERNAL_SERVER_ERROR FixConfiguration "Stored data is not what the hub stored.";
    Internal "internal" INTERNAL_SERVER_ERROR FixConfiguration "The hub failed.";
}

/// A problem on its way out.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Which.
    pub code: Code,
    /// When to come back.
    pub retry_at: Option<Timestamp>,
    /// How long to wait, where the bank says so.
    pub retry_after: Option<Duration>,
    /// Whose limit was met.
    pub limited_by: Option<LimitedBy>,
    /// How much is left of the limit.
    pub remaining: Option<u32>,
    /// Why a consent is lost, in the session's words.
    pub reason: Option<&'static str>,
    /// What caused it, for the log.
    pub cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self { code, retry_at: None, retry_after: None, limited_by: None, remaining: None, reason: None, cause: None }
    }
}

impl Problem {
    /// A problem with what caused it.
    pub fn caused(code: Code, cause: impl Error + Send + Sync + 'static) -> Self {
        Self { cause: Some(Arc::new(cause)), ..Self::from(code) }
    }

    /// The problem as an object, for a response or for a part of one; logs the cause.
    pub fn body(&self, request_id: &RequestId, now: Timestamp) -> Wire {
        self.log();
        Wire {
            problem_type: format!("urn:secure-hub:problem:{}", self.code.name()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            code: self.code.name(),
            request_id: request_id.to_string(),
            next_action: self.code.next_action(),
            retry_at: self.comes_back_at(now),
            limited_by: self.limited_by,
            remaining: self.remaining,
            reason: self.reason,
        }
    }

    /// The response for a caller of the API; logs the cause.
    pub fn render(&self, request_id: &RequestId, now: Timestamp) -> Response {
        let body = self.body(request_id, now);
        let mut response = (self.code.status(), axum::Json(body)).into_response();
        response.extensions_mut().insert(RefusalCode(self.code.name()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.code.status() == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.wait_seconds(now) {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// When to come back, where that is known.
    pub fn comes_back_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.retry_at.or_else(|| now.checked_add(self.retry_after?).ok())
    }

    /// Seconds until then, at least one.
    fn wait_seconds(&self, now: Timestamp) -> Option<u64> {
        let left = self.comes_back_at(now)?.duration_since(now);
        Some(u64::try_from(left.as_secs()).unwrap_or(0).max(1))
    }

    /// Writes the cause to the log, whole chain, once.
    pub fn log(&self) {
        let (code, status) = (self.code.name(), self.code.status());
        match &self.cause {
            Some(cause) if status.is_server_error() => {
                tracing::error!(problem.code = code, error = %chain(&**cause), "a call failed");
            }
            Some(cause) => tracing::info!(problem.code = code, error = %chain(&**cause), "a call was refused"),
            None if status.is_server_error() => tracing::error!(problem.code = code, "a call failed"),
            None => tracing::info!(problem.code = code, "a call was refused"),
        }
    }
}

/// The error and its sources in one line.
fn chain(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        told.push_str(": ");
        told.push_str(&cause.to_string());
        below = cause.source();
    }
    told
}

/// Carries the problem to the layer that knows the request's id and renders it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Renders the problem that a handler or guard answered, if it did, under the request's id.
pub async fn render(State(clock): State<Arc<dyn Clock>>, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    match (response.extensions_mut().remove::<Problem>(), id) {
        (Some(problem), Some(id)) => problem.render(&id, clock.now()),
        _ => response,
    }
}

/// The body of a problem response (RFC 9457 §3.1).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Wire {
    #[serde(rename = "type")]
    problem_type: String,
    title: &'static str,
    status: u16,
    /// Stable; see the catalogue.
    code: &'static str,
    request_id: String,
    next_action: NextAction,
    /// When to come back.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<Timestamp>,
    /// Whose limit was met.
    #[serde(skip_serializing_if = "Option::is_none")]
    limited_by: Option<LimitedBy>,
    /// How much is left of the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<u32>,
    /// Why a consent is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_words() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
    }

    #[test]
    fn every_code_is_an_error() {
        for code in Code::ALL {
            assert!(code.status().is_client_error() || code.status().is_server_error(), "{code:?}");
        }
    }

    #[test]
    fn a_retry_time_in_the_past_still_means_a_second() {
        let now = Timestamp::UNIX_EPOCH;
        let past = Problem { retry_at: Some(now - Duration::from_secs(5)), ..Code::RefreshBusy.into() };
        assert_eq!(past.wait_seconds(now), Some(1));
        let later = Problem { retry_at: Some(now + Duration::from_secs(90)), ..past };
        assert_eq!(later.wait_seconds(now), Some(90));
    }
}
