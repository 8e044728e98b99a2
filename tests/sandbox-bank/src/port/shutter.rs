//! Closing and opening a port while the bank runs.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// How long whoever moves the shutter waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells a port whether to listen, and whoever wants to know whether it does.
#[derive(Debug, Default)]
pub(crate) struct Shutter {
    wanted_down: watch::Sender<bool>,
    is_down: watch::Sender<bool>,
}

impl Shutter {
    /// Closes or opens the port and returns when that is done.
    pub(crate) async fn put(&self, down: bool) {
        self.wanted_down.send_replace(down);
        let mut is_down = self.is_down.subscribe();
        if timeout(PATIENCE, is_down.wait_for(|now| *now == down)).await.is_err() {
            tracing::warn!(down, "the port is slow to close or to open");
        }
    }

    /// Returns when the port is to be closed, or to be opened again.
    pub(crate) async fn asked(&self, down: bool) {
        // The sender is this very shutter, so it cannot be gone.
        let _ = self.wanted_down.subscribe().wait_for(|wanted| *wanted == down).await;
    }

    /// The port has been closed or opened.
    pub(crate) fn done(&self, down: bool) {
        self.is_down.send_replace(down);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_until_the_port_has_followed() {
        let shutter = Shutter::default();
        let port = async {
            shutter.asked(true).await;
            shutter.done(true);
            shutter.asked(false).await;
            shutter.done(false);
        };
        let mover = async {
            shutter.put(true).await;
            assert!(*shutter.is_down.borrow());
            shutter.put(false).await;
            assert!(!*shutter.is_down.borrow());
        };
        tokio::join!(port, mover);
    }
}
