//! Identity tokens for calls to private services, as Google's metadata server makes them for the account that runs here.

use async_trait::async_trait;
use reqwest::Client;

/// Where the metadata server is, unless `GCE_METADATA_HOST` names another place.
const SERVER: &str = "metadata.google.internal";

/// The longest token that is taken.
const LONGEST: usize = 8 * 1024;

/// There is no token.
#[derive(Debug, thiserror::Error)]
pub enum NoToken {
    /// There is nobody to ask, or no answer.
    #[error("no identity token can be had here")]
    Unavailable(#[source] reqwest::Error),
    /// The answer is no token.
    #[error("the metadata server answers with no token")]
    Malformed,
}

/// Makes identity tokens.
#[async_trait]
pub trait IdentityTokens: Send + Sync + 'static {
    /// A token for that audience.
    async fn token(&self, audience: &str) -> Result<String, NoToken>;
}

/// The metadata server of Cloud Run and Compute Engine.
pub struct MetadataServer {
    client: Client,
    host: String,
}

impl MetadataServer {
    /// The one at that host, or the usual one.
    pub fn new(client: Client, host: Option<String>) -> Self {
        Self { client, host: host.unwrap_or_else(|| SERVER.to_owned()) }
    }
}

#[async_trait]
impl IdentityTokens for MetadataServer {
    async fn token(&self, audience: &str) -> Result<String, NoToken> {
        let url = format!("http://{}/computeMetadata/v1/instance/service-accounts/default/identity", self.host);
        let request = self.client.get(url).header("Metadata-Flavor", "Google");
        let asked = request.query(&[("audience", audience), ("format", "full")]).send().await;
        let answer = asked.and_then(reqwest::Response::error_for_status);
        let text = answer.map_err(unavailable)?.text().await.map_err(unavailable)?;
        let token = text.trim();
        let is_one = !token.is_empty() && token.len() <= LONGEST && token.bytes().all(|byte| byte.is_ascii_graphic());
        if is_one { Ok(token.to_owned()) } else { Err(NoToken::Malformed) }
    }
}

fn unavailable(error: reqwest::Error) -> NoToken {
    NoToken::Unavailable(error.without_url())
}

#[cfg(test)]
mod tests {
    use axum::{Router, extract::RawQuery, routing::get};
    use http::HeaderMap;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn asks_as_google_wants_it() {
        let path = "/computeMetadata/v1/instance/service-accounts/default/identity";
        let answer = async |RawQuery(query): RawQuery, headers: HeaderMap| {
            assert_eq!(headers["metadata-flavor"], "Google");
            format!("{}\n", query.unwrap())
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let router = Router::new().route(path, get(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::builder().no_proxy().build().unwrap();
        let token = MetadataServer::new(client.clone(), Some(host)).token("https://a.example").await.unwrap();
        assert_eq!(token, "audience=https%3A%2F%2Fa.example&format=full");
        let nobody = MetadataServer::new(client, Some("127.0.0.1:1".to_owned()));
        assert!(matches!(nobody.token("https://a.example").await, Err(NoToken::Unavailable(_))));
    }
}
