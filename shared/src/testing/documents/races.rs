//! What holds when many want the same.

use futures::future::join_all;
use tokio::task::JoinSet;

use super::scratch::Scratch;
use crate::ports::documents::{CommitError, Version, Write};

const MANY: i64 = 32;

/// Runs that many copies at once, as tasks of their own.
async fn at_once<T, F>(scratch: &Scratch, copies: i64, task: impl Fn(Scratch, i64) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: JoinSet<T> = (0..copies).map(|copy| task(scratch.clone(), copy)).collect();
    tasks.join_all().await
}

/// Whether the commit won. It may lose to a guard, and to nothing else.
async fn wins(scratch: &Scratch, writes: &[Write]) -> bool {
    match scratch.store.commit(writes).await {
        Ok(_) => true,
        Err(CommitError::Refused) => false,
        Err(error) => panic!("{scratch}: {error:?}"),
    }
}

fn count(outcomes: &[bool]) -> usize {
    outcomes.iter().filter(|won| **won).count()
}

pub(super) async fn one_of_many_creators_wins(scratch: &Scratch) {
    let create = async |scratch: Scratch, number| {
        wins(&scratch, &[Write::Create(scratch.key("a"), scratch.document(number))]).await.then_some(number)
    };
    let winners: Vec<i64> = at_once(scratch, MANY, create).await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1, "{scratch}: winners {winners:?}");
    assert_eq!(scratch.number("a").await, winners.first().copied(), "{scratch}: not the winner's");
}

pub(super) async fn one_of_many_writers_wins_a_version(scratch: &Scratch) {
    scratch.create("a", 0).await;
    for round in 0..4 {
        let (_, version) = scratch.read("a").await.unwrap();
        let outcomes = at_once(scratch, MANY, |scratch, _| replace(scratch, version.clone(), round)).await;
        assert_eq!(count(&outcomes), 1, "{scratch}: round {round}");
    }
}

async fn replace(scratch: Scratch, from: Version, number: i64) -> bool {
    wins(&scratch, &[Write::Replace(scratch.key("a"), from, scratch.document(number))]).await
}

pub(super) async fn no_success_is_lost(scratch: &Scratch) {
    scratch.create("a", 0).await;
    let winners = at_once(scratch, MANY, |scratch, _| increment(scratch)).await;
    let mut seen: Vec<i64> = winners;
    seen.sort_unstable();
    assert_eq!(seen, (1..=MANY).collect::<Vec<_>>(), "{scratch}: two writers won from one version");
    assert_eq!(scratch.number("a").await, Some(MANY), "{scratch}");
}

/// Adds one by compare-and-set, until it wins. Answers the number it wrote.
async fn increment(scratch: Scratch) -> i64 {
    loop {
        let (note, version) = scratch.read("a").await.unwrap();
        let number = note.number + 1;
        if replace(scratch.clone(), version, number).await {
            return number;
        }
    }
}

pub(super) async fn transfers_keep_the_sum(scratch: &Scratch) {
    let names = ["a", "b", "c"];
    join_all(names.map(|name| scratch.create(name, 100))).await;
    at_once(scratch, 12, async |scratch, copy| {
        let (from, to) = [("a", "b"), ("b", "c"), ("c", "a")][usize::try_from(copy % 3).unwrap()];
        while !transfer(&scratch, from, to, copy + 1).await {}
    })
    .await;
    let numbers = join_all(names.map(|name| scratch.number(name))).await;
    assert_eq!(numbers.into_iter().flatten().sum::<i64>(), 300, "{scratch}");
}

/// Moves an amount between two documents in one commit, unless one of them changes on the way.
async fn transfer(scratch: &Scratch, from: &str, to: &str, amount: i64) -> bool {
    let (giver, giver_version) = scratch.read(from).await.unwrap();
    let (taker, taker_version) = scratch.read(to).await.unwrap();
    let writes = [
        Write::Replace(scratch.key(from), giver_version, scratch.document(giver.number - amount)),
        Write::Replace(scratch.key(to), taker_version, scratch.document(taker.number + amount)),
    ];
    wins(scratch, &writes).await
}

/// Both documents always change in one commit, so the one that is read later is never the older.
pub(super) async fn reads_never_go_back(scratch: &Scratch) {
    let commit = async |number| {
        let put = |name| Write::Put(scratch.key(name), scratch.document(number));
        scratch.commit(&[put("a"), put("b")]).await;
    };
    commit(0).await;
    let writer = async {
        for number in 1..=MANY {
            commit(number).await;
        }
    };
    let reader = async {
        for _ in 0..MANY {
            let earlier = scratch.number("a").await;
            assert!(scratch.number("b").await >= earlier, "{scratch}: half a commit, or an old state");
        }
    };
    tokio::join!(writer, reader);
    assert_eq!(scratch.number("b").await, Some(MANY), "{scratch}");
}
