//! Runs the scheduler's jobs.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{job_lease::Job, session::SHARDS},
    flows::{
        events::deliver::{self, Delivered},
        jobs,
        rewrap::{self, Position, Rewrapped},
        trail::Trail,
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
        "Run a job: `refresh-balances` and `refresh-tokens` refresh what is due, `expiry-watch` sees to everything that \
         ends by itself, `deliver-events` brings events to the CRMs' webhooks",
    );
    let rewrap = Doc::new("Move data keys under the newest key encryption keys");
    let routes = vec![
        Route::post("/v1/jobs/{job}", Audience::Scheduler, run, doc.asks::<Asked>().answers::<Done>(StatusCode::OK)),
        Route::post(
            "/v1/jobs/rewrap",
            Audience::Scheduler,
            move_keys,
            rewrap.asks::<AskedOfRewrap>().answers::<Rewrapped>(StatusCode::OK),
        )
        .calling_nobody(),
    ];
    Route::all_of("token-refresh", routes)
}

/// What a job is asked besides its name.
#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// `refresh-balances` and `refresh-tokens` only: one of the sixteen shards, from 0; all of them if it is left out.
    #[param(maximum = 15)]
    shard: Option<u8>,
    /// `refresh-balances` and `refresh-tokens` only: tell what a run would do and cost, call no bank and write nothing.
    dry_run: Option<bool>,
}

/// What `rewrap` is asked.
#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct AskedOfRewrap {
    /// What an earlier run's `resume_after` names.
    after: Option<String>,
}

/// What a job did.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Done {
    /// `expiry-watch`.
    ExpiryWatch(Summary),
    /// `refresh-balances` and `refresh-tokens`.
    Refresh(Box<jobs::Summary>),
    /// `deliver-events`.
    DeliverEvents(Delivered),
}

/// When the run was scheduled for, as Cloud Scheduler tells; the same in every delivery of one run.
const SCHEDULE_TIME: &str = "x-cloudscheduler-scheduletime";

/// Which of the scheduler's jobs it is.
const JOB_NAME: &str = "x-cloudscheduler-jobname";

async fn run(
    State(app): State<App>,
    Audit(trail): Audit,
    Path(job): Path<String>,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Done>, Problem> {
    let Query(asked) = asked.map_err(|error| Problem::caused(Code::RequestInvalid, error))?;
    let begun = app.deps.now();
    let done = Box::pin(run_job(&app, &trail, &job, &headers, asked)).await;
    tell_ended(&job, app.deps.now().duration_since(begun), &done);
    done.map(Json)
}

/// Tells the log how a run ended. A job that there is not is none.
fn tell_ended<T>(job: &str, took: SignedDuration, done: &Result<T, Problem>) {
    let Some(name) = JOBS.into_iter().find(|name| *name == job) else { return };
    let outcome = if done.is_ok() { "done" } else { "failed" };
    tracing::info!(job.name = name, job.outcome = outcome, job.seconds = took.as_secs_f64(), "a job ended");
}

/// The jobs that there are.
const JOBS: [&str; 5] = ["refresh-balances", "refresh-tokens", "rewrap", "expiry-watch", "deliver-events"];

async fn run_job(app: &App, trail: &Arc<Trail>, job: &str, headers: &HeaderMap, asked: Asked) -> Result<Done, Problem> {
    let done = match job {
        "refresh-balances" => refresh(app, trail, Job::RefreshBalances, asked, headers).await?,
        "refresh-tokens" => refresh(app, trail, Job::RefreshTokens, asked, headers).await?,
        "expiry-watch" => {
            asked.nothing()?;
            Done::ExpiryWatch(Box::pin(upkeep::run(&app.deps, trail)).await?)
        }
        "deliver-events" => {
            asked.nothing()?;
            Done::DeliverEvents(deliver::run(&app.deps, &app.courier, trail).await?)
        }
        _ => return Err(Code::NotFound.into()),
    };
    Ok(done)
}

async fn move_keys(
    State(app): State<App>,
    Audit(trail): Audit,
    asked: Result<Query<AskedOfRewrap>, QueryRejection>,
) -> Result<Json<Rewrapped>, Problem> {
    let Query(AskedOfRewrap { after }) = asked.map_err(|error| Problem::caused(Code::RequestInvalid, error))?;
    let after = after.as_deref().map(Position::parse).transpose();
    let after = after.map_err(|error| Problem::caused(Code::RequestInvalid, error))?;
    let begun = app.deps.now();
    let done = rewrap::run(&app.deps, &trail, after).await.map_err(Problem::from);
    tell_ended("rewrap", app.deps.now().duration_since(begun), &done);
    done.map(Json)
}

async fn refresh(app: &App, trail: &Arc<Trail>, job: Job, asked: Asked, headers: &HeaderMap) -> Result<Done, Problem> {
    let Asked { shard, dry_run } = asked;
    if shard.is_some_and(|shard| shard >= SHARDS) {
        return Err(Code::RequestInvalid.into());
    }
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let scheduled_at = text(SCHEDULE_TIME).map(str::parse).transpose();
    let wanted = jobs::Wanted {
        job,
        shard,
        dry_run: dry_run.unwrap_or(false),
        scheduled_at: scheduled_at.map_err(|_| Problem::from(Code::RequestInvalid))?,
        scheduler: text(JOB_NAME).unwrap_or_default().to_owned(),
    };
    let summary = jobs::run(&app.deps, trail, &wanted, |error| Problem::from(error).code.name()).await?;
    Ok(Done::Refresh(Box::new(summary)))
}

impl Asked {
    fn nothing(self) -> Result<(), Problem> {
        match self {
            Self { shard: None, dry_run: None } => Ok(()),
            _ => Err(Code::RequestInvalid.into()),
        }
    }
}
