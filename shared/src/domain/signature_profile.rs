//! How a bank wants requests signed with the electronic seal (QSEAL): plain data, part of what a bank is.

mod key_id;

use std::time::Duration;

use http::{HeaderName, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

pub use self::key_id::{Fingerprint, IssuerForm, KeyIdForm, NameEscaping, NameOrder, SerialForm, UnlistedAttributes};

/// How one bank wants requests signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureProfile {
    /// Which standard of signatures.
    pub scheme: Scheme,
    /// What the key signs with; one key has one algorithm.
    pub algorithm: SignatureAlgorithm,
    /// The hash in the header that binds the body.
    pub digest: DigestAlgorithm,
    /// What is signed, in this order.
    pub covered: Vec<Covered>,
    /// How the key is named.
    pub key_id: KeyIdForm,
    /// How the certificate goes along; none where the key's name says where it is.
    pub certificate: Option<CertificateHeader>,
}

impl SignatureProfile {
    /// As Berlin Group's `NextGenPSD2` 1.3 has it (Implementation Guidelines, chapter 12; `OpenAPI` 1.3.11, `Signature`
    /// and `TPP-Signature-Certificate`): draft-cavage with RSA PKCS#1, over the digest, the request's id, the PSU's ids
    /// and the redirect address where they are sent, and the date.
    ///
    /// The date must be signed before 1.3.4 and may be since. Banks that refuse it want [`Self::without`] it.
    pub fn berlin_group() -> Self {
        let named = |name| Component::Header(HeaderName::from_static(name));
        Self {
            scheme: Scheme::Cavage(Carrier::SignatureHeader),
            algorithm: SignatureAlgorithm::RsaPkcs1Sha256,
            digest: DigestAlgorithm::Sha256,
            covered: vec![
                Covered::Required(named("digest")),
                Covered::Required(named("x-request-id")),
                Covered::IfSent(named("psu-id")),
                Covered::IfSent(named("psu-corporate-id")),
                Covered::Required(Component::Header(header::DATE)),
                Covered::IfSent(named("tpp-redirect-uri")),
            ],
            key_id: KeyIdForm::SerialAndIssuer { serial: SerialForm::HexLower, issuer: IssuerForm::default() },
            certificate: Some(CertificateHeader {
                name: HeaderName::from_static("tpp-signature-certificate"),
                form: CertificateForm::Base64,
            }),
        }
    }

    /// As STET 1.4 has it: draft-cavage with the request's target, the digest, the content's type and length, the date
    /// and every header about the PSU that is sent. The key's name is the address of the certificate.
    pub fn stet(certificate: Url, fingerprint: Fingerprint) -> Self {
        Self {
            covered: vec![
                Covered::Required(Component::RequestTarget),
                Covered::Required(Component::Header(HeaderName::from_static("digest"))),
                Covered::IfSent(Component::Header(header::CONTENT_TYPE)),
                Covered::IfSent(Component::Header(header::CONTENT_LENGTH)),
                Covered::IfSent(Component::Header(header::DATE)),
                Covered::PsuHeaders,
            ],
            key_id: KeyIdForm::Address { certificate, fingerprint },
            certificate: None,
            ..Self::berlin_group()
        }
    }

    /// The same, but for one component, which is not covered.
    #[must_use]
    pub fn without(mut self, component: &Component) -> Self {
        self.covered.retain(|covered| covered.component() != Some(component));
        self
    }
}

/// A standard of signatures over HTTP requests. The two do not understand each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// draft-cavage-http-signatures-10, with `Digest` (RFC 3230). What Berlin Group and STET ask for.
    Cavage(Carrier),
    /// HTTP Message Signatures (RFC 9421), with `Content-Digest` (RFC 9530).
    Rfc9421(MessageSignature),
}

/// Which header a signature of draft-cavage stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// `Signature: keyId=…` (§4).
    SignatureHeader,
    /// `Authorization: Signature keyId=…` (§3), on calls that carry no token.
    Authorization,
}

/// What a signature of RFC 9421 says besides its components (§2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSignature {
    /// The signature's name among those of one message: a key of RFC 8941 §3.1.2.
    pub label: String,
    /// After what time it ends (`expires`), if it does.
    pub lifetime: Option<Duration>,
    /// The application that it is for (`tag`), where one is agreed on.
    pub tag: Option<String>,
}

/// What a key signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaPkcs1Sha512,
    /// RSASSA-PSS with SHA-256 and a salt of 32 bytes: PS256 of RFC 7518 §3.5.
    RsaPssSha256,
    /// RSASSA-PSS with SHA-512 and a salt of 64 bytes.
    RsaPssSha512,
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256Sha256,
}

/// The hash that binds a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DigestAlgorithm {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

/// What a profile says about one component, or one group of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Covered {
    /// It is signed; a request without it cannot be. `Date` is made if it is not there.
    Required(Component),
    /// It is signed where the request has it, and left out where not.
    IfSent(Component),
    /// Every `PSU-*` header that is sent and not named otherwise, in the order of their names (STET).
    PsuHeaders,
}

impl Covered {
    /// The component that is named; none of a group.
    pub const fn component(&self) -> Option<&Component> {
        match self {
            Self::Required(component) | Self::IfSent(component) => Some(component),
            Self::PsuHeaders => None,
        }
    }
}

/// A part of a request that a signature can cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Component {
    /// Path and query; in draft-cavage after the method (`(request-target)`, §2.3; RFC 9421 §2.2.5).
    RequestTarget,
    /// The method (RFC 9421 §2.2.1).
    Method,
    /// The whole address (RFC 9421 §2.2.2).
    TargetUri,
    /// Host, and port if it is not the scheme's own (RFC 9421 §2.2.3).
    Authority,
    /// The path (RFC 9421 §2.2.6).
    Path,
    /// The query with its question mark (RFC 9421 §2.2.7).
    Query,
    /// A header. `host` and `content-length` are known though they are set later.
    Header(HeaderName),
}

impl Component {
    /// The component of a name as either standard spells it; the names of headers in any case.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "(request-target)" | "@request-target" => Some(Self::RequestTarget),
            "@method" => Some(Self::Method),
            "@target-uri" => Some(Self::TargetUri),
            "@authority" => Some(Self::Authority),
            "@path" => Some(Self::Path),
            "@query" => Some(Self::Query),
            header => HeaderName::from_bytes(header.as_bytes()).ok().map(Self::Header),
        }
    }
}

/// The header that carries a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateHeader {
    /// Its name: `TPP-Signature-Certificate` at most banks.
    pub name: HeaderName,
    /// What stands in it.
    pub form: CertificateForm,
}

/// How a certificate stands in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateForm {
    /// The DER in base64, on one line.
    Base64,
    /// The same between the two lines of PEM, all on one line.
    Armoured,
    /// Where it can be fetched.
    Address(Url),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_components_by_their_names_in_either_standard() {
        assert_eq!(Component::parse("(request-target)"), Some(Component::RequestTarget));
        assert_eq!(Component::parse("@request-target"), Some(Component::RequestTarget));
        assert_eq!(Component::parse("@authority"), Some(Component::Authority));
        assert_eq!(Component::parse("TPP-Redirect-URI"), Component::parse("tpp-redirect-uri"));
        assert_eq!(Component::parse("Date"), Some(Component::Header(header::DATE)));
        for none in ["", "@status", "(created)", "two words", "a:"] {
            assert_eq!(Component::parse(none), None, "{none}");
        }
    }

    #[test]
    fn a_component_can_be_taken_out_of_a_profile() {
        let date = Component::Header(header::DATE);
        let without = SignatureProfile::berlin_group().without(&date);
        assert_eq!(without.covered.len(), SignatureProfile::berlin_group().covered.len() - 1);
        assert!(without.covered.iter().all(|covered| covered.component() != Some(&date)));
        let stet = SignatureProfile::stet("https://tpp.example/qseal.pem".parse().unwrap(), Fingerprint::None);
        assert!(stet.without(&date).covered.contains(&Covered::PsuHeaders));
    }
}
