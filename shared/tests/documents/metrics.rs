//! What Cloud Logging counts, and what is written of it, is what the catalogue says.

use std::{env, fs};

use shared::telemetry::metrics::cloud_logging::log_metrics;

use crate::markdown::{document, repository};

const LOG_METRICS: &str = "infra/monitoring/log-metrics.json";

#[test]
fn cloud_logging_counts_what_the_catalogue_says() {
    let made = serde_json::to_string_pretty(&log_metrics()).unwrap() + "\n";
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(repository().join(LOG_METRICS), made).unwrap();
    } else {
        let hint = "is not what the code makes of it: run the tests once with UPDATE_DOCS=1";
        assert_eq!(document(LOG_METRICS), made, "{LOG_METRICS} {hint}");
    }
}
