//! Where sessions are kept, as the settings say it.

use std::path::PathBuf;

use super::reader::{Reader, Wrong};

/// Where sessions are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreSetting {
    /// One file of this process's own.
    Embedded(PathBuf),
    /// Firestore, shared by every instance.
    Firestore(FirestoreSetting),
}

/// A Firestore database, or two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirestoreSetting {
    /// The Google Cloud project.
    pub project: String,
    /// The database of sessions, flows, snapshots and audit records; `(default)` is one.
    pub database: String,
    /// `HUB_COUNTERS`: the database of ledgers, circuits, spikes and bans; the same one if not set.
    pub counters: Option<String>,
    /// `FIRESTORE_EMULATOR_HOST`: the emulator to use instead of the cloud, as `HOST:PORT`.
    pub emulator: Option<String>,
}

enum Kind {
    Embedded(PathBuf),
    Firestore { project: String, database: String },
}

impl StoreSetting {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let kind = reader.required("HUB_STORE", kind);
        let emulator = reader.absent_or("FIRESTORE_EMULATOR_HOST", host_and_port);
        match kind? {
            Kind::Embedded(path) => {
                reader.unused("HUB_COUNTERS", "only with HUB_STORE=firestore://…")?;
                Some(Self::Embedded(path))
            }
            Kind::Firestore { project, database } => {
                let counters = reader.absent_or("HUB_COUNTERS", |text| database_id(text).ok_or("not a database's id"));
                let (counters, emulator) = (counters?, emulator?);
                Some(Self::Firestore(FirestoreSetting { project, database, counters, emulator }))
            }
        }
    }
}

fn kind(text: &str) -> Result<Kind, Wrong> {
    let embedded = text.strip_prefix("redb:").filter(|path| !path.is_empty());
    if let Some(path) = embedded {
        return Ok(Kind::Embedded(path.into()));
    }
    let firestore = text.strip_prefix("firestore://").and_then(|rest| rest.split_once('/'));
    let named = firestore.and_then(|(project, database)| {
        Some(Kind::Firestore { project: project_id(project)?, database: database_id(database)? })
    });
    named.ok_or("neither redb:PATH nor firestore://PROJECT/DATABASE")
}

/// Project ids are lower-case letters, digits and hyphens; old ones carry their organisation in front of a colon.
fn project_id(text: &str) -> Option<String> {
    let is_of_one = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:".contains(&byte);
    (!text.is_empty() && text.bytes().all(is_of_one)).then(|| text.to_owned())
}

/// Database ids are lower-case letters, digits and hyphens; the first of a project is called `(default)`.
fn database_id(text: &str) -> Option<String> {
    let is_of_one = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_named = !text.is_empty() && text.bytes().all(is_of_one);
    (is_named || text == "(default)").then(|| text.to_owned())
}

fn host_and_port(text: &str) -> Result<String, Wrong> {
    let parts = text.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.contains('/'));
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    parts.filter(|(_, port)| is_port(port)).map(|_| text.to_owned()).ok_or("not HOST:PORT")
}
