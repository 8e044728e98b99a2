//! What the operator is told of identities, once each: lines that alarms are set on carry the field `alarm`.

use jiff::Timestamp;

use super::watched::Wanted;
use crate::{
    domain::certificate::{CertificateFacts, Usage, Validity},
    ports::identities::{Identity, IdentityFault},
};

/// Days before the end at which the operator is told.
const WARNINGS: [u64; 4] = [1, 7, 14, 30];

pub(super) fn taken(wanted: &Wanted, identity: &Identity, instead: bool) {
    let facts = &identity.facts;
    tracing::info!(
        file = %wanted.path.display(),
        certificate = facts.subject,
        fingerprint = facts.fingerprint(),
        not_after = %facts.not_after,
        "{}",
        if instead { "a new certificate is in use" } else { "a certificate is in use" }
    );
}

pub(super) fn refused(wanted: &Wanted, fault: &IdentityFault) {
    let file = wanted.path.display();
    tracing::error!(alert = "certificate_refused", %file, %fault, "a new certificate is not used, the last good one is");
}

/// Says when the end is near, or the beginning is still to come; answers for how many days that has now been said.
pub(super) fn end(wanted: &Wanted, facts: &CertificateFacts, now: Timestamp, told: Option<u64>) -> Option<u64> {
    let (file, what) = (wanted.path.display(), name(wanted));
    let (left, not_after) = (facts.days_left(now), facts.not_after);
    let due = match facts.validity(now) {
        Validity::Current => WARNINGS.into_iter().find(|days| left < *days),
        Validity::NotYet | Validity::Over => Some(0),
    };
    if due.is_none() || told.is_some_and(|told| due.is_none_or(|due| told <= due)) {
        return told.filter(|_| due.is_some());
    }
    match facts.validity(now) {
        Validity::Current if left < 7 => {
            tracing::error!(alert = "certificate_ends", %file, left, %not_after, "a {what} ends soon");
        }
        Validity::Current => tracing::warn!(alert = "certificate_ends", %file, left, %not_after, "a {what} ends soon"),
        Validity::NotYet => {
            let not_before = facts.not_before;
            tracing::error!(alert = "certificate_not_valid", %file, %not_before, "a {what} is not valid yet");
        }
        Validity::Over => tracing::error!(alert = "certificate_not_valid", %file, %not_after, "a {what} has expired"),
    }
    due
}

const fn name(wanted: &Wanted) -> &'static str {
    match wanted.demand.usage {
        Usage::Transport => "QWAC",
        Usage::Seal => "QSEAL",
    }
}
