//! One database and the way to it.

use std::time::Duration;

use firestore::gcloud_sdk::{
    GCP_DEFAULT_SCOPES, GoogleAuthHeaders, GoogleAuthMiddleware, HeaderMap,
    google::firestore::v1::firestore_client::FirestoreClient,
    google_cloud_auth::{
        credentials::{CacheableResource, Credentials, CredentialsProvider, EntityTag},
        errors::CredentialsError,
    },
    tonic::transport::{Channel, ClientTlsConfig},
};
use http::{Extensions, HeaderValue, header::AUTHORIZATION};
use tokio::sync::OnceCell;

use crate::ports::documents::{Key, StoreError};

/// The service's address.
const SERVICE: &str = "https://firestore.googleapis.com";

/// How often a quiet connection is asked whether it still stands, and how long it may take to say so.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Makes the calls of one database. Cheap to clone.
pub(super) type Client = FirestoreClient<GoogleAuthMiddleware>;

/// One database of a project.
pub(super) struct Database {
    path: String,
    address: String,
    is_emulator: bool,
    connect_timeout: Duration,
    client: OnceCell<Client>,
}

impl Database {
    /// That database, of the service or of an emulator at that host and port.
    pub(super) fn new(project: &str, name: &str, emulator: Option<&str>, connect_timeout: Duration) -> Self {
        Self {
            path: format!("projects/{project}/databases/{name}"),
            address: emulator.map_or_else(|| SERVICE.to_owned(), |host| format!("http://{host}")),
            is_emulator: emulator.is_some(),
            connect_timeout,
            client: OnceCell::new(),
        }
    }

    /// The database's resource name.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The resource name below which its collections are.
    pub(super) fn root(&self) -> String {
        format!("{}/documents", self.path)
    }

    /// A document's resource name.
    pub(super) fn name_of(&self, key: &Key) -> String {
        format!("{}/documents/{}/{}", self.path, key.collection.name(), key.id)
    }

    /// The client, made by whoever wants it first. It connects when it is used, and again when a connection broke; where
    /// it cannot be made (no credentials), the next use tries again.
    pub(super) async fn client(&self) -> Result<Client, StoreError> {
        let made = self.client.get_or_try_init(|| self.make()).await;
        made.cloned().map_err(StoreError::Unavailable)
    }

    async fn make(&self) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
        let credentials = if self.is_emulator {
            GoogleAuthHeaders::from(Credentials::from(Owner::new()))
        } else {
            GoogleAuthHeaders::from_adc_with_scopes(GCP_DEFAULT_SCOPES.clone()).await?
        };
        let service = GoogleAuthMiddleware::new(self.channel()?, credentials, Some(self.path.clone()))?;
        Ok(FirestoreClient::new(service))
    }

    /// Connects when it is used.
    pub(super) fn channel(&self) -> Result<Channel, Box<dyn std::error::Error + Send + Sync>> {
        let mut endpoint = Channel::from_shared(self.address.clone())?
            .connect_timeout(self.connect_timeout)
            .tcp_keepalive(Some(KEEP_ALIVE))
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .keep_alive_while_idle(true);
        if !self.is_emulator {
            endpoint = endpoint.tls_config(ClientTlsConfig::new().with_webpki_roots())?;
        }
        Ok(endpoint.connect_lazy())
    }
}

/// What an emulator takes for the database's owner.
#[derive(Debug)]
struct Owner {
    headers: HeaderMap,
    tag: EntityTag,
}

impl Owner {
    fn new() -> Self {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer owner"))]);
        Self { headers, tag: EntityTag::new() }
    }
}

impl CredentialsProvider for Owner {
    async fn headers(&self, asked: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        if asked.get::<EntityTag>() == Some(&self.tag) {
            return Ok(CacheableResource::NotModified);
        }
        Ok(CacheableResource::New { entity_tag: self.tag.clone(), data: self.headers.clone() })
    }

    async fn universe_domain(&self) -> Option<String> {
        None
    }
}
