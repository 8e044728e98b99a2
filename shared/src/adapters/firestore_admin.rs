//! The port [`StoreSetup`] on Firestore's administrative interface (REST, v1): which indexes and times to live a database
//! has. It only looks; what there should be is set up by Terraform.

use async_trait::async_trait;
use google_cloud_auth::credentials::{self, CacheableResource, Credentials};
use http::{Extensions, HeaderMap};
use reqwest::{Client, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    bounded_body,
    web_client::{WebLimits, WebSetupError, web_client},
};
use crate::ports::store_setup::{ExpirySetup, IndexSetup, Setup, SetupError, SetupState, StoreSetup, WhichDatabase};

/// The service's address.
const SERVICE: &str = "https://firestore.googleapis.com";

/// Bytes of one answer.
const MAX_BYTES: usize = 1024 * 1024;

/// The databases to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirestoreAdminSettings {
    /// The Google Cloud project.
    pub project: String,
    /// The database of sessions.
    pub database: String,
    /// The second database, if there is one.
    pub counters: Option<String>,
}

/// Looks at how databases were set up.
pub struct FirestoreAdmin {
    client: Client,
    settings: FirestoreAdminSettings,
    address: String,
    is_anonymous: bool,
}

impl FirestoreAdmin {
    /// The service's own interface, asked with the credentials of this machine or user.
    pub fn new(settings: FirestoreAdminSettings) -> Result<Self, WebSetupError> {
        let client = web_client(WebLimits::default())?;
        Ok(Self { client, settings, address: SERVICE.to_owned(), is_anonymous: false })
    }

    /// A stand-in of a test, asked without credentials.
    #[cfg(any(test, feature = "testing"))]
    pub fn at(address: &str, settings: FirestoreAdminSettings) -> Result<Self, WebSetupError> {
        Ok(Self { address: address.to_owned(), is_anonymous: true, ..Self::new(settings)? })
    }

    async fn get<T: DeserializeOwned>(&self, database: &str, rest: &str) -> Result<T, SetupError> {
        let Self { settings: FirestoreAdminSettings { project, .. }, address, .. } = self;
        let url = format!("{address}/v1/projects/{project}/databases/{database}/collectionGroups/-/{rest}");
        let call = self.client.get(url).headers(self.headers().await?).send().await;
        let response = call.map_err(|error| unavailable(error.without_url()))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(SetupError::Denied),
            status => return Err(unavailable(format!("it answered {status}"))),
        }
        let body = http::Response::from(response).into_body();
        let body = bounded_body::read(body, MAX_BYTES).await.map_err(unavailable)?;
        serde_json::from_slice(&body).map_err(unavailable)
    }

    async fn headers(&self) -> Result<HeaderMap, SetupError> {
        if self.is_anonymous {
            return Ok(HeaderMap::new());
        }
        let made: Credentials = credentials::Builder::default().build().map_err(unavailable)?;
        match made.headers(Extensions::new()).await.map_err(unavailable)? {
            CacheableResource::New { data, .. } => Ok(data),
            CacheableResource::NotModified => Ok(HeaderMap::new()),
        }
    }
}

#[async_trait]
impl StoreSetup for FirestoreAdmin {
    async fn setup(&self, database: WhichDatabase) -> Result<Option<Setup>, SetupError> {
        let name = match database {
            WhichDatabase::Hub => Some(&self.settings.database),
            WhichDatabase::Counters => self.settings.counters.as_ref(),
        };
        let Some(name) = name else { return Ok(None) };
        let indexes: Indexes = self.get(name, "indexes?pageSize=300").await?;
        let single: Fields = self.get(name, "fields?filter=indexConfig.usesAncestorConfig:false&pageSize=300").await?;
        let expiring: Fields = self.get(name, "fields?filter=ttlConfig:*&pageSize=300").await?;
        let of_one_field = single.fields.into_iter().flat_map(Field::indexes);
        Ok(Some(Setup {
            indexes: indexes.indexes.into_iter().filter_map(Index::told).chain(of_one_field).collect(),
            expiries: expiring.fields.into_iter().filter_map(Field::expiry).collect(),
        }))
    }
}

fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SetupError {
    SetupError::Unavailable(cause.into())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Indexes {
    indexes: Vec<Index>,
}

#[derive(Deserialize)]
struct Index {
    /// Those of one field have none.
    #[serde(default)]
    name: String,
    #[serde(default)]
    fields: Vec<Indexed>,
    #[serde(default)]
    state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Indexed {
    field_path: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    fields: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Field {
    name: String,
    ttl_config: Option<TtlConfig>,
    index_config: Option<IndexConfig>,
}

/// The indexes of one field.
#[derive(Default, Deserialize)]
#[serde(default)]
struct IndexConfig {
    indexes: Vec<Index>,
}

#[derive(Deserialize)]
struct TtlConfig {
    #[serde(default)]
    state: String,
}

impl Index {
    fn told(self) -> Option<IndexSetup> {
        let collection = collection(&self.name)?.to_owned();
        Some(self.of(collection))
    }

    fn of(self, collection: String) -> IndexSetup {
        let own = self.fields.into_iter().map(|field| field.field_path).filter(|path| path != "__name__");
        IndexSetup { collection, fields: own.collect(), state: state(&self.state) }
    }
}

impl Field {
    /// A query over one field is answered from that field's own index.
    fn indexes(self) -> Vec<IndexSetup> {
        let Some(collection) = collection(&self.name) else { return Vec::new() };
        let indexes = self.index_config.unwrap_or_default().indexes;
        indexes.into_iter().map(|index| index.of(collection.to_owned())).collect()
    }

    fn expiry(self) -> Option<ExpirySetup> {
        let (collection, field) = (collection(&self.name)?.to_owned(), self.name.rsplit('/').next()?.to_owned());
        Some(ExpirySetup { collection, field, state: state(&self.ttl_config?.state) })
    }
}

/// The collection in a resource's name: `…/collectionGroups/COLLECTION/…`.
fn collection(name: &str) -> Option<&str> {
    name.split_once("/collectionGroups/")?.1.split('/').next()
}

fn state(word: &str) -> SetupState {
    match word {
        "READY" | "ACTIVE" => SetupState::Ready,
        "CREATING" => SetupState::Making,
        _ => SetupState::Broken,
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, extract::RawQuery, routing::get};
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;

    const GROUPS: &str = "projects/p/databases/d/collectionGroups";

    fn settings() -> FirestoreAdminSettings {
        FirestoreAdminSettings { project: "p".to_owned(), database: "d".to_owned(), counters: None }
    }

    async fn stand_in(router: Router) -> FirestoreAdmin {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        FirestoreAdmin::at(&address, settings()).unwrap()
    }

    #[tokio::test]
    async fn tells_indexes_and_times_to_live() {
        let indexes = json!({ "indexes": [
            { "name": format!("{GROUPS}/sessions/indexes/1"), "state": "READY", "fields": [
                { "fieldPath": "shard", "order": "ASCENDING" }, { "fieldPath": "due_at", "order": "ASCENDING" },
                { "fieldPath": "__name__", "order": "ASCENDING" } ] },
            { "name": format!("{GROUPS}/sessions/indexes/2"), "state": "CREATING", "fields": [
                { "fieldPath": "psu" }, { "fieldPath": "bank" } ] },
        ]});
        let fields = json!({ "fields": [
            { "name": format!("{GROUPS}/flows/fields/expires_at"), "ttlConfig": { "state": "ACTIVE" } },
            { "name": format!("{GROUPS}/__default__/fields/*"), "indexConfig": {} },
        ]});
        let one = json!({ "state": "READY", "fields": [{ "fieldPath": "session", "order": "ASCENDING" }] });
        let single = json!({ "fields": [
            { "name": format!("{GROUPS}/snapshots/fields/session"), "indexConfig": { "indexes": [one] } },
            { "name": format!("{GROUPS}/flows/fields/*"), "indexConfig": {} },
        ]});
        let fields = async move |RawQuery(query): RawQuery| {
            let is_expiring = query.is_some_and(|query| query.contains("filter=ttlConfig:*"));
            if is_expiring { fields.to_string() } else { single.to_string() }
        };
        let router = Router::new()
            .route(&format!("/v1/{GROUPS}/-/indexes"), get(async move || indexes.to_string()))
            .route(&format!("/v1/{GROUPS}/-/fields"), get(fields));
        let setup = stand_in(router).await.setup(WhichDatabase::Hub).await.unwrap().unwrap();
        let index = |collection: &str, fields: &[&str], state| IndexSetup {
            collection: collection.to_owned(),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            state,
        };
        let sessions = index("sessions", &["shard", "due_at"], SetupState::Ready);
        let making = index("sessions", &["psu", "bank"], SetupState::Making);
        assert_eq!(setup.indexes, [sessions, making, index("snapshots", &["session"], SetupState::Ready)]);
        let flows = ExpirySetup { collection: "flows".into(), field: "expires_at".into(), state: SetupState::Ready };
        assert_eq!(setup.expiries, [flows]);
    }

    #[tokio::test]
    async fn tells_a_missing_right_from_a_fault() {
        let denied = stand_in(Router::new().fallback(async || StatusCode::FORBIDDEN)).await;
        assert!(matches!(denied.setup(WhichDatabase::Hub).await, Err(SetupError::Denied)));
        let broken = stand_in(Router::new().fallback(async || "no JSON")).await;
        assert!(matches!(broken.setup(WhichDatabase::Hub).await, Err(SetupError::Unavailable(_))));
        assert_eq!(broken.setup(WhichDatabase::Counters).await.unwrap(), None, "there is no second database");
    }
}
