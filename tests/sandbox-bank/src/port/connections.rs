//! The open connections of the banking port, so that they can be asked to end.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// Counts connections and tells them when to end.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: watch::Sender<usize>,
    rounds: watch::Sender<u64>,
}

/// One open connection; it counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Open {
    count: watch::Sender<usize>,
    rounds: watch::Receiver<u64>,
}

impl Connections {
    /// A connection begins.
    pub(crate) fn open(&self) -> Open {
        self.open.send_modify(|count| *count += 1);
        Open { count: self.open.clone(), rounds: self.rounds.subscribe() }
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        *self.open.borrow()
    }

    /// Asks all connections that are open now to end after the request they are at, and waits until
    /// none is left or `patience` is over.
    pub(crate) async fn drain(&self, patience: Duration) {
        self.rounds.send_modify(|round| *round += 1);
        let mut open = self.open.subscribe();
        if timeout(patience, open.wait_for(|count| *count == 0)).await.is_err() {
            tracing::debug!("some connections are still busy");
        }
    }
}

impl Open {
    /// Returns when the connection is asked to end; never a second time for one asking.
    pub(crate) async fn asked_to_end(&mut self) {
        if self.rounds.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.count.send_modify(|count| *count = count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_until_every_connection_has_ended() {
        let connections = Connections::default();
        let mut open = connections.open();
        let ending = async {
            open.asked_to_end().await;
            drop(open);
        };
        tokio::join!(connections.drain(Duration::from_mins(1)), ending);
        assert_eq!(connections.count(), 0);
    }

    #[tokio::test]
    async fn loses_patience_with_a_busy_connection() {
        let connections = Connections::default();
        let _busy = connections.open();
        connections.drain(Duration::ZERO).await;
        assert_eq!(connections.count(), 1);
    }
}
