//! A browser's window: what a person sees in it, points at and finds in its console.

use std::{path::Path, time::Duration};

use fantoccini::{
    Client, ClientBuilder, Locator,
    elements::Element,
    wd::{Capabilities, WebDriverCompatibleCommand},
};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

use super::driver::Driver;

/// How long a test waits for what will come about: far more than the slowest machine needs.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often a thing is looked at that has no wait of its own, and how long between looks: as long in all.
const LOOKS: u32 = 1200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// No sandbox, because containers run tests as root; no traffic but to this machine.
const ARGUMENTS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--window-size=1280,1400",
];

/// A window of a new browser that nobody has used. Elements are named by `XPath`.
pub struct Window {
    client: Client,
    /// Both are there to be dropped, the driver first: the browser writes into its profile until it ends.
    _driver: Driver,
    _profile: TempDir,
}

impl Window {
    /// Opens the page in a new browser.
    pub async fn open(page: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let (driver, address) = Driver::start().await;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities(profile.path())).connect(&address).await.unwrap();
        client.goto(page).await.unwrap();
        Self { client, _driver: driver, _profile: profile }
    }

    /// The element, as soon as there is one.
    pub async fn find(&self, xpath: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(xpath)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("{xpath} does not appear on the page: {error}\n{}", self.shown().await),
        }
    }

    /// All of these elements that are there now.
    pub async fn find_all(&self, xpath: &str) -> Vec<Element> {
        self.client.find_all(Locator::XPath(xpath)).await.unwrap()
    }

    /// Clicks the element, as soon as there is one.
    pub async fn click(&self, xpath: &str) {
        self.find(xpath).await.click().await.unwrap();
    }

    /// What can be read of the element, as soon as there is one.
    pub async fn text(&self, xpath: &str) -> String {
        self.find(xpath).await.text().await.unwrap()
    }

    /// What can be read of all of these elements that are there now.
    pub async fn texts(&self, xpath: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.find_all(xpath).await {
            texts.push(element.text().await.unwrap());
        }
        texts
    }

    /// Goes to the other of two tabs, as soon as there are two.
    pub async fn go_to_other_tab(&self) {
        let own = self.client.window().await.unwrap();
        for _ in 0..LOOKS {
            let tabs = self.client.windows().await.unwrap();
            if let Some(other) = tabs.into_iter().find(|tab| *tab != own) {
                return self.client.switch_to_window(other).await.unwrap();
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        panic!("there is no other tab");
    }

    /// Where the window is.
    pub async fn address(&self) -> Url {
        self.client.current_url().await.unwrap()
    }

    /// Runs a script in the page, as if the page had a hole.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// What the console has told since it was last asked: errors of scripts, refused connections, files that are
    /// missing, violations of a content security policy.
    pub async fn console(&self) -> Vec<String> {
        let entries = self.client.issue_cmd(Console).await.unwrap();
        entries.as_array().unwrap().iter().map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Ends the browser.
    pub async fn close(self) {
        self.client.close().await.unwrap();
    }

    /// The whole page as text, to tell what is there in place of what was looked for.
    async fn shown(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        }
    }
}

/// Everything that the console tells is kept, and a wrong certificate is an error as it is to people.
fn capabilities(profile: &Path) -> Capabilities {
    let profile = format!("--user-data-dir={}", profile.display());
    let arguments: Vec<_> = ARGUMENTS.into_iter().chain([profile.as_str()]).collect();
    [
        ("browserName", json!("chrome")),
        ("acceptInsecureCerts", json!(false)),
        ("goog:loggingPrefs", json!({ "browser": "ALL" })),
        ("goog:chromeOptions", json!({ "args": arguments })),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect()
}

/// The command of `ChromeDriver` that reads the console; `WebDriver` has none.
#[derive(Debug)]
struct Console;

impl WebDriverCompatibleCommand for Console {
    fn endpoint(&self, driver: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        driver.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
