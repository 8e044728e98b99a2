//! The demo page and the bank's pages in a real browser, at banks of the sandbox with and without a redirect. What the page shows is held
//! against the bank's own books.

mod bank;
mod crm;
mod driver;
mod window;

use serde_json::{Value, json};
use tempfile::TempDir;

use self::{bank::Books, window::Window};
use super::program::Hub;

/// A customer of the bank with three accounts.
const CUSTOMER: &str = "jonas-weber";

/// One of the sandbox's banks.
struct Bank {
    name: &'static str,
    mood: &'static str,
    /// How many codes are redeemed for a connection.
    codes: usize,
    /// How the hub names a refusal: a bank without OAuth only tells that there is no consent.
    refusal: &'static str,
}

const OAUTH: Bank = Bank { name: "Sandbox Bank", mood: "oauth", codes: 1, refusal: "sca_denied" };
const REDIRECT: Bank =
    Bank { name: "Sandbox Bank (plain redirect)", mood: "redirect", codes: 0, refusal: "consent_rejected" };

#[tokio::test]
async fn a_customer_connects_looks_around_and_disconnects_at_a_bank_with_oauth() {
    connects_looks_around_and_disconnects(OAUTH).await;
}

#[tokio::test]
async fn a_customer_connects_looks_around_and_disconnects_at_a_bank_with_a_plain_redirect() {
    connects_looks_around_and_disconnects(REDIRECT).await;
}

#[tokio::test]
async fn a_customer_refuses_at_a_bank_with_oauth_and_nothing_stays() {
    refuses(OAUTH).await;
}

#[tokio::test]
async fn a_customer_refuses_at_a_bank_with_a_plain_redirect_and_nothing_stays() {
    refuses(REDIRECT).await;
}

#[tokio::test]
async fn a_customer_approves_in_the_banks_app_and_sees_what_an_incident_does() {
    let setting = Setting::new().await;
    let Setting { window, books, .. } = &setting;
    let message = crm::connect_elsewhere(window, "Sandbox Bank (approval in the app)", CUSTOMER).await;
    assert!(message.contains("app"), "{message}");
    crm::open_app(window).await;
    assert!(window.address().await.path().ends_with("/decoupled/approvals"));
    bank::decide(window, "approve").await;
    window.find("//p[.='Nothing waits for you.']").await;
    window.go_to_other_tab().await;
    assert_eq!(crm::notice(window).await, "Your bank is connected");
    assert_eq!(crm::account_numbers(window).await, books.accounts_of(CUSTOMER).await);
    crm::load_all_transactions(window).await;
    assert!(window.console().await.is_empty());

    let answers = crm::play_incident(window, "invalid_utf8").await;
    assert!(
        answers
            .iter()
            .any(|told| told.contains("Ask your bank.")
                && told.contains("Code bank_response_invalid · next contact_bank")),
        "{answers:?}"
    );
    let told = window.console().await;
    assert!(!told.is_empty() && told.iter().all(|line| line.contains(" 502 ")), "{told:?}");
    assert_eq!(crm::end_incidents(window).await, "All incidents are over.");
    setting.end().await;
}

#[tokio::test]
async fn a_person_watches_a_circuit_open_and_close() {
    let setting = Setting::new().await;
    connects(&setting, &OAUTH).await;
    let window = &setting.window;
    crm::look_under_the_hood(window).await;
    crm::every_circuit_is_closed(window).await;
    let told = crm::read_unattended(window, "3").await;
    assert!(told.starts_with("The bank answered at "), "{told}");

    crm::let_the_bank_fail(window).await;
    let told = crm::read_six_times(window).await;
    assert_eq!(told, ["bank_unavailable"; 5].into_iter().chain(["circuit_open"]).collect::<Vec<_>>());
    crm::circuit_is(window, "open").await;
    let told = crm::read_unattended(window, "3").await;
    assert!(told.starts_with("The last good answer, of ") && told.contains("(circuit_open)"), "{told}");
    let failed = setting.books.journal().await.answers("GET", "balances").into_iter().filter(|status| *status == 500);
    assert_eq!(failed.count(), 5, "while the circuit is open the bank is left alone");

    crm::repair_the_bank(window).await;
    while crm::read_six_times(window).await.last().is_none_or(|last| last != "as usual") {}
    crm::every_circuit_is_closed(window).await;
    let complaints = window.console().await;
    assert!(complaints.iter().all(|line| line.contains(" 502 ") || line.contains(" 503 ")), "{complaints:?}");
    setting.end().await;
}

/// Also the proof that a console without entries means something.
#[tokio::test]
async fn the_page_runs_no_script_but_its_own() {
    let setting = Setting::new().await;
    let smuggled = "const script = document.createElement('script'); script.textContent = 'document.title = \"taken\"'; \
                    document.head.append(script); return document.title;";
    assert_eq!(setting.window.run(smuggled).await, "Demo CRM");
    let told = setting.window.console().await;
    assert!(matches!(told.as_slice(), [one] if one.contains("Content Security Policy")), "{told:?}");
    setting.end().await;
}

async fn connects_looks_around_and_disconnects(bank: Bank) {
    let setting = Setting::new().await;
    let shared = connects(&setting, &bank).await;
    let pages = looks_around(&setting.window, shared.len()).await;
    disconnects(&setting.window).await;

    let consent = setting.only_consent().await;
    assert_eq!((&consent["mood"], &consent["status"]), (&json!(bank.mood), &json!("terminatedByTpp")));
    assert_eq!(consent["accounts"], json!(shared));
    let journal = setting.books.journal().await;
    assert_eq!(journal.answers("POST", "consents"), [201]);
    assert_eq!(journal.codes_redeemed(), vec![200; bank.codes]);
    assert_eq!(journal.answers("GET", "transactions"), vec![200; pages]);
    assert_eq!(journal.answers("DELETE", "consent"), [204]);
    setting.end().await;
}

/// Connects all of the customer's accounts but the last, and tells which those are.
async fn connects(setting: &Setting, bank: &Bank) -> Vec<String> {
    let Setting { window, books, hub, .. } = setting;
    crm::connect(window, bank.name).await;
    bank::log_in(window, CUSTOMER).await;
    let offered = bank::offered(window).await;
    assert_eq!(offered, books.accounts_of(CUSTOMER).await);
    let (kept, shared) = offered.split_last().unwrap();
    bank::untick(window, kept).await;
    bank::decide(window, "approve").await;

    assert_eq!(crm::notice(window).await, "Your bank is connected");
    assert_eq!(window.address().await.as_str(), hub.at("page"), "no code stays in sight");
    let connections = crm::connections(window).await;
    assert!(matches!(connections.as_slice(), [one] if one.contains(bank.name) && one.ends_with("Connected")));
    assert_eq!(crm::account_numbers(window).await, shared);
    shared.to_vec()
}

/// Looks at each account, and tells how many pages of transactions were loaded.
async fn looks_around(window: &Window, accounts: usize) -> usize {
    let mut pages = looks_at_account(window, 1).await;
    for account in 2..=accounts {
        crm::choose(window, account).await;
        pages += looks_at_account(window, account).await;
    }
    assert!(pages > accounts, "nowhere was more to load");
    pages
}

/// Looks at the balance of the account that is open, loads all its transactions, and reads the chart at both ends.
async fn looks_at_account(window: &Window, account: usize) -> usize {
    let balance = crm::balance(window, account).await;
    assert_eq!(crm::booked_balance(window).await, balance);
    let (transactions, pages) = crm::load_all_transactions(window).await;
    let [last, first] = crm::chart_ends(window).await;
    assert!(last.ends_with(&format!(": {balance}")), "{last}");
    let (day, _) = first.split_once(": ").unwrap();
    let told = format!("{transactions} transactions since {day}, all loaded");
    assert_eq!(crm::transactions_told(window).await, told);
    pages
}

async fn disconnects(window: &Window) {
    let steps = crm::disconnect(window).await;
    assert_eq!(steps.len(), 4, "{steps:?}");
    assert!(steps.iter().all(|step| step.ends_with(": done") || step.ends_with(": not needed")), "{steps:?}");
    assert!(steps.contains(&"The bank has ended your consent: done".to_owned()), "{steps:?}");
    assert!(crm::connections(window).await.is_empty());
}

async fn refuses(bank: Bank) {
    let setting = Setting::new().await;
    crm::connect(&setting.window, bank.name).await;
    bank::log_in(&setting.window, CUSTOMER).await;
    bank::decide(&setting.window, "refuse").await;

    let notice = crm::notice(&setting.window).await;
    assert!(notice.contains("so nothing was connected"), "{notice}");
    assert!(notice.ends_with(&format!("Code {}", bank.refusal)), "{notice}");
    assert!(crm::connections(&setting.window).await.is_empty());

    let consent = setting.only_consent().await;
    assert_eq!((&consent["mood"], &consent["status"]), (&json!(bank.mood), &json!("rejected")));
    let journal = setting.books.journal().await;
    assert!(journal.codes_redeemed().is_empty());
    assert!(journal.answers("GET", "accounts").is_empty());
    setting.end().await;
}

/// A hub with its bank, and a window open on its page. What is dropped first stands first.
struct Setting {
    window: Window,
    books: Books,
    hub: Hub,
    _place: TempDir,
}

impl Setting {
    async fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let hub = Hub::start(place.path());
        let window = Window::open(hub.at("page")).await;
        Self { window, books: Books::at(hub.at("bank_control")), hub, _place: place }
    }

    /// The one consent that the bank knows of.
    async fn only_consent(&self) -> Value {
        let consents = self.books.consents().await;
        assert_eq!(consents.len(), 1, "{consents:?}");
        consents[0].clone()
    }

    /// Ends a journey on which the browser had nothing to complain about.
    async fn end(self) {
        let told = self.window.console().await;
        assert!(told.is_empty(), "{told:?}");
        self.window.close().await;
        self.hub.stop();
    }
}
