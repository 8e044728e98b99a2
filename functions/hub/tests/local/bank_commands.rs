//! The commands about banks' documents, as an operator's script meets them: by exit code and output.

use std::fs;

use super::program::run;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_document_that_cannot_be_used_ends_with_2_and_every_mistake_on_its_line() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("bank.toml");
    fs::write(&file, "id = \"bank\"\ndialekt = \"berlin-group\"\n[addresses]\napi = 7\n").unwrap();
    let output = run(place.path(), "0", &["bank", "check", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let told = text(&output.stderr).replace(&format!("{}:", file.display()), "");
    let lines: Vec<_> = told.lines().collect();
    for line in ["1: name: is missing", "2: dialekt: is not known here; dialect is", "4: addresses.api: must be a text"]
    {
        assert!(lines.contains(&line), "{line} in {told}");
    }
    assert_eq!(lines.last(), Some(&"hub: 1 of the documents cannot be used"));
    assert!(fs::read_dir(place.path()).unwrap().count() == 1, "a check leaves nothing behind");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let place = tempfile::tempdir().unwrap();
    let output = run(place.path(), "0", &["bank", "probe", "no-such-bank.toml"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).starts_with("no-such-bank.toml: cannot be read: "), "{output:?}");
}

#[test]
fn the_schema_is_printed_as_it_is_published() {
    let place = tempfile::tempdir().unwrap();
    let output = run(place.path(), "0", &["bank", "schema"]);
    assert!(output.status.success(), "{output:?}");
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/bank-document.schema.json");
    assert_eq!(text(&output.stdout), fs::read_to_string(published).unwrap());
}
