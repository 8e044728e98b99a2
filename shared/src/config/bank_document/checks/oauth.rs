//! A bank's authorisation server and our registration there.

use std::{collections::BTreeSet, time::Duration};

use http::header::AUTHORIZATION;
use url::Url;

use super::{
    addresses::is_plain,
    text::{demand_placeholders, header_name},
};
use crate::{
    config::bank_document::{place::Place, tables::OAuthTable},
    domain::{
        bank::{Addresses, AuthorizeBy, OAuthProfile, Pkce, ScaOAuthLink, Stage},
        certificate::CertificateFacts,
        operation::Operation,
    },
};

/// Parameters of an authorisation request that the hub fills itself (RFC 6749 §4.1.1, RFC 7636 §4.3).
const AUTHORIZE_PARAMETERS: [&str; 7] =
    ["client_id", "code_challenge", "code_challenge_method", "redirect_uri", "response_type", "scope", "state"];

/// Form fields of a token request that the hub fills itself.
const TOKEN_FIELDS: [&str; 7] =
    ["client_id", "code", "code_verifier", "grant_type", "redirect_uri", "refresh_token", "token"];

impl OAuthTable {
    /// The server; `None` where something essential is missing, which is noted.
    pub(super) fn check(
        self,
        addresses: &Addresses,
        ours: Option<&CertificateFacts>,
        place: &mut Place<'_>,
    ) -> Option<OAuthProfile> {
        self.check_addresses(addresses, place);
        self.check_scopes(place);
        self.check_parameters(place);
        let from_certificate = || ours.and_then(|ours| ours.organisation_identifier.clone());
        let client_id =
            self.client_id.or_else(from_certificate).ok_or("not set, and tls.identity names no organisation");
        let token_header = self.token_header.as_deref().map(|name| header_name("oauth.token_header", name, place));
        Some(OAuthProfile {
            issuer: self.issuer,
            metadata_url: self.metadata_url,
            endpoints: self.endpoints,
            client_id: place.take("oauth.client_id", client_id)?,
            stage: self.stage,
            scope: self.scope,
            pre_step_scope: self.pre_step_scope,
            pkce: self.pkce,
            verifier_octets: self.verifier_octets,
            authorize: self.authorize,
            sca_link: self.sca_link,
            token: self.token,
            token_header: token_header.map_or(Some(AUTHORIZATION), |name| name)?,
            application_token: self.application_token,
            rotation: self.rotation,
            default_access_lifetime: seconds(self.default_access_seconds),
            refresh_margin: self.refresh_margin_seconds.map(seconds),
            chain_lifetime: self.chain_days.map(|days| Duration::from_hours(24 * u64::from(days))),
            idle_lifetime: self.idle_hours.map(|hours| Duration::from_hours(hours.into())),
        })
    }

    fn check_addresses(&self, addresses: &Addresses, place: &mut Place<'_>) {
        const NOT_API: &str = "must be of the origin of addresses.api or of addresses.origins";
        let issuer = Url::parse(&self.issuer).ok();
        let is_issuer = issuer.is_some_and(|url| url.scheme() == "https" && is_plain(&url));
        place.demand("oauth.issuer", is_issuer, "must be a plain address, and https");
        let is_api = |url: &Option<Url>| url.as_ref().is_none_or(|url| addresses.is_api(url));
        place.demand("oauth.metadata_url", is_api(&self.metadata_url), NOT_API);
        place.demand("oauth.endpoints.token", is_api(&self.endpoints.token), NOT_API);
        place.demand("oauth.endpoints.revocation", is_api(&self.endpoints.revocation), NOT_API);
        let page = self.endpoints.authorization.as_ref();
        if self.authorize.by == AuthorizeBy::Browser {
            let is_web = page.is_none_or(|url| addresses.is_web(url));
            place.demand("oauth.endpoints.authorization", is_web, "must be of an origin of addresses.web");
        } else {
            place.demand("oauth.endpoints.authorization", is_api(&self.endpoints.authorization), NOT_API);
        }
        if self.metadata_url.is_none() {
            let is_linked = self.sca_link == ScaOAuthLink::AuthorizationEndpoint && self.stage == Stage::Sca;
            place.demand(
                "oauth.endpoints.token",
                self.endpoints.token.is_some(),
                "missing, for there is no metadata_url",
            );
            let is_known = page.is_some() || is_linked;
            place.demand("oauth.endpoints.authorization", is_known, "missing, for there is no metadata_url");
        }
    }

    fn check_scopes(&self, place: &mut Place<'_>) {
        const PRE_STEP: &str = "oauth.pre_step_scope";
        let has_consent = self.stage != Stage::Token;
        let known: &[&str] = if has_consent { &["consent_id"] } else { &[] };
        demand_placeholders("oauth.scope", &self.scope, known, place);
        let stage = self.stage.is_pre_step();
        place.demand(PRE_STEP, self.pre_step_scope.is_some() || !stage, "missing, for oauth.stage has a pre-step");
        place.demand(
            PRE_STEP,
            self.pre_step_scope.is_none() || stage,
            "means nothing, for oauth.stage has no pre-step",
        );
        if let Some(scope) = &self.pre_step_scope {
            demand_placeholders(PRE_STEP, scope, &[], place);
        }
    }

    fn check_parameters(&self, place: &mut Place<'_>) {
        let has_verifier = self.pkce == Pkce::S256 || self.verifier_octets == 32;
        place.demand("oauth.verifier_octets", has_verifier, "means nothing where PKCE is refused");
        let mut sent = BTreeSet::from(AUTHORIZE_PARAMETERS);
        for (name, instead) in &self.authorize.rename {
            let field = format!("oauth.authorize.rename.{name}");
            place.demand(&field, sent.remove(name.as_str()), "is no parameter that the hub sends");
            place.demand(&field, sent.insert(instead), "takes the name of another parameter");
        }
        for name in self.authorize.extra.keys() {
            let field = format!("oauth.authorize.extra.{name}");
            place.demand(&field, sent.insert(name), "is filled by the hub itself");
        }
        for (table, names) in [("extra", &self.token.extra), ("query", &self.token.query)] {
            for name in names.keys().filter(|name| TOKEN_FIELDS.contains(&name.as_str())) {
                place.add(&format!("oauth.token.{table}.{name}"), "is filled by the hub itself");
            }
        }
        if let Some(token) = &self.application_token {
            const FIELD: &str = "oauth.application_token.operations";
            place.demand(FIELD, !token.operations.is_empty(), "empty");
            let own = [Operation::ApplicationToken, Operation::Metadata];
            place.demand(FIELD, own.iter().all(|own| !token.operations.contains(own)), "names calls that need none");
        }
    }
}

fn seconds(number: u32) -> Duration {
    Duration::from_secs(number.into())
}
