//! One call for one key set.

use jsonwebtoken::jwk::JwkSet;
use reqwest::{
    Client, StatusCode,
    header::{ACCEPT, HeaderValue},
};
use url::Url;

use super::key_set::{self, SetError};
use crate::{
    adapters::bounded_body::{self, BodyError},
    ports::key_sets::MAX_SET_BYTES,
};

/// What sources may answer with (RFC 7517 §8.5.2); many name it plain JSON.
const ACCEPTED: HeaderValue = HeaderValue::from_static("application/jwk-set+json, application/json");

/// The call brought no set.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the source could not be reached")]
    Call(#[source] reqwest::Error),
    #[error("the source answered {0}")]
    Status(StatusCode),
    #[error("the source's answer could not be read")]
    Body(#[source] BodyError),
    #[error("the source's answer cannot be used")]
    Set(#[source] SetError),
}

/// The set that the source publishes now.
pub(super) async fn fetch(client: &Client, source: &Url) -> Result<JwkSet, FetchError> {
    let call = client.get(source.clone()).header(ACCEPT, ACCEPTED).send().await;
    let response = call.map_err(|error| FetchError::Call(error.without_url()))?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    let body = http::Response::from(response).into_body();
    let body = bounded_body::read(body, MAX_SET_BYTES).await.map_err(FetchError::Body)?;
    key_set::parse(&body).map_err(FetchError::Set)
}
