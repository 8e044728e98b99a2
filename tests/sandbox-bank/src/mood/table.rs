//! The table of moods: one row for each bank that this process plays.

use super::profile::{
    Applications, Approach, Consents, Dialect, LinkStyle, Pkce, Profile, Proof, Scope, Server, Start, TokenHeader,
};
use crate::seal::demand::{Demand, Need, Scheme};

/// Parameters as RFC 6749 names them.
const STANDARD: Dialect =
    Dialect { response_type: "response_type", client_id: "client_id", further: None, links_endpoint: false };

/// A server by the book, for one consent at a time.
const BY_THE_BOOK: Server = Server {
    scope: Scope::Consent,
    dialect: STANDARD,
    pkce: Pkce::Required,
    role: None,
    applications: Applications::None,
    header: TokenHeader::Authorization,
};

const UNSEALED: Demand = Demand { need: Need::Ignored, scheme: Scheme::Cavage };

/// The plainest bank; the other rows say in what they differ.
const PLAIN: Profile = Profile {
    segment: "",
    approach: Approach::Redirect,
    start: Start::Implicit,
    consents: Consents::Open,
    proof: Proof::Consent,
    links: LinkStyle::Relative,
    server: None,
    refuses_psu_id: false,
    whole_psu_headers: false,
    seal: UNSEALED,
};

pub(super) const OAUTH: Profile = Profile {
    segment: "oauth",
    approach: Approach::OAuth,
    proof: Proof::ConsentAndToken,
    links: LinkStyle::Absolute,
    server: Some(BY_THE_BOOK),
    ..PLAIN
};

pub(super) const REDIRECT: Profile = Profile { segment: "redirect", ..PLAIN };

pub(super) const PRESTEP: Profile = Profile {
    segment: "prestep",
    consents: Consents::Customers,
    proof: Proof::ConsentAndLogin,
    links: LinkStyle::Absolute,
    server: Some(Server { scope: Scope::Login("AIS"), ..BY_THE_BOOK }),
    ..PLAIN
};

pub(super) const EXPLICIT: Profile = Profile {
    segment: "explicit",
    start: Start::Explicit,
    seal: Demand { need: Need::Required, scheme: Scheme::Cavage },
    ..PLAIN
};

pub(super) const TOKEN: Profile = Profile {
    segment: "token",
    approach: Approach::OAuth,
    consents: Consents::Absent,
    proof: Proof::Token,
    links: LinkStyle::Absolute,
    server: Some(Server {
        scope: Scope::Accounts("payment-accounts:balances:view payment-accounts:transactions:view"),
        applications: Applications::Any,
        pkce: Pkce::Optional,
        ..BY_THE_BOOK
    }),
    seal: Demand { need: Need::Required, scheme: Scheme::Rfc9421 },
    ..PLAIN
};

pub(super) const APPLICATION: Profile = Profile {
    segment: "application",
    approach: Approach::OAuth,
    consents: Consents::Applications,
    proof: Proof::ConsentAndToken,
    server: Some(Server {
        dialect: Dialect {
            response_type: "responseType",
            client_id: "clientId",
            further: Some("bic"),
            links_endpoint: true,
        },
        pkce: Pkce::Optional,
        role: Some("DEDICATED_AISP"),
        applications: Applications::Scoped("AISP-app"),
        header: TokenHeader::Psd2Authorization,
        ..BY_THE_BOOK
    }),
    refuses_psu_id: true,
    whole_psu_headers: true,
    ..PLAIN
};

pub(super) const DECOUPLED: Profile = Profile { segment: "decoupled", approach: Approach::Decoupled, ..PLAIN };
