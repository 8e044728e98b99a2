//! A bank for tests that call none.

use std::time::Duration;

use crate::domain::{
    bank::{Addresses, Bank, CallLimits, ConsentProfile, Dialect, TlsProfile, TlsVersion, WebOrigin},
    ids::BankId,
};

/// A bank with an interface at `api.bank.example` and pages at `www.bank.example`.
pub fn bank() -> Bank {
    let page = "https://www.bank.example".parse().unwrap();
    Bank {
        id: BankId::parse("bank").unwrap(),
        name: "Bank".to_owned(),
        country: "DE".to_owned(),
        bic: None,
        dialect: Dialect::BerlinGroup,
        addresses: Addresses {
            api: "https://api.bank.example".parse().unwrap(),
            web_origins: WebOrigin::of(&page).into_iter().collect(),
        },
        tls: TlsProfile {
            identity: "".into(),
            trust_anchors: String::new(),
            minimum: TlsVersion::V1_2,
            identity_ends_at: None,
        },
        oauth: None,
        consent: ConsentProfile { validity_days: 180, frequency_per_day: 4, sca_window: Duration::from_mins(10) },
        limits: CallLimits::default(),
    }
}
