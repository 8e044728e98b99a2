//! How the banking interface says no: the `tppMessages` of the Berlin Group.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use serde_json::json;

use crate::consent::access::AccessFault;
use crate::consent::order::OrderFault;
use crate::oauth::grants::TokenFault;
use crate::quota::Exceeded;
use crate::random::NoRandomness;
use crate::state_file::DataDirError;

/// Every reason for which a call to the banking interface is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Format(String),
    #[error("the period is not possible")]
    Period,
    #[error("this bank does not support {0}")]
    Unsupported(&'static str),
    #[error("this bank has no combined sessions")]
    Sessions,
    #[error("the token is not known")]
    TokenUnknown,
    #[error("the token has expired")]
    TokenExpired,
    #[error("the token is not valid for this call")]
    TokenInvalid,
    #[error("the consent has expired")]
    ConsentExpired,
    #[error("the consent does not allow this call")]
    ConsentInvalid,
    #[error("the consent named in the path is not known")]
    ConsentUnknownInPath,
    #[error("the consent named in the header is not known")]
    ConsentUnknownInHeader,
    #[error("the resource is not known")]
    ResourceUnknown,
    #[error("the customer is not known")]
    PsuUnknown,
    #[error("the confirmation code is wrong")]
    ScaInvalid,
    #[error("the resource is not in a state for this")]
    StatusInvalid,
    #[error("the signature is missing")]
    SignatureMissing,
    #[error("the signature is not right: {0}")]
    SignatureInvalid(&'static str),
    #[error("the certificate of the signature is not right: {0}")]
    CertificateInvalid(&'static str),
    #[error("the method is not allowed here")]
    Method,
    #[error("the answer is only available as application/json")]
    NotAcceptable,
    #[error("the body has to be application/json")]
    MediaType,
    #[error("the body is too long or was cut off")]
    Body,
    #[error("too soon after the last time")]
    TooSoon,
    #[error("validUntil lies further ahead than this bank grants")]
    TooLong,
    #[error("the consent's background reads are used up")]
    AccessExceeded,
    #[error("the bank failed")]
    State(#[from] DataDirError),
    #[error("the bank failed")]
    Randomness(#[from] NoRandomness),
}

impl Refusal {
    /// The status and the message code, as the Berlin Group pairs them.
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Format(_) => (StatusCode::BAD_REQUEST, "FORMAT_ERROR"),
            Self::Period => (StatusCode::BAD_REQUEST, "PERIOD_INVALID"),
            Self::Unsupported(_) => (StatusCode::BAD_REQUEST, "PARAMETER_NOT_SUPPORTED"),
            Self::Sessions => (StatusCode::BAD_REQUEST, "SESSIONS_NOT_SUPPORTED"),
            Self::TokenUnknown => (StatusCode::UNAUTHORIZED, "TOKEN_UNKNOWN"),
            Self::TokenExpired => (StatusCode::UNAUTHORIZED, "TOKEN_EXPIRED"),
            Self::TokenInvalid => (StatusCode::UNAUTHORIZED, "TOKEN_INVALID"),
            Self::ConsentExpired => (StatusCode::UNAUTHORIZED, "CONSENT_EXPIRED"),
            Self::ConsentInvalid => (StatusCode::UNAUTHORIZED, "CONSENT_INVALID"),
            Self::ConsentUnknownInPath => (StatusCode::FORBIDDEN, "CONSENT_UNKNOWN"),
            Self::ConsentUnknownInHeader => (StatusCode::BAD_REQUEST, "CONSENT_UNKNOWN"),
            Self::ResourceUnknown => (StatusCode::NOT_FOUND, "RESOURCE_UNKNOWN"),
            Self::PsuUnknown => (StatusCode::UNAUTHORIZED, "PSU_CREDENTIALS_INVALID"),
            Self::ScaInvalid => (StatusCode::BAD_REQUEST, "SCA_INVALID"),
            Self::StatusInvalid => (StatusCode::CONFLICT, "STATUS_INVALID"),
            Self::SignatureMissing => (StatusCode::UNAUTHORIZED, "SIGNATURE_MISSING"),
            Self::SignatureInvalid(_) => (StatusCode::UNAUTHORIZED, "SIGNATURE_INVALID"),
            Self::CertificateInvalid(_) => (StatusCode::UNAUTHORIZED, "CERTIFICATE_INVALID"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "SERVICE_INVALID"),
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "REQUESTED_FORMATS_INVALID"),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "FORMAT_ERROR"),
            Self::Body => (StatusCode::PAYLOAD_TOO_LARGE, "FORMAT_ERROR"),
            Self::TooSoon => (StatusCode::TOO_MANY_REQUESTS, "SERVICE_BLOCKED"),
            Self::TooLong => (StatusCode::UNPROCESSABLE_ENTITY, "FORMAT_ERROR"),
            Self::AccessExceeded => (StatusCode::TOO_MANY_REQUESTS, "ACCESS_EXCEEDED"),
            Self::State(_) | Self::Randomness(_) => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if matches!(self, Self::TooSoon) {
            return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")]).into_response();
        }
        let (status, code) = self.status_and_code();
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "the bank could not do its work");
        }
        let message = json!({ "category": "ERROR", "code": code, "text": self.to_string() });
        (status, Json(json!({ "tppMessages": [message] }))).into_response()
    }
}

impl From<OrderFault> for Refusal {
    fn from(fault: OrderFault) -> Self {
        match fault {
            OrderFault::Past => Self::Period,
            OrderFault::TooLong => Self::TooLong,
            OrderFault::Combined => Self::Sessions,
            OrderFault::Body(_) | OrderFault::Frequency => Self::Format(fault.to_string()),
        }
    }
}

impl From<AccessFault> for Refusal {
    fn from(fault: AccessFault) -> Self {
        Self::Format(fault.to_string())
    }
}

impl From<TokenFault> for Refusal {
    fn from(fault: TokenFault) -> Self {
        match fault {
            TokenFault::Unknown => Self::TokenUnknown,
            TokenFault::Expired => Self::TokenExpired,
            TokenFault::Invalid => Self::TokenInvalid,
        }
    }
}

impl From<Exceeded> for Refusal {
    fn from(_: Exceeded) -> Self {
        Self::AccessExceeded
    }
}
