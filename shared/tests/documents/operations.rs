//! What the page about operations names exists: commands of `hub` and their flags, settings, variables and resources of
//! infra/.

use std::{collections::BTreeSet, fs};

use crate::markdown::{code_words, document, files, repository};

const PAGE: &str = "docs/operations.md";

/// All source below a folder, with that ending.
fn sources(folder: &str, ending: &str) -> String {
    files(&repository().join(folder), ending).iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// Lines of blocks of code, joined where they go on.
fn commands(text: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2);
    blocks.flat_map(|block| block.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn every_command_of_the_hub_exists() {
    let text = document(PAGE);
    let cli = sources("functions/hub/src", "rs");
    let inline = code_words(&text).into_iter().map(str::to_owned);
    let lines = commands(&text).into_iter().chain(inline);
    let mut named = BTreeSet::new();
    for line in lines {
        // What gcloud hands on to the hub stands in one word.
        let handed_on =
            line.split(' ').find_map(|word| word.strip_prefix("--args=")).map(|words| words.replace(',', " "));
        let Some(words) = handed_on.or_else(|| line.trim().strip_prefix("hub ").map(str::to_owned)) else { continue };
        for word in words.split([' ', '=']) {
            if let Some(flag) = word.strip_prefix("--") {
                let field = flag.replace('-', "_");
                assert!(cli.contains(&format!(" {field}:")), "{line}: there is no flag --{flag}");
            } else if let Some(name) =
                ["costs", "restored", "doctor", "bank", "token"].iter().find(|name| **name == word)
            {
                named.insert(*name);
            }
        }
    }
    assert!(named.is_superset(&["costs", "restored", "doctor", "bank"].into()), "{named:?}");
    let variants = ["Costs(", "Restored(", "Doctor(", "Bank("];
    assert!(variants.iter().all(|variant| cli.contains(variant)), "a command has another name now");
}

#[test]
fn every_setting_and_variable_that_is_named_exists() {
    let text = document(PAGE);
    let (readme, infra) = (document("README.md"), sources("infra", "tf"));
    let mut found = 0;
    for word in code_words(&text) {
        if word.starts_with("HUB_") {
            assert!(readme.contains(&format!("| `{word}` |")), "there is no setting {word}");
            found += 1;
        }
    }
    for variable in [
        "bank_hosts",
        "bank_identities",
        "documents_release",
        "scaling",
        "job_shards",
        "edge_limits",
        "egress",
        "waf_preview",
        "denied_addresses",
        "database_names",
        "audit",
        "region",
    ] {
        assert!(infra.contains(&format!("variable \"{variable}\"")), "there is no variable {variable}");
        assert!(text.contains(variable), "the page no longer speaks of {variable}");
    }
    for member in ["callers", "federation", "trust_anchors", "addresses", "hosts"] {
        assert!(infra.contains(&format!("    {member} ")), "crm has no {member}");
    }
    for line in commands(&text) {
        for word in line.split([' ', '\'']) {
            if let Some((kind, name)) = word.split_once('.').filter(|(kind, _)| kind.starts_with("google_")) {
                let name = name.split('[').next().unwrap();
                assert!(infra.contains(&format!("resource \"{kind}\" \"{name}\"")), "there is no {kind} {name}");
                found += 1;
            }
        }
    }
    assert!(found > 6, "{found}");
    for output in ["egress_addresses", "scheduler"] {
        assert!(infra.contains(&format!("output \"{output}\"")), "there is no output {output}");
    }
}

#[test]
fn every_service_and_job_that_is_stopped_is_one_that_runs() {
    let text = document(PAGE);
    let (services, jobs) = (document("infra/services.tf"), document("infra/jobs.tf"));
    let listed = |what: &str| {
        let line = text.lines().find(|line| line.contains(&format!("for {what} in "))).unwrap();
        let names = line.split(" in ").nth(1).unwrap().split(';').next().unwrap();
        names.split(' ').map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let behind_edge = services.matches("host = \"api\"").count() + services.matches("host = \"auth\"").count();
    assert_eq!(listed("service").len(), behind_edge);
    assert!(listed("service").iter().all(|service| services.contains(&format!("\n    {service} = {{"))));
    let scheduled = jobs.lines().filter(|line| line.contains("schedule = ") && line.contains("{ service")).count();
    assert_eq!(listed("job").len(), scheduled);
    assert!(listed("job").iter().all(|job| jobs.contains(&format!("    {job} "))));
}
