//! The headers that bind a body to a signature.

use aws_lc_rs::digest::{Algorithm, SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::SealFault;
use super::letter::Letter;

/// `Digest` (RFC 3230): `SHA-256=` and base64, or SHA-512, of the exact body.
pub(super) fn check_digest(letter: &Letter<'_>) -> Result<(), SealFault> {
    check(letter, "digest", |value| Some(value.to_owned()))
}

/// `Content-Digest` (RFC 9530): `sha-256=:` and base64 and `:`, or SHA-512, of the exact body.
pub(super) fn check_content_digest(letter: &Letter<'_>) -> Result<(), SealFault> {
    check(letter, "content-digest", |value| Some(value.strip_prefix(':')?.strip_suffix(':')?.to_owned()))
}

/// All digests of algorithms that are known have to be right, and one has to be there.
fn check(letter: &Letter<'_>, name: &str, bare: impl Fn(&str) -> Option<String>) -> Result<(), SealFault> {
    let wrong = || SealFault::Signature("digest");
    let header = letter.header(name).ok_or_else(wrong)?;
    let mut known = 0;
    for part in header.split(',') {
        let (algorithm, value) = part.trim().split_once('=').ok_or_else(wrong)?;
        let Some(algorithm) = algorithm_of(algorithm) else {
            continue;
        };
        known += 1;
        if bare(value).as_deref() != Some(encoded(algorithm, letter.body).as_str()) {
            return Err(wrong());
        }
    }
    (known > 0).then_some(()).ok_or_else(wrong)
}

fn algorithm_of(name: &str) -> Option<&'static Algorithm> {
    [("sha-256", &SHA256), ("sha-512", &SHA512)]
        .into_iter()
        .find_map(|(known, algorithm)| name.eq_ignore_ascii_case(known).then_some(algorithm))
}

fn encoded(algorithm: &'static Algorithm, body: &[u8]) -> String {
    STANDARD.encode(digest(algorithm, body))
}
