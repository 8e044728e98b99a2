//! A bench with a session that works, and what an incident may do to it.

use http::StatusCode;
use it::bench::{
    Bench, RETURN_URL,
    browser::Browser,
    crm::{Answer, parameter},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub const ACCOUNTS: &str = "/accounts";
pub const BALANCES: &str = "/accounts/{account}/balances";
pub const TRANSACTIONS: &str = "/accounts/{account}/transactions?from=2000-01-01";
pub const READS: &[&str] = &[ACCOUNTS, BALANCES, TRANSACTIONS];

/// A bench with a session that works.
pub struct Scene {
    pub bench: Bench,
    pub session: String,
    pub account: String,
}

impl Scene {
    pub async fn at(mood: &str) -> Self {
        Self::on(Bench::start().await, mood).await
    }

    pub async fn on(bench: Bench, mood: &str) -> Self {
        let session = bench.crm().connect(mood).await;
        let account = bench.crm().first_account(&session).await;
        Self { bench, session, account }
    }

    pub async fn play(&self, incident: &str) {
        self.bench.bank.play_incident(incident, None, None).await.unwrap();
    }

    pub async fn end(&self) {
        self.bench.bank.end_incidents().await.unwrap();
    }

    /// A reading with the PSU there.
    pub async fn read(&self, what: &str) -> Answer {
        let presence = self.bench.crm().presence(&self.session);
        let path = format!("/v1/sessions/{}{}", self.session, what.replace("{account}", &self.account));
        self.bench.crm().get_with(&path, &[("psu-presence", &presence)]).await
    }

    pub async fn read_well(&self, what: &str) -> Value {
        let answer = self.read(what).await;
        assert_eq!(answer.status, StatusCode::OK, "{what}: {:?}", answer.body);
        answer.body
    }

    /// Every transaction of the account since a day, as told over all pages.
    pub async fn transactions(&self, query: &str) -> Vec<Value> {
        let path = "/accounts/{account}/transactions";
        let (mut all, mut page) = (Vec::new(), self.read_well(&format!("{path}?{query}")).await);
        loop {
            all.extend(page["transactions"].as_array().unwrap().iter().cloned());
            let Some(cursor) = page["next_cursor"].as_str().map(str::to_owned) else { return all };
            page = self.read_well(&format!("{path}?cursor={cursor}")).await;
        }
    }

    pub async fn shown(&self) -> Value {
        self.bench.crm().get(&format!("/v1/sessions/{}", self.session)).await.body
    }

    /// The session works as it did before.
    pub async fn works(&self, after: &str) {
        assert_eq!(self.shown().await["status"], "active", "{after}");
        for what in READS {
            let answer = self.read(what).await;
            assert_eq!(answer.status, StatusCode::OK, "{after}: {what}: {:?}", answer.body);
        }
    }

    /// Asks for a new consent in the session. Answers the link for the browser.
    pub async fn renew(&self) -> String {
        let path = format!("/v1/sessions/{}/renewal", self.session);
        let answer = self.bench.crm().post(&path, json!({"return_url": RETURN_URL})).await;
        assert!(answer.status.is_success(), "{:?}", answer.body);
        answer.text("authorize_url")
    }

    /// Renews the consent with a PSU who agrees.
    pub async fn is_renewed(&self) {
        self.bench.decide("approve").await;
        let back = Browser::new().travel(&self.renew().await).await;
        let answer = self.bench.crm().activate(&self.session, &parameter(&back, "activation_code")).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    }
}

/// An answer without what changes from call to call.
pub fn timeless(mut body: Value) -> Value {
    body.as_object_mut().unwrap().remove("as_of");
    body
}

pub fn retry_at(answer: &Answer) -> Option<Timestamp> {
    answer.body["retry_at"].as_str().map(|at| at.parse().unwrap())
}

pub fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}
