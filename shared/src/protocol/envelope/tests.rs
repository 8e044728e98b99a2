//! The format stays what it is, and nothing that was touched opens.

use std::fmt::Write;

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::domain::{
    ids::TenantId,
    secret::{ExposeSecret, SecretBox},
};

const NONCE: [u8; NONCE_BYTES] = [0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b];

fn dek() -> Secret32 {
    SecretBox::new(Box::new(std::array::from_fn(|index| u8::try_from(index).unwrap())))
}

fn place() -> Place {
    Place {
        collection: "sessions",
        document: "doc-1".to_owned(),
        field: "grant",
        tenant: TenantId::parse("acme").unwrap(),
        generation: 7,
    }
}

fn wrapped() -> WrappedDek<'static> {
    WrappedDek::new("1", b"wrapped").unwrap()
}

fn sealed() -> Sealed {
    let place = place();
    seal(&dek(), wrapped(), NONCE, Binding { purpose: Purpose::Tokens, place: &place }, b"secret").unwrap()
}

fn opened(sealed: &Sealed, dek: &Secret32, place: &Place) -> Result<Vec<u8>, EnvelopeError> {
    let plaintext = Envelope::parse(sealed)?.open(dek, Binding { purpose: Purpose::Tokens, place })?;
    Ok(plaintext.expose_secret().to_vec())
}

fn altered(change: impl FnOnce(&mut Vec<u8>)) -> Sealed {
    let mut bytes = sealed().as_bytes().to_vec();
    change(&mut bytes);
    Sealed::from_bytes(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

/// Made with another implementation of AES-GCM. A change here would orphan everything that was ever sealed.
#[test]
fn the_format_never_changes() {
    let kms_wrapped: Vec<u8> = (0x40..0x7c).collect();
    let vectors = [
        (
            Purpose::Flow,
            WrappedDek::new("1", b"wrapped").unwrap(),
            &b""[..],
            "534801010131000777726170706564202122232425262728292a2b4c93a20ffb00b81354da50b2a3a26072",
        ),
        (
            Purpose::Tokens,
            WrappedDek::new("projects/p/cryptoKeyVersions/12", &kms_wrapped).unwrap(),
            br#"{"refresh_token":"r"}"#,
            "534801021f70726f6a656374732f702f63727970746f4b657956657273696f6e732f3132003c404142434445464748494a4b4c4d\
             4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b202122232425\
             262728292a2ba918d4150aea7f7d722336a1aa7d9adbea6b9ebefaa35ffb93554ea91619c5725be131a3a0",
        ),
        (
            Purpose::Payloads,
            WrappedDek::new("7", &[0x77; 300]).unwrap(),
            b"secret",
            &format!(
                "534801030137012c{}202122232425262728292a2ba15fc50209ec0791d79f424f2dfa639edd89e94780b2",
                "77".repeat(300)
            ),
        ),
    ];
    for (purpose, wrapped, plaintext, expected) in vectors {
        let place = place();
        let binding = Binding { purpose, place: &place };
        let sealed = seal(&dek(), wrapped, NONCE, binding, plaintext).unwrap();
        assert_eq!(hex(sealed.as_bytes()), expected, "{purpose}");
        let envelope = Envelope::parse(&sealed).unwrap();
        assert_eq!((envelope.purpose(), envelope.wrapped()), (purpose, wrapped));
        assert_eq!(envelope.open(&dek(), binding).unwrap().expose_secret(), plaintext, "{purpose}");
    }
}

#[test]
fn refuses_another_key() {
    for position in 0..32 {
        let mut bytes = *dek().expose_secret();
        bytes[position] ^= 1;
        let other = SecretBox::new(Box::new(bytes));
        assert_eq!(opened(&sealed(), &other, &place()), Err(EnvelopeError::Rejected));
    }
}

#[test]
fn refuses_every_other_place() {
    let (here, other_tenant) = (place(), TenantId::parse("other").unwrap());
    let elsewhere = [
        ("collection", Place { collection: "flows", ..here.clone() }),
        ("document", Place { document: "doc-2".to_owned(), ..here.clone() }),
        ("field", Place { field: "directory", ..here.clone() }),
        ("tenant", Place { tenant: other_tenant, ..here.clone() }),
        ("an older generation put back", Place { generation: here.generation + 1, ..here.clone() }),
        ("a newer generation put early", Place { generation: here.generation - 1, ..here }),
    ];
    for (what, elsewhere) in elsewhere {
        assert_eq!(opened(&sealed(), &dek(), &elsewhere), Err(EnvelopeError::Rejected), "{what}");
    }
}

#[test]
fn refuses_another_purpose() {
    let (sealed, place) = (sealed(), place());
    let envelope = Envelope::parse(&sealed).unwrap();
    for purpose in [Purpose::Flow, Purpose::Payloads] {
        let outcome = envelope.open(&dek(), Binding { purpose, place: &place });
        assert_eq!(outcome.err(), Some(EnvelopeError::Malformed), "{purpose}");
    }
    // Saying so in the header helps nobody: the purpose is authenticated too.
    let relabelled = altered(|bytes| bytes[3] = purpose_code(Purpose::Payloads));
    let outcome =
        Envelope::parse(&relabelled).unwrap().open(&dek(), Binding { purpose: Purpose::Payloads, place: &place });
    assert_eq!(outcome.err(), Some(EnvelopeError::Rejected));
}

#[test]
fn refuses_every_truncation() {
    let whole = sealed().as_bytes().len();
    for length in 0..whole {
        let outcome = opened(&altered(|bytes| bytes.truncate(length)), &dek(), &place());
        assert!(outcome.is_err(), "opened {length} bytes of {whole}");
    }
    assert!(opened(&altered(|bytes| bytes.push(0)), &dek(), &place()).is_err(), "opened with a byte too many");
}

/// Outside what a rewrap replaces, every bit counts. A flip in there leads to another DEK or none: see the vault.
#[test]
fn refuses_a_flipped_bit_at_every_position() {
    let whole = sealed().as_bytes().len();
    let rewrappable = 5..6 + 2 + b"wrapped".len();
    for position in (0..whole).filter(|position| !rewrappable.contains(position)) {
        for bit in 0..8 {
            let outcome = opened(&altered(|bytes| bytes[position] ^= 1 << bit), &dek(), &place());
            assert!(outcome.is_err(), "bit {bit} of byte {position}");
        }
    }
}

#[test]
fn a_rewrap_changes_nothing_but_the_wrapped_key() {
    let before = sealed();
    let wrapped_anew = WrappedDek::new("22", b"wrapped by a newer key").unwrap();
    let after = Envelope::parse(&before).unwrap().rewrapped(wrapped_anew).unwrap();
    assert_eq!(Envelope::parse(&after).unwrap().wrapped(), wrapped_anew);
    assert_eq!(opened(&after, &dek(), &place()), Ok(b"secret".to_vec()));
    let back = Envelope::parse(&after).unwrap().rewrapped(wrapped()).unwrap();
    assert_eq!(back, before);
}

#[test]
fn wrapped_keys_have_to_fit() {
    let (version, bytes) = ("v".repeat(255), [0; 1_024]);
    let longest = WrappedDek::new(&version, &bytes).unwrap();
    let place = place();
    let binding = Binding { purpose: Purpose::Flow, place: &place };
    let sealed = seal(&dek(), longest, NONCE, binding, b"").unwrap();
    assert_eq!(Envelope::parse(&sealed).unwrap().wrapped(), longest);
    for (version, bytes) in [("", &[0; 1][..]), ("1", &[]), (&"v".repeat(256), &[0]), ("1", &[0; 1_025])] {
        assert_eq!(WrappedDek::new(version, bytes), Err(EnvelopeError::Malformed));
    }
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        key in any::<[u8; 32]>(),
        nonce in any::<[u8; NONCE_BYTES]>(),
        version in ".{1,60}",
        wrapped in vec(any::<u8>(), 1..200),
        document in "[a-z0-9-]{0,40}",
        generation in any::<u64>(),
        plaintext in vec(any::<u8>(), 0..2_000),
    ) {
        let place = Place { document, generation, ..place() };
        let binding = Binding { purpose: Purpose::Payloads, place: &place };
        let dek = SecretBox::new(Box::new(key));
        let wrapped = WrappedDek::new(&version, &wrapped).unwrap();
        let sealed = seal(&dek, wrapped, nonce, binding, &plaintext).unwrap();
        let envelope = Envelope::parse(&sealed).unwrap();
        prop_assert_eq!(envelope.wrapped(), wrapped);
        let opened = envelope.open(&dek, binding).unwrap();
        prop_assert_eq!(opened.expose_secret(), plaintext.as_slice());
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in vec(any::<u8>(), 0..300)) {
        let as_they_are = Sealed::from_bytes(bytes.clone());
        let behind_a_good_start = Sealed::from_bytes([b"SH\x01\x02".as_slice(), &bytes].concat());
        for sealed in [as_they_are, behind_a_good_start] {
            prop_assert!(opened(&sealed, &dek(), &place()).is_err());
        }
    }
}
