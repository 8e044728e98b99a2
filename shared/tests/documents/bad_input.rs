//! Every bad input that the project knows is in `docs/bad-input.md`, once, with codes and tests that exist.

use shared::http::problem::Code;

use crate::markdown::{code_words, document, table_below};

const DOCUMENT: &str = "docs/bad-input.md";

/// The tables, by their heading and letter, with the numbers of the faults in each.
fn tables() -> [(&'static str, char, Vec<usize>); 5] {
    [
        ("## Answers over HTTP", 'H', (1..=21).collect()),
        ("## TLS, certificates, keys", 'L', (1..=14).collect()),
        ("## Links and forged requests", 'S', (1..=10).collect()),
        ("## Quota, circuit, scheduler", 'Q', (1..=15).collect()),
        ("## Platform", 'O', vec![1, 3, 7, 8]),
    ]
}

/// The one fault that is told as not held off.
const UNTESTED: &str = "L14";

fn rows() -> Vec<(String, Vec<String>)> {
    let text = document(DOCUMENT);
    let table = |(heading, letter, numbers): (&str, char, Vec<usize>)| {
        let rows = table_below(&text, heading);
        assert_eq!(rows.len(), numbers.len(), "{heading}");
        let numbered = move |(number, row): (usize, Vec<String>)| (format!("{letter}{number}"), row);
        numbers.into_iter().zip(rows).map(numbered).collect::<Vec<_>>()
    };
    tables().into_iter().flat_map(table).collect()
}

#[test]
fn every_bad_input_is_there_once_and_in_order() {
    for (name, row) in rows() {
        assert_eq!(row.len(), 3, "{name}");
        assert!(row[0].starts_with(&format!("{name} ")), "{name}: {}", row[0]);
        assert!(!row[1].is_empty(), "{name}: what does the hub do?");
    }
}

#[test]
fn every_code_that_is_named_exists() {
    let known: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
    for (name, row) in rows() {
        let statuses = row[1].split('`').collect::<Vec<_>>();
        for pair in statuses.windows(2).filter(|pair| is_status(pair[0])) {
            assert!(known.contains(&pair[1]), "{name}: there is no code {}", pair[1]);
        }
    }
}

/// Whether a text ends with a status, so that a code follows.
fn is_status(text: &str) -> bool {
    let last = text.split_whitespace().last().unwrap_or_default();
    last.len() == 3 && last.parse::<u16>().is_ok()
}

#[test]
fn every_test_that_is_named_stands_in_its_file() {
    for (name, row) in rows() {
        let tests = code_words(&row[2]);
        assert_eq!(tests.is_empty(), name == UNTESTED, "{name}: is it tested?");
        for test in tests {
            let (file, function) = test.split_once("::").unwrap_or_else(|| panic!("{name}: {test} names no file"));
            assert!(document(file).contains(&format!("fn {function}(")), "{name}: there is no {test}");
        }
    }
}
