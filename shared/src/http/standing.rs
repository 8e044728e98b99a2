//! The routes that every function serves: up, ready, documents, public keys.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    app::App,
    openapi,
    problem::{Code, Problem, render},
    route::{Audience, Doc, Route, router},
};
use crate::ports::keys::PublicKey;

/// The whole router of a function: its own routes and those that every function has.
pub fn with_standing_routes(mut routes: Vec<Route>, app: &App) -> Router {
    routes.extend(standing_routes());
    let document = openapi::document(&routes);
    let serve = async move || Json(document.clone());
    routes.push(Route::get("/openapi.json", Audience::Public, serve, Doc::new("This document")));
    router(&routes, app)
        .fallback(|| async { Problem::from(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::from(Code::MethodNotAllowed) })
        .layer(from_fn_with_state(Arc::clone(&app.deps.clock), render))
}

/// Up, ready, public keys.
pub fn standing_routes() -> Vec<Route> {
    vec![
        Route::get("/health", Audience::Public, health, Doc::new("Whether the process is up")),
        Route::get(
            "/ready",
            Audience::Public,
            ready,
            Doc::new("Whether store and keys can be reached").answers::<Readiness>(StatusCode::OK),
        ),
        Route::get(
            "/.well-known/jwks.json",
            Audience::Public,
            public_keys,
            Doc::new("The hub's own public keys").answers::<PublicKeys>(StatusCode::OK),
        ),
    ]
}

async fn health() -> &'static str {
    "up"
}

/// Whether each dependency answers.
#[derive(Debug, Serialize, ToSchema)]
struct Readiness {
    store: Dependency,
    keys: Dependency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Dependency {
    Ready,
    Unavailable,
}

impl<T, E> From<Result<T, E>> for Dependency {
    fn from(result: Result<T, E>) -> Self {
        if result.is_ok() { Self::Ready } else { Self::Unavailable }
    }
}

async fn ready(State(app): State<App>) -> Response {
    let readiness = Readiness { store: app.deps.store.ready().await.into(), keys: app.keys.ready().await.into() };
    let is_ready = readiness.store == Dependency::Ready && readiness.keys == Dependency::Ready;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}

/// A JWK set (RFC 7517 §5).
#[derive(Debug, Serialize, ToSchema)]
struct PublicKeys {
    keys: Vec<PublicJwk>,
}

/// A P-256 key (RFC 7518 §6.2).
#[derive(Debug, Serialize, ToSchema)]
struct PublicJwk {
    kty: &'static str,
    crv: &'static str,
    x: String,
    y: String,
    kid: String,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
}

async fn public_keys(State(app): State<App>) -> Result<Response, Problem> {
    let keys = app.signer.public_keys().await.map_err(|error| Problem::caused(Code::KeysUnavailable, error))?;
    let set = PublicKeys { keys: keys.iter().filter_map(jwk).collect() };
    // New keys are published well before they are used, so an hour-old set is good enough.
    Ok(([(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"))], Json(set)).into_response())
}

fn jwk(key: &PublicKey) -> Option<PublicJwk> {
    let coordinates = key.point.strip_prefix(&[4])?;
    let (x, y) = coordinates.split_at_checked(32)?;
    Some(PublicJwk {
        kty: "EC",
        crv: "P-256",
        x: URL_SAFE_NO_PAD.encode(x),
        y: URL_SAFE_NO_PAD.encode(y),
        kid: key.key_id.clone(),
        alg: "ES256",
        usage: "sig",
    })
}
