//! Waiting for store and keys at the start: a process that cannot reach them does not serve, and says what it waits for.
//!
//! The platform sees no open port meanwhile, sends no request, and after its own patience starts another instance.

use std::{error::Error, future::Future, time::Duration};

use tokio::time::{sleep, timeout};

use crate::{
    domain::readiness::{Component, Dependency, PATIENCE},
    ports::{documents::Documents, keys::KeyWrap},
};

/// The first pause between two questions; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Returns when both have answered, and says in the log which has not.
pub(super) async fn until_ready(documents: &dyn Documents, keys: &dyn KeyWrap) {
    until(Dependency::Store, || documents.ready(), || documents.missing()).await;
    until(Dependency::Keys, || keys.ready(), || keys.missing()).await;
}

async fn until<E, F>(dependency: Dependency, mut ask: impl FnMut() -> F, missing: impl Fn() -> Vec<Component>)
where
    E: Error + 'static,
    F: Future<Output = Result<(), E>>,
{
    let mut pause = FIRST_PAUSE;
    let mut has_waited = false;
    loop {
        match timeout(PATIENCE, ask()).await {
            Ok(Ok(())) => break,
            Ok(Err(error)) => say(dependency, &missing(), &error),
            Err(elapsed) => say(dependency, &missing(), &elapsed),
        }
        has_waited = true;
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    if has_waited {
        tracing::info!(dependency = dependency.name(), "the wait is over");
    }
}

fn say(dependency: Dependency, missing: &[Component], error: &(dyn Error + 'static)) {
    let missing = missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    tracing::warn!(dependency = dependency.name(), missing, error, "not serving yet: waiting for a dependency");
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn asks_until_it_is_answered() {
        let asked = AtomicU32::new(0);
        let ask = || async {
            let nth = asked.fetch_add(1, Ordering::Relaxed);
            match nth {
                0..3 => Err(std::io::Error::other("away")),
                3 => std::future::pending().await,
                _ => Ok(()),
            }
        };
        until(Dependency::Store, ask, Vec::new).await;
        assert_eq!(asked.into_inner(), 5, "an error is asked again, and so is a question without an answer");
    }
}
