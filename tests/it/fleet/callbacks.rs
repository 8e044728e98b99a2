//! The callback over processes (V9, P8).

use http::StatusCode;
use it::bench::{RETURN_URL, browser::Browser, crm::parameter};
use sandbox_bank::{JournalEntry, Rotation};

use crate::world::World;

const ROUNDS: usize = 40;

/// The same answer of a bank comes to every process at once, several times. One consumes it.
#[tokio::test]
async fn a_callback_is_consumed_once_over_all_processes() {
    let world = World::start(Rotation::Family).await;
    for round in 1..=ROUNDS {
        world.bench.decide("approve").await;
        let started = world.bench.crm().start("oauth").await;
        let browser = Browser::new();
        let callback = browser.until_callback(&started.text("authorize_url")).await;
        let answers = futures::future::join_all((0..9).map(|_| browser.open(callback.as_str()))).await;
        let (taken, refused): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == StatusCode::SEE_OTHER);
        assert_eq!(taken.len(), 1, "round {round}");
        assert!(refused.iter().all(|answer| answer.status == StatusCode::CONFLICT), "round {round}");
        let back = taken[0].location();
        assert!(back.as_str().starts_with(RETURN_URL), "{back}");
        let code = parameter(&back, "activation_code");
        let session = started.text("session");
        assert_eq!(world.bench.crm().activate(&session, &code).await.status, StatusCode::OK);
        let is_redemption = |entry: &JournalEntry| entry.grant_type.as_deref() == Some("authorization_code");
        let redemptions = world.bench.reached("token").into_iter().filter(is_redemption).count();
        assert_eq!(redemptions, round, "each code was redeemed once");
    }
}
