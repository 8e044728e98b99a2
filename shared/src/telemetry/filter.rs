//! Which log lines are written.
//!
//! Two filters in a row. The first is the operator's. The second is not for anybody to change: crates of others print
//! URLs, headers and bodies below `warn`, so whatever the setting, only the hub's own crates are heard there.

use tracing::{Level, Metadata};
use tracing_subscriber::{EnvFilter, filter::ParseError};

use crate::ports::{
    audit::STREAM,
    measuring::{INSIDE, TRACED},
};

/// What is written unless a setting says otherwise. The crates named here are of no use even at `warn`.
pub const DEFAULT: &str =
    "info,firestore=off,gcloud_sdk=off,h2=off,hyper=off,hyper_util=off,reqwest=off,rustls=off,tower=off,tower_http=off";

/// The crates of this workspace: those who write here have been told what not to write.
const OWN_CRATES: [&str; 7] =
    ["account_proxy", "authorize_redirect", "callback", "hub", "sandbox_bank", "shared", "token_refresh"];

/// The operator's filter, in the words of `tracing_subscriber::EnvFilter`.
pub(super) fn wanted(directives: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().parse(directives)
}

/// Whether a line is an audit record: written whatever the operator wants to hear.
pub(super) fn is_audit(metadata: &Metadata<'_>) -> bool {
    metadata.target() == STREAM
}

/// Whether the instruments hear a line, whatever the operator wants to read.
pub(super) fn is_measured(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_told = *metadata.level() <= Level::INFO && (target == STREAM || is_own(target));
    metadata.is_event() && (target == INSIDE || is_told)
}

/// Whether a span stands in a trace: those of requests and of what is made to stand there.
pub(super) fn is_traced(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && (metadata.target() == TRACED || metadata.name() == REQUEST)
}

/// The name of the span of a request.
pub(super) const REQUEST: &str = "request";

/// Whether a line may be written at all, wanted or not.
pub(super) fn is_allowed(metadata: &Metadata<'_>) -> bool {
    is_own(metadata.target()) || (*metadata.level() <= Level::WARN && !is_of_telemetry(metadata.target()))
}

/// Lines of the libraries that deliver metrics and traces: a collector that is away would fill the log with them. The
/// hub says so itself, once.
fn is_of_telemetry(target: &str) -> bool {
    target.starts_with("opentelemetry")
}

fn is_own(target: &str) -> bool {
    target.split("::").next().is_some_and(|name| OWN_CRATES.contains(&name))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn only_the_hubs_own_crates_are_heard_below_warn() {
        assert!(is_own("shared::telemetry::request_span") && is_own("hub"));
        for foreign in ["hyper", "hyper_util::client", "reqwest::connect", "h2", "rustls::client", "log", "sharedx", ""]
        {
            assert!(!is_own(foreign), "{foreign}");
        }
    }

    #[test]
    fn no_crate_of_the_workspace_is_forgotten() {
        let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
        for folder in fs::read_dir(functions).unwrap() {
            let name = folder.unwrap().file_name().into_string().unwrap().replace('-', "_");
            assert!(OWN_CRATES.contains(&name.as_str()), "{name}");
        }
    }

    #[test]
    fn the_default_is_well_formed() {
        assert!(wanted(DEFAULT).is_ok());
    }
}
