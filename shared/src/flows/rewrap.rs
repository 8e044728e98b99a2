//! Moves every sealed value under the newest key encryption keys, so that an old version can be disabled (K4).
//!
//! First the sessions, then the last good answers, each in the order of their ids. Only the wrapped data key is
//! replaced; no payload is decrypted. Each document is changed by compare-and-set, so the job may be killed anywhere, run
//! twice at once and started again: every value opens at every instant. A value whose old key is already gone is counted
//! and left as it is (K5).
//!
//! Runs are short, and each goes on where the last one stopped, which is noted in the store at the end of a run
//! ([`crate::domain::rewrap`]). A run that dies before that is made again; of two at once one notes how far it came, and
//! never further than everything before it was seen to.
//!
//! What belongs to an authorisation under way is left out: it ends by itself within the hour, so the old version of the
//! key `flow` is disabled an hour after the rotation.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use self::walk::Walk;
use super::{deps::Deps, trail::Trail, trouble::Trouble};
use crate::{
    domain::{
        ids::TenantId,
        place::Place,
        purpose::Purpose,
        rewrap::{Findings, Newest, Next, Pass, next},
    },
    ports::{
        documents::{Collection, CommitError},
        store::{Change, Loaded, Record},
    },
};

pub use crate::domain::rewrap::Position;

mod walk;

/// How long one run goes on: well within the time that the hub works on one request.
const BUDGET: Duration = Duration::from_secs(20);

/// The document that says how far the runs have come.
const DOCUMENT: &str = "rewrap";

/// What is moved. Secrets of what is under way are not.
const PURPOSES: [Purpose; 2] = [Purpose::Tokens, Purpose::Payloads];

impl Record for Pass {
    const COLLECTION: Collection = Collection::Jobs;

    fn document_id(&self) -> String {
        DOCUMENT.to_owned()
    }
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rewrapped {
    /// Sessions that were looked at.
    pub sessions: u32,
    /// Last good answers that were looked at.
    pub snapshots: u32,
    /// Values that were moved under the newest key.
    pub rewrapped: u32,
    /// Values that could not be moved: their key is gone, or they are damaged.
    pub failed: u32,
    /// How many values stand under which version of which key, as they were found.
    pub found: BTreeMap<String, u32>,
    /// Where this run ran out of time before it had seen all. The next one goes on there by itself.
    #[schema(value_type = Option<String>)]
    pub resume_after: Option<Position>,
    /// There was nothing to do before that instant, unless a newer key comes.
    pub rests_until: Option<Timestamp>,
    /// How far all runs together have come; nothing if this one was told where to begin.
    pub pass: Option<PassView>,
}

/// How far the runs of a pass have come together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PassView {
    /// When the first began.
    pub began_at: Timestamp,
    /// When everything had been seen to.
    pub ended_at: Option<Timestamp>,
    /// What they found.
    #[serde(flatten)]
    pub findings: Findings,
}

impl From<&Pass> for PassView {
    fn from(pass: &Pass) -> Self {
        Self { began_at: pass.began_at, ended_at: pass.ended_at, findings: pass.findings.clone() }
    }
}

/// Goes through everything after that position, until all is seen or the time is over. Without one, goes on where the last
/// run stopped; if there is nothing to go on with, says until when.
pub async fn run(deps: &Deps, trail: &Trail, after: Option<Position>) -> Result<Rewrapped, Trouble> {
    let ends_at = deps.now() + BUDGET;
    let newest = newest(deps).await?;
    if after.is_some() {
        return Walk::new(deps, trail, newest, ends_at).from(after).await;
    }
    let found: Option<Loaded<Pass>> = deps.store.load(DOCUMENT).await?;
    let pass = match next(found.as_ref().map(|found| &found.record), &newest, deps.now()) {
        Next::Work(pass) => pass,
        Next::Rest(until) => {
            let pass = found.as_ref().map(|found| PassView::from(&found.record));
            return Ok(Rewrapped { rests_until: Some(until), pass, ..Rewrapped::default() });
        }
    };
    let done = Walk::new(deps, trail, newest, ends_at).from(pass.after.clone()).await?;
    let findings = Findings { found: done.found.clone(), failed: done.failed };
    let pass = pass.come_to(done.resume_after.clone(), &findings, deps.now());
    remember(deps, found.as_ref(), &pass).await;
    Ok(Rewrapped { pass: Some(PassView::from(&pass)), ..done })
}

/// Notes how far the runs have come. If another run has done so meanwhile, its word stands; if nobody can, the next run
/// does the same once more.
async fn remember(deps: &Deps, found: Option<&Loaded<Pass>>, pass: &Pass) {
    let change = match found {
        Some(found) => Change::new().replace(found, pass),
        None => Change::new().create(pass),
    };
    match deps.store.commit(change).await {
        Ok(()) | Err(CommitError::Refused) => {}
        Err(CommitError::Failed(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "it is not noted how far the keys were moved");
        }
    }
}

/// The newest version of each key.
async fn newest(deps: &Deps) -> Result<Newest, Trouble> {
    let mut newest = Newest::new();
    for purpose in PURPOSES {
        let version = deps.vault.newest_version(purpose, &nowhere()?).await?;
        newest.insert(purpose.name().to_owned(), version);
    }
    Ok(newest)
}

/// A place for a key that nobody uses.
fn nowhere() -> Result<Place, Trouble> {
    let tenant = TenantId::parse(DOCUMENT).map_err(|_| Trouble::Integrity)?;
    Ok(Place { collection: "jobs", document: DOCUMENT.to_owned(), field: "newest", tenant, generation: 0 })
}
