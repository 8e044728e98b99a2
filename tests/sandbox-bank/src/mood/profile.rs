//! In what banks differ.

use crate::seal::demand::Demand;

/// How a mood behaves.
#[derive(Debug)]
pub(crate) struct Profile {
    /// The first segment of every path.
    pub(crate) segment: &'static str,
    /// How the customer gets to the bank's pages, or is reached.
    pub(crate) approach: Approach,
    /// Whether a consent comes with an authorisation.
    pub(crate) start: Start,
    /// Who may come to `/consents`.
    pub(crate) consents: Consents,
    /// What a data call has to show.
    pub(crate) proof: Proof,
    /// How links are written; real banks do either.
    pub(crate) links: LinkStyle,
    /// The bank's OAuth 2 server, if it has one.
    pub(crate) server: Option<Server>,
    /// Whether a request for a consent must not have `PSU-ID`.
    pub(crate) refuses_psu_id: bool,
    /// Whether headers about the customer come all or not at all.
    pub(crate) whole_psu_headers: bool,
    /// Whether requests have to be signed, unless the policy says otherwise.
    pub(crate) seal: Demand,
}

/// How the customer gets to the bank's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Approach {
    /// By an OAuth 2 authorisation request.
    OAuth,
    /// By a link of the bank's own.
    Redirect,
    /// Not at all: the bank asks in its app.
    Decoupled,
}

impl Approach {
    /// The value of `ASPSP-SCA-Approach`, for which OAuth 2 is a redirect like any other.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::OAuth | Self::Redirect => "REDIRECT",
            Self::Decoupled => "DECOUPLED",
        }
    }
}

/// Whether a consent comes with an authorisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// It does.
    Implicit,
    /// It has to be started by a call of its own, and confirmed with the code that the customer brings
    /// back.
    Explicit,
}

/// Who may come to `/consents`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consents {
    /// Whoever has a certificate.
    Open,
    /// A new one is for somebody whose token is shown.
    Customers,
    /// Whoever shows a token of the application, on each call.
    Applications,
    /// Nobody: there are none.
    Absent,
}

/// What a data call has to show besides the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// The consent's id.
    Consent,
    /// The consent's id and a token issued for that consent.
    ConsentAndToken,
    /// The consent's id and a token of the customer who gave it.
    ConsentAndLogin,
    /// A token alone.
    Token,
}

/// How links to the bank's own resources are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkStyle {
    /// With scheme, host and port.
    Absolute,
    /// From the root of the host.
    Relative,
}

/// An OAuth 2 server.
#[derive(Debug)]
pub(crate) struct Server {
    /// What authorisation requests ask for.
    pub(crate) scope: Scope,
    /// Which parameters they have.
    pub(crate) dialect: Dialect,
    /// Whether they need a challenge (RFC 7636).
    pub(crate) pkce: Pkce,
    /// What `role` in the query of the token endpoint has to be.
    pub(crate) role: Option<&'static str>,
    /// Whether applications get tokens of their own.
    pub(crate) applications: Applications,
    /// The header that carries the customer's token on data calls.
    pub(crate) header: TokenHeader,
}

/// What authorisation requests ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// `AIS:` and the consent's id.
    Consent,
    /// The customer's login, under this name; a consent follows.
    Login(&'static str),
    /// Accounts that the customer picks, under this name; there is no other consent.
    Accounts(&'static str),
}

/// The names of an authorisation request's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) response_type: &'static str,
    pub(crate) client_id: &'static str,
    /// A further parameter that has to be there.
    pub(crate) further: Option<&'static str>,
    /// Whether the consent's link names the endpoint instead of the metadata.
    pub(crate) links_endpoint: bool,
}

/// Whether authorisation requests need a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pkce {
    Required,
    Optional,
}

/// Whether applications get tokens of their own (`client_credentials`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applications {
    None,
    /// With any scope or none.
    Any,
    /// With this scope.
    Scoped(&'static str),
}

/// A header that carries a token, with the scheme `Bearer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenHeader {
    /// RFC 6750.
    Authorization,
    /// As one bank has it.
    Psd2Authorization,
}

impl TokenHeader {
    /// The name in lower case.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::Psd2Authorization => "psd2-authorization",
        }
    }
}

impl Profile {
    /// The header that carries the customer's token on data calls.
    pub(crate) fn token_header(&self) -> &'static str {
        self.server.as_ref().map_or(TokenHeader::Authorization, |server| server.header).as_str()
    }
}
