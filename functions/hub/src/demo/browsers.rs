//! The browsers that have the demo page open: who sits at each, and which journeys to a bank each has begun.
//!
//! Kept in memory only. After a restart a browser is simply signed in again; its customer's connections are on disk.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use shared::ports::entropy::{Entropy, NoEntropy, random};

use super::customers::Customer;

/// When this many are known all are forgotten: opening the page in a loop must not fill the memory.
const MOST: usize = 1000;

/// The secret that a browser's cookie holds.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BrowserKey(String);

impl BrowserKey {
    /// The key that a cookie claims.
    pub fn claimed(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// For the `Set-Cookie` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Something to tell the visitor once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Good or bad news.
    pub tone: Tone,
    /// One sentence.
    pub title: String,
    /// The hub's code, if it is a refusal.
    pub code: Option<String>,
    /// What the hub advises, if it is a refusal.
    pub next_action: Option<String>,
    /// The connection it speaks of.
    pub session: Option<String>,
}

/// Good or bad news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Something came about.
    Success,
    /// Something did not.
    Failure,
}

/// What a journey waits for whose customer approves away from the browser, in the bank's app. Without `Debug`: the code
/// is as good as the customer's own return.
#[derive(Clone)]
pub struct Approval {
    /// The activation code, to be redeemed once the hub says that the bank has granted.
    pub code: String,
    /// What the bank wants the customer to be told.
    pub psu_message: Option<String>,
}

struct Browser {
    customer: &'static Customer,
    /// By session; with what is waited for where no browser comes back.
    journeys: BTreeMap<String, Option<Approval>>,
    notice: Option<Notice>,
}

/// Every browser that is signed in.
#[derive(Default)]
pub struct Browsers {
    known: Mutex<HashMap<BrowserKey, Browser>>,
}

impl Browsers {
    /// Signs a new browser in, as the first customer.
    pub fn sign_in(&self, entropy: &dyn Entropy) -> Result<BrowserKey, NoEntropy> {
        let key = BrowserKey(URL_SAFE_NO_PAD.encode(random::<32>(entropy)?));
        let browser = Browser { customer: Customer::first(), journeys: BTreeMap::new(), notice: None };
        let mut known = self.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key.clone(), browser);
        Ok(key)
    }

    /// Who sits at that browser, if it is signed in.
    pub fn customer(&self, key: &BrowserKey) -> Option<&'static Customer> {
        self.lock().get(key).map(|browser| browser.customer)
    }

    /// Somebody else sits down. Journeys of the one before are theirs, so they are forgotten.
    pub fn switch(&self, key: &BrowserKey, customer: &'static Customer) {
        self.with(key, |browser| {
            browser.customer = customer;
            browser.journeys.clear();
            browser.notice = None;
        });
    }

    /// Remembers that this browser began a journey to a bank.
    pub fn begin_journey(&self, key: &BrowserKey, session: &str) {
        self.with(key, |browser| browser.journeys.insert(session.to_owned(), None));
    }

    /// Remembers that this browser began a journey that ends away from it.
    pub fn await_approval(&self, key: &BrowserKey, session: &str, approval: Approval) {
        self.with(key, |browser| browser.journeys.insert(session.to_owned(), Some(approval)));
    }

    /// What this browser waits for in that session, if the customer approves away from it.
    pub fn approval(&self, key: &BrowserKey, session: &str) -> Option<Approval> {
        self.with(key, |browser| browser.journeys.get(session).cloned().flatten()).flatten()
    }

    /// Ends a journey; true only if this browser had begun it, and only once.
    pub fn end_journey(&self, key: &BrowserKey, session: &str) -> bool {
        self.with(key, |browser| browser.journeys.remove(session).is_some()).unwrap_or(false)
    }

    /// Leaves a notice for the next look at the page.
    pub fn leave_notice(&self, key: &BrowserKey, notice: Notice) {
        self.with(key, |browser| browser.notice = Some(notice));
    }

    /// Takes the notice away.
    pub fn take_notice(&self, key: &BrowserKey) -> Option<Notice> {
        self.with(key, |browser| browser.notice.take()).flatten()
    }

    fn with<T>(&self, key: &BrowserKey, act: impl FnOnce(&mut Browser) -> T) -> Option<T> {
        self.lock().get_mut(key).map(act)
    }

    /// No step above can leave a browser half changed in a way that matters, so a panic elsewhere is no reason to stop.
    fn lock(&self) -> MutexGuard<'_, HashMap<BrowserKey, Browser>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use shared::adapters::system::SystemEntropy;

    use super::*;

    #[test]
    fn a_journey_ends_once_and_only_in_the_browser_that_began_it() {
        let browsers = Browsers::default();
        let mine = browsers.sign_in(&SystemEntropy).unwrap();
        let another = browsers.sign_in(&SystemEntropy).unwrap();
        browsers.begin_journey(&mine, "s");
        assert!(!browsers.end_journey(&another, "s"));
        assert!(!browsers.end_journey(&BrowserKey::claimed("made up"), "s"));
        assert!(browsers.end_journey(&mine, "s"));
        assert!(!browsers.end_journey(&mine, "s"));
    }

    #[test]
    fn whoever_sits_down_next_does_not_inherit_a_journey() {
        let browsers = Browsers::default();
        let key = browsers.sign_in(&SystemEntropy).unwrap();
        browsers.begin_journey(&key, "s");
        browsers.switch(&key, Customer::find("customer-4712").unwrap());
        assert!(!browsers.end_journey(&key, "s"));
    }

    #[test]
    fn only_the_browser_that_began_it_has_the_code_of_an_approval_elsewhere() {
        let browsers = Browsers::default();
        let mine = browsers.sign_in(&SystemEntropy).unwrap();
        let another = browsers.sign_in(&SystemEntropy).unwrap();
        browsers.begin_journey(&mine, "redirected");
        browsers.await_approval(&mine, "s", Approval { code: "c".to_owned(), psu_message: None });
        assert_eq!(browsers.approval(&mine, "s").map(|approval| approval.code).as_deref(), Some("c"));
        assert!(browsers.approval(&mine, "redirected").is_none());
        assert!(browsers.approval(&another, "s").is_none());
        assert!(browsers.end_journey(&mine, "s"));
        assert!(browsers.approval(&mine, "s").is_none());
    }

    #[test]
    fn a_notice_is_told_once() {
        let browsers = Browsers::default();
        let key = browsers.sign_in(&SystemEntropy).unwrap();
        let notice = Notice { tone: Tone::Success, title: "done".into(), code: None, next_action: None, session: None };
        browsers.leave_notice(&key, notice.clone());
        assert_eq!(browsers.take_notice(&key), Some(notice));
        assert_eq!(browsers.take_notice(&key), None);
    }

    #[test]
    fn memory_is_bounded() {
        let browsers = Browsers::default();
        let first = browsers.sign_in(&SystemEntropy).unwrap();
        for _ in 0..MOST {
            browsers.sign_in(&SystemEntropy).unwrap();
        }
        assert!(browsers.customer(&first).is_none());
        assert!(browsers.lock().len() <= MOST);
    }
}
