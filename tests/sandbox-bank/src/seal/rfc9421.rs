//! HTTP Message Signatures (RFC 9421) with `Content-Digest` (RFC 9530).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::SealFault;
use super::certificate::SealCertificate;
use super::digest::check_content_digest;
use super::letter::Letter;
use super::primitive::Algorithm;

/// Any of these binds the signature to the address.
const ADDRESSES: [&str; 3] = ["@target-uri", "@request-target", "@path"];

/// A member of `Signature-Input` (section 4.1), taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Input<'a> {
    label: &'a str,
    components: Vec<&'a str>,
    parameters: BTreeMap<&'a str, &'a str>,
    /// The value of `@signature-params` as it came (section 2.3).
    raw: &'a str,
}

/// Checks the only signature of a request. Method, address, digest and `X-Request-ID` have to be covered.
pub(super) fn check(letter: &Letter<'_>, certificate: &SealCertificate) -> Result<(), SealFault> {
    let malformed = SealFault::Signature("malformed");
    let header = letter.header("signature-input").ok_or(SealFault::Signature("another scheme"))?;
    let input = input(&header).ok_or(malformed)?;
    if !input.parameters.get("keyid").is_some_and(|key_id| certificate.is_named_by(key_id)) {
        return Err(SealFault::Signature("keyId"));
    }
    if input.parameters.get("created").is_none_or(|time| time.parse::<i64>().is_err()) {
        return Err(SealFault::Signature("created"));
    }
    let algorithms = algorithms(input.parameters.get("alg").copied())?;
    check_components(&input.components)?;
    check_content_digest(letter)?;
    let base = base(&input, letter)?;
    let header = letter.header("signature").ok_or(malformed)?;
    let signature = signature(&header, input.label).ok_or(malformed)?;
    let right = algorithms.iter().any(|one| one.verifies(&certificate.key, base.as_bytes(), &signature));
    right.then_some(()).ok_or(SealFault::Signature("signature"))
}

/// Takes `label=("a" "b");name=value;name="text"` apart. Parameters of components and further
/// signatures are not known here.
fn input(header: &str) -> Option<Input<'_>> {
    let (label, raw) = header.split_once('=')?;
    let (list, mut rest) = raw.strip_prefix('(')?.split_once(')')?;
    let quoted = |text: &str| text.len() > 2 && text.starts_with('"') && text.ends_with('"');
    let mut components = Vec::new();
    for item in list.split_ascii_whitespace() {
        components.push(Some(item).filter(|item| quoted(item))?.trim_matches('"'));
    }
    let mut parameters = BTreeMap::new();
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix(';')?.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(text) => text.split_once('"')?,
            None => after.split_at(after.find(';').unwrap_or(after.len())),
        };
        parameters.insert(name, value);
        rest = after;
    }
    Some(Input { label: label.trim(), components, parameters, raw })
}

/// `label=:base64:` of the `Signature` header (section 4.2).
fn signature(header: &str, label: &str) -> Option<Vec<u8>> {
    let (name, value) = header.split_once('=')?;
    let value = value.trim().strip_prefix(':')?.strip_suffix(':')?;
    STANDARD.decode(value).ok().filter(|_| name.trim() == label)
}

/// The algorithm by its name in the registry (section 6.2.2); without a name the key decides.
fn algorithms(name: Option<&str>) -> Result<&'static [Algorithm], SealFault> {
    match name {
        None => Ok(&Algorithm::ALL),
        Some("rsa-v1_5-sha256") => Ok(&[Algorithm::Pkcs1Sha256]),
        Some("rsa-pss-sha512") => Ok(&[Algorithm::PssSha512]),
        Some(_) => Err(SealFault::Signature("algorithm")),
    }
}

fn check_components(components: &[&str]) -> Result<(), SealFault> {
    let different: BTreeSet<&str> = components.iter().copied().collect();
    let always = ["@method", "content-digest", "x-request-id"].into_iter().all(|name| different.contains(name));
    let address = ADDRESSES.into_iter().any(|name| different.contains(name));
    let proper = always && address && different.len() == components.len();
    proper.then_some(()).ok_or(SealFault::Signature("components"))
}

/// The signature base (section 2.5).
fn base(input: &Input<'_>, letter: &Letter<'_>) -> Result<String, SealFault> {
    let line = |name: &&str| component(name, letter).map(|value| format!("\"{name}\": {value}\n"));
    let lines: Option<String> = input.components.iter().map(line).collect();
    Ok(lines.ok_or(SealFault::Signature("components"))? + "\"@signature-params\": " + input.raw)
}

/// A component's value (section 2.2 for what is derived, 2.1 for headers).
fn component(name: &str, letter: &Letter<'_>) -> Option<String> {
    match name {
        "@method" => Some(letter.method.as_str().to_owned()),
        "@target-uri" => Some(format!("https://{}{}", letter.authority()?, letter.target())),
        "@authority" => letter.authority(),
        "@scheme" => Some("https".to_owned()),
        "@request-target" => Some(letter.target().to_owned()),
        "@path" => Some(letter.uri.path().to_owned()),
        "@query" => Some(format!("?{}", letter.uri.query().unwrap_or_default())),
        derived if derived.starts_with('@') => None,
        header => letter.header(header),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_signature_input_apart() {
        let read = input("sig1=(\"@method\" \"content-digest\");created=1;keyid=\"SN=1,CA=CN=A;B\";alg=\"x\"").unwrap();
        assert_eq!((read.label, read.components.as_slice()), ("sig1", ["@method", "content-digest"].as_slice()));
        assert_eq!(read.parameters["keyid"], "SN=1,CA=CN=A;B");
        assert!(read.raw.starts_with("(\"@method\"") && read.raw.ends_with("alg=\"x\""));
        for wrong in ["sig1", "sig1=(@method)", "sig1=(\"a\")x", "sig1=(\"a\";sf)", "sig1=(\"a\");b"] {
            assert!(input(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn finds_the_signature_under_its_label_only() {
        assert_eq!(signature("sig1=:YQ==:", "sig1"), Some(b"a".to_vec()));
        assert_eq!(signature("sig1=:YQ==:", "sig2"), None);
        assert_eq!(signature("sig1=YQ==", "sig1"), None);
    }
}
