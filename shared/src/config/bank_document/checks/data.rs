//! What a bank gives of accounts, balances and transactions.

use crate::{
    config::bank_document::place::Place,
    domain::data_profile::{DataProfile, DateWindow, ErrorRule, PageStyle},
};

/// The furthest that clocks are off UTC, in minutes: 14 hours (RFC 9557 leaves it to time zones; no zone is further).
const FURTHEST_OFFSET: u16 = 14 * 60;

pub(super) fn check(data: &DataProfile, place: &mut Place<'_>) {
    check_window(&data.window, place);
    let paging = &data.paging;
    place.demand("data.paging.size", paging.size > 0, "must be at least 1");
    let by_index = paging.style == PageStyle::Index;
    place.demand("data.paging.first", by_index || paging.first == 0, "means nothing unless style is index");
    place.demand("data.balances.booked", !data.balances.booked.is_empty(), "empty");
    place.demand("data.balances.available", !data.balances.available.is_empty(), "empty");
    place.demand("data.dates.booking_date", !data.dates.booking_date.is_empty(), "empty");
    let is_near = data.dates.utc_offset_minutes.unsigned_abs() <= FURTHEST_OFFSET;
    place.demand("data.dates.utc_offset_minutes", is_near, "must be within 14 hours of UTC");
    place.demand("data.ids.content", !data.ids.content.is_empty(), "empty");
    place.demand("data.remittance.sources", !data.remittance.sources.is_empty(), "empty");
    for (list, texts) in
        [("strip_prefixes", &data.remittance.strip_prefixes), ("strip_suffixes", &data.remittance.strip_suffixes)]
    {
        let is_clear = texts.iter().all(|text| !text.is_empty());
        place.demand(&format!("data.remittance.{list}"), is_clear, "has an empty text");
    }
    check_renames(data, place);
    for (number, rule) in data.errors.iter().enumerate() {
        check_rule(rule, &format!("data.errors.{number}"), place);
    }
}

/// Days that nothing can be asked for make no window.
fn check_window(window: &DateWindow, place: &mut Place<'_>) {
    place.demand("data.window.default_days", window.default_days > 0, "must be at least 1");
    place.demand("data.window.slice_days", window.slice_days != Some(0), "must be at least 1");
    let background = window.oldest_days_background;
    let is_less = background.is_none_or(|days| window.oldest_days_attended.is_none_or(|most| days <= most));
    place.demand("data.window.oldest_days_background", is_less, "must not be more than oldest_days_attended");
    let is_within = background.is_none_or(|days| window.default_days <= days);
    place.demand("data.window.default_days", is_within, "must not be more than oldest_days_background");
}

fn check_renames(data: &DataProfile, place: &mut Place<'_>) {
    for (number, rename) in data.renames.iter().enumerate() {
        let differs = rename.from != rename.to && !rename.from.is_empty() && !rename.to.is_empty();
        place.demand(&format!("data.renames.{number}"), differs, "renames nothing");
    }
    for (number, rename) in data.values.iter().enumerate() {
        let differs = rename.from != rename.to && !rename.member.is_empty();
        place.demand(&format!("data.values.{number}"), differs, "renames nothing");
    }
}

/// A rule that names nothing would never hold.
fn check_rule(rule: &ErrorRule, field: &str, place: &mut Place<'_>) {
    let names_something = rule.status.is_some() || rule.code.is_some() || rule.text_contains.is_some();
    place.demand(field, names_something, "needs a status, a code or a text_contains");
    let is_refusal = rule.status.is_none_or(|status| (300..600).contains(&status));
    place.demand(&format!("{field}.status"), is_refusal, "is no status of a refusal");
    let is_text = rule.text_contains.as_ref().is_none_or(|text| !text.is_empty());
    place.demand(&format!("{field}.text_contains"), is_text, "empty");
}
