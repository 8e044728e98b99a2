//! The OAuth 2 side of the bank: authorisation requests, codes and tokens.

pub(crate) mod authorize;
pub(crate) mod error;
pub(crate) mod form;
pub(crate) mod grants;
pub(crate) mod metadata;
pub(crate) mod pkce;
pub(crate) mod token;
