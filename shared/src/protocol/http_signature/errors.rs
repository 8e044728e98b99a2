//! Why a request cannot be signed. No variant holds a value: values may be secret.

use http::{HeaderName, HeaderValue};

/// Why a request cannot be signed as the bank's profile wants it. All but the last two mean that profile, certificate
/// and request do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsignableRequest {
    /// The profile covers nothing that the request has.
    #[error("the signature would cover nothing")]
    NothingCovered,
    /// The profile requires what the request does not have.
    #[error("the request has no {0}, which must be signed")]
    Missing(String),
    /// The profile covers a component more than once (RFC 9421 §2.5).
    #[error("{0} would be signed twice")]
    Twice(String),
    /// The profile covers what its standard of signatures cannot.
    #[error("{0} cannot be signed in this standard")]
    NotOfScheme(&'static str),
    /// A value to be signed is not visible ASCII, so that no two programs read it alike.
    #[error("the value of {0} is not ASCII")]
    NotAscii(String),
    /// A text that goes into a header is empty or not visible ASCII, or the header is one that signing fills otherwise.
    #[error("the text for {0} cannot stand in a header")]
    Header(HeaderName),
    /// The key's name, or the label or tag of the signature, is empty or has signs that it may not have.
    #[error("the {0} of the signature is malformed")]
    Parameter(&'static str),
    /// The signature would take the place of the token.
    #[error("the request has an authorization already")]
    AuthorizationTaken,
    /// The time is beyond what a date can tell.
    #[error("the date cannot be told")]
    Date,
    /// There are no bytes in the signature.
    #[error("the signature is empty")]
    EmptySignature,
}

/// The text as a header's value.
pub(super) fn value(name: &HeaderName, text: &str) -> Result<HeaderValue, UnsignableRequest> {
    let refused = || UnsignableRequest::Header(name.clone());
    if !is_visible(text) {
        return Err(refused());
    }
    HeaderValue::from_str(text).map_err(|_| refused())
}

/// Whether the text is visible ASCII and blanks, and not empty.
pub(super) fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// The text between quotation marks, with a backslash before those inside and before backslashes (RFC 9110 §5.6.4, and
/// RFC 8941 §3.3.3, which is the same for ASCII).
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
