//! Signatures of HTTP Message Signatures (RFC 9421).

use std::fmt::{Display, Write};

use jiff::Timestamp;

use super::{
    Line,
    errors::{UnsignableRequest, is_visible, quoted},
};
use crate::domain::signature_profile::{MessageSignature, SignatureAlgorithm};

/// The label, if it is one: a key of RFC 8941 §3.1.2.
pub(super) fn label(how: &MessageSignature) -> Result<String, UnsignableRequest> {
    let begins = how.label.starts_with(|sign: char| sign.is_ascii_lowercase() || sign == '*');
    let may_follow = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte);
    if begins && how.label.bytes().all(may_follow) {
        Ok(how.label.clone())
    } else {
        Err(UnsignableRequest::Parameter("label"))
    }
}

/// The value of `@signature-params` (§2.3), which is that of `Signature-Input` too: the components, then what is said
/// about the signature.
pub(super) fn parameters(
    lines: &[Line],
    key_id: &str,
    algorithm: SignatureAlgorithm,
    how: &MessageSignature,
    now: Timestamp,
) -> Result<String, UnsignableRequest> {
    let names: Vec<_> = lines.iter().map(|line| quoted(&line.name)).collect();
    let mut text = format!("({})", names.join(" "));
    append(&mut text, "created", now.as_second());
    if let Some(lifetime) = how.lifetime {
        let end = now.checked_add(lifetime).map_err(|_| UnsignableRequest::Date)?;
        append(&mut text, "expires", end.as_second());
    }
    append(&mut text, "keyid", quoted(key_id));
    if let Some(name) = name(algorithm) {
        append(&mut text, "alg", quoted(name));
    }
    if let Some(tag) = &how.tag {
        if !is_visible(tag) {
            return Err(UnsignableRequest::Parameter("tag"));
        }
        append(&mut text, "tag", quoted(tag));
    }
    Ok(text)
}

fn append(text: &mut String, name: &str, value: impl Display) {
    // Writing into a text does not fail.
    let _ = write!(text, ";{name}={value}");
}

/// The signature base (§2.5).
pub(super) fn base(lines: &[Line], parameters: &str) -> String {
    let covered = lines.iter().map(|Line { name, value }| format!("{}: {value}", quoted(name)));
    let last = format!("\"@signature-params\": {parameters}");
    covered.chain([last]).collect::<Vec<_>>().join("\n")
}

/// The name in the registry of §6.2.2. Algorithms that are not in it are told by the key alone, and so are those of
/// JOSE (§3.3.7).
const fn name(algorithm: SignatureAlgorithm) -> Option<&'static str> {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1Sha256 => Some("rsa-v1_5-sha256"),
        SignatureAlgorithm::RsaPssSha512 => Some("rsa-pss-sha512"),
        SignatureAlgorithm::EcdsaP256Sha256 => Some("ecdsa-p256-sha256"),
        SignatureAlgorithm::RsaPkcs1Sha512 | SignatureAlgorithm::RsaPssSha256 => None,
    }
}
