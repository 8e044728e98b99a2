//! As much of a browser as a journey needs: cookies, redirects, JSON.

use std::collections::BTreeMap;

use reqwest::{Client, Method, Response, Url, redirect::Policy};
use serde_json::Value;

/// No journey is longer.
const MOST_HOPS: usize = 10;

/// A browser on the demo page.
pub struct Browser {
    http: Client,
    page: Url,
    /// By name; all addresses of a journey are on one host, and cookies know no ports.
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub async fn open(page: &str) -> Self {
        let http = Client::builder().no_proxy().redirect(Policy::none()).user_agent("Test/1").build().unwrap();
        let mut browser = Self { http, page: page.parse().unwrap(), cookies: BTreeMap::new() };
        assert_eq!(browser.visit(page).await.status(), 200);
        browser
    }

    /// Goes to an address and wherever it leads.
    pub async fn visit(&mut self, address: &str) -> Response {
        let mut url: Url = address.parse().unwrap();
        for _ in 0..MOST_HOPS {
            let answer = self.send(Method::GET, url.clone(), None).await;
            match answer.headers().get("location") {
                Some(next) => url = url.join(next.to_str().unwrap()).unwrap(),
                None => return answer,
            }
        }
        panic!("redirected without end");
    }

    /// What the page's script does.
    pub async fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = self.page.join(path).unwrap();
        let answer = self.send(method, url, body).await;
        let status = answer.status();
        let document: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path}: {document}");
        document
    }

    /// The same where the server refuses: its status and problem document.
    pub async fn refused(&mut self, method: Method, path: &str) -> (u16, Value) {
        let url = self.page.join(path).unwrap();
        let answer = self.send(method, url, None).await;
        assert!(!answer.status().is_success(), "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn send(&mut self, method: Method, url: Url, body: Option<Value>) -> Response {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let origin = self.page.origin().ascii_serialization();
        let request = self.http.request(method, url).header("cookie", cookies.join("; ")).header("origin", origin);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        for set in answer.headers().get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}
