//! The journal on disk: one JSON line for each thing that happened.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::entry::JournalEntry;

/// A line of the journal's file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Line {
    /// A request came, or a handshake failed.
    Arrived(Box<JournalEntry>),
    /// It was answered.
    Answered { seq: u64, status: u16 },
    /// Somebody emptied the journal.
    Cleared { next_seq: u64 },
}

/// The file, open for appending.
#[derive(Debug)]
pub(crate) struct JournalFile(File);

/// The journal's file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the journal's file cannot be read or written")]
pub struct JournalFileError(#[from] io::Error);

impl JournalFile {
    pub(crate) fn open(path: &Path) -> Result<Self, JournalFileError> {
        Ok(Self(OpenOptions::new().read(true).append(true).create(true).open(path)?))
    }

    /// All lines that can be read. The last one may be torn by a kill: it is left out and closed off,
    /// so that the next line starts afresh.
    pub(crate) fn read(&mut self) -> Result<Vec<Line>, JournalFileError> {
        self.0.seek(SeekFrom::Start(0))?;
        let texts: Vec<String> = BufReader::new(&self.0).lines().collect::<Result<_, _>>()?;
        let lines: Vec<Line> = texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
        if lines.len() < texts.len() {
            tracing::warn!(lines.dropped = texts.len() - lines.len(), "the journal's file has torn lines");
            self.0.write_all(b"\n")?;
        }
        Ok(lines)
    }

    /// Adds a line. The journal in memory goes on if the disk fails, so that is only reported.
    pub(crate) fn append(&mut self, line: &Line) {
        let written = serde_json::to_vec(line).map_err(io::Error::from).and_then(|mut bytes| {
            bytes.push(b'\n');
            self.0.write_all(&bytes)
        });
        report(written);
    }

    pub(crate) fn truncate(&mut self) {
        report(self.0.set_len(0));
    }
}

fn report(outcome: io::Result<()>) {
    if let Err(error) = outcome {
        tracing::error!(error = &error as &dyn std::error::Error, "the journal's file is not up to date");
    }
}
