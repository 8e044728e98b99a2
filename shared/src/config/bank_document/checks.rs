//! What the fields of a document promise each other, and the bank that comes out of them.

mod addresses;
mod consent;
mod data;
mod facts;
mod limits;
mod oauth;
mod operations;
mod psu;
mod seal;
mod text;
mod tls;

use super::{place::Place, tables::BankDocument};
use crate::domain::{bank::Bank, ids::BankId};

impl BankDocument {
    /// The bank, and every mistake noted. What comes back although something was noted is not to be used.
    pub(super) fn check(self, place: &mut Place<'_>) -> Option<Bank> {
        let id = place.take("id", BankId::parse(self.id));
        place.demand("name", !self.name.trim().is_empty(), "empty");
        facts::check(&self.facts, place);
        let addresses = self.addresses.check(place);
        let (tls, ours) = self.tls.check(place).unzip();
        let ours = ours.flatten();
        facts::check_registration(&self.registration, ours.as_ref(), place);
        let seal = self.seal.and_then(|seal| seal.check(place));
        let limits = self.limits.check(place);
        let operations = self.operations.check(&limits, place);
        consent::check(&self.consent, place);
        psu::check(&self.psu, place);
        data::check(&self.data, place);
        let oauth = self
            .oauth
            .map(|oauth| oauth.check(&addresses, ours.as_ref(), place))
            .map_or(Some(None), |oauth| oauth.map(Some));
        limits::check_circuit(&self.circuit, place);
        limits::check_background(&self.background, place);
        place.demand("maintenance", self.maintenance.len() <= 50, "must have at most 50 entries");
        Some(Bank {
            id: id?,
            name: self.name,
            country: self.country,
            bic: self.bic,
            facts: self.facts,
            registration: self.registration,
            dialect: self.dialect,
            addresses,
            tls: tls?,
            seal,
            oauth: oauth?,
            consent: self.consent,
            psu: self.psu,
            operations,
            limits,
            circuit: self.circuit,
            spike_arrest: self.spike_arrest,
            background: self.background,
            maintenance: self.maintenance,
            data: self.data,
        })
    }
}
