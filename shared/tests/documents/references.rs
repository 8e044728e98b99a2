//! What the documents point at exists: links, files, tests.

use std::{collections::BTreeSet, fs, path::Path};

use crate::markdown::{code_words, document, files, repository, table_below};

#[test]
fn every_relative_link_leads_somewhere() {
    let mut links = 0;
    for file in files(&repository(), "md") {
        let text = fs::read_to_string(&file).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let place = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            assert!(place.exists(), "{}: {target}", file.display());
            assert!(anchor.is_empty() || anchors(&place).contains(anchor), "{}: {target}", file.display());
            links += 1;
        }
    }
    assert!(links > 20, "{links}");
}

/// The anchors that headings get: lower case, blanks as hyphens, signs left out.
fn anchors(file: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap();
    let anchor = |heading: &str| {
        let kept = heading.trim().chars().filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    text.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#'))).collect()
}

#[test]
fn every_source_file_that_is_named_exists() {
    let mut named = 0;
    for file in files(&repository(), "md") {
        let text = fs::read_to_string(&file).unwrap();
        for word in code_words(&text).into_iter().filter(|word| is_source_file(word)) {
            // A test is named by its file and function.
            let word = word.split("::").next().unwrap_or(word);
            assert!(repository().join(word).exists(), "{}: {word}", file.display());
            named += 1;
        }
    }
    assert!(named > 20, "{named}");
}

fn is_source_file(word: &str) -> bool {
    let of_ours = ["shared/", "functions/", "tests/", "fuzz/", ".ci/", "infra/", "docs/"];
    of_ours.iter().any(|folder| word.starts_with(folder)) && !word.contains(['*', ' ', '{', '<'])
}

#[test]
fn every_test_that_a_promise_names_exists() {
    let sources: String = files(&repository(), "rs").iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let promises = table_below(&document("docs/architecture.md"), "## Promises");
    assert_eq!(promises.len(), 13);
    for promise in promises {
        for test in code_words(&promise[3]).into_iter().filter(|word| !word.contains(['/', ':'])) {
            assert!(sources.contains(&format!("fn {test}(")), "{}: there is no test {test}", promise[0]);
        }
    }
}

#[test]
fn every_decision_is_listed() {
    let list = document("docs/adr/README.md");
    for file in files(&repository().join("docs/adr"), "md") {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(name == "README.md" || list.contains(&format!("]({name})")), "{name} is not listed");
    }
}
