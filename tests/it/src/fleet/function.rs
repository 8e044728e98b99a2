//! The four functions.

use std::str::FromStr;

use shared::http::route::Route;

/// One of the four functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    AuthorizeRedirect,
    Callback,
    TokenRefresh,
    AccountProxy,
}

impl Function {
    pub const ALL: [Self; 4] = [Self::AuthorizeRedirect, Self::Callback, Self::TokenRefresh, Self::AccountProxy];

    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizeRedirect => "authorize-redirect",
            Self::Callback => "callback",
            Self::TokenRefresh => "token-refresh",
            Self::AccountProxy => "account-proxy",
        }
    }

    pub fn routes(self) -> Vec<Route> {
        match self {
            Self::AuthorizeRedirect => authorize_redirect::routes(),
            Self::Callback => callback::routes(),
            Self::TokenRefresh => token_refresh::routes(),
            Self::AccountProxy => account_proxy::routes(),
        }
    }
}

impl FromStr for Function {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|function| function.name() == name);
        found.ok_or_else(|| format!("{name} is none of the four functions"))
    }
}
