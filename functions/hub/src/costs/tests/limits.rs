//! What the hub costs, and where it meets a limit of Google Cloud first: prices and limits over what tests have counted.
//! docs/operations.md shows both tables; `UPDATE_DOCS=1` writes them anew.

use std::{env, fmt::Write, fs};

use super::{super::counts::Counts, bill};

const DAY: f64 = 86_400.0;

/// Seconds that a call to a bank takes, and a session's refresh with it (docs/background-refresh.md).
const CALL: f64 = 0.9;

/// Refreshes of a session's balances a day.
const PER_DAY: f64 = 2.0;

/// Refreshes of one bank under way at once in a run, unless its document says otherwise.
const IN_FLIGHT: f64 = 4.0;

/// How long a run begins refreshes.
const STARTS: f64 = 20.0;

/// Uses whose cost the page shows.
const USES: [(&str, &str); 5] = [
    ("nobody calls", "--calls 0 --sessions 0"),
    ("1,000 customers: 100,000 calls, 2,000 sessions", "--calls 100000 --sessions 2000"),
    ("5 million calls, 50,000 sessions", "--calls 5000000 --sessions 50000"),
    ("the same, one refresh a day", "--calls 5000000 --sessions 50000 --refreshes-per-day 1"),
    ("50 million calls, 1 million sessions", "--calls 50000000 --sessions 1000000"),
];

#[test]
fn the_tables_of_the_page_are_what_was_counted() {
    let counts = Counts::counted().unwrap();
    let path = format!("{}/../../docs/operations.md", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap();
    let made = replaced(&replaced(&text, "limits", &table(&counts)), "prices", &prices());
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, made).unwrap();
    } else {
        assert_eq!(text, made, "UPDATE_DOCS=1 writes docs/operations.md anew");
    }
}

fn replaced(text: &str, part: &str, made: &str) -> String {
    let begin = format!("<!-- {part} -->\n");
    let (before, rest) = text.split_once(&begin).unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    format!("{before}{begin}{made}<!-- end -->{after}")
}

fn prices() -> String {
    let head = "| a month | idle | calls | sessions | all, USD |\n| --- | --- | --- | --- | --- |\n".to_owned();
    let mut table = USES.into_iter().fold(head, |mut table, (what, arguments)| {
        let bill = bill(arguments);
        let [idle, calls, sessions, total] = [bill.idle, bill.calls, bill.sessions, bill.total].map(grouped);
        writeln!(table, "| {what} | {idle} | {calls} | {sessions} | {total} |").unwrap();
        table
    });
    let one = bill(USES[2].1);
    let (calls, sessions) = (one.million_calls.unwrap(), one.ten_thousand_sessions.unwrap());
    writeln!(table, "| **a million calls** | | | | {calls:.2} |").unwrap();
    writeln!(table, "| **10,000 sessions, refreshed twice a day** | | | | {sessions:.2} |").unwrap();
    table
}

fn table(counts: &Counts) -> String {
    let refresh = counts.refresh_with_token.plus(counts.refreshed_account.times(2.0));
    let (documents, keys, visit) = (refresh.reads + refresh.writes, refresh.keys, counts.first_of_visit.keys);
    let starts_a_run = IN_FLIGHT * STARTS / CALL;
    let rows = [
        ("Cloud Armor, one address of a CRM", "3,000 calls a minute (`edge_limits`)", 50.0, "calls a second"),
        (
            "one run of `refresh-balances` every five minutes",
            "20 s, 4 at once at a bank",
            starts_a_run * 288.0 / PER_DAY,
            "sessions of one bank (`job_shards = 1`)",
        ),
        (
            "a run a minute for each of 16 shards",
            "20 s, 4 at once at a bank",
            starts_a_run * 16.0 * 1440.0 / PER_DAY,
            "sessions of one bank (`job_shards = 16`)",
        ),
        (
            "Cloud KMS, HSM, symmetric",
            "500 operations a second",
            500.0 / keys * DAY / PER_DAY,
            "sessions refreshed twice a day",
        ),
        ("the same", "500 operations a second", 500.0 / visit, "visits of customers a second, beside it"),
        ("Cloud Run, account-proxy", "50 instances of 80 calls (`scaling`)", 50.0 * 80.0 / CALL, "calls a second"),
        (
            "Firestore, new traffic",
            "500 operations a second, half as much more every five minutes",
            500.0 / documents,
            "refreshes a second in the first five minutes",
        ),
        (
            "Firestore, one index",
            "500 writes a second, in each of 16 shards",
            16.0 * 500.0 * DAY / PER_DAY,
            "sessions refreshed twice a day",
        ),
        (
            "Firestore, one document",
            "one write a second",
            3600.0 / (refresh.writes - 4.0),
            "refreshes of one session an hour",
        ),
        (
            "addresses of the outer subnetwork",
            "252, two for each instance (`egress.range`)",
            126.0,
            "instances that call banks",
        ),
        (
            "Cloud NAT, ports",
            "2 × 64,512, 256 for each instance",
            (2.0 * 64_512.0 / 256.0_f64).floor(),
            "instances that call banks",
        ),
        (
            "Cloud NAT, ports of one instance",
            "256 to each address of a bank; a bank gets 64 calls at once",
            256.0 / 64.0,
            "times what is needed",
        ),
    ];
    let head = "| what | limit | met at | |\n| --- | --- | --- | --- |\n".to_owned();
    rows.into_iter().fold(head, |mut table, (what, limit, met, unit)| {
        writeln!(table, "| {what} | {limit} | {} | {unit} |", grouped(met)).unwrap();
        table
    })
}

/// Three digits that count, with commas.
fn grouped(value: f64) -> String {
    if value < 1.0 {
        return format!("{value:.0}");
    }
    let scale = 10_f64.powf((value.log10().floor() - 2.0).max(0.0));
    let text = format!("{:.0}", (value / scale).round() * scale);
    let mut grouped = String::new();
    for (place, digit) in text.chars().enumerate() {
        if place > 0 && (text.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
