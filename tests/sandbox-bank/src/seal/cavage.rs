//! Signatures of draft-cavage-http-signatures as the Berlin Group has them (Implementation Guidelines,
//! chapter 12; `OpenAPI` 1.3.11, `Signature`).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::SealFault;
use super::certificate::SealCertificate;
use super::digest::check_digest;
use super::letter::Letter;
use super::primitive::Algorithm;

/// What is signed always.
const ALWAYS: [&str; 2] = ["digest", "x-request-id"];

/// What is signed if it is sent.
const IF_SENT: [&str; 3] = ["psu-id", "psu-corporate-id", "tpp-redirect-uri"];

/// What may be signed besides.
const ALLOWED: [&str; 2] = ["date", "(request-target)"];

/// Checks the signature in its own header, or in `Authorization`.
pub(super) fn check(letter: &Letter<'_>, certificate: &SealCertificate) -> Result<(), SealFault> {
    if letter.headers.contains_key("signature-input") {
        return Err(SealFault::Signature("another scheme"));
    }
    let text = letter.header("signature").or_else(|| letter.authorization_signature());
    let parameters = text.as_deref().and_then(parameters).ok_or(SealFault::Signature("malformed"))?;
    let parameter = |name: &str| parameters.get(name).copied().ok_or(SealFault::Signature("malformed"));
    if !certificate.is_named_by(parameter("keyId")?) {
        return Err(SealFault::Signature("keyId"));
    }
    let algorithm = match parameter("algorithm")? {
        "rsa-sha256" => Algorithm::Pkcs1Sha256,
        "rsa-sha512" => Algorithm::Pkcs1Sha512,
        _ => return Err(SealFault::Signature("algorithm")),
    };
    let names: Vec<&str> = parameter("headers")?.split(' ').collect();
    check_names(&names, letter)?;
    check_digest(letter)?;
    let text = signing_string(&names, letter)?;
    let signature = STANDARD.decode(parameter("signature")?).map_err(|_| SealFault::Signature("malformed"))?;
    let right = algorithm.verifies(&certificate.key, text.as_bytes(), &signature);
    right.then_some(()).ok_or(SealFault::Signature("signature"))
}

/// `name="value"`, separated by commas; no name twice.
fn parameters(text: &str) -> Option<BTreeMap<&str, &str>> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        if found.insert(name.trim(), value).is_some() {
            return None;
        }
        rest = after.trim_start();
        if !rest.is_empty() {
            rest = rest.strip_prefix(',')?.trim_start();
        }
    }
    Some(found)
}

fn check_names(names: &[&str], letter: &Letter<'_>) -> Result<(), SealFault> {
    let wrong = || SealFault::Signature("headers");
    let different: BTreeSet<&str> = names.iter().copied().collect();
    let sent = IF_SENT.into_iter().filter(|name| letter.headers.contains_key(*name));
    let complete = ALWAYS.into_iter().chain(sent).all(|name| different.contains(name));
    let known = |name: &&str| ALWAYS.contains(name) || IF_SENT.contains(name) || ALLOWED.contains(name);
    let proper = complete && different.len() == names.len() && names.iter().all(known);
    proper.then_some(()).ok_or_else(wrong)
}

fn signing_string(names: &[&str], letter: &Letter<'_>) -> Result<String, SealFault> {
    let line = |name: &&str| match *name {
        "(request-target)" => {
            let method = letter.method.as_str().to_ascii_lowercase();
            Ok(format!("(request-target): {method} {}", letter.target()))
        }
        header => {
            let value = letter.header(header).ok_or(SealFault::Signature("headers"))?;
            Ok(format!("{header}: {value}"))
        }
    };
    let lines: Result<Vec<String>, SealFault> = names.iter().map(line).collect();
    Ok(lines?.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_parameters_with_commas_in_them() {
        let read = parameters("keyId=\"SN=1,CA=CN=A,O=B\", algorithm=\"rsa-sha256\"").unwrap();
        assert_eq!((read["keyId"], read["algorithm"]), ("SN=1,CA=CN=A,O=B", "rsa-sha256"));
        for wrong in ["keyId", "keyId=\"1", "keyId=\"1\" x", "keyId=\"1\",keyId=\"2\""] {
            assert!(parameters(wrong).is_none(), "{wrong}");
        }
    }
}
