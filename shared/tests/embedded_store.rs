//! The embedded store keeps every promise of the document store, also when it is killed in the middle of its work.

#![expect(clippy::unwrap_used, reason = "a broken promise is reported by panicking")]

use std::{
    env,
    io::{BufRead, BufReader, Read, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use shared::{
    adapters::redb_store::{OpenError, RedbStore},
    ports::{
        documents::{Collection, Document, Documents, Key, Write},
        entropy::random,
    },
    testing::{self, entropy::SeededEntropy},
};
use tempfile::tempdir;

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_promises_of_a_document_store() {
    let folder = tempdir().unwrap();
    let store = RedbStore::open(&folder.path().join("hub.redb")).unwrap();
    testing::documents::conformance(Arc::new(store), "once").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_promises_in_memory_too() {
    testing::documents::conformance(Arc::new(RedbStore::in_memory().unwrap()), "once").await;
}

/// How often the writer is killed.
const KILLS: u64 = 12;

/// How many acknowledged commits a kill waits for, at most.
const LONGEST_LIFE: u64 = 60;

/// Names the file to the writer, which is this very test run again in a process of its own.
const WRITER_FILE: &str = "EMBEDDED_STORE_WRITER_FILE";

/// Kills are placed by the number of acknowledged commits, not by time, and fall wherever the writer is by then.
#[tokio::test]
async fn loses_nothing_acknowledged_and_keeps_nothing_half_when_killed() {
    if let Some(path) = env::var_os(WRITER_FILE) {
        return write_for_ever(Path::new(&path)).await;
    }
    let folder = tempdir().unwrap();
    let path = folder.path().join("hub.redb");
    let entropy = SeededEntropy::new(9);
    let mut last = 0;
    for _ in 0..KILLS {
        let life = 1 + u64::from_be_bytes(random(&entropy).unwrap()) % LONGEST_LIFE;
        let acknowledged = write_until_killed(&path, life);
        assert!(acknowledged >= last + life, "the writer went back from {last} to {acknowledged}");
        last = commits_in(&RedbStore::open(&path).unwrap(), acknowledged).await;
    }
}

/// Runs a writer, kills it (SIGKILL) after that many acknowledged commits, and answers the last one's number.
fn write_until_killed(path: &Path, life: u64) -> u64 {
    let mut writer = start_writer(path);
    let mut acknowledgements = BufReader::new(writer.stdout.take().unwrap());
    for _ in 1..life {
        next_acknowledged(&mut acknowledgements).unwrap();
    }
    let mut last = next_acknowledged(&mut acknowledgements).unwrap();
    writer.kill().unwrap();
    writer.wait().unwrap();
    // What it said before it died counts too.
    while let Some(number) = next_acknowledged(&mut acknowledgements) {
        last = number;
    }
    last
}

fn start_writer(path: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "loses_nothing_acknowledged_and_keeps_nothing_half_when_killed", "--nocapture"])
        .env(WRITER_FILE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The number in the next acknowledgement. A line cut off by the kill, and what the test runner says, are none.
fn next_acknowledged(lines: &mut impl BufRead) -> Option<u64> {
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let number = line.strip_suffix('\n')?.strip_prefix("committed ");
        if let Some(number) = number {
            return Some(number.parse().unwrap());
        }
    }
}

/// The writer: commits rising numbers, each to three documents at once, and tells each one that was acknowledged.
async fn write_for_ever(path: &Path) {
    let store = RedbStore::open(path).unwrap();
    let first = number_in(&store, &left()).await.unwrap_or(0) + 1;
    for number in first.. {
        let document = Document::of(&Numbered { number, ballast: vec![0xa5; 3_000] }).unwrap();
        let writes = [
            Write::Put(left(), document.clone()),
            Write::Create(own(number), document.clone()),
            Write::Put(right(), document),
        ];
        store.commit(&writes).await.unwrap();
        let mut out = std::io::stdout();
        writeln!(out, "committed {number}").unwrap();
        out.flush().unwrap();
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Numbered {
    number: u64,
    ballast: Vec<u8>,
}

fn left() -> Key {
    Key::new(Collection::Sessions, "left")
}

fn right() -> Key {
    Key::new(Collection::Snapshots, "right")
}

/// The document that one commit alone creates.
fn own(number: u64) -> Key {
    Key::new(Collection::Audit, format!("commit-{number}"))
}

async fn number_in(store: &RedbStore, key: &Key) -> Option<u64> {
    let stored = store.read(key).await.unwrap()?;
    Some(stored.document.parse::<Numbered>().unwrap().number)
}

/// Checks that the store holds whole commits only, up to the last acknowledged or the one after it, whose
/// acknowledgement the kill cut off. Answers the last one's number.
async fn commits_in(store: &RedbStore, acknowledged: u64) -> u64 {
    let last = number_in(store, &left()).await.unwrap();
    assert!(last == acknowledged || last == acknowledged + 1, "{last} stands, {acknowledged} was acknowledged");
    assert_eq!(number_in(store, &right()).await, Some(last), "half a commit");
    for number in 1..=last {
        assert_eq!(number_in(store, &own(number)).await, Some(number), "commit {number} of {last} is missing");
    }
    assert_eq!(number_in(store, &own(last + 1)).await, None, "half a commit");
    last
}

#[test]
fn a_second_process_is_refused_until_the_first_is_gone() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("hub.redb");
    let mut writer = start_writer(&path);
    let mut acknowledgements = BufReader::new(writer.stdout.take().unwrap());
    next_acknowledged(&mut acknowledgements).unwrap();
    let refused = RedbStore::open(&path);
    writer.kill().unwrap();
    writer.wait().unwrap();
    acknowledgements.read_to_end(&mut Vec::new()).unwrap();
    assert!(matches!(refused, Err(OpenError::AlreadyOpen { .. })), "{refused:?}");
    RedbStore::open(&path).unwrap();
}
