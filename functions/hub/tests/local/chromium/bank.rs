//! The sandbox bank: its pages as the customer meets them, and its books, which tell what really happened there.

use serde_json::Value;

use super::window::Window;

/// Logs the customer in; the page has filled the password in.
pub async fn log_in(window: &Window, customer: &str) {
    window.click(&format!("//select[@id='customer']/option[@value='{customer}']")).await;
    window.click("//button[@id='login']").await;
}

/// The account numbers that the bank offers to share. All must be ticked.
pub async fn offered(window: &Window) -> Vec<String> {
    window.find("//button[@id='approve']").await;
    let mut offered = Vec::new();
    for tick in window.find_all("//input[@name='account']").await {
        assert!(tick.is_selected().await.unwrap());
        offered.push(tick.attr("value").await.unwrap().unwrap());
    }
    offered
}

/// Takes the tick from an account.
pub async fn untick(window: &Window, account: &str) {
    let tick = window.find(&format!("//input[@name='account'][@value='{account}']")).await;
    tick.click().await.unwrap();
    assert!(!tick.is_selected().await.unwrap());
}

/// Presses the button of the customer's decision: `approve` or `refuse`.
pub async fn decide(window: &Window, decision: &str) {
    window.click(&format!("//button[@id='{decision}']")).await;
}

/// What the bank knows, read at its control port.
pub struct Books {
    http: reqwest::Client,
    control: String,
}

impl Books {
    pub fn at(control: &str) -> Self {
        Self { http: reqwest::Client::builder().no_proxy().build().unwrap(), control: control.to_owned() }
    }

    /// The customer's accounts by their numbers.
    pub async fn accounts_of(&self, customer: &str) -> Vec<String> {
        let customers = self.list("customers").await;
        let customer = customers.iter().find(|one| one["id"] == customer).unwrap();
        let accounts = customer["accounts"].as_array().unwrap().iter();
        accounts.map(|account| account["iban"].as_str().unwrap().to_owned()).collect()
    }

    /// All consents.
    pub async fn consents(&self) -> Vec<Value> {
        self.list("consents").await
    }

    /// What has reached the bank's API so far.
    pub async fn journal(&self) -> Journal {
        Journal(self.read("journal").await["entries"].as_array().unwrap().clone())
    }

    async fn list(&self, name: &str) -> Vec<Value> {
        self.read(name).await[name].as_array().unwrap().clone()
    }

    async fn read(&self, name: &str) -> Value {
        let answer = self.http.get(format!("{}/{name}", self.control)).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }
}

/// Entries of the bank's journal.
pub struct Journal(Vec<Value>);

impl Journal {
    /// The status of each answer to calls of that method and operation.
    pub fn answers(&self, method: &str, operation: &str) -> Vec<u64> {
        let calls = self.0.iter().filter(|entry| entry["method"] == method && entry["operation"] == operation);
        calls.map(|entry| entry["status"].as_u64().unwrap()).collect()
    }

    /// The status of each answer to an attempt to redeem a code.
    pub fn codes_redeemed(&self) -> Vec<u64> {
        let attempts = self.0.iter().filter(|entry| entry["grant_type"] == "authorization_code");
        attempts.map(|entry| entry["status"].as_u64().unwrap()).collect()
    }
}
