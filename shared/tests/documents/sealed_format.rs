//! The example in `docs/sealed-format.md` is a sealed value, and opens as the document says.

use shared::{
    domain::{
        ids::TenantId,
        place::Place,
        purpose::Purpose,
        sealed::Sealed,
        secret::{ExposeSecret, SecretBox},
    },
    protocol::envelope::{Binding, Envelope},
};

use crate::markdown::{document, table_below};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().filter(char::is_ascii_hexdigit).map(|digit| digit.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// The hexadecimal text of the second column, row after row.
fn column(heading: &str) -> Vec<u8> {
    let rows = table_below(&document("docs/sealed-format.md"), heading);
    rows.iter().flat_map(|row| bytes(&row[1])).collect()
}

#[test]
fn the_example_opens() {
    let place = Place {
        collection: "sessions",
        document: "doc-1".to_owned(),
        field: "grant",
        tenant: TenantId::parse("acme").unwrap(),
        generation: 7,
    };
    let binding = Binding { purpose: Purpose::Tokens, place: &place };
    assert_eq!(column("### Its associated data"), binding.associated_data());

    let sealed = Sealed::from_bytes(column("### Its bytes"));
    let envelope = Envelope::parse(&sealed).unwrap();
    assert_eq!((envelope.wrapped().version(), envelope.wrapped().bytes()), ("1", &b"wrapped"[..]));
    let dek = SecretBox::new(Box::new(std::array::from_fn(|index| u8::try_from(index).unwrap())));
    assert_eq!(envelope.open(&dek, binding).unwrap().expose_secret(), b"secret");
}
