//! Stands in for the scheduler: runs the hub's background jobs every few seconds, by the same route and with the same
//! kind of identity as in the cloud.

use std::{convert::Infallible, sync::Arc, time::Duration};

use shared::{domain::scope::Scope, ports::clock::Clock};
use tokio::time::{MissedTickBehavior, interval};

use super::tokens::TokenSigner;

/// How often the jobs run. The cloud's scheduler cannot do better than a minute; here somebody is watching.
const PERIOD: Duration = Duration::from_secs(15);

/// Longer than a job may take.
const TIMEOUT: Duration = Duration::from_secs(40);

/// How long a token lives that is made for one run, in seconds.
const TOKEN_SECONDS: i64 = 120;

/// Each finds by itself what is due, and most find nothing most of the time.
const JOBS: [&str; 4] = ["expiry-watch", "refresh-tokens", "refresh-balances", "deliver-events"];

/// Runs jobs.
pub struct Clockwork {
    http: reqwest::Client,
    hub: String,
    signer: TokenSigner,
    clock: Arc<dyn Clock>,
}

impl Clockwork {
    /// Runs the jobs of the hub at that public address, as the scheduler that this signer speaks for.
    pub fn new(hub: String, signer: TokenSigner, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build()?;
        Ok(Self { http, hub, signer, clock })
    }

    /// Runs every job again and again. A job that fails is told of and tried at the next turn.
    pub async fn run(self) -> Infallible {
        let mut turns = interval(PERIOD);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            turns.tick().await;
            self.run_all().await;
        }
    }

    async fn run_all(&self) {
        for job in JOBS {
            if let Err(error) = self.run_one(job).await {
                tracing::warn!(
                    job.name = job,
                    error = crate::failure::one_line(error.as_ref()),
                    "a background job failed"
                );
            }
        }
    }

    async fn run_one(&self, job: &str) -> Result<(), Box<dyn std::error::Error>> {
        let token = self.signer.access(Scope::JobsRun.name(), self.clock.now(), TOKEN_SECONDS)?;
        let request = self.http.post(format!("{}/v1/jobs/{job}", self.hub)).bearer_auth(token);
        request.send().await?.error_for_status()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        extract::{Path, State},
        routing::post,
    };
    use http::{HeaderMap, StatusCode};
    use jsonwebtoken::dangerous::insecure_decode_claims;
    use serde_json::Value;
    use shared::adapters::system::SystemClock;
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

    use super::*;
    use crate::local::{
        data_folder::DataFolder,
        issuer::{Issuer, IssuerName},
        listener,
    };

    /// A hub that takes jobs, fails at each, and tells of them.
    async fn failing_hub() -> (String, UnboundedReceiver<(String, HeaderMap)>) {
        type Told = State<UnboundedSender<(String, HeaderMap)>>;
        async fn take(State(told): Told, Path(job): Path<String>, headers: HeaderMap) -> StatusCode {
            told.send((job, headers)).unwrap();
            StatusCode::SERVICE_UNAVAILABLE
        }
        let (sender, receiver) = unbounded_channel();
        let (listener, port) = listener::listen(0).await.unwrap();
        let router = Router::new().route("/v1/jobs/{job}", post(take)).with_state(sender);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (format!("http://127.0.0.1:{port}"), receiver)
    }

    #[tokio::test]
    async fn every_job_is_run_with_the_schedulers_own_identity_though_the_one_before_failed() {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::at(place.path().to_owned());
        let (hub, mut jobs) = failing_hub().await;
        let signer = TokenSigner::new(Issuer::open_or_create(&folder, IssuerName::Scheduler).unwrap(), &hub);
        let clockwork = Clockwork::new(hub.clone(), signer, Arc::new(SystemClock)).unwrap();
        clockwork.run_all().await;
        clockwork.run_all().await;
        for expected in [JOBS, JOBS].concat() {
            let (job, headers) = jobs.try_recv().unwrap();
            assert_eq!(job, expected);
            let token = headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap();
            let claims: Value = insecure_decode_claims(token).unwrap();
            assert_eq!(claims["iss"], format!("{hub}/dev/issuers/scheduler"));
            assert_eq!((&claims["aud"], &claims["scope"]), (&hub.as_str().into(), &"jobs:run".into()));
        }
    }
}
