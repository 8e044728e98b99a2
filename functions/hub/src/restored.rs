//! `hub restored`: makes a store safe to use that was put back to an earlier time (docs/operations.md).

use std::{collections::BTreeSet, path::PathBuf};

use jiff::Timestamp;
use shared::{
    config::settings::Settings,
    domain::{
        ids::{RequestId, SessionId},
        reach::Reach,
    },
    flows::{
        restore::{self, Evidence, Settled, UnreadableStream},
        trail::Trail,
        trouble::Trouble,
    },
    ports::entropy::NoEntropy,
    wiring::{Hub, StartError},
};

use crate::{failure::Failure, terminal::tell};

/// What is known of the time that the store has forgotten.
#[derive(Clone, Debug, clap::Args)]
pub struct RestoredArguments {
    /// When the store that is gone was last written to, as `2027-01-05T10:00:00Z`: no earlier than the end of its last
    /// instance.
    #[arg(long, value_name = "INSTANT")]
    lost_until: Timestamp,
    /// The audit stream from the restored instant on, as `gcloud logging read --format=json` gives it. Without it every
    /// session is taken to have been used.
    #[arg(long, value_name = "FILE", required_unless_present = "without_stream")]
    stream: Option<PathBuf>,
    /// There is no audit stream: every session at a bank whose rotation is `family` must be renewed.
    #[arg(long, conflicts_with = "stream")]
    without_stream: bool,
    /// Writes. Without it, only what would be done is told.
    #[arg(long)]
    apply: bool,
}

/// The store cannot be made safe.
#[derive(Debug, thiserror::Error)]
pub enum RestoredError {
    /// The file cannot be read.
    #[error("--stream {}", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The file holds something else.
    #[error("--stream {}", .0.display())]
    Stream(PathBuf, #[source] UnreadableStream),
    /// Without banks' documents nobody knows which tokens may be used again.
    #[error("HUB_REACH: must be banks, whose documents say how they treat used tokens")]
    Reach,
    /// Settings, store or keys are not as they must be.
    #[error(transparent)]
    Start(#[from] StartError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// The store failed on the way. Everything so far is written; run it again.
    #[error("not all sessions were seen to; run it again")]
    Stopped(#[from] Trouble),
}

/// Reads the stream and sees to every session, with the settings of a function.
pub async fn run(wanted: &RestoredArguments) -> Result<(), Failure> {
    Ok(settle(wanted).await.map(|settled| tell(told(&settled, wanted.apply)))?)
}

async fn settle(wanted: &RestoredArguments) -> Result<Settled, RestoredError> {
    let evidence = evidence(wanted)?;
    let settings = Settings::from_environment().map_err(StartError::from)?;
    if settings.reach != Reach::Banks {
        return Err(RestoredError::Reach);
    }
    let hub = Hub::start(&settings).await?;
    let deps = &hub.app().deps;
    let trail = Trail::new(RequestId::from_random(deps.random()?));
    Ok(restore::run(deps, &trail, &evidence, wanted.lost_until, wanted.apply).await?)
}

fn evidence(wanted: &RestoredArguments) -> Result<Evidence, RestoredError> {
    let Some(file) = &wanted.stream else { return Ok(Evidence::None) };
    let text = std::fs::read_to_string(file).map_err(|error| RestoredError::Unreadable(file.clone(), error))?;
    Evidence::read(&text).map_err(|error| RestoredError::Stream(file.clone(), error))
}

/// What was done, for people to read; a session a line where the CRM must do something.
fn told(settled: &Settled, applied: bool) -> String {
    let Settled { sessions, closed, given_up, ended_at_bank, unknown } = settled;
    let mut lines = vec![
        format!("{sessions} sessions in the store{}", if applied { "" } else { "; nothing was written (--apply)" }),
        format!("{closed} read nothing without the customer for a day"),
        format!("{given_up} must be renewed: their refresh tokens were used since"),
    ];
    let mut list = |what: &str, ids: &[SessionId]| {
        let ids: BTreeSet<_> = ids.iter().map(ToString::to_string).collect();
        lines.push(format!("{} {what}", ids.len()));
        lines.extend(ids.into_iter().map(|id| format!("  {id}")));
    };
    list("had something ended at the bank: the CRM ends or renews them", ended_at_bank);
    list("began since and are unknown: the CRM connects these customers anew", unknown);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        restored: RestoredArguments,
    }

    fn parsed(arguments: &str) -> Result<RestoredArguments, clap::Error> {
        Line::try_parse_from(format!("restored {arguments}").split_whitespace()).map(|line| line.restored)
    }

    #[test]
    fn who_has_no_stream_must_say_so() {
        let instant = "--lost-until 2027-01-05T10:00:00Z";
        assert!(parsed(instant).is_err());
        assert!(parsed("--stream x.json").is_err(), "and since when nothing was written");
        assert!(parsed(&format!("{instant} --stream x.json --without-stream")).is_err());
        assert!(parsed("--lost-until yesterday --without-stream").is_err());
        let wanted = parsed(&format!("{instant} --without-stream")).unwrap();
        assert!(!wanted.apply);
        assert_eq!(evidence(&wanted).unwrap(), Evidence::None);
    }

    #[test]
    fn a_stream_that_cannot_be_read_stops_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("stream.json");
        let arguments = format!("--lost-until 2027-01-05T10:00:00Z --stream {}", file.display());
        let wanted = parsed(&arguments).unwrap();
        assert!(matches!(evidence(&wanted), Err(RestoredError::Unreadable(..))));
        std::fs::write(&file, "[{\"textPayload\": \"x\"}]").unwrap();
        assert!(matches!(evidence(&wanted), Err(RestoredError::Stream(..))));
        std::fs::write(&file, "[]").unwrap();
        assert_eq!(evidence(&wanted).unwrap(), Evidence::Stream(std::collections::BTreeMap::new()));
    }

    #[test]
    fn what_the_crm_must_do_is_told_session_by_session() {
        let id = |byte| SessionId::from_random([byte; 16]);
        let settled =
            Settled { sessions: 7, closed: 3, given_up: 2, ended_at_bank: vec![id(1)], unknown: vec![id(2), id(3)] };
        let text = told(&settled, false);
        assert!(text.starts_with("7 sessions in the store; nothing was written"), "{text}");
        assert!([id(1), id(2), id(3)].iter().all(|id| text.contains(&format!("\n  {id}"))), "{text}");
        assert!(!told(&settled, true).contains("nothing was written"));
    }
}
