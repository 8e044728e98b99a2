//! What a bank wants to know of the PSU.

use super::text::header_value;
use crate::{
    config::bank_document::place::Place,
    domain::bank::{PsuHeader, PsuIdRule, PsuProfile},
};

pub(super) fn check(psu: &PsuProfile, place: &mut Place<'_>) {
    let not_required = |header: &PsuHeader| !psu.required.contains(header);
    place.demand("psu.forbidden", psu.forbidden.iter().all(not_required), "names what psu.required does");
    let forbids_address = psu.forbidden.contains(&PsuHeader::IpAddress);
    place.demand("psu.forbidden", !forbids_address, "must not name ip_address: it says that the PSU is there");
    for (header, text) in &psu.defaults {
        let field = format!("psu.defaults.{}", word(*header));
        let is_address = matches!(header, PsuHeader::IpAddress | PsuHeader::IpPort);
        place.demand(&field, !is_address, "an address is never made up");
        place.demand(&field, !psu.forbidden.contains(header), "is forbidden");
        header_value(&field, text, place);
    }
    place.demand("psu.id_longest", psu.id_longest != Some(0), "must be at least 1");
    check_types("psu.id_types", &psu.id_types, psu.id, place);
    check_types("psu.corporate_id_types", &psu.corporate_id_types, psu.corporate_id, place);
    let is_cut = psu.id_longest.is_none() || psu.id != PsuIdRule::Forbidden;
    place.demand("psu.id_longest", is_cut, "means nothing where the id is forbidden");
}

fn check_types(field: &str, types: &[String], rule: PsuIdRule, place: &mut Place<'_>) {
    let means_something = types.is_empty() || rule != PsuIdRule::Forbidden;
    place.demand(field, means_something, "means nothing where the id is forbidden");
    for (number, kind) in types.iter().enumerate() {
        header_value(&format!("{field}.{number}"), kind, place);
    }
}

/// The word of a document for a header.
fn word(header: PsuHeader) -> String {
    header.header().trim_start_matches("psu-").replace('-', "_")
}
