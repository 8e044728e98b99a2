//! How many operations run at once, how long each may take, and when it tries again.

use std::{sync::Arc, time::Duration};

use firestore::gcloud_sdk::tonic::{Request, Status};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, sleep, timeout},
};

use super::{
    FirestoreLimits,
    faults::{Fault, fault, store_error},
};
use crate::ports::{
    documents::StoreError,
    entropy::{Entropy, random},
};

/// The first pause is shorter than this, each further one than twice as much.
const SHORTEST: Duration = Duration::from_millis(16);

/// No pause is longer.
const LONGEST: Duration = Duration::from_millis(512);

/// The store is busy with as much as it may be.
#[derive(Debug, thiserror::Error)]
#[error("{0} store operations are under way, which is the limit")]
struct Full(usize);

/// Lets a limited number of operations pass.
pub(super) struct Gate {
    limits: FirestoreLimits,
    places: Semaphore,
    entropy: Arc<dyn Entropy>,
}

impl Gate {
    pub(super) fn new(limits: FirestoreLimits, entropy: Arc<dyn Entropy>) -> Self {
        Self { limits, places: Semaphore::new(limits.in_flight), entropy }
    }

    /// Begins an operation, or fails at once if too many are under way: waiting would only make the caller late.
    pub(super) fn enter(&self) -> Result<Operation<'_>, StoreError> {
        let full = |_| StoreError::Unavailable(Box::new(Full(self.limits.in_flight)));
        let place = self.places.try_acquire().map_err(full)?;
        let ends = Instant::now() + self.limits.operation;
        Ok(Operation { _place: place, ends, call: self.limits.call, entropy: &*self.entropy })
    }
}

/// An operation under way.
pub(super) struct Operation<'a> {
    _place: SemaphorePermit<'a>,
    ends: Instant,
    call: Duration,
    entropy: &'a dyn Entropy,
}

impl Operation<'_> {
    /// A request that tells Firestore how long its answer is waited for.
    pub(super) fn request<M>(&self, message: M) -> Request<M> {
        let mut request = Request::new(message);
        request.set_timeout(self.limit());
        request
    }

    /// One call and its whole answer, within the time for a call and for the operation.
    pub(super) async fn call<T>(&self, answer: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        let late = |_| Err(Status::deadline_exceeded("no answer within the hub's own limit"));
        timeout(self.limit(), answer).await.unwrap_or_else(late)
    }

    /// Makes a call that changes nothing, again and again while it may yet succeed and there is time.
    pub(super) async fn read<T, F>(&self, call: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Status>>,
    {
        for round in 0.. {
            let status = match self.call(call()).await {
                Ok(answer) => return Ok(answer),
                Err(status) => status,
            };
            let may_pass = matches!(fault(&status), Fault::Unclear | Fault::Contention);
            if !(may_pass && self.pause(round).await) {
                return Err(store_error(status));
            }
        }
        Err(StoreError::Unavailable("no call succeeded".into()))
    }

    /// Waits a random while, longer from round to round. Answers whether there is time for another round.
    pub(super) async fn pause(&self, round: u32) -> bool {
        let most = SHORTEST.saturating_mul(1_u32.checked_shl(round).unwrap_or(u32::MAX)).min(LONGEST);
        let Ok(random) = random::<4>(self.entropy) else { return false };
        let pause = most.mul_f64(f64::from(u32::from_be_bytes(random)) / f64::from(u32::MAX));
        if pause >= self.left() {
            return false;
        }
        sleep(pause).await;
        true
    }

    fn limit(&self) -> Duration {
        self.call.min(self.left())
    }

    fn left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }
}
