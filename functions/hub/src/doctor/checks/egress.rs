//! The address that banks see us come from.

use std::net::IpAddr;

use reqwest::Client;
use url::Url;

use crate::doctor::{
    finding::{Finding, What},
    kind::Kind,
};

/// The longest answer that may be an address.
const LONGEST: usize = 100;

const ADVICE: &str = "tell the banks this address, or see that calls leave by the fixed ones; infra/network.tf";

/// Asks a service that answers with the address it was asked from, as plain text, and compares.
pub async fn check(client: &Client, ask: Option<&Url>, expected: &[IpAddr]) -> Finding {
    let what = What::all(Kind::Egress);
    let Some(url) = ask else {
        return Finding::skip(&what, "no HUB_DOCTOR_ADDRESS_URL or --address-url to ask");
    };
    match seen_from(client, url).await {
        Some(seen) if expected.contains(&seen) => Finding::ok(&what, format!("banks see {seen}, as announced")),
        Some(seen) => {
            let announced = expected.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
            Finding::fail(&what, format!("banks see {seen} instead of {announced}"), ADVICE)
        }
        None => Finding::fail(&what, "the service does not answer with an address", "ask another one"),
    }
}

async fn seen_from(client: &Client, url: &Url) -> Option<IpAddr> {
    let mut response = client.get(url.clone()).send().await.ok()?.error_for_status().ok()?;
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        text.extend_from_slice(&chunk);
        if text.len() > LONGEST {
            return None;
        }
    }
    std::str::from_utf8(&text).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::get};
    use tokio::net::TcpListener;

    use super::*;
    use crate::doctor::finding::Standing;

    async fn found(answer: &'static str, expected: &[&str]) -> Finding {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().route("/", get(async move || answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let expected: Vec<_> = expected.iter().map(|address| address.parse().unwrap()).collect();
        check(&Client::builder().no_proxy().build().unwrap(), Some(&url), &expected).await
    }

    #[tokio::test]
    async fn the_address_is_one_of_those_announced() {
        assert_eq!(found("192.0.2.1\n", &["192.0.2.1"]).await.status, Standing::Ok);
        assert_eq!(found("192.0.2.2", &["192.0.2.1", "192.0.2.2"]).await.status, Standing::Ok);
        let other = found("198.51.100.7", &["192.0.2.1"]).await;
        assert_eq!(other.status, Standing::Fail);
        assert_eq!(other.found, "banks see 198.51.100.7 instead of 192.0.2.1");
        assert_eq!(found("<html>", &["192.0.2.1"]).await.status, Standing::Fail);
    }

    #[tokio::test]
    async fn without_anybody_to_ask_nothing_is_said() {
        assert_eq!(check(&Client::new(), None, &[]).await.status, Standing::Skip);
    }
}
