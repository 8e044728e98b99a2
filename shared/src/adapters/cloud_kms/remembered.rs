//! Answers that are given again for a while.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::Instant};

use super::call::CallFault;

type Outcome<T> = Result<Arc<T>, CallFault>;

/// The last outcome of a question, good or bad, and how long each is given again. Of several who ask at once, one asks
/// the service.
pub(super) struct Remembered<T> {
    last: Mutex<Option<(Instant, Outcome<T>)>>,
    success_for: Duration,
    failure_for: Duration,
}

impl<T> Remembered<T> {
    /// Nothing yet.
    pub(super) fn new(success_for: Duration, failure_for: Duration) -> Self {
        Self { last: Mutex::default(), success_for, failure_for }
    }

    /// The last outcome, or a new one if that is too old.
    pub(super) async fn get(&self, ask: impl Future<Output = Result<T, CallFault>> + Send) -> Outcome<T> {
        let mut last = self.last.lock().await;
        if let Some((since, outcome)) = &*last {
            let life = if outcome.is_ok() { self.success_for } else { self.failure_for };
            if since.elapsed() < life {
                return outcome.clone();
            }
        }
        let outcome = ask.await.map(Arc::new);
        *last = Some((Instant::now(), outcome.clone()));
        outcome
    }

    /// Forgets the last outcome.
    pub(super) async fn forget(&self) {
        *self.last.lock().await = None;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn asks_again_when_the_time_is_over() {
        let remembered = Remembered::new(Duration::from_secs(10), Duration::from_secs(1));
        let ask = async |answer| remembered.get(async move { answer }).await.map(|answer| *answer);
        assert_eq!(ask(Err(CallFault::TimedOut)).await, Err(CallFault::TimedOut));
        assert_eq!(ask(Ok(1)).await, Err(CallFault::TimedOut));
        advance(Duration::from_secs(1)).await;
        assert_eq!(ask(Ok(2)).await, Ok(2));
        advance(Duration::from_secs(9)).await;
        assert_eq!(ask(Ok(3)).await, Ok(2));
        advance(Duration::from_secs(1)).await;
        assert_eq!(ask(Ok(4)).await, Ok(4));
        remembered.forget().await;
        assert_eq!(ask(Ok(5)).await, Ok(5));
    }

    #[tokio::test]
    async fn one_who_asks_and_goes_away_blocks_nobody() {
        let remembered = Remembered::new(Duration::from_secs(10), Duration::from_secs(10));
        let gone = tokio::time::timeout(Duration::ZERO, remembered.get(std::future::pending::<Result<u8, _>>())).await;
        assert!(gone.is_err());
        assert_eq!(remembered.get(async { Ok(1) }).await, Ok(Arc::new(1)));
    }
}
