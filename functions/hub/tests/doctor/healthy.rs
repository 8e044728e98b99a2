//! A deployment in order.

use std::{env, fs};

use serde_json::Value;

use super::deployment::{Deployment, PSEUDONYM_KEY};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/doctor.md");

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_in_order_passes_and_is_documented_as_it_is() {
    let deployment = Deployment::start().await;
    let said = deployment.doctor(&[]).await;
    assert_eq!(said.status, 0, "{said:#?}");
    assert!(said.beginning("fail").is_empty() && said.beginning("warn").is_empty(), "{said:#?}");
    let text = said.lines.join("\n");
    let key = deployment.bank.pki().qwac.lines().nth(1).unwrap();
    assert!(!text.contains(PSEUDONYM_KEY) && !text.contains(key), "nothing secret is told");
    hold_to(&said.lines);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_as_one_document() {
    let deployment = Deployment::start().await;
    let said = deployment.doctor(&["--json", "--as", "rewrap"]).await;
    let report: Value = serde_json::from_str(&said.lines.join("\n")).unwrap();
    assert_eq!((&report["healthy"], &report["as"]), (&Value::from(false), &Value::from("rewrap")));
    let checks = report["checks"].as_array().unwrap();
    let failed: Vec<_> = checks.iter().filter(|check| check["status"] == "fail").map(|check| &check["check"]).collect();
    assert_eq!(failed, ["keys.flow", "keys.signing"], "the stand-in lets everybody do everything");
    assert!(checks.iter().any(|check| check["check"] == "tls" && check["status"] == "skip"), "rewrap calls no bank");
    assert_eq!(said.status, 1);
    assert_eq!(said.complaint, "hub: 2 of the checks failed\n");
}

/// Compares with the document's part, or rewrites it. What differs from day to day is left out.
fn hold_to(lines: &[String]) {
    let shown: Vec<_> = lines.iter().map(|line| without_days(line)).collect();
    let made = format!("```text\n{}\n```\n", shown.join("\n"));
    let text = fs::read_to_string(DOCUMENT).unwrap();
    let (before, rest) = text.split_once("<!-- healthy -->\n").unwrap();
    let (written, after) = rest.split_once("<!-- end -->").unwrap();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(DOCUMENT, format!("{before}<!-- healthy -->\n{made}<!-- end -->{after}")).unwrap();
    } else {
        assert_eq!(written, made, "run the tests once with UPDATE_DOCS=1");
    }
}

fn without_days(line: &str) -> String {
    match line.split_once(" days left") {
        Some((before, after)) => {
            format!("{}400 days left{after}", before.trim_end_matches(|c: char| c.is_ascii_digit()))
        }
        None => line.to_owned(),
    }
}
