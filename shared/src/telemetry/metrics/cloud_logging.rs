//! The catalogue as Cloud Logging counts it: log-based metrics over the lines in their Stackdriver form.
//!
//! `infra/monitoring/log-metrics.json` is made from here, with the names of Terraform's `google_logging_metric`.

use serde_json::{Map, Value as Json, json};

use super::catalogue::{Condition, Kind, Label, Metric, Value, all};

/// Whose lines count.
const OF_THE_HUB: &str = r#"resource.type="cloud_run_revision""#;

/// Every metric that Cloud Logging can count, by name.
pub fn log_metrics() -> Json {
    let metrics = all().filter(|metric| metric.is_logged()).map(|metric| (metric.name.to_owned(), log_metric(metric)));
    Json::Object(metrics.collect())
}

fn log_metric(metric: &Metric) -> Json {
    let extractors: Map<String, Json> =
        metric.labels.iter().map(|label| (label.name.to_owned(), extract(label.field).into())).collect();
    let value = match metric.source.value {
        Value::One => Json::Null,
        Value::Of(field) | Value::Change(field) => extract(field).into(),
    };
    let labels: Vec<_> = metric.labels.iter().map(descriptor).collect();
    json!({
        "description": metric.help,
        "filter": filter(metric),
        "metric_descriptor": {
            "metric_kind": "DELTA",
            "value_type": if value.is_null() { "INT64" } else { "DISTRIBUTION" },
            "unit": metric.unit,
            "display_name": metric.name,
            "labels": labels,
        },
        "label_extractors": extractors,
        "value_extractor": value,
        "bounds": bounds(metric),
    })
}

fn descriptor(label: &Label) -> Json {
    json!({ "key": label.name, "value_type": "STRING", "description": format!("The field {}.", path(label.field)) })
}

/// The bounds of a distribution's buckets. A log-based metric is a counter or a distribution: a value that goes up and
/// down is kept as the distribution of what was told.
fn bounds(metric: &Metric) -> Json {
    match (metric.kind, metric.source.value) {
        (_, Value::One) => Json::Null,
        (Kind::Distribution(bounds), _) => json!(bounds),
        (Kind::Counter | Kind::Gauge, _) => json!(DAYS),
    }
}

/// The only value of that kind is a number of days.
const DAYS: [f64; 9] = [0.0, 1.0, 7.0, 14.0, 30.0, 60.0, 90.0, 180.0, 365.0];

/// The lines that count, in the query language of Cloud Logging.
pub fn filter(metric: &Metric) -> String {
    let conditions = metric.source.when.iter().map(condition);
    [OF_THE_HUB.to_owned()].into_iter().chain(conditions).collect::<Vec<_>>().join(" AND ")
}

fn condition(condition: &Condition) -> String {
    let path = path(condition.field());
    match condition {
        Condition::Is(_, [value]) => format!("{path}={}", quoted(value)),
        Condition::Is(_, values) => {
            let values: Vec<_> = values.iter().map(|value| quoted(value)).collect();
            format!("{path}=({})", values.join(" OR "))
        }
        Condition::Has(_) => format!("{path}:*"),
        Condition::Begins(_, beginning) => format!("{path}=~{}", quoted(&format!("^{beginning}"))),
    }
}

fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

fn extract(field: &str) -> String {
    format!("EXTRACT({})", path(field))
}

/// Where a field of the code's is found in an entry: what is said of the request in the entry's own place for it, the
/// rest in the payload, in camel case.
pub fn path(field: &str) -> String {
    match field.strip_prefix("http_request.") {
        Some(name) => format!("httpRequest.{}", camel_case(name)),
        None => format!("jsonPayload.{}", camel_case(field)),
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.split(['.', '_']);
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |whole, word| {
        let (head, tail) = word.split_at(usize::from(!word.is_empty()));
        whole + &head.to_ascii_uppercase() + tail
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Json {
        log_metrics()[name].clone()
    }

    #[test]
    fn a_counter_has_no_value_and_no_bounds() {
        let calls = of("hub_bank_calls");
        let expected =
            r#"resource.type="cloud_run_revision" AND jsonPayload.message="audit" AND jsonPayload.bankOutcome:*"#;
        assert_eq!(calls["filter"], expected);
        assert_eq!(calls["metric_descriptor"]["value_type"], "INT64");
        assert_eq!(calls["label_extractors"]["bank"], "EXTRACT(jsonPayload.bankId)");
        assert!(calls["value_extractor"].is_null() && calls["bounds"].is_null());
    }

    #[test]
    fn a_distribution_has_both() {
        let durations = of("hub_request_duration_seconds");
        assert_eq!(durations["metric_descriptor"]["value_type"], "DISTRIBUTION");
        assert_eq!(durations["label_extractors"]["path"], "EXTRACT(httpRequest.requestUrl)");
        assert_eq!(durations["value_extractor"], "EXTRACT(jsonPayload.requestSeconds)");
        assert!(durations["bounds"].as_array().is_some_and(|bounds| bounds.len() > 1));
    }

    #[test]
    fn what_is_heard_inside_only_is_left_out() {
        assert!(of("hub_store_operations").is_null() && !of("hub_alerts").is_null());
    }

    #[test]
    fn several_values_and_beginnings_are_said() {
        assert!(
            of("hub_token_refreshes")["filter"]
                .as_str()
                .unwrap()
                .contains(r#"("tokens_refreshed" OR "refresh_failed")"#)
        );
        let callbacks = of("hub_callback_refusals");
        assert!(callbacks["filter"].as_str().unwrap().contains(r#"httpRequest.requestUrl=~"^/callback/""#));
    }
}
