//! The store in memory: linearizable, with every write on one document guarded by its version.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use ciborium::Value;
use jiff::Timestamp;
use shared::{
    domain::{circuit::Circuits, operation::Operation, session::Session},
    ports::documents::{
        Collection, CommitError, Document, Documents, Found, Key, Query, StoreError, Stored, Version, Write,
    },
};

use crate::{
    life::{Life, true_time},
    ports::pass,
    world::{Mishap, Point, World},
};

/// What the store holds.
#[derive(Default)]
pub struct Contents(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    commits: u64,
    documents: BTreeMap<Key, (u64, Document)>,
    /// When each commit was applied, by its number from 1.
    times: Vec<Timestamp>,
}

impl Contents {
    /// The document of that key.
    pub fn read(&self, world: &World, key: &Key) -> Option<Stored> {
        let inner = self.0.lock().unwrap();
        inner.documents.get(key).map(|(commit, document)| stored(world, *commit, document))
    }

    /// When that version was written.
    fn written_at(&self, version: &Version) -> Option<Timestamp> {
        let commit = u64::from_be_bytes(version.mark().try_into().unwrap());
        self.0.lock().unwrap().times.get(usize::try_from(commit).unwrap() - 1).copied()
    }

    /// The one session, as it stands.
    pub fn session(&self) -> Option<Session> {
        let inner = self.0.lock().unwrap();
        let session = inner.documents.iter().find(|(key, _)| key.collection == Collection::Sessions);
        session.map(|(_, (_, document))| document.parse().unwrap())
    }

    /// Applies all the writes, or none if a guard does not hold.
    fn commit(&self, world: &World, writes: &[Write]) -> Result<Vec<Option<Version>>, CommitError> {
        let mut inner = self.0.lock().unwrap();
        let version = |key: &Key| inner.documents.get(key).map(|(commit, _)| *commit);
        let holds = |write: &Write| match write {
            Write::Create(key, _) => version(key).is_none(),
            Write::Replace(key, wanted, _) | Write::Delete(key, wanted) => {
                version(key).map(mark).as_ref() == Some(wanted)
            }
            Write::Put(..) => true,
        };
        if !writes.iter().all(holds) {
            return Err(CommitError::Refused);
        }
        judge_generation(world, &inner, writes);
        for write in writes {
            watch_circuit(world, write);
        }
        inner.commits += 1;
        inner.times.push(true_time(world.began));
        let commit = inner.commits;
        Ok(writes.iter().map(|write| inner.apply(commit, write)).collect())
    }

    fn find(&self, world: &World, query: &Query) -> Vec<Found> {
        let inner = self.0.lock().unwrap();
        let all = inner.documents.range(Key::new(query.collection, "")..);
        let all = all.take_while(|(key, _)| key.collection == query.collection);
        let matching = all.filter(|(_, (_, document))| matches(query, document));
        let found = matching
            .map(|(key, (commit, document))| Found { id: key.id.clone(), stored: stored(world, *commit, document) });
        found.take(query.limit).collect()
    }
}

impl Inner {
    fn apply(&mut self, commit: u64, write: &Write) -> Option<Version> {
        match write {
            Write::Create(key, document) | Write::Replace(key, _, document) | Write::Put(key, document) => {
                self.documents.insert(key.clone(), (commit, document.clone()));
                Some(mark(commit))
            }
            Write::Delete(key, _) => {
                self.documents.remove(key);
                None
            }
        }
    }
}

fn mark(commit: u64) -> Version {
    Version::new(commit.to_be_bytes())
}

fn stored(world: &World, commit: u64, document: &Document) -> Stored {
    Stored { document: document.clone(), version: mark(commit), told_at: Some(true_time(world.began)) }
}

fn matches(query: &Query, document: &Document) -> bool {
    let is_equal = |(name, wanted): &(&str, Value)| document.field(name) == Some(wanted);
    let instant = |name| document.field(name).and_then(Value::as_text)?.parse::<Timestamp>().ok();
    query.equal.iter().all(is_equal)
        && query.until.is_none_or(|(name, latest)| instant(name).is_some_and(|at| at <= latest))
}

/// Notes whether the circuit lets anybody read.
fn watch_circuit(world: &World, write: &Write) {
    let (Write::Create(key, document) | Write::Replace(key, _, document)) = write else { return };
    if key.collection == Collection::Circuits {
        let circuits: Circuits = document.parse().unwrap();
        let circuit = circuits.get(Operation::Accounts);
        world.note(|| format!("the circuit is {:?}", circuit.standing()));
        world.gate.stands(circuit);
    }
}

/// The generation grows by one with every stored answer of the bank and never otherwise (V4).
fn judge_generation(world: &World, inner: &Inner, writes: &[Write]) {
    let [Write::Replace(key, _, new), Write::Create(_, audit)] = writes else { return };
    if key.collection != Collection::Sessions {
        return;
    }
    let generation =
        |document: &Document| document.field("generation").and_then(Value::as_integer).map_or(0, i128::from);
    let grown = generation(new) - inner.documents.get(key).map_or(0, |(_, old)| generation(old));
    let event = audit.field("event").and_then(Value::as_map).and_then(|fields| {
        fields.iter().find(|(name, _)| name.as_text() == Some("kind")).and_then(|(_, kind)| kind.as_text())
    });
    let event = event.unwrap_or("nothing");
    world.note(|| format!("store takes {event}, generation {}", generation(new)));
    if grown != i128::from(event == "tokens_refreshed") {
        world.complain(format!("V4: the generation grew by {grown} with {event}"));
    }
}

/// The store, as one instance sees it.
pub struct SimulatedStore {
    pub world: Arc<World>,
    pub life: Arc<Life>,
}

#[async_trait]
impl Documents for SimulatedStore {
    async fn read(&self, key: &Key) -> Result<Option<Stored>, StoreError> {
        let read =
            pass(&self.world, &self.life, "reads", Point::Look, || self.world.contents.read(&self.world, key)).await;
        read.map_err(|_| unavailable())
    }

    async fn commit(&self, writes: &[Write]) -> Result<Vec<Option<Version>>, CommitError> {
        let commit = || self.world.contents.commit(&self.world, writes);
        match pass(&self.world, &self.life, "commits", Point::Deed, commit).await {
            Ok(outcome) => outcome,
            Err(Mishap::Late(time)) => {
                let (world, writes) = (Arc::clone(&self.world), writes.to_vec());
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    let landed = world.contents.commit(&world, &writes).is_ok();
                    world
                        .note(|| format!("a commit that was given up {}", if landed { "lands" } else { "is refused" }));
                });
                Err(unavailable().into())
            }
            Err(_) => Err(unavailable().into()),
        }
    }

    fn written_at(&self, version: &Version) -> Option<Timestamp> {
        self.world.contents.written_at(version)
    }

    async fn find(&self, query: &Query) -> Result<Vec<Found>, StoreError> {
        let found =
            pass(&self.world, &self.life, "finds", Point::Look, || self.world.contents.find(&self.world, query)).await;
        found.map_err(|_| unavailable())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("the seed wants it so".into())
}
