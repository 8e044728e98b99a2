//! What calls bring along, as samples: no secret, and marked as what they are.

use std::net::{IpAddr, Ipv4Addr};

use shared::{
    domain::{
        bank::{Bank, ConsentKind, Pkce, PsuIdRejected, PsuIdRule},
        consent::{AccessWanted, Iban, WantedAccount},
        presence::{HeaderText, PsuAtBank, PsuContext},
        secret::SecretString,
    },
    protocol::{
        oauth::{metadata::Metadata, pkce::Verifier},
        ticket::{State, Ticket},
    },
};
use url::Url;
use uuid::Uuid;

/// What every sample begins with.
pub const MARK: &str = "SAMPLE";

/// What calls bring along.
pub struct Samples {
    /// The id of a request.
    pub request_id: Uuid,
    /// The consent.
    pub consent_id: SecretString,
    /// The PSU's token.
    pub access_token: SecretString,
    /// What renews it.
    pub refresh_token: SecretString,
    /// What the bank sends back with the browser.
    pub code: SecretString,
    /// What binds the browser's answer to our request.
    pub state: State,
    /// What binds the code to us, where the bank takes it.
    pub verifier: Option<Verifier>,
    /// Where the bank sends the browser back to.
    pub redirect_uri: Url,
    /// The PSU who asks.
    pub psu: PsuContext,
    /// How the PSU is called there, as far as the bank wants to know.
    pub psu_at_bank: PsuAtBank,
    /// What the consent is to open: the first kind that the bank grants.
    pub access: AccessWanted,
    /// The authorisation of the consent.
    pub authorisation_id: SecretString,
    /// What the server's metadata say, or would.
    pub metadata: Metadata,
}

/// The handle of an account.
pub const ACCOUNT: &str = "SAMPLE-account-id";
/// The id of a transaction.
pub const TRANSACTION: &str = "SAMPLE-transaction-id";

impl Samples {
    /// Samples for one bank; `None` if its document leaves no place for them.
    pub fn of(bank: &Bank) -> Option<Self> {
        let redirect_uri = format!("https://hub.example/callback/{}", bank.id).parse().ok()?;
        Some(Self {
            request_id: Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0000),
            consent_id: "SAMPLE-consent-id".into(),
            access_token: "SAMPLE-access-token".into(),
            refresh_token: "SAMPLE-refresh-token".into(),
            code: "SAMPLE-code".into(),
            state: Ticket::from_random([0; _]).state(),
            verifier: verifier(bank),
            redirect_uri,
            psu: psu(),
            psu_at_bank: psu_at_bank(bank).unwrap_or_default(),
            access: access(bank),
            authorisation_id: "SAMPLE-authorisation-id".into(),
            metadata: metadata(bank)?,
        })
    }
}

/// A PSU whose request told everything.
fn psu() -> PsuContext {
    PsuContext {
        ip_port: Some(50_000),
        user_agent: HeaderText::parse("SAMPLE-browser/1.0"),
        accept: HeaderText::parse("application/json"),
        accept_charset: HeaderText::parse("utf-8"),
        accept_encoding: HeaderText::parse("gzip"),
        accept_language: HeaderText::parse("de-DE"),
        http_method: HeaderText::parse("GET"),
        device_id: HeaderText::parse("00000000-0000-4000-8000-000000000001"),
        geo_location: HeaderText::parse("GEO:52.506931;13.144558"),
        ..PsuContext::at(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)))
    }
}

/// A PSU's names, where the bank must be told any.
fn psu_at_bank(bank: &Bank) -> Result<PsuAtBank, PsuIdRejected> {
    let wanted = |rule, name| if rule == PsuIdRule::Required { HeaderText::parse(name) } else { None };
    bank.psu.fit(&PsuAtBank {
        id: wanted(bank.psu.id, "SAMPLE-psu-id"),
        corporate_id: wanted(bank.psu.corporate_id, "SAMPLE-corporate-id"),
        ..PsuAtBank::default()
    })
}

fn access(bank: &Bank) -> AccessWanted {
    let kind = bank.consent.kinds.first().copied().unwrap_or(ConsentKind::BankOffered);
    // The IBAN of the standard's own examples.
    let iban = Iban::parse("DE89370400440532013000").ok().filter(|_| kind == ConsentKind::Dedicated);
    let accounts = iban.map(|iban| WantedAccount { iban, currency: None });
    AccessWanted { kind, accounts: accounts.into_iter().collect(), recurring: true }
}

fn verifier(bank: &Bank) -> Option<Verifier> {
    let profile = bank.oauth.as_ref().filter(|profile| profile.pkce == Pkce::S256)?;
    Some(Verifier::from_random(&vec![0; profile.verifier_octets.into()]))
}

/// The endpoints: those of the document, and samples for those that the server would name.
fn metadata(bank: &Bank) -> Option<Metadata> {
    let known = bank.oauth.as_ref().map(|oauth| &oauth.endpoints);
    let api = |name: &str| with_path(&bank.addresses.api, name);
    let authorization = known.and_then(|known| known.authorization.clone());
    let token = known.and_then(|known| known.token.clone());
    let revocation = known.and_then(|known| known.revocation.clone());
    Some(Metadata {
        authorization_endpoint: authorization.or_else(|| api("SAMPLE-authorization-endpoint"))?,
        token_endpoint: token.or_else(|| api("SAMPLE-token-endpoint"))?,
        revocation_endpoint: revocation.or_else(|| api("SAMPLE-revocation-endpoint")),
        names_issuer_in_response: false,
    })
}

fn with_path(root: &Url, name: &str) -> Option<Url> {
    format!("{}/{name}", root.as_str().trim_end_matches('/')).parse().ok()
}
