//! What the fields of a document promise each other.

use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{
    place::Place,
    tables::{AddressesTable, BankDocument, ConsentTable, LimitsTable, OAuthTable, TlsTable},
};
use crate::{
    config::address::is_private_enough,
    domain::{
        bank::{Addresses, Bank, CallLimits, ConsentProfile, OAuthProfile, TlsProfile, WebOrigin},
        ids::BankId,
    },
};

/// The longest that one call may last, so that a refresh surely ends before its lease.
const LONGEST_CALL: Duration = Duration::from_secs(30);

impl BankDocument {
    pub(super) fn check(self, place: &mut Place<'_>) -> Option<Bank> {
        let id = place.take("id", BankId::parse(self.id));
        place.demand("country", is_country(&self.country), "must be two capital letters");
        place.demand("bic", self.bic.as_deref().is_none_or(is_bic), "must be 8 or 11 letters and digits");
        let addresses = self.addresses.check(place);
        let tls = self.tls.check(place);
        let oauth = self.oauth.map(|oauth| oauth.check(&addresses, place));
        let consent = self.consent.check(place);
        let limits = self.limits.check(place);
        Some(Bank {
            id: id?,
            name: self.name,
            country: self.country,
            bic: self.bic,
            dialect: self.dialect,
            addresses,
            tls: tls?,
            oauth,
            consent,
            limits,
        })
    }
}

impl AddressesTable {
    fn check(self, place: &mut Place<'_>) -> Addresses {
        let mut api = self.api;
        place.demand("addresses.api", api.scheme() == "https", "must be https");
        place.demand("addresses.api", api.query().is_none() && api.fragment().is_none(), "must be a plain address");
        let path = api.path().trim_end_matches('/').to_owned();
        api.set_path(&path);
        place.demand("addresses.web", !self.web.is_empty(), "empty");
        place.demand("addresses.web", self.web.iter().all(is_private_enough), "must be https (http only on 127.0.0.1)");
        let web_origins = self.web.iter().filter_map(WebOrigin::of).collect();
        Addresses { api, web_origins }
    }
}

impl TlsTable {
    fn check(self, place: &mut Place<'_>) -> Option<TlsProfile> {
        let identity = place.file("tls.identity", &self.identity);
        let trust_anchors = place.file("tls.trust_anchors", &self.trust_anchors);
        let identity = identity?;
        Some(TlsProfile {
            identity_ends_at: leaf_ends_at(&identity),
            identity: identity.into(),
            trust_anchors: trust_anchors?,
            minimum: self.minimum,
        })
    }
}

impl OAuthTable {
    fn check(self, addresses: &Addresses, place: &mut Place<'_>) -> OAuthProfile {
        let own = addresses.api.origin() == self.metadata_url.origin();
        place.demand("oauth.metadata_url", own, "must be of the origin of addresses.api");
        place.demand("oauth.client_id", !self.client_id.is_empty(), "empty");
        OAuthProfile {
            issuer: self.issuer,
            metadata_url: self.metadata_url,
            client_id: self.client_id,
            scope: self.scope,
            rotation: self.rotation,
            default_access_lifetime: Duration::from_secs(self.default_access_seconds.into()),
            chain_lifetime: self.chain_days.map(|days| Duration::from_secs(86_400 * u64::from(days))),
        }
    }
}

impl ConsentTable {
    fn check(&self, place: &mut Place<'_>) -> ConsentProfile {
        place.demand("consent.validity_days", (1..=366).contains(&self.validity_days), "must be 1 to 366");
        place.demand("consent.frequency_per_day", self.frequency_per_day > 0, "must be at least 1");
        place.demand("consent.sca_window_minutes", (1..=60).contains(&self.sca_window_minutes), "must be 1 to 60");
        ConsentProfile {
            validity_days: self.validity_days,
            frequency_per_day: self.frequency_per_day,
            sca_window: Duration::from_secs(60 * u64::from(self.sca_window_minutes)),
        }
    }
}

impl LimitsTable {
    fn check(&self, place: &mut Place<'_>) -> CallLimits {
        let default = CallLimits::default();
        let millis = |value: Option<u32>, default| value.map_or(default, |millis| Duration::from_millis(millis.into()));
        let limits = CallLimits {
            connect: millis(self.connect_millis, default.connect),
            total: millis(self.total_millis, default.total),
            body_bytes: self.body_bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(default.body_bytes),
            pages: self.pages.unwrap_or(default.pages),
        };
        place.demand("limits.total_millis", limits.total <= LONGEST_CALL, "must be at most 30000");
        place.demand("limits.connect_millis", limits.connect <= limits.total, "must not be more than total_millis");
        limits
    }
}

/// When the first certificate of a PEM text ends. Whether the text is usable at all is told when the client is made.
fn leaf_ends_at(pem: &str) -> Option<Timestamp> {
    let leaf = CertificateDer::pem_slice_iter(pem.as_bytes()).next()?.ok()?;
    let (_, leaf) = X509Certificate::from_der(&leaf).ok()?;
    Timestamp::from_second(leaf.validity().not_after.timestamp()).ok()
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_bic(text: &str) -> bool {
    matches!(text.len(), 8 | 11) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
