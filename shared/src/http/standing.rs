//! The routes that every function serves: up, ready, documents, public keys.

use std::{error::Error, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::{
    app::App,
    openapi,
    problem::{Code, Problem, render},
    route::{Audience, Doc, Route, router},
};
use crate::{
    domain::readiness::{PATIENCE, Readiness},
    protocol::jwk::JwkSet,
};

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
            Doc::new("Whether store and keys can be reached").answers::<Dependencies>(StatusCode::OK),
        ),
        Route::get(
            "/.well-known/jwks.json",
            Audience::Public,
            public_keys,
            Doc::new("The hub's own public keys").answers::<JwkSet>(StatusCode::OK),
        ),
    ]
}

async fn health() -> &'static str {
    "up"
}

/// Whether each dependency answers.
#[derive(Debug, Serialize, ToSchema)]
struct Dependencies {
    store: Readiness,
    keys: Readiness,
}

async fn ready(State(app): State<App>) -> Response {
    let (store, keys) = tokio::join!(asked(app.deps.store.ready()), asked(app.keys.ready()));
    let is_ready = store == Readiness::Ready && keys == Readiness::Ready;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Dependencies { store, keys })).into_response()
}

/// Whether a dependency says in time that it is there. Why not is for the log: it may name what only operators know.
async fn asked<E: Error + 'static>(question: impl Future<Output = Result<(), E>>) -> Readiness {
    match timeout(PATIENCE, question).await {
        Ok(Ok(())) => return Readiness::Ready,
        Ok(Err(error)) => tracing::warn!(error = &error as &(dyn Error + 'static), "a dependency is not ready"),
        Err(_) => tracing::warn!("a dependency did not say in time whether it is ready"),
    }
    Readiness::Unavailable
}

async fn public_keys(State(app): State<App>) -> Result<Response, Problem> {
    let keys = app.signer.public_keys().await.map_err(|error| Problem::caused(Code::KeysUnavailable, error))?;
    // A new key may sign as soon as it is published, and a disabled one must disappear: the set ages in minutes.
    let age = (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(([age], Json(JwkSet::from(&*keys))).into_response())
}
