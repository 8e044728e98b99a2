//! What people know of a bank, and how we are registered there.

use crate::{
    config::bank_document::place::Place,
    domain::{
        bank::{Assurance, Facts, Registration},
        certificate::CertificateFacts,
    },
};

pub(super) fn check(facts: &Facts, place: &mut Place<'_>) {
    for (field, address) in [("facts.logo", &facts.logo), ("facts.status_page", &facts.status_page)] {
        let is_https = address.as_ref().is_none_or(|address| address.scheme() == "https");
        place.demand(field, is_https, "must be https");
    }
    let is_told = facts.assurance != Assurance::Unverified || !facts.sources.is_empty();
    place.demand("facts.sources", is_told, "must be told for a document that nobody has tried");
}

/// The organisation that is registered must be the one that the certificate names.
pub(super) fn check_registration(registration: &Registration, ours: Option<&CertificateFacts>, place: &mut Place<'_>) {
    const FIELD: &str = "registration.organisation_identifier";
    let Some(registered) = &registration.organisation_identifier else { return };
    let in_certificate = ours.and_then(|ours| ours.organisation_identifier.as_ref());
    let differs = in_certificate.is_some_and(|identifier| identifier != registered);
    place.demand(FIELD, !differs, "is not the organisation in the certificate of tls.identity");
}
