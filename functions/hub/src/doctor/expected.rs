//! What each function may do: the table of `infra/services.tf`, which a test compares.

use clap::ValueEnum;
use shared::{domain::purpose::Purpose, ports::key_inspection::Rights};

/// One of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FunctionName {
    /// Starts sessions for the CRM.
    AuthorizeRedirect,
    /// The same program for browsers.
    AuthorizePage,
    /// Takes browsers back.
    Callback,
    /// Reads accounts.
    AccountProxy,
    /// The scheduler's jobs.
    TokenRefresh,
    /// The job that moves data keys.
    Rewrap,
}

/// What a function does with the key that signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// Nothing.
    None,
    /// Publishes its public half.
    Publish,
    /// Signs.
    Sign,
}

const NOTHING: Rights = Rights { encrypt: false, decrypt: false };
const ENCRYPT: Rights = Rights { encrypt: true, decrypt: false };
const BOTH: Rights = Rights { encrypt: true, decrypt: true };

impl FunctionName {
    /// Every service.
    pub const ALL: [Self; 6] = [
        Self::AuthorizeRedirect,
        Self::AuthorizePage,
        Self::Callback,
        Self::AccountProxy,
        Self::TokenRefresh,
        Self::Rewrap,
    ];

    /// The service's name, without `hub-`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizeRedirect => "authorize-redirect",
            Self::AuthorizePage => "authorize-page",
            Self::Callback => "callback",
            Self::AccountProxy => "account-proxy",
            Self::TokenRefresh => "token-refresh",
            Self::Rewrap => "rewrap",
        }
    }

    /// What it may do with the key of that purpose.
    pub const fn rights(self, purpose: Purpose) -> Rights {
        match (self, purpose) {
            (Self::AuthorizeRedirect, Purpose::Flow)
            | (Self::Callback, Purpose::Tokens)
            | (Self::TokenRefresh, Purpose::Payloads) => ENCRYPT,
            (Self::Callback, Purpose::Flow)
            | (Self::AccountProxy | Self::TokenRefresh, Purpose::Tokens)
            | (Self::AccountProxy, Purpose::Payloads)
            | (Self::Rewrap, Purpose::Tokens | Purpose::Payloads) => BOTH,
            _ => NOTHING,
        }
    }

    /// What it does with the key that signs.
    pub const fn signing(self) -> Signing {
        match self {
            Self::AuthorizePage => Signing::Publish,
            Self::TokenRefresh => Signing::Sign,
            Self::AuthorizeRedirect | Self::Callback | Self::AccountProxy | Self::Rewrap => Signing::None,
        }
    }

    /// Whether it calls banks.
    pub const fn calls_banks(self) -> bool {
        !matches!(self, Self::AuthorizePage | Self::Rewrap)
    }

    /// Whether it reaches the CRM: key sets and webhooks.
    pub const fn reaches_crm(self) -> bool {
        matches!(self, Self::AuthorizeRedirect | Self::AccountProxy | Self::TokenRefresh)
    }

    /// Whether Cloud Run lets in whoever gets there: what browsers call, and jobs, which are internal and whose callers the
    /// hub alone judges.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::AuthorizeRedirect | Self::AccountProxy)
    }

    /// One of its jobs, if it has any.
    pub const fn job(self) -> Option<&'static str> {
        match self {
            Self::TokenRefresh => Some("expiry-watch"),
            Self::Rewrap => Some("rewrap"),
            Self::AuthorizeRedirect | Self::AuthorizePage | Self::Callback | Self::AccountProxy => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The lines of one service in `infra/services.tf`.
    fn row(name: &str) -> String {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/services.tf");
        let text = fs::read_to_string(path).unwrap();
        let (_, below) = text.split_once(&format!("\n    {name} = {{\n")).unwrap_or_else(|| panic!("no {name}"));
        below.split_once("\n    }\n").unwrap().0.to_owned()
    }

    fn words(rights: Rights) -> Option<&'static str> {
        match (rights.encrypt, rights.decrypt) {
            (false, false) => None,
            (true, false) => Some("encrypt"),
            (false, true) => Some("decrypt"),
            (true, true) => Some("both"),
        }
    }

    #[test]
    fn the_rights_are_those_of_the_infrastructure() {
        for function in FunctionName::ALL {
            let row = row(function.name());
            let given: Vec<_> = Purpose::ALL
                .into_iter()
                .filter_map(|purpose| Some(format!("{} = \"{}\"", purpose.name(), words(function.rights(purpose))?)))
                .collect();
            let (_, keys) = row.split_once("keys    = {").unwrap();
            let (keys, _) = keys.split_once('}').unwrap();
            assert_eq!(keys.trim(), given.join(", "), "{}", function.name());
            let signing = match function.signing() {
                Signing::None => "none",
                Signing::Publish => "publish",
                Signing::Sign => "sign",
            };
            for (what, is_so) in [
                ("public", matches!(function, FunctionName::AuthorizePage | FunctionName::Callback)),
                ("banks", function.calls_banks()),
                ("internet", function.reaches_crm()),
            ] {
                assert!(row.contains(&format!("{what} = {is_so}")), "{what} of {}", function.name());
            }
            assert!(row.contains(&format!("signing = \"{signing}\"")), "{}", function.name());
        }
    }

    #[test]
    fn every_name_is_the_one_on_the_command_line() {
        let values = FunctionName::value_variants().iter().map(|one| one.to_possible_value().unwrap());
        let names: Vec<_> = values.map(|value| value.get_name().to_owned()).collect();
        assert_eq!(names, FunctionName::ALL.map(|one| one.name().to_owned()));
    }
}
