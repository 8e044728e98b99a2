//! The `qcStatements` extension (RFC 3739 section 3.2.6) as ETSI EN 319 412-5 and ETSI TS 119 495
//! fill it: what kind of qualified certificate it is and which PSD2 roles its owner has.
//!
//! Neither rcgen nor x509-parser knows its contents, so both directions are here.

use x509_parser::der_parser::der::{DerObject, parse_der};

/// The object identifier of the extension.
pub(crate) const EXTENSION: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 3];

const QC_COMPLIANCE: &[u8] = &[0x04, 0x00, 0x8e, 0x46, 0x01, 0x01];
const QC_TYPE: &[u8] = &[0x04, 0x00, 0x8e, 0x46, 0x01, 0x06];
const PSD2: &[u8] = &[0x04, 0x00, 0x81, 0x98, 0x27, 0x02];

/// What the extension says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct QcStatements {
    pub(crate) kind: Option<QcType>,
    pub(crate) roles: Vec<Role>,
}

/// The kinds of qualified certificates for organisations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QcType {
    /// For electronic seals: a QSEAL.
    Seal,
    /// For authenticating a web site: a QWAC.
    Web,
}

/// The PSD2 roles that this sandbox deals with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Account information.
    AccountInformation,
    /// Payment initiation.
    PaymentInitiation,
}

impl QcType {
    const ALL: [Self; 2] = [Self::Seal, Self::Web];

    const fn oid(self) -> &'static [u8] {
        match self {
            Self::Seal => &[0x04, 0x00, 0x8e, 0x46, 0x01, 0x06, 0x02],
            Self::Web => &[0x04, 0x00, 0x8e, 0x46, 0x01, 0x06, 0x03],
        }
    }
}

impl Role {
    const ALL: [Self; 2] = [Self::AccountInformation, Self::PaymentInitiation];

    const fn oid(self) -> &'static [u8] {
        match self {
            Self::AccountInformation => &[0x04, 0x00, 0x81, 0x98, 0x27, 0x01, 0x03],
            Self::PaymentInitiation => &[0x04, 0x00, 0x81, 0x98, 0x27, 0x01, 0x02],
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::AccountInformation => "PSP_AI",
            Self::PaymentInitiation => "PSP_PI",
        }
    }
}

/// The extension's value for a certificate of this kind with all roles of this sandbox.
pub(crate) fn encode(kind: QcType) -> Vec<u8> {
    sequence(&[compliance(), kind_statement(kind), psd2_statement()])
}

/// The same without any PSD2 statement.
pub(crate) fn encode_without_roles(kind: QcType) -> Vec<u8> {
    sequence(&[compliance(), kind_statement(kind)])
}

/// One bare PSD2 statement where a sequence of statements belongs.
pub(crate) fn encode_bare() -> Vec<u8> {
    psd2_statement()
}

fn compliance() -> Vec<u8> {
    sequence(&[object_id(QC_COMPLIANCE)])
}

fn kind_statement(kind: QcType) -> Vec<u8> {
    sequence(&[object_id(QC_TYPE), sequence(&[object_id(kind.oid())])])
}

fn psd2_statement() -> Vec<u8> {
    let roles = Role::ALL.map(|role| sequence(&[object_id(role.oid()), text(role.name())]));
    let psd2 = [sequence(&roles), text("Sandbox National Competent Authority"), text("DE-FAKENCA")];
    sequence(&[object_id(PSD2), sequence(&psd2)])
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tagged(0x30, &parts.concat())
}

fn object_id(encoded: &[u8]) -> Vec<u8> {
    tagged(0x06, encoded)
}

fn text(text: &str) -> Vec<u8> {
    tagged(0x0c, text.as_bytes())
}

/// One DER element; the lengths here stay below 64 KiB.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    let length: &[u8] = match (high, low) {
        (0, 0..0x80) => &[low],
        (0, _) => &[0x81, low],
        _ => &[0x82, high, low],
    };
    [&[tag], length, content].concat()
}

impl QcStatements {
    /// Reads the extension's value; `None` if it is no sequence of statements.
    pub(crate) fn decode(value: &[u8]) -> Option<Self> {
        let (_, root) = parse_der(value).ok()?;
        let mut found = Self::default();
        for statement in parts(&root)? {
            match parts(statement)?.as_slice() {
                [id, info] if is(id, QC_TYPE) => {
                    found.kind = QcType::ALL.into_iter().find(|kind| mentions(info, kind.oid()));
                }
                [id, info] if is(id, PSD2) => found.roles = roles(info)?,
                _ => {}
            }
        }
        Some(found)
    }
}

fn roles(info: &DerObject<'_>) -> Option<Vec<Role>> {
    let listed = parts(parts(info)?.first()?)?;
    let has = |role: &Role| listed.iter().any(|entry| mentions(entry, role.oid()));
    Some(Role::ALL.into_iter().filter(has).collect())
}

fn parts<'a, 'd>(object: &'a DerObject<'d>) -> Option<&'a Vec<DerObject<'d>>> {
    object.as_sequence().ok()
}

fn is(object: &DerObject<'_>, oid: &[u8]) -> bool {
    object.as_oid().is_ok_and(|id| id.as_bytes() == oid)
}

fn mentions(sequence: &DerObject<'_>, oid: &[u8]) -> bool {
    parts(sequence).is_some_and(|parts| parts.iter().any(|part| is(part, oid)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_a_qwac_as_openssl_does() {
        let written: Vec<String> = encode(QcType::Web).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            written.concat(),
            "3081853008060604008e4601013013060604008e4601063009060704008e460106033064060604008198270230\
             5a302630110607040081982701030c065053505f414930110607040081982701020c065053505f50490c245361\
             6e64626f78204e6174696f6e616c20436f6d706574656e7420417574686f726974790c0a44452d46414b454e43\
             41"
        );
    }

    #[test]
    fn reads_back_what_it_wrote() {
        for kind in QcType::ALL {
            let read = QcStatements::decode(&encode(kind)).unwrap();
            assert_eq!(read, QcStatements { kind: Some(kind), roles: Role::ALL.to_vec() });
        }
    }

    #[test]
    fn leaves_out_what_it_is_asked_to() {
        let read = QcStatements::decode(&encode_without_roles(QcType::Web)).unwrap();
        assert_eq!(read, QcStatements { kind: Some(QcType::Web), roles: Vec::new() });
        assert_eq!(QcStatements::decode(&encode_bare()), None);
    }

    #[test]
    fn makes_nothing_of_other_bytes() {
        let whole = encode(QcType::Web);
        assert_eq!(QcStatements::decode(b""), None);
        assert_eq!(QcStatements::decode(b"\x0c\x01a"), None);
        assert!((1..whole.len()).all(|end| QcStatements::decode(&whole[..end]).is_none()));
    }

    #[test]
    fn writes_long_lengths_in_their_short_form() {
        assert_eq!(tagged(0x04, &[0; 0x7f])[..2], [0x04, 0x7f]);
        assert_eq!(tagged(0x04, &[0; 0x80])[..3], [0x04, 0x81, 0x80]);
        assert_eq!(tagged(0x04, &[0; 0x100])[..4], [0x04, 0x82, 0x01, 0x00]);
    }
}
