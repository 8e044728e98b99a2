//! The demo page, as a customer uses it.

use fantoccini::key::Key;

use super::window::Window;

/// No list of transactions has more pages.
const MOST_PAGES: usize = 50;

const ACCOUNT: &str = "//*[@data-testid='account']";
const CONNECTION: &str = "//*[@data-testid='connection']";
const NOTICE: &str = "//*[@data-testid='notice']";
const ANSWER: &str = "//*[@data-testid='incident-answer']";
const MORE: &str = "//button[@id='load-more']";
const TRANSACTION: &str = "//tr[@data-testid='transaction']";

/// Connects the bank of that name; the window then shows the bank's page.
pub async fn connect(window: &Window, bank: &str) {
    window.click(&format!("//ul[@id='banks']/li[.//p[.='{bank}']]//button[.='Connect']")).await;
    window.find("//button[@id='login']").await;
}

/// Connects a bank that wants the customer's name and asks in its app; tells what the page says meanwhile.
pub async fn connect_elsewhere(window: &Window, bank: &str, customer: &str) -> String {
    let card = format!("//ul[@id='banks']/li[.//p[.='{bank}']]");
    window.click(&format!("{card}//select/option[@value='{customer}']")).await;
    window.click(&format!("{card}//button[.='Connect']")).await;
    window.text("//*[@id='psu-message']").await
}

/// Opens the bank's app in a second tab.
pub async fn open_app(window: &Window) {
    window.click("//a[@id='open-app']").await;
    window.go_to_other_tab().await;
}

/// Plays an incident at the bank that is chosen already, and tells what the hub then says to each call.
pub async fn play_incident(window: &Window, name: &str) -> Vec<String> {
    window.click("//details[@id='incidents']/summary").await;
    window.click(&format!("//select[@id='incident']/option[@value='{name}']")).await;
    window.click("//button[@id='play-incident']").await;
    window.find(&format!("({ANSWER})[3]")).await;
    window.texts(ANSWER).await
}

/// Ends all incidents, and tells what the page says.
pub async fn end_incidents(window: &Window) -> String {
    window.click("//button[@id='end-incidents']").await;
    window.text("//*[@id='incident-answers']/p[contains(., 'over')]").await
}

/// What the page says about the journey that the customer comes back from.
pub async fn notice(window: &Window) -> String {
    window.text(NOTICE).await
}

/// The customer's connections, each as it is told in the list.
pub async fn connections(window: &Window) -> Vec<String> {
    window.find("//main[not(@aria-busy)]").await;
    window.texts(CONNECTION).await
}

/// The account numbers on the cards.
pub async fn account_numbers(window: &Window) -> Vec<String> {
    window.find(ACCOUNT).await;
    let numbers = window.texts(&format!("{ACCOUNT}//*[contains(@class, 'number')]")).await;
    numbers.into_iter().map(|number| number.replace(' ', "")).collect()
}

/// Opens the account of that place in the list; the first is open from the start.
pub async fn choose(window: &Window, account: usize) {
    window.click(&card(account)).await;
    window.find(&format!("{}[@aria-pressed='true']", card(account))).await;
}

/// The balance on the card of the account of that place in the list.
pub async fn balance(window: &Window, account: usize) -> String {
    window.text(&format!("{}//*[@data-testid='balance'][.!='…']", card(account))).await
}

fn card(account: usize) -> String {
    format!("({ACCOUNT})[{account}]")
}

/// The booked balance among all balances of the open account.
pub async fn booked_balance(window: &Window) -> String {
    window.text("//*[@id='account-panel']//dt[.='Booked']/following-sibling::dd").await
}

/// How many transactions there are once everything has been loaded, page by page, and how many pages that took.
pub async fn load_all_transactions(window: &Window) -> (usize, usize) {
    window.find(TRANSACTION).await;
    for pages in 1..=MOST_PAGES {
        let known = window.find_all(TRANSACTION).await.len();
        if window.find_all(MORE).await.is_empty() {
            return (known, pages);
        }
        window.click(MORE).await;
        window.find(&format!("({TRANSACTION})[{}]", known + 1)).await;
    }
    panic!("there is always more to load");
}

/// What the page says about how many transactions it shows.
pub async fn transactions_told(window: &Window) -> String {
    window.text("//*[@id='account-panel']//p[@role='status']").await
}

/// What the chart tells of its last day and, read by the keyboard, of its first.
pub async fn chart_ends(window: &Window) -> [String; 2] {
    let chart = window.find("//*[@id='chart']//*[name()='svg'][.//*[@class='line']]").await;
    let last = window.text("//*[@id='chart-readout']").await;
    chart.send_keys(&Key::Home.to_string()).await.unwrap();
    [last, window.text("//*[@id='chart-readout']").await]
}

/// Disconnects the connection that is open, and tells the steps that the page says are done.
pub async fn disconnect(window: &Window) -> Vec<String> {
    window.click("//button[@id='disconnect']").await;
    window.click("//button[@id='confirm-disconnect']").await;
    let close = window.find("//button[@id='close-disconnect']").await;
    let steps = window.texts("//*[@data-testid='step']").await;
    close.click().await.unwrap();
    window.find("//section[@id='connected'][@hidden]").await;
    steps
}

/// Opens the panel that shows what goes on under the hood.
pub async fn look_under_the_hood(window: &Window) {
    window.click("//details[@id='live']/summary").await;
    window.find(&balances_left("4")).await;
}

/// Reads balances without the customer, and tells what the page says came of it; `left` are those that may follow.
pub async fn read_unattended(window: &Window, left: &str) -> String {
    window.click("//button[@id='read-unattended']").await;
    window.find(&balances_left(left)).await;
    window.text("//*[@data-testid='unattended']").await
}

fn balances_left(left: &str) -> String {
    format!("//tr[@data-kind='balances']/td[@data-testid='left'][.='{left}']")
}

/// Lets the bank fail.
pub async fn let_the_bank_fail(window: &Window) {
    window.click("//button[@id='fail-bank']").await;
    window.find("//*[@id='live-answer'][contains(., 'cannot be read')]").await;
}

/// Repairs the bank.
pub async fn repair_the_bank(window: &Window) {
    window.click("//button[@id='repair-bank']").await;
    window.find("//*[@id='live-answer'][contains(., 'works again')]").await;
}

/// Reads balances six times while the customer is there, and tells what came of each.
pub async fn read_six_times(window: &Window) -> Vec<String> {
    window.click("//button[@id='read-attended']").await;
    window.find("(//*[@data-testid='read'])[6]").await;
    window.texts("//*[@data-testid='read']").await
}

/// Waits until the page tells that a circuit stands so.
pub async fn circuit_is(window: &Window, state: &str) {
    window.find(&format!("//*[@data-testid='circuit'][@data-state='{state}']")).await;
}

/// Waits until the page tells that every circuit is closed.
pub async fn every_circuit_is_closed(window: &Window) {
    window.find("//*[@data-testid='circuits-closed']").await;
}
