//! The header that binds a body to the signature of its request.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue};

use super::errors::{UnsignableRequest, value};
use crate::domain::signature_profile::{DigestAlgorithm, Scheme};

/// RFC 3230 §4.3.2; Berlin Group's Implementation Guidelines, chapter 12.
const DIGEST: HeaderName = HeaderName::from_static("digest");
/// RFC 9530 §2.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// The header over these very bytes: `Digest` for draft-cavage, `Content-Digest` for RFC 9421.
pub(super) fn header(
    scheme: &Scheme,
    algorithm: DigestAlgorithm,
    body: &[u8],
) -> Result<(HeaderName, HeaderValue), UnsignableRequest> {
    let (function, upper, lower) = match algorithm {
        DigestAlgorithm::Sha256 => (&SHA256, "SHA-256", "sha-256"),
        DigestAlgorithm::Sha512 => (&SHA512, "SHA-512", "sha-512"),
    };
    let hash = STANDARD.encode(digest(function, body));
    let (name, text) = match scheme {
        Scheme::Cavage(_) => (DIGEST, format!("{upper}={hash}")),
        Scheme::Rfc9421(_) => (CONTENT_DIGEST, format!("{lower}=:{hash}:")),
    };
    let value = value(&name, &text)?;
    Ok((name, value))
}
