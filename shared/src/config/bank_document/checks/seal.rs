//! How requests are signed.

use std::time::Duration;

use http::HeaderName;

use super::text::header_name;
use crate::{
    config::bank_document::{
        place::Place,
        tables::{CertificateFormWord, CertificateTable, KeyIdTable, KeyIdWord, SchemeWord, SealTable, SignatureTable},
    },
    domain::{
        bank::{SealKey, SealProfile},
        signature_profile::{
            Carrier, CertificateForm, CertificateHeader, Component, Covered, IssuerForm, KeyIdForm, MessageSignature,
            Scheme, SignatureProfile,
        },
    },
};

/// The label of signatures of RFC 9421, if a document names none.
const LABEL: &str = "sig1";

impl SealTable {
    pub(super) fn check(self, place: &mut Place<'_>) -> Option<SealProfile> {
        let is_used = self.operations.as_ref().is_none_or(|operations| !operations.is_empty());
        place.demand("seal.operations", is_used, "empty: leave out the table seal instead");
        let signature = self.signature.check(place);
        let key = match (self.identity, self.kms_key, self.certificate) {
            (Some(file), None, None) => {
                place.file("seal.identity", &file)?;
                SealKey::File(place.beside("seal.identity", &file))
            }
            (None, Some(key_version), Some(file)) => {
                place.file("seal.certificate", &file)?;
                SealKey::CloudKms { key_version, certificate: place.beside("seal.certificate", &file) }
            }
            _ => {
                place.add("seal", "needs either identity, or kms_key and certificate");
                return None;
            }
        };
        Some(SealProfile { signature: signature?, operations: self.operations, key })
    }
}

impl SignatureTable {
    fn check(self, place: &mut Place<'_>) -> Option<SignatureProfile> {
        let scheme = self.scheme(place);
        let covered = self.covered(place);
        let key_id = self.key_id.check(place);
        let certificate = self.certificate.check(place);
        Some(SignatureProfile {
            scheme,
            algorithm: self.algorithm,
            digest: self.digest,
            covered,
            key_id: key_id?,
            certificate: certificate?,
        })
    }

    fn scheme(&self, place: &mut Place<'_>) -> Scheme {
        let only_with = |name: &str, is_set: bool, place: &mut Place<'_>| {
            place.demand(&format!("seal.signature.{name}"), !is_set, "means nothing in this scheme");
        };
        match self.scheme {
            SchemeWord::Cavage => {
                only_with("label", self.label.is_some(), place);
                only_with("lifetime_seconds", self.lifetime_seconds.is_some(), place);
                only_with("tag", self.tag.is_some(), place);
                Scheme::Cavage(self.carrier.unwrap_or(Carrier::SignatureHeader))
            }
            SchemeWord::Rfc9421 => {
                only_with("carrier", self.carrier.is_some(), place);
                Scheme::Rfc9421(MessageSignature {
                    label: self.label.clone().unwrap_or_else(|| LABEL.to_owned()),
                    lifetime: self.lifetime_seconds.map(|seconds| Duration::from_secs(seconds.into())),
                    tag: self.tag.clone(),
                })
            }
        }
    }

    /// What is signed. Without the digest a signature would not hold the body.
    fn covered(&self, place: &mut Place<'_>) -> Vec<Covered> {
        const FIELD: &str = "seal.signature.covered";
        let digest = if self.scheme == SchemeWord::Cavage { "digest" } else { "content-digest" };
        let Some(names) = &self.covered else {
            place.demand(FIELD, self.scheme == SchemeWord::Cavage, "missing: only cavage has a list of its own");
            return SignatureProfile::berlin_group().covered;
        };
        let read =
            |(number, name): (usize, &String)| place.take(&format!("{FIELD}.{number}"), covered(name, self.scheme));
        let all: Vec<_> = names.iter().enumerate().filter_map(read).collect();
        let is_held = all.iter().any(|one| matches!(one, Covered::Required(part) if is_header(part, digest)));
        place.demand(FIELD, is_held, format!("lacks {digest}, so the body is not signed"));
        let mut seen = Vec::new();
        for component in all.iter().filter_map(Covered::component) {
            place.demand(FIELD, !seen.contains(&component), "must not say the same twice");
            seen.push(component);
        }
        all
    }
}

fn is_header(component: &Component, name: &str) -> bool {
    matches!(component, Component::Header(header) if header == name)
}

fn covered(name: &str, scheme: SchemeWord) -> Result<Covered, &'static str> {
    if name == "psu-*" {
        return Ok(Covered::PsuHeaders);
    }
    let plain = name.strip_suffix('?');
    let component = Component::parse(plain.unwrap_or(name)).ok_or("is nothing that can be signed")?;
    let is_of_rfc = !matches!(component, Component::Header(_) | Component::RequestTarget);
    if scheme == SchemeWord::Cavage && is_of_rfc {
        return Err("can be signed with scheme = \"rfc9421\" only");
    }
    Ok(if plain.is_some() { Covered::IfSent(component) } else { Covered::Required(component) })
}

impl KeyIdTable {
    fn check(self, place: &mut Place<'_>) -> Option<KeyIdForm> {
        const ADDRESS: &str = "seal.signature.key_id.address";
        const NAME: &str = "seal.signature.key_id.name";
        let (by_address, by_name) = (self.form == KeyIdWord::Address, self.form == KeyIdWord::Fixed);
        place.demand(ADDRESS, self.address.is_none() || by_address, "means nothing with this form");
        place.demand(NAME, self.name.is_none() || by_name, "means nothing with this form");
        let issuer = IssuerForm { order: self.order, escaping: self.escaping, unlisted: self.unlisted };
        Some(match self.form {
            KeyIdWord::SerialAndIssuer => KeyIdForm::SerialAndIssuer { serial: self.serial, issuer },
            KeyIdWord::Serial => KeyIdForm::Serial(self.serial),
            KeyIdWord::Address => {
                let certificate = place.take(ADDRESS, self.address.ok_or("is missing"))?;
                KeyIdForm::Address { certificate, fingerprint: self.fingerprint }
            }
            KeyIdWord::Fixed => {
                let name =
                    self.name.filter(|name| !name.is_empty() && name.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
                KeyIdForm::Fixed(place.take(NAME, name.ok_or("must be visible ASCII"))?)
            }
        })
    }
}

impl CertificateTable {
    /// The header, if there is one; the outer `None` is a mistake.
    #[expect(clippy::option_option, reason = "a mistake and an absence differ")]
    fn check(self, place: &mut Place<'_>) -> Option<Option<CertificateHeader>> {
        const ADDRESS: &str = "seal.signature.certificate.address";
        const HEADER: &str = "seal.signature.certificate.header";
        let by_address = self.form == CertificateFormWord::Address;
        place.demand(ADDRESS, self.address.is_none() || by_address, "means nothing with this form");
        let form = match self.form {
            CertificateFormWord::None => {
                place.demand(HEADER, self.header.is_none(), "means nothing with this form");
                return Some(None);
            }
            CertificateFormWord::Base64 => CertificateForm::Base64,
            CertificateFormWord::Armoured => CertificateForm::Armoured,
            CertificateFormWord::Address => {
                CertificateForm::Address(place.take(ADDRESS, self.address.ok_or("is missing"))?)
            }
        };
        let standard = HeaderName::from_static("tpp-signature-certificate");
        let name = self.header.map_or(Some(standard), |name| header_name(HEADER, &name, place))?;
        Some(Some(CertificateHeader { name, form }))
    }
}
