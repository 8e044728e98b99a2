//! A browser, as far as redirects and cookies go: follows one redirect at a time, so that tests see every step.

use std::sync::Arc;

use http::{HeaderMap, StatusCode, header::LOCATION};
use reqwest::{Client, Response, cookie::Jar, redirect::Policy};
use url::Url;

use super::RETURN_URL;

/// One browser with its cookies.
pub struct Browser {
    client: Client,
}

/// A page or redirect as the browser got it.
pub struct Seen {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.text().await.unwrap() }
    }

    /// Where the browser is sent.
    pub fn location(&self) -> Url {
        let location = self.headers.get(LOCATION).unwrap_or_else(|| panic!("{} {}", self.status, self.body));
        location.to_str().unwrap().parse().unwrap()
    }
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser {
    pub fn new() -> Self {
        let client = Client::builder().cookie_provider(Arc::new(Jar::default())).redirect(Policy::none()).no_proxy();
        Self { client: client.build().unwrap() }
    }

    /// Opens an address, as a person would.
    pub async fn open(&self, url: &str) -> Seen {
        let request = self.client.get(url).header("accept", "text/html,application/xhtml+xml");
        Seen::of(request.send().await.unwrap()).await
    }

    /// Opens an authorisation link and the bank's page. Answers where the bank sends the browser.
    pub async fn until_callback(&self, link: &str) -> Url {
        let to_bank = self.open(link).await;
        assert_eq!(to_bank.status, StatusCode::FOUND, "{}", to_bank.body);
        self.open(to_bank.location().as_str()).await.location()
    }

    /// The whole way: link, bank, callback. Answers the CRM's return URL.
    pub async fn travel(&self, link: &str) -> Url {
        let back = self.land(&self.until_callback(link).await).await;
        assert!(back.as_str().starts_with(RETURN_URL), "{back}");
        back
    }

    /// The whole way at a bank that the browser visits twice. Answers the CRM's return URL.
    pub async fn travel_twice(&self, link: &str) -> Url {
        let bank_again = self.land(&self.until_callback(link).await).await;
        assert!(!bank_again.as_str().starts_with(RETURN_URL), "{bank_again}");
        let callback = self.open(bank_again.as_str()).await.location();
        let back = self.land(&callback).await;
        assert!(back.as_str().starts_with(RETURN_URL), "{back}");
        back
    }

    /// Brings the bank's answer to the hub. Answers where the hub sends the browser.
    pub async fn land(&self, callback: &Url) -> Url {
        let back = self.open(callback.as_str()).await;
        assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.body);
        back.location()
    }
}
