//! The port [`Webhooks`] over HTTPS, with the system's trust anchors: receivers are on the public web.

use async_trait::async_trait;
use reqwest::{
    Client, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue},
};
use url::Url;

use super::{
    bounded_body,
    web_client::{WebLimits, WebSetupError, web_client},
};
use crate::{
    ports::webhooks::{PushError, Webhooks},
    protocol::{
        retry_after::retry_after,
        security_event::{Complaint, MEDIA_TYPE},
    },
};

/// How much of an answer is read (RFC 8935 §2.3: nothing, or a small JSON object).
const MAX_ANSWER: usize = 16 * 1024;

/// Pushes events over HTTPS.
pub struct WebhookClient(Client);

impl WebhookClient {
    /// A client with these limits.
    pub fn new(limits: WebLimits) -> Result<Self, WebSetupError> {
        web_client(limits).map(Self)
    }
}

#[async_trait]
impl Webhooks for WebhookClient {
    async fn push(&self, receiver: &Url, token: String) -> Result<(), PushError> {
        let request = self
            .0
            .post(receiver.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .body(token);
        let response = request.send().await.map_err(|error| PushError::NoAnswer(Box::new(error.without_url())))?;
        let status = response.status();
        if matches!(status, StatusCode::OK | StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
            return Ok(());
        }
        let retry_after = retry_after(response.headers());
        let body = http::Response::from(response).into_body();
        let body = bounded_body::read(body, MAX_ANSWER).await.unwrap_or_default();
        Err(PushError::NotTaken { status: status.as_u16(), complaint: Complaint::of(&body), retry_after })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::Ipv4Addr,
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering},
        },
        time::Duration,
    };

    use axum::{Router, extract::State, http::HeaderMap, response::Redirect, routing::post};
    use tokio::net::TcpListener;

    use super::*;

    async fn serve(router: Router) -> Url {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn client() -> WebhookClient {
        WebhookClient::new(WebLimits::default()).unwrap()
    }

    #[tokio::test]
    async fn a_token_arrives_as_it_is_with_its_media_type() {
        async fn take(headers: HeaderMap, body: String) -> StatusCode {
            let is_right = headers[CONTENT_TYPE] == MEDIA_TYPE && body == "a.b.c";
            if is_right { StatusCode::ACCEPTED } else { StatusCode::BAD_REQUEST }
        }
        let url = serve(Router::new().route("/", post(take))).await;
        client().push(&url, "a.b.c".to_owned()).await.unwrap();
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed_and_not_taken() {
        async fn elsewhere(State(count): State<Arc<AtomicU32>>) -> StatusCode {
            count.fetch_add(1, Ordering::Relaxed);
            StatusCode::ACCEPTED
        }
        let count = Arc::new(AtomicU32::new(0));
        let router = Router::new()
            .route("/", post(|| async { Redirect::temporary("/elsewhere") }))
            .route("/elsewhere", post(elsewhere))
            .with_state(Arc::clone(&count));
        let error = client().push(&serve(router).await, String::new()).await.unwrap_err();
        assert!(
            matches!(error, PushError::NotTaken { status: 307, complaint: Complaint::Unnamed, retry_after: None }),
            "{error:?}"
        );
        assert_eq!(count.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_refusal_tells_the_standards_word_and_an_endless_one_is_cut() {
        let told = (StatusCode::BAD_REQUEST, r#"{"err":"invalid_issuer","description":"who?"}"#);
        let long = (StatusCode::OK, "x".repeat(10 * MAX_ANSWER));
        let endless = (StatusCode::INTERNAL_SERVER_ERROR, "x".repeat(10 * MAX_ANSWER));
        let url = serve(
            Router::new()
                .route("/told", post(move || async move { told }))
                .route("/long", post(move || async move { long }))
                .route("/endless", post(move || async move { endless })),
        )
        .await;
        let push = async |path: &str| client().push(&url.join(path).unwrap(), String::new()).await;
        let refused = push("told").await.unwrap_err();
        let expected = (400, Complaint::InvalidIssuer);
        assert!(matches!(refused, PushError::NotTaken { status, complaint, .. } if (status, complaint) == expected));
        push("long").await.unwrap();
        let endless = push("endless").await.unwrap_err();
        assert!(matches!(endless, PushError::NotTaken { status: 500, complaint: Complaint::Unnamed, .. }));
    }

    #[tokio::test]
    async fn a_receiver_says_how_long_it_wants_to_be_left_alone() {
        async fn busy() -> (StatusCode, [(&'static str, &'static str); 1]) {
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "120")])
        }
        let url = serve(Router::new().route("/", post(busy))).await;
        let error = client().push(&url, String::new()).await.unwrap_err();
        let asked = Some(Duration::from_mins(2));
        assert!(
            matches!(error, PushError::NotTaken { status: 429, retry_after, .. } if retry_after == asked),
            "{error:?}"
        );
    }

    #[tokio::test]
    async fn nobody_there_is_no_answer() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        drop(listener);
        assert!(matches!(client().push(&url, String::new()).await, Err(PushError::NoAnswer(_))));
    }

    #[tokio::test]
    async fn a_receiver_that_never_answers_costs_no_more_than_the_time_it_has() {
        let url = serve(Router::new().route("/", post(std::future::pending::<StatusCode>))).await;
        let limits = WebLimits { connect: Duration::from_secs(3), total: Duration::from_millis(50) };
        let error = WebhookClient::new(limits).unwrap().push(&url, String::new()).await.unwrap_err();
        assert!(matches!(error, PushError::NoAnswer(_)));
    }
}
