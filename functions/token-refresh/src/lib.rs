//! Runs the scheduler's jobs.

use axum::{
    Json,
    extract::{Path, State},
};
use http::StatusCode;
use shared::{
    flows::upkeep::{self, Summary},
    http::{
        app::App,
        caller::Audit,
        problem::{Code, Problem},
        route::{Audience, Doc, Route},
    },
};

/// The function's routes.
pub fn routes() -> Vec<Route> {
    vec![Route::post(
        "/v1/jobs/{job}",
        Audience::Scheduler,
        run,
        Doc::new("Run a job: `expiry-watch` sees to everything that ends by itself").answers::<Summary>(StatusCode::OK),
    )]
}

async fn run(State(app): State<App>, Audit(trail): Audit, Path(job): Path<String>) -> Result<Json<Summary>, Problem> {
    match job.as_str() {
        "expiry-watch" => Ok(Json(upkeep::run(&app.deps, &trail).await?)),
        _ => Err(Code::NotFound.into()),
    }
}
