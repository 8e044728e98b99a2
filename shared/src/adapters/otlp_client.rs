//! The way to a collector of metrics and traces (OTLP over HTTP): bounded, outside of every request, and never in the
//! way of one. A collector that does not answer is told of once, until it answers again.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use google_cloud_auth::credentials::{self, CacheableResource, Credentials};
use http::{HeaderMap, Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use tokio::{runtime::Handle, time::timeout};
use url::Url;

use super::{
    bounded_body,
    web_client::{WebLimits, WebSetupError, web_client},
};

/// As short as what the platform leaves at the end.
const LIMITS: WebLimits = WebLimits { connect: Duration::from_secs(1), total: Duration::from_millis(1500) };

/// Bytes of an answer, which says at most what was not taken.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Collectors there are called with the credentials of this machine or user.
const GOOGLE: &str = ".googleapis.com";

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum OtlpSetupError {
    /// The HTTP client.
    #[error(transparent)]
    Web(#[from] WebSetupError),
    /// There are no credentials of this machine's or user's.
    #[error("there are no credentials for Google's collector: {0}")]
    Credentials(#[from] google_cloud_auth::build_errors::Error),
}

/// Delivers to one collector.
pub struct OtlpClient {
    client: reqwest::Client,
    credentials: Option<Credentials>,
    runtime: Handle,
    /// Whether the last delivery failed, and that was told.
    failing: Arc<AtomicBool>,
}

impl OtlpClient {
    /// The way to the collector at that address: with this machine's credentials to Google's, without any to others.
    /// Wants to be called in a runtime, which will do the work: those who deliver are threads of their own.
    pub fn to(endpoint: &Url) -> Result<Self, OtlpSetupError> {
        let is_google = endpoint.host_str().is_some_and(|host| host.ends_with(GOOGLE));
        let own = || credentials::Builder::default().with_universe_domain("googleapis.com").build();
        Ok(Self {
            client: web_client(LIMITS)?,
            credentials: is_google.then(own).transpose()?,
            runtime: Handle::current(),
            failing: Arc::default(),
        })
    }
}

/// Shows nothing of the credentials.
impl fmt::Debug for OtlpClient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("OtlpClient").finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for OtlpClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, credentials, failing) = (self.client.clone(), self.credentials.clone(), self.failing.clone());
        let delivering = async move {
            let delivery = deliver(&client, credentials.as_ref(), request);
            let outcome = timeout(LIMITS.total, delivery).await.unwrap_or_else(|late| Err(late.into()));
            tell(&failing, &outcome);
            outcome
        };
        self.runtime.spawn(delivering).await?
    }
}

async fn deliver(
    client: &reqwest::Client,
    credentials: Option<&Credentials>,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, HttpError> {
    let mut request = reqwest::Request::try_from(request)?;
    if let Some(credentials) = credentials {
        request.headers_mut().extend(authorization(credentials).await?);
    }
    let (parts, body) = Response::from(client.execute(request).await?).into_parts();
    Ok(Response::from_parts(parts, bounded_body::read(body, LONGEST_ANSWER).await?))
}

async fn authorization(credentials: &Credentials) -> Result<HeaderMap, HttpError> {
    match credentials.headers(http::Extensions::new()).await? {
        CacheableResource::New { data, .. } => Ok(data),
        CacheableResource::NotModified => Ok(HeaderMap::new()),
    }
}

/// Says that the collector does not answer, or answers again: when that changes, and only then.
fn tell(failing: &AtomicBool, outcome: &Result<Response<Bytes>, HttpError>) {
    let why = match outcome {
        Ok(response) if response.status().is_success() => None,
        Ok(response) => Some(format!("it answers {}", response.status().as_u16())),
        Err(error) => Some(error.to_string()),
    };
    let has_failed = failing.swap(why.is_some(), Ordering::Relaxed);
    match why {
        Some(error) if !has_failed => {
            tracing::warn!(error, "metrics and traces are not delivered: the collector does not take them");
        }
        None if has_failed => tracing::info!("metrics and traces are delivered again"),
        _ => {}
    }
}
