//! The journal: every request that reached the banking port, in order. It gives the verdict in tests,
//! so it is written before a request is worked on, and it never holds a secret or an account number.

mod classify;
mod entry;
mod file;

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;

pub(crate) use classify::{Target, classify};
pub use entry::{JournalEntry, Operation};
pub(crate) use file::JournalFile;
pub use file::JournalFileError;
use file::Line;

/// All entries since the last clearing, and their file if there is one.
#[derive(Debug)]
pub(crate) struct Journal(Mutex<Pages>);

#[derive(Debug)]
struct Pages {
    entries: Vec<JournalEntry>,
    next_seq: u64,
    file: Option<JournalFile>,
}

impl Journal {
    /// A journal in memory only.
    pub(crate) fn in_memory() -> Self {
        Self(Mutex::new(Pages { entries: Vec::new(), next_seq: 1, file: None }))
    }

    /// A journal that goes on where its file ends.
    pub(crate) fn in_file(mut file: JournalFile) -> Result<Self, JournalFileError> {
        let mut pages = Pages { entries: Vec::new(), next_seq: 1, file: None };
        for line in file.read()? {
            pages.take_up(line);
        }
        pages.file = Some(file);
        Ok(Self(Mutex::new(pages)))
    }

    /// Writes down what has arrived and gives it its number.
    pub(crate) fn arrived(&self, entry: JournalEntry) -> u64 {
        let mut pages = self.pages();
        let seq = pages.next_seq;
        pages.add(Line::Arrived(Box::new(JournalEntry { seq, ..entry })));
        seq
    }

    /// Adds the status that an entry was answered with.
    pub(crate) fn answered(&self, seq: u64, status: StatusCode) {
        self.pages().add(Line::Answered { seq, status: status.as_u16() });
    }

    /// The entries with a number above `seq`.
    pub(crate) fn since(&self, seq: u64) -> Vec<JournalEntry> {
        self.pages().entries.iter().filter(|entry| entry.seq > seq).cloned().collect()
    }

    /// Forgets all entries; numbers go on.
    pub(crate) fn clear(&self) {
        let mut pages = self.pages();
        if let Some(file) = &mut pages.file {
            file.truncate();
        }
        let next_seq = pages.next_seq;
        pages.add(Line::Cleared { next_seq });
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn add(&mut self, line: Line) {
        if let Some(file) = &mut self.file {
            file.append(&line);
        }
        self.take_up(line);
    }

    fn take_up(&mut self, line: Line) {
        match line {
            Line::Arrived(entry) => {
                self.next_seq = self.next_seq.max(entry.seq + 1);
                self.entries.push(*entry);
            }
            Line::Answered { seq, status } => {
                if let Ok(index) = self.entries.binary_search_by_key(&seq, |entry| entry.seq)
                    && let Some(entry) = self.entries.get_mut(index)
                {
                    entry.status = Some(status);
                }
            }
            Line::Cleared { next_seq } => {
                self.entries.clear();
                self.next_seq = self.next_seq.max(next_seq);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn entry() -> JournalEntry {
        JournalEntry { operation: Operation::Balances, ..JournalEntry::default() }
    }

    #[test]
    fn numbers_entries_and_adds_the_status_later() {
        let journal = Journal::in_memory();
        let (first, second) = (journal.arrived(entry()), journal.arrived(entry()));
        journal.answered(first, StatusCode::OK);
        let statuses: Vec<_> = journal.since(0).iter().map(|entry| (entry.seq, entry.status)).collect();
        assert_eq!(statuses, [(first, Some(200)), (second, None)]);
        assert_eq!(journal.since(first).len(), 1);
    }

    #[test]
    fn goes_on_numbering_after_it_was_cleared() {
        let journal = Journal::in_memory();
        let first = journal.arrived(entry());
        journal.clear();
        assert!(journal.since(0).is_empty());
        assert!(journal.arrived(entry()) > first);
        journal.answered(first, StatusCode::OK);
    }

    #[test]
    fn takes_up_its_file_again_even_with_a_torn_last_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.jsonl");
        let open = || Journal::in_file(JournalFile::open(&path).unwrap()).unwrap();
        let journal = open();
        journal.clear();
        let first = journal.arrived(entry());
        journal.answered(first, StatusCode::OK);
        journal.arrived(entry());
        drop(journal);
        let torn = fs::read_to_string(&path).unwrap() + "{\"event\":\"arri";
        fs::write(&path, torn).unwrap();

        let journal = open();
        let statuses: Vec<_> = journal.since(0).iter().map(|entry| entry.status).collect();
        assert_eq!(statuses, [Some(200), None]);
        journal.arrived(entry());
        drop(journal);
        assert_eq!(open().since(0).len(), 3);
    }
}
