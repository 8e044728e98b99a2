//! The table of settings in the README names every variable that is read, and no other; its examples work. So do the
//! examples of documents.

use std::{cell::RefCell, collections::BTreeSet};

use shared::{
    config::{bank_document::read_banks, environment::Environment, settings::Settings, tenant_document::read_tenants},
    domain::tenant::Tenant,
};

use crate::markdown::{document, table_below};

/// A row of the table.
struct Row {
    variable: String,
    example: String,
    required: bool,
}

fn rows() -> Vec<Row> {
    let table = table_below(&document("README.md"), "### Settings of a function");
    let plain = |cell: &str| cell.trim_matches('`').to_owned();
    let row = |cells: Vec<String>| {
        let [variable, example, default, _] = cells.as_slice() else { panic!("not four cells: {cells:?}") };
        Row { variable: plain(variable), example: plain(example), required: default == "required" }
    };
    table.into_iter().map(row).collect()
}

/// The settings that these rows make, and the names of all that were asked for.
fn read(rows: &[&Row]) -> (Result<Settings, String>, BTreeSet<String>) {
    let asked = RefCell::new(BTreeSet::new());
    let settings = Settings::from_variables(&|name| {
        asked.borrow_mut().insert(name.to_owned());
        rows.iter().find(|row| row.variable == name).map(|row| row.example.clone())
    });
    (settings.map_err(|mistakes| mistakes.to_string()), asked.into_inner())
}

#[test]
fn names_every_variable_and_no_other() {
    let rows = rows();
    let (settings, asked) = read(&rows.iter().collect::<Vec<_>>());
    settings.unwrap();
    assert_eq!(rows.into_iter().map(|row| row.variable).collect::<BTreeSet<_>>(), asked);
}

#[test]
fn says_which_variables_must_be_set() {
    let rows = rows();
    let required: Vec<_> = rows.iter().filter(|row| row.required).collect();
    read(&required).0.unwrap();
    for left_out in &required {
        let others: Vec<_> = required.iter().copied().filter(|row| row.variable != left_out.variable).collect();
        assert_eq!(read(&others).0.unwrap_err(), format!("{}: not set", left_out.variable));
    }
}

/// The block of TOML below a heading of the page about documents.
fn example(heading: &str) -> String {
    let text = document("docs/documents.md");
    let (_, below) = text.split_once(&format!("\n{heading}\n")).unwrap();
    let (_, block) = below.split_once("```toml\n").unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

/// Every field of a document, with the tables' names in front.
fn fields(text: &str) -> BTreeSet<String> {
    let mut table = String::new();
    let mut found = BTreeSet::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            table = format!("{}.", name.trim_end_matches(']'));
        } else if let Some((name, _)) = line.split_once(" = ") {
            found.insert(format!("{table}{name}"));
        }
    }
    found
}

#[test]
fn the_example_documents_are_taken_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let bank = example("## Bank documents");
    write("bank.toml", &bank);
    write("example-bank-qwac.pem", "checked when the client is made");
    write("example-bank-ca.pem", "checked when the client is made");
    assert_eq!(read_banks(folder.path(), Environment::Live).unwrap().len(), 1);

    let folder = tempfile::tempdir().unwrap();
    let (tenant, scheduler) = (example("## Tenant documents"), example("### The scheduler on Google Cloud"));
    std::fs::write(folder.path().join("a.toml"), &tenant).unwrap();
    std::fs::write(folder.path().join("b.toml"), &scheduler).unwrap();
    let jobs: Vec<_> = read_tenants(folder.path()).unwrap().iter().map(Tenant::runs_jobs_by_identity).collect();
    assert_eq!(jobs, [false, true]);

    let tenants = format!("{scheduler}{tenant}");
    for (heading, text) in [("## Bank documents", bank), ("## Tenant documents", tenants)] {
        let rows = table_below(&document("docs/documents.md"), heading);
        let names = rows.iter().map(|row| row[0].trim_matches('`').to_owned());
        let explained: BTreeSet<_> = names.filter(|name| name != "oauth").collect();
        assert_eq!(explained, fields(&text), "{heading}");
    }
}
