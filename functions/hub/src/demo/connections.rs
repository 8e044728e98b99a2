//! What a CRM keeps about its customers' banks: for each customer the hub's session ids, in one small JSON file.
//!
//! No token and no bank data: a session id is worth nothing without the CRM's own signature.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::local::data_folder::{self, DataFolderError};

/// One bank that a customer has connected, or is connecting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The hub's session.
    pub session: String,
    /// The bank's id.
    pub bank: String,
    /// Whether it ever came about. One that did not is given up when the customer turns away from it.
    pub connected: bool,
}

type Book = BTreeMap<String, Vec<Connection>>;

/// Every customer's connections. Each change is on disk when the call returns.
pub struct Connections {
    path: PathBuf,
    book: Mutex<Book>,
}

impl Connections {
    /// Reads the file; none is an empty book.
    pub fn open(path: PathBuf) -> Result<Self, DataFolderError> {
        let book = data_folder::read_json(&path)?.unwrap_or_default();
        Ok(Self { path, book: Mutex::new(book) })
    }

    /// A customer's connections, oldest first.
    pub fn of(&self, customer: &str) -> Vec<Connection> {
        self.lock().get(customer).cloned().unwrap_or_default()
    }

    /// One connection, if it is that customer's.
    pub fn find(&self, customer: &str, session: &str) -> Option<Connection> {
        self.of(customer).into_iter().find(|connection| connection.session == session)
    }

    /// Remembers a connection.
    pub fn add(&self, customer: &str, connection: Connection) -> Result<(), DataFolderError> {
        self.change(|book| book.entry(customer.to_owned()).or_default().push(connection))
    }

    /// Remembers that a connection has come about.
    pub fn set_connected(&self, customer: &str, session: &str) -> Result<(), DataFolderError> {
        self.change(|book| {
            let own = book.get_mut(customer).into_iter().flatten();
            own.filter(|connection| connection.session == session).for_each(|connection| connection.connected = true);
        })
    }

    /// Forgets a connection.
    pub fn remove(&self, customer: &str, session: &str) -> Result<(), DataFolderError> {
        self.change(|book| {
            if let Some(connections) = book.get_mut(customer) {
                connections.retain(|connection| connection.session != session);
            }
        })
    }

    /// Writes before it adopts, so that memory never tells what the disk does not.
    fn change(&self, edit: impl FnOnce(&mut Book)) -> Result<(), DataFolderError> {
        let mut book = self.lock();
        let mut changed = book.clone();
        edit(&mut changed);
        data_folder::write_json(&self.path, &changed)?;
        *book = changed;
        Ok(())
    }

    /// A panic elsewhere leaves the book whole, because it is only ever replaced.
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(session: &str) -> Connection {
        Connection { session: session.to_owned(), bank: "sandbox-oauth".to_owned(), connected: false }
    }

    #[test]
    fn a_second_start_finds_what_the_first_wrote() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("demo-crm.json");
        let first = Connections::open(path.clone()).unwrap();
        first.add("a", connection("1")).unwrap();
        first.add("a", connection("2")).unwrap();
        first.remove("a", "1").unwrap();
        first.set_connected("a", "2").unwrap();
        assert_eq!(Connections::open(path).unwrap().of("a"), [Connection { connected: true, ..connection("2") }]);
    }

    #[test]
    fn nobody_finds_another_customers_connection() {
        let place = tempfile::tempdir().unwrap();
        let connections = Connections::open(place.path().join("demo-crm.json")).unwrap();
        connections.add("a", connection("1")).unwrap();
        assert!(connections.find("a", "1").is_some());
        assert!(connections.find("b", "1").is_none());
    }

    #[test]
    fn what_cannot_be_written_is_not_remembered() {
        let place = tempfile::tempdir().unwrap();
        let connections = Connections::open(place.path().join("gone/demo-crm.json")).unwrap();
        assert!(connections.add("a", connection("1")).is_err());
        assert!(connections.of("a").is_empty());
    }
}
