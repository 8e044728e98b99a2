//! The routes that every function serves: up, ready, documents, public keys.

use std::{error::Error, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode, Uri,
    header::{CACHE_CONTROL, HOST},
    uri::Authority,
};
use serde::Serialize;
use tokio::time::timeout;
use url::Url;
use utoipa::ToSchema;

use super::{
    app::App,
    openapi,
    problem::{Code, Problem, render},
    route::{Audience, Doc, Route, router},
};
use crate::{
    domain::{
        bank::Bank,
        readiness::{Component, Dependency, PATIENCE, Readiness},
    },
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

/// Whether each dependency answers, and what is missing.
#[derive(Debug, Serialize, ToSchema)]
struct Dependencies {
    store: Readiness,
    keys: Readiness,
    /// Names of what is missing: `store`, `keys`, `keys.NAME`, `identity.BANK`, `index.COLLECTION(FIELD,…)`. Left out where
    /// nothing is, and for whoever asks by the hub's public name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
}

/// Store and keys are asked; the rest is named from memory, so that being asked often costs no more. The hub is ready
/// without it: what lacks one bank's certificate serves the other banks.
async fn ready(State(app): State<App>, headers: HeaderMap, uri: Uri) -> Response {
    let (store, keys) = (app.deps.store.ready(), app.keys.ready());
    let (store, keys) = tokio::join!(asked(Dependency::Store, store), asked(Dependency::Keys, keys));
    let is_ready = store == Readiness::Ready && keys == Readiness::Ready;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let missing = missing(&app, store, keys);
    if !missing.is_empty() {
        tracing::warn!(missing = missing.join(" "), "something is missing");
    }
    let is_told = !is_public_name(&app.deps.public_url, &headers, &uri);
    (status, Json(Dependencies { store, keys, missing: if is_told { missing } else { Vec::new() } })).into_response()
}

/// The names of what is missing, the general ones first.
fn missing(app: &App, store: Readiness, keys: Readiness) -> Vec<String> {
    let away = |readiness, component| (readiness == Readiness::Unavailable).then_some(component);
    let general = [away(store, Component::Store), away(keys, Component::Keys)].into_iter().flatten();
    let deps = &app.deps;
    let now = deps.now();
    let is_over = |bank: &Bank| deps.identities.facts(&bank.tls).is_some_and(|facts| facts.check_time(now).is_err());
    let is_stranger = |bank: &&Arc<Bank>| is_over(bank) || deps.identities.is_refused(&bank.tls);
    let strangers = deps.banks.values().filter(is_stranger).map(|bank| Component::Identity(bank.id.clone()));
    let all = general.chain(app.keys.missing()).chain(deps.store.missing()).chain(strangers);
    all.map(|component| component.to_string()).collect()
}

/// Whether the call was made to the name that the whole world knows. Which banks the hub speaks to, and which of them it
/// cannot speak to just now, is nobody's business out there: it would tell a forger of mails whose customers to write to.
/// The platform and operators ask by the service's own address, which the edge does not lead to.
fn is_public_name(public: &Url, headers: &HeaderMap, uri: &Uri) -> bool {
    let named = headers.get(HOST).and_then(|host| host.to_str().ok()).or(uri.authority().map(Authority::as_str));
    let public = (public.host_str(), public.port_or_known_default());
    let asked = named.and_then(|named| Url::parse(&format!("http://{named}")).ok());
    asked.is_none_or(|asked| asked.host_str() == public.0 && asked.port().is_none_or(|port| Some(port) == public.1))
}

/// Whether a dependency says in time that it is there. Why not is for the log: it may name what only operators know.
async fn asked<E: Error + 'static>(dependency: Dependency, question: impl Future<Output = Result<(), E>>) -> Readiness {
    let dependency = dependency.name();
    match timeout(PATIENCE, question).await {
        Ok(Ok(())) => return Readiness::Ready,
        Ok(Err(error)) => {
            tracing::warn!(dependency, error = &error as &(dyn Error + 'static), "a dependency is not ready");
        }
        Err(_) => tracing::warn!(dependency, "a dependency did not say in time whether it is ready"),
    }
    Readiness::Unavailable
}

async fn public_keys(State(app): State<App>) -> Result<Response, Problem> {
    let keys = app.signer.public_keys().await.map_err(|error| Problem::caused(Code::KeysUnavailable, error))?;
    // A new key may sign as soon as it is published, and a disabled one must disappear: the set ages in minutes.
    let age = (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(([age], Json(JwkSet::from(&*keys))).into_response())
}
