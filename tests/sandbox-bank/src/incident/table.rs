//! The table of incidents. Where a number is given, it is an issue of that repository.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Effect, Incident, Trouble};
use crate::fault::mangle::Mangling;
use crate::fault::{Astray, Fault};
use crate::journal::Operation;

const TOKEN: &[Operation] = &[Operation::Token];
const ACCOUNTS: &[Operation] = &[Operation::Accounts];
const BALANCES: &[Operation] = &[Operation::Balances];
const TRANSACTIONS: &[Operation] = &[Operation::Transactions];
const READS: &[Operation] = &[Operation::Accounts, Operation::Balances, Operation::Transactions];
const CONSENT: &[Operation] = &[Operation::Consent];
const ANY: &[Operation] = &[];

/// How long the maintenance is that is announced, and how much longer it takes.
const ANNOUNCED: SignedDuration = SignedDuration::from_hours(14);
const OVERRUN: SignedDuration = SignedDuration::from_hours(2);

/// As long a wait as nobody takes for one: a million years, in seconds.
const HUGE_WAIT: u64 = 31_556_952_000_000;

const fn incident(
    name: &'static str,
    what: &'static str,
    source: &'static str,
    effects: &'static [Effect],
) -> Incident {
    Incident { name, what, source, effects }
}

const fn mangled(operations: &'static [Operation], trouble: fn(Timestamp) -> Fault) -> Effect {
    Effect::Fault(operations, Trouble(trouble))
}

macro_rules! mangling {
    ($operations:expr, $how:ident) => {
        mangled($operations, |_| Fault::Mangle { how: Mangling::$how })
    };
}

macro_rules! astray {
    ($to:ident) => {
        mangled(TRANSACTIONS, |_| Fault::WrongNext { to: Astray::$to })
    };
}

pub(super) const ALL: &[Incident] = &[
    incident(
        "rotate_then_504",
        "The token endpoint takes the refresh token, then a gateway in front of it gives up.",
        "openbankingspace/tpp-issues #26, #93",
        &[mangled(TOKEN, |_| Fault::RotateThen504)],
    ),
    incident(
        "next_to_itself",
        "A page of transactions names itself as the next one.",
        "openbankingspace/tpp-issues #122",
        &[astray!(Itself)],
    ),
    incident(
        "next_null_host",
        "The next page is at a host called null.",
        "openbankingspace/tpp-issues #157",
        &[astray!(NullHost)],
    ),
    incident(
        "next_other_resource",
        "The next page of transactions is said to be at the balances.",
        "openbankingspace/tpp-issues #174",
        &[astray!(OtherResource)],
    ),
    incident(
        "next_relative",
        "The next page is named by its query alone.",
        "openbankingspace/tpp-issues #53",
        &[astray!(Relative)],
    ),
    incident(
        "html_500",
        "Every call is answered with 500 and a page of HTML.",
        "openbankingspace/tpp-issues #130",
        &[mangled(ANY, |_| Fault::Body {
            status: 500,
            content_type: "text/html; charset=utf-8".to_owned(),
            body: "<!doctype html><title>Error</title><h1>Internal Server Error</h1>".to_owned(),
            headers: BTreeMap::new(),
        })],
    ),
    incident(
        "html_200_maintenance",
        "Every call is answered with 200 and a maintenance page.",
        "openbankingspace/tpp-issues #86, #87",
        &[mangled(ANY, |_| Fault::Html200)],
    ),
    incident(
        "id_token_algorithm_changed",
        "The token endpoint rotates and adds an id_token signed with an algorithm nobody agreed on.",
        "openbankingspace/tpp-issues #135",
        &[mangling!(TOKEN, ForeignIdToken)],
    ),
    incident(
        "other_content_type",
        "The token endpoint rotates and calls its JSON text/plain.",
        "openbankingspace/tpp-issues #135, adorsys/xs2a-adapter VerlagAccountInformationService",
        &[mangling!(TOKEN, PlainText)],
    ),
    incident(
        "dns_gone",
        "Nothing listens where the bank was; as after its name went missing.",
        "openbankingspace/tpp-issues #31",
        &[Effect::ClosedPort],
    ),
    incident(
        "maintenance_overrun",
        "503 for the 14 hours announced in Retry-After, and for two hours more, by the bank's clock.",
        "openbankingspace/tpp-issues #117",
        &[mangled(ANY, |now| Fault::Maintenance {
            announced_until: now.saturating_add(ANNOUNCED).unwrap_or(Timestamp::MAX),
            ends_at: now.saturating_add(ANNOUNCED + OVERRUN).unwrap_or(Timestamp::MAX),
        })],
    ),
    incident(
        "consent_dead_after_24_uses",
        "A consent ends after 24 reads of data.",
        "adorsys/open-banking-gateway #1138",
        &[Effect::Habit("uses", "24")],
    ),
    incident(
        "pem_extra_newlines",
        "The bank's certificates in PEM end with two empty lines.",
        "adorsys/xs2a-adapter #577",
        &[Effect::EmptyLines],
    ),
    incident(
        "missing_transaction_ids",
        "Booked transactions have no identifier.",
        "actualbudget/actual #2495, #5376",
        &[mangling!(TRANSACTIONS, MissingIds)],
    ),
    incident(
        "duplicate_transaction_ids",
        "Every second booked transaction has the identifier of the one before.",
        "actualbudget/actual #2495, #5376",
        &[mangling!(TRANSACTIONS, DuplicateIds)],
    ),
    incident(
        "pending_becomes_booked",
        "Pending entries have an identifier that they lose when they are booked.",
        "firefly-iii/firefly-iii #9268",
        &[Effect::Habit("pending", "\"other_id\"")],
    ),
    incident(
        "limit_headers_negative",
        "429 with limits and waiting times below zero.",
        "firefly-iii/data-importer changelog, firefly-iii/firefly-iii #9228",
        &[mangled(READS, |_| Fault::Body {
            status: 429,
            content_type: "application/json".to_owned(),
            body: "{\"tppMessages\":[{\"category\":\"ERROR\",\"code\":\"ACCESS_EXCEEDED\"}]}".to_owned(),
            headers: [("retry-after", "-3600"), ("x-ratelimit-remaining", "-1"), ("x-ratelimit-reset", "-86400")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        })],
    ),
    incident(
        "retry_after_huge",
        "429 with a Retry-After of a million years.",
        "firefly-iii/firefly-iii #9228; RFC 9110 section 10.2.3",
        &[mangled(READS, |_| Fault::TooManyRequests { retry_after: Some(HUGE_WAIT) })],
    ),
    incident(
        "sca_page_swallows_customer",
        "The customer comes to the bank's pages and never gets back.",
        "openbankingspace/tpp-issues #34",
        &[mangled(ANY, |_| Fault::SwallowCustomer)],
    ),
    incident(
        "validity_refused_by_milliseconds",
        "A consent that is to hold longer than the bank grants is refused with 422 instead of shortened.",
        "we-promise/sure #2857",
        &[Effect::Habit("too_long", "\"refused\"")],
    ),
    incident(
        "empty_chunked_body",
        "200 with a chunked body that has no chunks.",
        "adorsys/xs2a-adapter 0.0.10",
        &[mangled(BALANCES, |_| Fault::EmptyChunked)],
    ),
    incident(
        "half_psu_headers_refused",
        "An address of the customer without a browser is refused, and a browser without an address.",
        "firefly-iii discussion 12279",
        &[Effect::Habit("whole_psu_headers", "true")],
    ),
    incident(
        "wrong_request_id_echoed",
        "Answers carry the X-Request-ID of somebody else.",
        "OWASP API Security Top 10 of 2023, API10",
        &[mangled(READS, |_| Fault::WrongRequestId)],
    ),
    incident(
        "accounts_not_in_consent",
        "The list of accounts has one that the consent does not cover.",
        "OWASP API Security Top 10 of 2023, API3 and API10",
        &[mangling!(ACCOUNTS, ForeignAccount)],
    ),
    incident(
        "duplicate_json_members",
        "An amount is there twice with different values.",
        "RFC 8259 section 4",
        &[mangling!(TRANSACTIONS, DuplicateMembers)],
    ),
    incident("huge_amount", "An amount of 40 digits.", "RFC 8259 section 6", &[mangling!(TRANSACTIONS, HugeAmount)]),
    incident(
        "invalid_utf8",
        "A text has bytes that are no UTF-8.",
        "RFC 8259 section 8.1",
        &[mangling!(TRANSACTIONS, InvalidUtf8)],
    ),
    incident("bom", "JSON begins with a byte order mark.", "RFC 8259 section 8.1", &[mangling!(READS, ByteOrderMark)]),
    incident(
        "string_booleans",
        "Booleans of a consent are written as texts.",
        "Berlin Group, samples of 1.3.11",
        &[mangling!(CONSENT, StringBooleans)],
    ),
    incident(
        "local_time_dates",
        "Dates come with a time of day and without a zone.",
        "adorsys/xs2a-adapter 0.1.4, 0.1.13",
        &[mangling!(TRANSACTIONS, LocalTimes)],
    ),
];
