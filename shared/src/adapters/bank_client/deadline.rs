//! A deadline that is looked at before the work goes on.
//!
//! A process that stood still wakes with everything ready at once: the deadline that has passed and the connection that
//! came about meanwhile. A request that left then might use a refresh token long after its lease has ended.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use tokio::time::{Instant, sleep_until};

/// The work's outcome, or nothing if the deadline passes before. From then on the work is not touched again, also where
/// the timer is slow to say so.
pub(super) async fn before<T>(deadline: Instant, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut timer) = (pin!(work), pin!(sleep_until(deadline)));
    let step = poll_fn(|context| {
        if timer.as_mut().poll(context).is_ready() || Instant::now() >= deadline {
            return Poll::Ready(None);
        }
        work.as_mut().poll(context).map(Some)
    });
    step.await
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use tokio::{sync::oneshot, task, time};

    use super::*;

    fn in_seconds(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn ends_with_the_work_or_at_the_deadline() {
        assert_eq!(before(in_seconds(20), async { 7 }).await, Some(7));
        let began = Instant::now();
        assert_eq!(before(in_seconds(20), pending::<()>()).await, None);
        assert_eq!(began.elapsed().as_secs(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_becomes_ready_while_the_process_stands_still_does_not_go_on() {
        let (connected, connection) = oneshot::channel();
        let (leaves, mut left) = oneshot::channel();
        let work = async move {
            connection.await.unwrap();
            leaves.send(()).unwrap();
        };
        let call = task::spawn(before(in_seconds(20), work));
        task::yield_now().await;
        connected.send(()).unwrap();
        // Without a pause in between: nobody runs until the time is over.
        time::advance(Duration::from_mins(1)).await;
        assert_eq!(call.await.unwrap(), None);
        assert!(left.try_recv().is_err());
    }
}
