//! What the hub itself has written and others hand back: sealed values, tickets and cursors.
//!
//! Each target knows one good value. Its promise is that nothing else opens: whoever finds other bytes that do has found
//! a second spelling, or a forgery.

use std::str;

use url::Url;

use super::{NOW, Verdict};
use crate::{
    domain::{
        coverage::Coverage,
        data_profile::BookingStatus,
        ids::{AccountId, SessionId, TenantId},
        place::Place,
        purpose::Purpose,
        sealed::Sealed,
        secret::{ExposeSecret, Secret32},
        transaction::Seen,
    },
    protocol::{
        cursor::{CursorRejected, Cursors, Position},
        envelope::{self, Binding, Envelope, WrappedDek},
        ticket::{TICKET_BYTES, Ticket},
    },
};

/// What the good envelope holds.
const PAYLOAD: &[u8] = b"a sealed canary";

fn key() -> Secret32 {
    Secret32::new(Box::new([1; 32]))
}

fn place() -> Place {
    Place {
        collection: "sessions",
        document: "s-1".to_owned(),
        field: "grant",
        tenant: TenantId::parse("acme").unwrap(),
        generation: 1,
    }
}

/// The good envelope.
pub fn good_envelope() -> Sealed {
    let binding = Binding { purpose: Purpose::Tokens, place: &place() };
    let wrapped = WrappedDek::new("7", b"wrapped").unwrap();
    envelope::seal(&key(), wrapped, [2; 12], binding, PAYLOAD).unwrap()
}

/// A sealed value. One that is well-formed has one spelling; what opens is what was sealed, for its purpose alone. (The
/// names of key and version stay open to alteration: only the key service can judge them.)
pub fn envelope(data: &[u8]) -> Verdict {
    let sealed = Sealed::from_bytes(data.to_vec());
    let Ok(envelope) = Envelope::parse(&sealed) else { return Verdict::Refused };
    assert_eq!(envelope.rewrapped(envelope.wrapped()).as_ref(), Ok(&sealed), "two spellings of one envelope");
    let open = |purpose| envelope.open(&key(), Binding { purpose, place: &place() });
    let opened = Purpose::ALL.map(|purpose| (purpose, open(purpose)));
    for (purpose, payload) in opened.iter().filter_map(|(purpose, opened)| Some((purpose, opened.as_ref().ok()?))) {
        assert_eq!(*purpose, Purpose::Tokens, "opens for another purpose");
        assert_eq!(payload.expose_secret(), PAYLOAD, "opens to something else");
    }
    Verdict::taken_if(opened.iter().any(|(_, opened)| opened.is_ok()))
}

fn good_ticket() -> Ticket {
    Ticket::from_random([7; TICKET_BYTES])
}

/// The good location.
pub fn good_location() -> Sealed {
    let location = Url::parse("https://www.bank.example/authorize?state=canary").unwrap();
    good_ticket().seal_location(&location, [3; 12]).unwrap()
}

/// A stored location: opens as it was written or not at all.
pub fn sealed_location(data: &[u8]) -> Verdict {
    let opened = good_ticket().open_location(&Sealed::from_bytes(data.to_vec()));
    assert!(opened.is_err() || data == good_location().as_bytes(), "a location that was altered opens");
    Verdict::of(&opened)
}

/// The text of a ticket: one spelling only, and no other than the good one opens the good location.
pub fn ticket(data: &[u8]) -> Verdict {
    let Some(ticket) = str::from_utf8(data).ok().and_then(Ticket::parse) else { return Verdict::Refused };
    assert_eq!(ticket.to_text().expose_secret().as_bytes(), data, "two spellings of one ticket");
    let is_good = data == good_ticket().to_text().expose_secret().as_bytes();
    assert_eq!(ticket.open_location(&good_location()).is_ok(), is_good, "a ticket opens another's location");
    Verdict::Taken
}

fn owner(byte: u8) -> (SessionId, AccountId) {
    (SessionId::from_random([byte; 16]), AccountId::from_hash([byte; 16]))
}

/// The good cursor.
pub fn good_cursor() -> String {
    let next = Url::parse("https://api.bank.example/v1/accounts/a-1/transactions?page=2").unwrap();
    let ends_at = NOW.checked_add(jiff::SignedDuration::from_mins(15)).unwrap();
    let (session, account) = owner(1);
    let coverage = Coverage { status: BookingStatus::Both, from: None, to: None, notes: Vec::new() };
    let position =
        Position { next, slice_from: None, coverage, seen: Seen::default(), pages: 1, read_at: None, ends_at };
    Cursors::new(&key()).unwrap().seal(&session, &account, &position, [4; 12]).unwrap()
}

/// The text of a cursor: opens as it was written or not at all, and never for another session.
pub fn cursor(data: &[u8]) -> Verdict {
    let Ok(text) = str::from_utf8(data) else { return Verdict::Refused };
    let cursors = Cursors::new(&key()).unwrap();
    let open = |(session, account)| cursors.open(&session, &account, text, NOW);
    assert_eq!(open(owner(2)), Err(CursorRejected::Foreign), "a cursor opens for another session");
    let opened = open(owner(1));
    assert!(opened.is_err() || text == good_cursor(), "a cursor that was altered opens");
    Verdict::of(&opened)
}
