//! A bank and access to it, for tests that call none.

use jiff::Timestamp;

use crate::domain::{
    bank::{
        Addresses, BackgroundProfile, Bank, CallLimits, CircuitProfile, ConsentProfile, Dialect, Facts, HttpVersion,
        OAuthProfile, Operations, PsuProfile, Registration, Rotation, TlsProfile, TlsVersion, WebOrigin,
    },
    code_hash::CodeHash,
    consent::{ConsentStatus, ConsentTerms},
    data_profile::DataProfile,
    grant::StoredGrant,
    ids::BankId,
    refresh::RefreshState,
    sealed::Sealed,
    session::Access,
};

/// A bank with an interface at `api.bank.example` and pages at `www.bank.example`.
pub fn bank() -> Bank {
    let page = "https://www.bank.example".parse().unwrap();
    Bank {
        id: BankId::parse("bank").unwrap(),
        name: "Bank".to_owned(),
        country: "DE".to_owned(),
        bic: None,
        facts: Facts::default(),
        registration: Registration::default(),
        dialect: Dialect::BerlinGroup,
        addresses: Addresses {
            api: "https://api.bank.example".parse().unwrap(),
            api_origins: [].into(),
            web_origins: WebOrigin::of(&page).into_iter().collect(),
        },
        tls: tls(),
        seal: None,
        oauth: None,
        consent: ConsentProfile::default(),
        psu: PsuProfile::default(),
        operations: Operations::default(),
        limits: CallLimits::default(),
        circuit: CircuitProfile::default(),
        spike_arrest: None,
        background: BackgroundProfile::default(),
        maintenance: Vec::new(),
        data: DataProfile::default(),
    }
}

/// Access under a valid consent without an end, without tokens.
pub fn access(granted_at: Timestamp) -> Access {
    Access {
        consent: ConsentTerms {
            status: ConsentStatus::Valid,
            valid_until: None,
            frequency_per_day: 4,
            recurring: true,
        },
        granted_at,
        grant: StoredGrant {
            sealed: Sealed::from_bytes(vec![1]),
            generation: 1,
            access_stale_at: None,
            access_ends_at: None,
            refreshable: false,
            chain_ends_at: None,
            idle_ends_at: None,
        },
        refresh: RefreshState::default(),
        directory: None,
        covered: None,
        activation: CodeHash::of(b"code"),
        reminded: None,
        needs: None,
    }
}

/// Mutual TLS with no certificate.
pub fn tls() -> TlsProfile {
    TlsProfile {
        identity_file: "".into(),
        accepts_unqualified: false,
        tokens_must_be_bound: false,
        trust_anchors: String::new(),
        pins: Vec::new(),
        minimum: TlsVersion::V1_2,
        cipher_suites: Vec::new(),
        http: HttpVersion::Any,
        idle_seconds: None,
        idle_connections: None,
    }
}

/// An authorisation server at the bank's interface, with its metadata below the issuer.
pub fn oauth(issuer: &str) -> OAuthProfile {
    OAuthProfile {
        metadata_url: format!("{issuer}/.well-known/oauth-authorization-server").parse().ok(),
        ..OAuthProfile::standard(
            issuer.to_owned(),
            "PSDDE-FAKENCA-1".to_owned(),
            "AIS:{consent_id}".to_owned(),
            Rotation::None,
        )
    }
}
