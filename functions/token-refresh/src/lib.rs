//! Runs the scheduler's jobs.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::{
    domain::ids::SessionId,
    flows::{
        rewrap::{self, Rewrapped},
        upkeep::{self, Summary},
    },
    http::{
        app::App,
        caller::Audit,
        problem::{Code, Problem},
        route::{Audience, Doc, Route},
    },
};
use utoipa::{IntoParams, ToSchema};

/// The function's routes.
pub fn routes() -> Vec<Route> {
    let doc = Doc::new(
        "Run a job: `expiry-watch` sees to everything that ends by itself, `rewrap` moves data keys under the newest \
         key encryption keys",
    );
    vec![Route::post(
        "/v1/jobs/{job}",
        Audience::Scheduler,
        run,
        doc.asks::<Position>().answers::<Done>(StatusCode::OK),
    )]
}

/// Where a job goes on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Position {
    /// `rewrap` only: the session that an earlier run's `resume_after` names.
    after: Option<String>,
}

/// What a job did.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Done {
    /// `expiry-watch`.
    ExpiryWatch(Summary),
    /// `rewrap`.
    Rewrap(Rewrapped),
}

async fn run(
    State(app): State<App>,
    Audit(trail): Audit,
    Path(job): Path<String>,
    position: Result<Query<Position>, QueryRejection>,
) -> Result<Json<Done>, Problem> {
    let Query(Position { after }) = position.map_err(|error| Problem::caused(Code::RequestInvalid, error))?;
    let after = after.map(SessionId::parse).transpose();
    let after = after.map_err(|error| Problem::caused(Code::RequestInvalid, error))?;
    let done = match (job.as_str(), after) {
        ("rewrap", after) => Done::Rewrap(rewrap::run(&app.deps, &trail, after).await?),
        ("expiry-watch", None) => Done::ExpiryWatch(upkeep::run(&app.deps, &trail).await?),
        ("expiry-watch", Some(_)) => return Err(Code::RequestInvalid.into()),
        _ => return Err(Code::NotFound.into()),
    };
    Ok(Json(done))
}
