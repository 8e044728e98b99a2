//! Bodies and queries in, JSON out: strict about what comes, so that a misspelt field is an error and not a surprise.

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Query, Request, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
    request::Parts,
};
use serde::{Serialize, de::DeserializeOwned};

use super::problem::{Code, Problem};

/// The media type under which the bank's own JSON can be had.
pub const RAW: &str = "application/vnd.hub.raw+json";

/// A JSON body. Its type should deny unknown fields.
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Code::MediaTypeUnsupported.into()),
            Err(JsonRejection::BytesRejection(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Code::BodyTooLarge.into())
            }
            Err(_) => Err(Code::RequestInvalid.into()),
        }
    }
}

/// Query parameters. Their type should deny unknown fields.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(params)| Self(params)).map_err(|_| Code::RequestInvalid.into())
    }
}

/// In which form the caller wants the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In the hub's model.
    Model,
    /// As the bank wrote it.
    Raw,
}

impl<S: Sync> FromRequestParts<S> for Form {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::wanted(&parts.headers).ok_or(Code::NotAcceptable.into())
    }
}

impl Form {
    /// The first form in the caller's `Accept` that the hub has (RFC 9110 §12.5.1; weights are not looked at).
    fn wanted(headers: &HeaderMap) -> Option<Self> {
        let mut accepts = headers.get_all(ACCEPT).iter().peekable();
        if accepts.peek().is_none() {
            return Some(Self::Model);
        }
        let listed = accepts.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let types = listed.map(|entry| entry.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        types.into_iter().find_map(|media| match media.as_str() {
            "application/json" | "application/*" | "*/*" => Some(Self::Model),
            RAW => Some(Self::Raw),
            _ => None,
        })
    }

    /// The answer in that form.
    pub fn answer<T: Serialize>(self, model: impl FnOnce() -> T, raw: Bytes) -> Response {
        match self {
            Self::Model => Json(model()).into_response(),
            Self::Raw => ([(CONTENT_TYPE, HeaderValue::from_static(RAW))], raw).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: &[&str]) -> Option<Form> {
        Form::wanted(&accept.iter().map(|value| (ACCEPT, value.parse().unwrap())).collect())
    }

    #[test]
    fn gives_the_first_form_it_has() {
        assert_eq!(wanted(&[]), Some(Form::Model));
        assert_eq!(wanted(&["*/*"]), Some(Form::Model));
        assert_eq!(wanted(&["text/html, application/json;q=0.5"]), Some(Form::Model));
        assert_eq!(wanted(&["application/vnd.hub.raw+json"]), Some(Form::Raw));
        assert_eq!(wanted(&["text/html", "Application/Vnd.Hub.Raw+JSON"]), Some(Form::Raw));
        assert_eq!(wanted(&["text/html"]), None);
    }
}
