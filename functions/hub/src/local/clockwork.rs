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

const JOBS: [&str; 1] = ["expiry-watch"];

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
