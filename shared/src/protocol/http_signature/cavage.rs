//! Signatures of draft-cavage-http-signatures-10, which Berlin Group's Implementation Guidelines (chapter 12) and STET
//! build on.

use http::{HeaderName, header};

use super::{Line, SIGNATURE, errors::quoted};
use crate::domain::signature_profile::{Carrier, SignatureAlgorithm};

/// The signing string (§2.3): a line per component, joined by a line feed, none at the end.
pub(super) fn signing_string(lines: &[Line]) -> String {
    let lines: Vec<_> = lines.iter().map(|Line { name, value }| format!("{name}: {value}")).collect();
    lines.join("\n")
}

/// The parameters besides the signature itself (§2.1).
pub(super) fn parameters(key_id: &str, algorithm: SignatureAlgorithm, lines: &[Line]) -> String {
    let names: Vec<_> = lines.iter().map(|line| line.name.as_str()).collect();
    let (key_id, algorithm, names) = (quoted(key_id), name(algorithm), names.join(" "));
    format!("keyId={key_id},algorithm=\"{algorithm}\",headers=\"{names}\"")
}

/// The header with the signature, which is given in base64 (§3 and §4).
pub(super) fn header(parameters: &str, signature: &str, carrier: Carrier) -> (HeaderName, String) {
    let text = format!("{parameters},signature=\"{signature}\"");
    match carrier {
        Carrier::SignatureHeader => (SIGNATURE, text),
        Carrier::Authorization => (header::AUTHORIZATION, format!("Signature {text}")),
    }
}

/// What the draft calls the algorithm. For PSS there is only the name of its later versions that leaves it to the key.
const fn name(algorithm: SignatureAlgorithm) -> &'static str {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1Sha256 => "rsa-sha256",
        SignatureAlgorithm::RsaPkcs1Sha512 => "rsa-sha512",
        SignatureAlgorithm::RsaPssSha256 | SignatureAlgorithm::RsaPssSha512 => "hs2019",
        SignatureAlgorithm::EcdsaP256Sha256 => "ecdsa-sha256",
    }
}
