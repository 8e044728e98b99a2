//! A bank's document: one TOML file per bank. Adding a bank is writing one of these.
//!
//! A document may build on another that lies beside it (`extends`), and may say different things for a bank's sandbox and
//! for its live interfaces (`environments`). What is laid together so is judged by the published schema, which is made
//! from the types, and then by what the fields promise each other. All mistakes are told together, each with the file
//! and the line of what is wrong.

mod checks;
mod field_path;
mod findings;
mod inheritance;
mod judgement;
mod nearest;
mod node;
mod parse;
mod place;
mod placeholders;
mod schema;
pub mod tables;
mod typed;

#[cfg(test)]
mod tests;

use std::{fs, path::Path};

use serde::Deserialize;

use self::{
    field_path::FieldPath,
    findings::Findings,
    inheritance::{environments, in_environment, read_chain},
    judgement::{Extent, judge},
    node::Node,
    place::Place,
};
pub use self::{schema::schema, tables::BankDocument};
use super::{environment::Environment, mistakes::Mistakes, read_folder};
use crate::domain::bank::Bank;

/// Reads every bank of a folder. Files whose name begins with `_` are no banks, but what banks build on.
pub fn read_banks(folder: &Path, environment: Environment) -> Result<Vec<Bank>, Mistakes> {
    let mut mistakes = Mistakes::default();
    let banks = read_folder(folder, &mut mistakes, |path, text, mistakes| {
        let is_base = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('_'));
        if is_base { None } else { read(path, text, environment, mistakes) }
    });
    let mut ids: Vec<_> = banks.iter().map(|bank| &bank.id).collect();
    ids.sort();
    for pair in ids.windows(2) {
        if let [one, other] = pair
            && one == other
        {
            mistakes.add(format!("bank {one}"), "has two documents");
        }
    }
    mistakes.or(Some(banks))
}

/// Reads one bank.
pub fn read_bank(file: &Path, environment: Environment) -> Result<Bank, Mistakes> {
    let mut mistakes = Mistakes::default();
    let text =
        mistakes.take(file.display(), fs::read_to_string(file).map_err(|error| format!("cannot be read: {error}")));
    let bank = text.and_then(|text| read(file, &text, environment, &mut mistakes));
    mistakes.or(bank)
}

fn read(file: &Path, text: &str, environment: Environment, mistakes: &mut Mistakes) -> Option<Bank> {
    let mut findings = Findings::default();
    let whole = read_chain(file, text, &mut findings);
    let extent = if findings.is_empty() { Extent::Whole } else { Extent::Part };
    for other in environments(&whole, &mut findings).into_iter().filter(|other| *other != environment) {
        judge(&laid_together(&whole, other, &mut findings), Extent::Part, &mut findings);
    }
    let document = laid_together(&whole, environment, &mut findings);
    judge(&document, extent, &mut findings);
    let bank = typed(&document, &mut findings).and_then(|typed| checked(typed, &document, &mut findings));
    let is_whole = findings.is_empty();
    findings.tell(mistakes);
    bank.filter(|_| is_whole)
}

/// The document of one environment with whole addresses.
fn laid_together(whole: &Node, environment: Environment, findings: &mut Findings) -> Node {
    let mut document = in_environment(whole, environment);
    placeholders::fill_in(&mut document, findings);
    document
}

/// The document as its types. Fields that are wrong already are left out, so that the others can be looked at too.
fn typed(document: &Node, findings: &mut Findings) -> Option<BankDocument> {
    let mut usable = document.clone();
    findings.fields().for_each(|field| usable.remove(field));
    match BankDocument::deserialize(&usable) {
        Ok(typed) => Some(typed),
        Err(misfit) => {
            // Otherwise it is but a consequence of what was left out.
            if findings.is_empty() {
                let field: FieldPath = misfit.field();
                findings.add_in(document, &field, misfit.what);
            }
            None
        }
    }
}

fn checked(typed: BankDocument, document: &Node, findings: &mut Findings) -> Option<Bank> {
    let mut place = Place::new(document, findings);
    let bank = typed.check(&mut place);
    let found = place.into_findings();
    findings.extend(found);
    bank
}
