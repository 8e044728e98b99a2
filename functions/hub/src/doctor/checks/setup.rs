//! How the store was set up: indexes built, expiry at work.

use shared::{
    adapters::firestore_schema::{QUERIES, TIMES_TO_LIVE, is_counter},
    ports::{
        documents::Collection,
        store_setup::{Setup, SetupError, SetupState, StoreSetup, WhichDatabase},
    },
};

use crate::{
    doctor::{
        finding::{Finding, What},
        kind::Kind,
    },
    failure::one_line,
};

const APPLY: &str = "apply infra/ (firestore.json names it)";

/// Both databases.
pub const DATABASES: [WhichDatabase; 2] = [WhichDatabase::Hub, WhichDatabase::Counters];

/// The database's name in the output.
pub const fn name(database: WhichDatabase) -> &'static str {
    match database {
        WhichDatabase::Hub => "hub",
        WhichDatabase::Counters => "counters",
    }
}

/// What the store says of one database. Without a second one everything is in the first.
pub async fn check(store: &dyn StoreSetup, database: WhichDatabase, has_counters: bool) -> Vec<Finding> {
    let what = What::one(Kind::IndexState, name(database));
    match store.setup(database).await {
        Ok(Some(setup)) => judge(database, has_counters, &setup),
        Ok(None) => Vec::new(),
        Err(SetupError::Denied) => {
            vec![Finding::skip(&what, "the right to look is missing (roles/datastore.indexAdmin or viewer)")]
        }
        Err(error) => {
            vec![Finding::fail(
                &what,
                one_line(&error),
                "see that firestore.googleapis.com can be reached and is enabled",
            )]
        }
    }
}

fn judge(database: WhichDatabase, has_counters: bool, setup: &Setup) -> Vec<Finding> {
    let is_here =
        |collection: Collection| !has_counters || is_counter(collection) == (database == WhichDatabase::Counters);
    let wanted = QUERIES.iter().filter(|query| is_here(query.collection));
    let indexes =
        wanted.map(|query| (query.collection.name(), query.equal.iter().copied().chain(query.until).collect()));
    let indexes: Vec<(&str, Vec<&str>)> = indexes.filter(|(_, fields): &(_, Vec<&str>)| !fields.is_empty()).collect();
    let mut findings: Vec<_> =
        indexes.iter().filter_map(|(collection, fields)| of_index(setup, collection, fields)).collect();
    if findings.is_empty() {
        let what = What::one(Kind::IndexState, name(database));
        findings.push(Finding::ok(&what, format!("{} indexes are wanted, and all are built", indexes.len())));
    }
    let expiries = TIMES_TO_LIVE.iter().filter(|expiry| is_here(expiry.collection));
    findings.extend(expiries.map(|expiry| of_expiry(setup, expiry.collection.name(), expiry.field)));
    findings
}

/// What is wrong with an index, if anything.
fn of_index(setup: &Setup, collection: &str, fields: &[&str]) -> Option<Finding> {
    let what = What::one(Kind::IndexState, format!("{collection}({})", fields.join(",")));
    let found = setup.indexes.iter().find(|index| index.collection == collection && index.fields == fields);
    match found.map(|index| index.state) {
        Some(SetupState::Ready) => None,
        Some(SetupState::Making) => Some(Finding::warn(&what, "it is being built", "wait: queries fail until then")),
        Some(SetupState::Broken) => Some(Finding::fail(&what, "it needs repair", "delete it, then apply infra/ again")),
        None => Some(Finding::fail(&what, "there is no such index", APPLY)),
    }
}

fn of_expiry(setup: &Setup, collection: &str, field: &str) -> Finding {
    let what = What::one(Kind::Ttl, format!("{collection}({field})"));
    let found = setup.expiries.iter().find(|expiry| expiry.collection == collection && expiry.field == field);
    match found.map(|expiry| expiry.state) {
        Some(SetupState::Ready) => Finding::ok(&what, "what is over is deleted"),
        Some(SetupState::Making) => Finding::warn(&what, "it is being set up", "wait; nothing is deleted until then"),
        Some(SetupState::Broken) => Finding::fail(&what, "it needs repair", "take it away, then apply infra/ again"),
        None => Finding::fail(&what, "nothing is deleted by itself", APPLY),
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use shared::ports::store_setup::{ExpirySetup, IndexSetup};

    use super::*;
    use crate::doctor::finding::Standing;

    struct Says(Result<Setup, bool>);

    #[async_trait]
    impl StoreSetup for Says {
        async fn setup(&self, _: WhichDatabase) -> Result<Option<Setup>, SetupError> {
            match &self.0 {
                Ok(setup) => Ok(Some(setup.clone())),
                Err(true) => Err(SetupError::Denied),
                Err(false) => Err(SetupError::Unavailable("away".into())),
            }
        }
    }

    fn whole() -> Setup {
        let words = |fields: Vec<&str>| fields.into_iter().map(str::to_owned).collect();
        let indexes = QUERIES.iter().map(|query| IndexSetup {
            collection: query.collection.name().to_owned(),
            fields: words(query.equal.iter().copied().chain(query.until).collect()),
            state: SetupState::Ready,
        });
        let expiries = TIMES_TO_LIVE.iter().map(|expiry| ExpirySetup {
            collection: expiry.collection.name().to_owned(),
            field: expiry.field.to_owned(),
            state: SetupState::Ready,
        });
        Setup { indexes: indexes.collect(), expiries: expiries.collect() }
    }

    async fn bad(setup: Result<Setup, bool>) -> Vec<String> {
        let found = check(&Says(setup), WhichDatabase::Hub, true).await;
        found.into_iter().filter(|one| one.status != Standing::Ok).map(|one| one.to_string()).collect()
    }

    #[tokio::test]
    async fn what_is_wanted_and_not_there_is_named() {
        assert!(bad(Ok(whole())).await.is_empty());
        let mut setup = whole();
        setup.indexes.remove(1);
        setup.expiries.retain(|expiry| expiry.collection != "flows");
        let told = bad(Ok(setup)).await;
        assert!(told[0].starts_with("fail  index-state.sessions(shard,due_at)  — there is no such index"), "{told:?}");
        assert!(told[1].starts_with("fail  ttl.flows(expires_at)"), "{told:?}");
        assert_eq!(told.len(), 2);
    }

    #[tokio::test]
    async fn what_is_not_ready_yet_is_a_warning() {
        let mut setup = whole();
        setup.indexes[0].state = SetupState::Making;
        setup.expiries[0].state = SetupState::Broken;
        let told = bad(Ok(setup)).await;
        assert!(told[0].starts_with("warn") && told[1].starts_with("fail"), "{told:?}");
    }

    #[tokio::test]
    async fn a_missing_right_is_no_failure() {
        assert!(bad(Err(true)).await[0].starts_with("skip"));
        assert!(bad(Err(false)).await[0].starts_with("fail  index-state.hub"));
    }

    #[tokio::test]
    async fn each_database_is_asked_for_what_it_has() {
        let found = check(&Says(Ok(whole())), WhichDatabase::Counters, true).await;
        let names: Vec<_> = found.iter().map(|one| one.check.as_str()).collect();
        assert_eq!(names, ["index-state.counters", "ttl.bans(until_at)", "ttl.counter_probes(expires_at)"]);
    }
}
