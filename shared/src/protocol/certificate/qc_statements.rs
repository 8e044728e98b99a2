//! The `qcStatements` extension (RFC 3739 §3.2.6) as qualified certificates of payment service providers fill it (ETSI EN
//! 319 412-5 §4.2, ETSI TS 119 495 §5).

use std::collections::BTreeSet;

use x509_parser::der_parser::der::{DerObject, parse_der};

use crate::domain::certificate::{CompetentAuthority, PspRole, QualifiedType};

/// The extension: 1.3.6.1.5.5.7.1.3.
pub(super) const EXTENSION: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x03];

/// `id-etsi-qcs-QcCompliance`: 0.4.0.1862.1.1.
const QC_COMPLIANCE: &[u8] = &[0x04, 0x00, 0x8e, 0x46, 0x01, 0x01];
/// `id-etsi-qcs-QcType`: 0.4.0.1862.1.6.
const QC_TYPE: &[u8] = &[0x04, 0x00, 0x8e, 0x46, 0x01, 0x06];
/// `id-etsi-psd2-qcStatement`: 0.4.0.19495.2.
const PSD2: &[u8] = &[0x04, 0x00, 0x81, 0x98, 0x27, 0x02];
/// `id-etsi-psd2-roles`: 0.4.0.19495.1.
const ROLES: &[u8] = &[0x04, 0x00, 0x81, 0x98, 0x27, 0x01];

/// The longest value of the extension that is read, in bytes. Real ones have some two hundred.
const LONGEST: usize = 16 * 1024;

/// At most so many statements, and so many types or roles in one.
const MOST: usize = 64;

/// The longest name of an authority: 256 characters (ETSI TS 119 495 §5.2.3).
const LONGEST_NAME: usize = 256;

/// What the statements say that the hub cares for. Other statements are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QcStatements {
    /// What the certificate is for.
    pub types: BTreeSet<QualifiedType>,
    /// Whether it is qualified.
    pub qualified: bool,
    /// The roles of its owner.
    pub roles: BTreeSet<PspRole>,
    /// Who authorised its owner.
    pub authority: Option<CompetentAuthority>,
}

impl QcStatements {
    /// The statements of the extension's value; none if it has not the shape of any, or says twice what can be said
    /// once. One bare statement is read as well: adorsys' sandboxes write it instead of a sequence of statements.
    pub fn parse(value: &[u8]) -> Option<Self> {
        if value.len() > LONGEST {
            return None;
        }
        let ([], root) = parse_der(value).ok()? else { return None };
        let mut found = Self::default();
        for statement in statements(&root)? {
            found.take(statement)?;
        }
        Some(found)
    }

    /// Adds what one statement says: an identifier, and for most of them some information.
    fn take(&mut self, statement: &DerObject<'_>) -> Option<()> {
        let (id, info) = parts(statement)?.split_first()?;
        match (id.as_oid().ok()?.as_bytes(), info) {
            (QC_COMPLIANCE, []) => self.qualified = true,
            (QC_TYPE, [info]) if self.types.is_empty() => self.types = types(info)?,
            (PSD2, [info]) if self.authority.is_none() => {
                let [roles, name, id] = parts(info)? else { return None };
                self.roles = self::roles(roles)?;
                self.authority = Some(CompetentAuthority { name: text(name)?, id: text(id)? });
            }
            (QC_COMPLIANCE | QC_TYPE | PSD2, _) => return None,
            _ => {}
        }
        Some(())
    }
}

/// The statements below the root, or the root if it is one itself.
fn statements<'a, 'd>(root: &'a DerObject<'d>) -> Option<&'a [DerObject<'d>]> {
    let below = parts(root)?;
    let is_bare = below.first()?.as_oid().is_ok();
    Some(if is_bare { std::slice::from_ref(root) } else { below })
}

/// The types, those that nobody knows left out.
fn types(info: &DerObject<'_>) -> Option<BTreeSet<QualifiedType>> {
    let mut types = BTreeSet::new();
    for listed in parts(info)? {
        match listed.as_oid().ok()?.as_bytes().strip_prefix(QC_TYPE) {
            Some([1]) => types.insert(QualifiedType::Sign),
            Some([2]) => types.insert(QualifiedType::Seal),
            Some([3]) => types.insert(QualifiedType::Web),
            _ => false,
        };
    }
    Some(types)
}

/// The roles by their identifiers; their names, which say the same again, are not looked at.
fn roles(info: &DerObject<'_>) -> Option<BTreeSet<PspRole>> {
    let mut roles = BTreeSet::new();
    for listed in parts(info)? {
        match parts(listed)?.first()?.as_oid().ok()?.as_bytes().strip_prefix(ROLES) {
            Some([1]) => roles.insert(PspRole::AccountServicing),
            Some([2]) => roles.insert(PspRole::PaymentInitiation),
            Some([3]) => roles.insert(PspRole::AccountInformation),
            Some([4]) => roles.insert(PspRole::CardIssuing),
            _ => false,
        };
    }
    Some(roles)
}

/// What a sequence is made of, if that is not too much.
fn parts<'a, 'd>(object: &'a DerObject<'d>) -> Option<&'a [DerObject<'d>]> {
    object.as_sequence().ok().map(Vec::as_slice).filter(|parts| parts.len() <= MOST)
}

/// A text of one line.
fn text(object: &DerObject<'_>) -> Option<String> {
    let text = object.as_str().ok()?;
    let is_plain = !text.chars().any(char::is_control) && text.chars().count() <= LONGEST_NAME;
    is_plain.then(|| text.to_owned())
}
