//! The demo page and the bank's pages in a real browser, at both of the sandbox's banks. What the page shows is held
//! against the bank's own books.

mod bank;
mod crm;
mod driver;
mod window;

use self::{bank::Books, window::Window};
use super::program::Hub;

const CUSTOMER: &str = "anna-schmidt";

/// One of the sandbox's banks.
struct Bank {
    name: &'static str,
    /// How many codes are redeemed to connect.
    codes: usize,
}

const OAUTH: Bank = Bank { name: "Sandbox Bank", codes: 1 };
const REDIRECT: Bank = Bank { name: "Sandbox Bank (plain redirect)", codes: 0 };

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

async fn connects_looks_around_and_disconnects(bank: Bank) {
    let place = tempfile::tempdir().unwrap();
    let hub = Hub::start(place.path());
    let books = Books::at(hub.at("bank_control"));
    let window = Window::open(hub.at("page")).await;

    crm::connect(&window, bank.name).await;
    bank::log_in(&window, CUSTOMER).await;
    let offered = bank::offered(&window).await;
    let (kept, shared) = offered.split_last().unwrap();
    bank::untick(&window, kept).await;
    bank::decide(&window, "approve").await;

    eprintln!("{:?}", crm::notice(&window).await);
    eprintln!("{:?}", crm::connections(&window).await);
    eprintln!("{:?} {shared:?}", crm::account_numbers(&window).await);
    eprintln!("{:?}", window.address().await);
    for account in 1..=shared.len() {
        eprintln!("{:?}", crm::choose(&window, account).await);
        eprintln!("{:?}", crm::booked_balance(&window).await);
        eprintln!("{:?}", crm::transactions_told(&window).await);
        eprintln!("{:?}", crm::load_all_transactions(&window).await);
        eprintln!("{:?}", crm::transactions_told(&window).await);
        eprintln!("{:?}", crm::chart_ends(&window).await);
    }
    eprintln!("{:?}", crm::disconnect(&window).await);
    eprintln!("{:?}", window.console().await);
    eprintln!("{:#?}", books.consents().await);
    eprintln!("{:?} {:?}", books.accounts_of(CUSTOMER).await, offered);
    let j = books.journal().await;
    for e in j.0.iter() {
        eprintln!(
            "{} {} {} {} {} {}",
            e["mood"], e["method"], e["operation"], e["status"], e["grant_type"], e["psu_present"]
        );
    }
    window.close().await;
    hub.stop();
}

async fn refuses(bank: Bank) {
    let place = tempfile::tempdir().unwrap();
    let hub = Hub::start(place.path());
    let books = Books::at(hub.at("bank_control"));
    let window = Window::open(hub.at("page")).await;

    crm::connect(&window, bank.name).await;
    bank::log_in(&window, CUSTOMER).await;
    bank::decide(&window, "refuse").await;
    eprintln!("{:?}", crm::notice(&window).await);
    eprintln!("{:?}", crm::connections(&window).await);
    eprintln!("{:?}", window.console().await);
    eprintln!("{:#?}", books.consents().await);
    let j = books.journal().await;
    for e in j.0.iter() {
        eprintln!(
            "{} {} {} {} {} {}",
            e["mood"], e["method"], e["operation"], e["status"], e["grant_type"], e["psu_present"]
        );
    }
    window.close().await;
    hub.stop();
}
#[tokio::test]
async fn the_page_runs_no_script_but_its_own() {
    let place = tempfile::tempdir().unwrap();
    let hub = Hub::start(place.path());
    let window = Window::open(hub.at("page")).await;
    window.run("const script = document.createElement('script'); script.textContent = 'document.title = \"x\"'; document.head.append(script)").await;
    eprintln!("{:?}", window.console().await);
    window.close().await;
    hub.stop();
}
