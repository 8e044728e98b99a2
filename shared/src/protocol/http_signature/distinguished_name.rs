//! Names of X.500 as text (RFC 2253, which Berlin Group's example follows).

use x509_parser::{
    asn1_rs::{Any, Tag, ToDer},
    x509::X509Name,
};

use super::key_id::hex;
use crate::domain::signature_profile::{IssuerForm, NameEscaping, NameOrder, UnlistedAttributes};

/// The short names that RFC 2253 §2.3 lists.
const LISTED: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.6", "C"),
    ("2.5.4.9", "STREET"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
];

/// Common names of other attributes that trust service providers have in their own names.
const COMMON: [(&str, &str); 6] = [
    ("2.5.4.97", "organizationIdentifier"),
    ("2.5.4.5", "serialNumber"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("2.5.4.4", "SN"),
    ("2.5.4.42", "GN"),
    ("2.5.4.12", "title"),
];

/// A name: relative names in the order of the encoding, the most general first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::protocol) struct DistinguishedName(Vec<Vec<Attribute>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Attribute {
    /// The type, as numbers with points between.
    kind: String,
    /// The value, if it is text.
    text: Option<String>,
    /// The value in its encoding.
    encoded: Vec<u8>,
}

impl DistinguishedName {
    pub(in crate::protocol) fn of(name: &X509Name<'_>) -> Self {
        let attribute = |it: &x509_parser::x509::AttributeTypeAndValue<'_>| Attribute {
            kind: it.attr_type().to_id_string(),
            text: text_of(it.attr_value()),
            encoded: it.attr_value().to_der_vec().unwrap_or_default(),
        };
        Self(name.iter_rdn().map(|relative| relative.iter().map(attribute).collect()).collect())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name as text of visible ASCII, and blanks if they are not escaped. Different names give different texts, but
    /// for the kind of string that a value is encoded as.
    pub(in crate::protocol) fn text(&self, form: IssuerForm) -> String {
        let mut parts: Vec<_> = self.0.iter().map(|relative| relative_text(relative, form)).collect();
        if form.order == NameOrder::SpecificFirst {
            parts.reverse();
        }
        in_ascii(&parts.join(","), form.escaping)
    }
}

fn relative_text(relative: &[Attribute], form: IssuerForm) -> String {
    let parts: Vec<_> = relative.iter().map(|attribute| attribute.text(form.unlisted)).collect();
    parts.join("+")
}

impl Attribute {
    fn text(&self, unlisted: UnlistedAttributes) -> String {
        let named = |names: &[(&str, &'static str)]| {
            names.iter().find(|(kind, _)| *kind == self.kind).map(|(_, name)| (*name).to_owned())
        };
        let name = named(&LISTED).or_else(|| match unlisted {
            UnlistedAttributes::Encoded => None,
            UnlistedAttributes::Named => Some(named(&COMMON).unwrap_or_else(|| self.kind.clone())),
        });
        match (name, &self.text) {
            (Some(name), Some(text)) => format!("{name}={}", escaped(text)),
            (name, _) => format!("{}=#{}", name.as_ref().unwrap_or(&self.kind), hex(&self.encoded)),
        }
    }
}

/// The value of a string; none of other types, and of strings that are not what their type says.
pub(in crate::protocol) fn text_of(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::NumericString
        | Tag::VisibleString
        | Tag::T61String => str::from_utf8(value.data).ok().map(str::to_owned),
        Tag::BmpString => {
            let (units, odd) = value.data.as_chunks::<2>();
            let units: Vec<_> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            String::from_utf16(&units).ok().filter(|_| odd.is_empty())
        }
        _ => None,
    }
}

/// A value with a backslash before signs that have a meaning (RFC 2253 §2.4).
fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(text.len());
    for (index, sign) in text.chars().enumerate() {
        let at_an_end = (index == 0 && matches!(sign, ' ' | '#')) || (index == last && sign == ' ');
        if at_an_end || ",+\"\\<>;".contains(sign) {
            out.push('\\');
        }
        out.push(sign);
    }
    out
}

/// The text in ASCII, bytes of UTF-8 that are none written in hexadecimal.
fn in_ascii(text: &str, escaping: NameEscaping) -> String {
    let (prefix, keeps_blank) = match escaping {
        NameEscaping::Percent => ('%', false),
        NameEscaping::Backslash => ('\\', true),
    };
    let stays = |byte: u8| match byte {
        b' ' => keeps_blank,
        b'%' => escaping != NameEscaping::Percent,
        other => other.is_ascii_graphic(),
    };
    let one = |byte| if stays(byte) { char::from(byte).to_string() } else { format!("{prefix}{byte:02X}") };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use x509_parser::prelude::FromDer;

    use super::*;

    const CN: &[u8] = &[0x55, 4, 3];
    const ORGANIZATION: &[u8] = &[0x55, 4, 10];
    const COUNTRY: &[u8] = &[0x55, 4, 6];
    const ORGANIZATION_IDENTIFIER: &[u8] = &[0x55, 4, 97];
    const UTF8: u8 = 0x0c;
    const PRINTABLE: u8 = 0x13;
    const BMP: u8 = 0x1e;

    /// Type, tag of the value, and value.
    type Part<'a> = (&'a [u8], u8, &'a [u8]);

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        let length = if content.len() < 0x80 { length[1..].to_vec() } else { [&[0x82][..], &length].concat() };
        [&[tag][..], &length, content].concat()
    }

    /// The name of these relative names.
    fn name(relatives: &[&[Part<'_>]]) -> DistinguishedName {
        let part = |(kind, tag, value): &Part<'_>| element(0x30, &[element(0x06, kind), element(*tag, value)].concat());
        let relative = |parts: &&[Part<'_>]| element(0x31, &parts.iter().flat_map(part).collect::<Vec<_>>());
        let der = element(0x30, &relatives.iter().flat_map(relative).collect::<Vec<_>>());
        DistinguishedName::of(&X509Name::from_der(&der).unwrap().1)
    }

    fn plain() -> IssuerForm {
        IssuerForm { escaping: NameEscaping::Backslash, ..IssuerForm::default() }
    }

    #[test]
    fn is_told_from_its_end_or_its_beginning() {
        let name = name(&[
            &[(COUNTRY, PRINTABLE, b"DE")],
            &[(ORGANIZATION, UTF8, b"D-Trust GmbH")],
            &[(CN, UTF8, b"D-TRUST CA 2-1 2015")],
        ]);
        assert_eq!(name.text(IssuerForm::default()), "CN=D-TRUST%20CA%202-1%202015,O=D-Trust%20GmbH,C=DE");
        assert_eq!(name.text(plain()), "CN=D-TRUST CA 2-1 2015,O=D-Trust GmbH,C=DE");
        let as_encoded = IssuerForm { order: NameOrder::AsEncoded, ..plain() };
        assert_eq!(name.text(as_encoded), "C=DE,O=D-Trust GmbH,CN=D-TRUST CA 2-1 2015");
    }

    #[test]
    fn signs_with_a_meaning_are_escaped() {
        let name = name(&[&[(ORGANIZATION, UTF8, "Müller, \"Söhne\" + 5% <x>; \\".as_bytes())], &[(CN, UTF8, b"#1 ")]]);
        let percent = r#"CN=\#1\%20,O=M%C3%BCller\,%20\"S%C3%B6hne\"%20\+%205%25%20\<x\>\;%20\\"#;
        assert_eq!(name.text(IssuerForm::default()), percent);
        let backslash = r#"CN=\#1\ ,O=M\C3\BCller\, \"S\C3\B6hne\" \+ 5% \<x\>\; \\"#;
        assert_eq!(name.text(plain()), backslash);
    }

    #[test]
    fn attributes_without_a_short_name_are_told_by_number_or_by_a_common_name() {
        let name =
            name(&[&[(ORGANIZATION_IDENTIFIER, UTF8, b"NTRDE-1")], &[(&[0x2a, 3], UTF8, b"x"), (CN, 0x02, &[5])]]);
        assert_eq!(name.text(plain()), "1.2.3=#0c0178+CN=#020105,2.5.4.97=#0c074e545244452d31");
        let named = IssuerForm { unlisted: UnlistedAttributes::Named, ..plain() };
        assert_eq!(name.text(named), "1.2.3=x+CN=#020105,organizationIdentifier=NTRDE-1");
    }

    #[test]
    fn strings_of_two_bytes_a_sign_are_text_unless_they_are_cut() {
        assert_eq!(name(&[&[(CN, BMP, &[0, b'A', 0x20, 0xac])]]).text(plain()), r"CN=A\E2\82\AC");
        assert_eq!(name(&[&[(CN, BMP, &[0, b'A', 0])]]).text(plain()), "CN=#1e03004100");
        assert_eq!(name(&[&[(CN, UTF8, &[0xff])]]).text(plain()), "CN=#0c01ff");
    }

    fn forms() -> impl Iterator<Item = IssuerForm> {
        let orders = [NameOrder::SpecificFirst, NameOrder::AsEncoded];
        let escapings = [NameEscaping::Percent, NameEscaping::Backslash];
        let unlisted = [UnlistedAttributes::Encoded, UnlistedAttributes::Named];
        orders.into_iter().flat_map(move |order| {
            escapings.into_iter().flat_map(move |escaping| {
                unlisted.into_iter().map(move |unlisted| IssuerForm { order, escaping, unlisted })
            })
        })
    }

    proptest! {
        #[test]
        fn two_names_have_two_texts_of_ascii(
            first in vec("[ a,+=#%\"\\\\\u{fc}]{0,4}", 1..4),
            second in vec("[ a,+=#%\"\\\\\u{fc}]{0,4}", 1..4),
        ) {
            let of = |texts: &[String]| {
                let parts: Vec<Vec<Part<'_>>> = texts.iter().map(|text| vec![(CN, UTF8, text.as_bytes())]).collect();
                name(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
            };
            for form in forms() {
                let (one, other) = (of(&first).text(form), of(&second).text(form));
                prop_assert_eq!(one == other, first == second, "{} {}", one, other);
                prop_assert!(one.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
            }
        }
    }
}
