//! What a bank's consents allow.

use std::collections::HashSet;

use crate::{config::bank_document::place::Place, domain::bank::ConsentProfile};

pub(super) fn check(consent: &ConsentProfile, place: &mut Place<'_>) {
    let mut seen = HashSet::new();
    let is_once = consent.kinds.iter().all(|kind| seen.insert(std::mem::discriminant(kind)));
    place.demand("consent.kinds", is_once, "must not say the same twice");
    let is_left = consent.validity_margin_days < consent.validity_days;
    place.demand("consent.validity_margin_days", is_left, "leaves nothing of validity_days");
    let parameter = &consent.confirmation_parameter;
    let is_name = !parameter.is_empty() && parameter.bytes().all(|byte| byte.is_ascii_graphic());
    place.demand("consent.confirmation_parameter", is_name, "not the name of a query parameter");
    let window = 60 * u32::from(consent.sca_window_minutes);
    let asked_in_time = u32::from(consent.polling.first_seconds) < window;
    place.demand("consent.polling.first_seconds", asked_in_time, "is not within sca_window_minutes");
}
