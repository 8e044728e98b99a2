//! Runs checks side by side, each within its time, and tells what they found in the order in which they were begun.

use std::time::Duration;

use tokio::{task::JoinHandle, time::timeout};

use super::finding::{Finding, What};

/// How long a check may take.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Checks under way.
#[derive(Debug, Default)]
pub struct Running(Vec<(What, JoinHandle<Vec<Finding>>)>);

impl Running {
    /// Begins a check.
    pub fn begin<F>(&mut self, what: What, check: F)
    where
        F: Future<Output = Finding> + Send + 'static,
    {
        self.begin_several(what, PATIENCE, async { vec![check.await] });
    }

    /// Begins a check that finds out several things, within a time of its own.
    pub fn begin_several<F>(&mut self, what: What, patience: Duration, check: F)
    where
        F: Future<Output = Vec<Finding>> + Send + 'static,
    {
        let late = late(&what, patience);
        let work = tokio::spawn(async move { timeout(patience, check).await.unwrap_or_else(|_| vec![late]) });
        self.0.push((what, work));
    }

    /// Adds what is known already.
    pub fn add(&mut self, what: What, finding: Finding) {
        self.begin(what, async { finding });
    }

    /// What was found, when all have ended.
    pub async fn findings(self) -> Vec<Finding> {
        let mut all = Vec::new();
        for (what, work) in self.0 {
            let broken = |_| vec![Finding::fail(&what, "the check broke off", "report this with what stands above it")];
            all.extend(work.await.unwrap_or_else(broken));
        }
        all
    }
}

fn late(what: &What, patience: Duration) -> Finding {
    let found = format!("no answer within {} s", patience.as_secs());
    Finding::fail(what, found, "see that it can be reached from here: routes, firewall, names")
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::doctor::{finding::Standing, kind::Kind};

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_answer_holds_nobody_up() {
        let what = |kind| What::all(kind);
        let mut running = Running::default();
        running.begin(what(Kind::Store), pending());
        running.begin(what(Kind::Keys), async { panic!("as a test wants it") });
        running.add(what(Kind::Clock), Finding::ok(&what(Kind::Clock), "right"));
        running.begin(what(Kind::Egress), pending());
        let begun = tokio::time::Instant::now();
        let found = running.findings().await;
        assert_eq!(begun.elapsed().as_secs(), PATIENCE.as_secs(), "they wait side by side");
        let told: Vec<_> = found.iter().map(|one| (one.check.as_str(), one.status)).collect();
        let fail = Standing::Fail;
        assert_eq!(told, [("store", fail), ("keys", fail), ("clock", Standing::Ok), ("egress", fail)]);
        assert_eq!(found[0].found, "no answer within 5 s");
    }
}
