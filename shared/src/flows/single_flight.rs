//! One at a time per session within this process, so that callers who need the same refresh do not even race for the
//! lease. Correctness does not rest on this but on the lease.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use crate::domain::ids::SessionId;

/// Whose turn it is, by session.
#[derive(Default)]
pub struct SingleFlight {
    turns: Mutex<HashMap<SessionId, Weak<Turn<()>>>>,
}

impl SingleFlight {
    /// Waits for the session's turn; the guard ends it.
    pub async fn turn(&self, session: &SessionId) -> OwnedMutexGuard<()> {
        self.turn_of(session).lock_owned().await
    }

    fn turn_of(&self, session: &SessionId) -> Arc<Turn<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(session).and_then(Weak::upgrade) {
            return turn;
        }
        // Whoever adds one clears those that nobody holds any more, so the map stays as small as the work under way.
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(Turn::new(()));
        turns.insert(session.clone(), Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_of_one_session_follow_each_other_and_others_do_not_wait() {
        let flights = SingleFlight::default();
        let first = SessionId::from_random([1; 16]);
        let held = flights.turn(&first).await;
        assert!(flights.turn_of(&first).try_lock().is_err());
        drop(flights.turn(&SessionId::from_random([2; 16])).await);
        drop(held);
        drop(flights.turn(&first).await);
    }

    #[tokio::test]
    async fn keeps_nothing_of_turns_that_ended() {
        let flights = SingleFlight::default();
        for id in 0..100 {
            drop(flights.turn(&SessionId::from_random([id; 16])).await);
        }
        assert_eq!(flights.turns.lock().unwrap().len(), 1);
    }
}
