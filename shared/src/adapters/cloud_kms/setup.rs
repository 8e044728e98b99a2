//! Making the client.

use google_cloud_auth::credentials::{self, Credentials, anonymous};
use google_cloud_gax::retry_policy::NeverRetry;
use google_cloud_kms_v1::client::KeyManagementService;
use url::{Host, Url};

use super::CloudKmsLimits;

/// Where the keys are.
#[derive(Clone, Debug)]
pub struct CloudKmsSettings {
    /// The whole name of the key ring: `projects/P/locations/L/keyRings/R`, with the project's id.
    pub key_ring: String,
    /// Another address than Google's own: a private one (https), or a stand-in on this machine (http), which is called
    /// without credentials.
    pub endpoint: Option<String>,
    /// How long to wait.
    pub limits: CloudKmsLimits,
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CloudKmsSetupError {
    /// The name of the key ring is not one.
    #[error(
        "the key ring must be named projects/P/locations/L/keyRings/R, where P is the project's id, not its number"
    )]
    KeyRing,
    /// The endpoint is not one.
    #[error("the endpoint of Cloud KMS must be an https address, or http on this machine")]
    Endpoint,
    /// There are no credentials of this machine's or user's.
    #[error("there are no credentials for Cloud KMS: {0}")]
    Credentials(#[source] google_cloud_auth::build_errors::Error),
    /// The client cannot be made.
    #[error("the client of Cloud KMS cannot be made: {0}")]
    Client(#[source] google_cloud_gax::client_builder::Error),
}

/// What is called, and as whom.
enum Endpoint<'a> {
    Google,
    Private(&'a str),
    StandIn(&'a str),
}

impl<'a> Endpoint<'a> {
    fn parse(endpoint: Option<&'a str>) -> Option<Self> {
        let Some(text) = endpoint else { return Some(Self::Google) };
        let url = Url::parse(text).ok()?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        match (is_bare && url.username().is_empty(), url.scheme()) {
            (true, "https") => Some(Self::Private(text)),
            (true, "http") if is_loopback(&url.host()?) => Some(Self::StandIn(text)),
            _ => None,
        }
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => *name == "localhost",
    }
}

/// The client, which repeats nothing by itself: `call` does, with limits.
pub(super) async fn client(endpoint: Option<&str>) -> Result<KeyManagementService, CloudKmsSetupError> {
    let builder = KeyManagementService::builder().with_retry_policy(NeverRetry);
    let builder = match Endpoint::parse(endpoint).ok_or(CloudKmsSetupError::Endpoint)? {
        Endpoint::Google => builder.with_credentials(own_credentials()?),
        Endpoint::Private(address) => builder.with_endpoint(address).with_credentials(own_credentials()?),
        Endpoint::StandIn(address) => {
            builder.with_endpoint(address).with_credentials(anonymous::Builder::new().build())
        }
    };
    builder.build().await.map_err(CloudKmsSetupError::Client)
}

/// The credentials of this machine or user. The domain is said so that the metadata server need not be asked for it.
fn own_credentials() -> Result<Credentials, CloudKmsSetupError> {
    let builder = credentials::Builder::default().with_universe_domain("googleapis.com");
    builder.build().map_err(CloudKmsSetupError::Credentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_others_than_this_machine_by_https_only() {
        assert!(matches!(Endpoint::parse(None), Some(Endpoint::Google)));
        assert!(matches!(Endpoint::parse(Some("https://kms.example")), Some(Endpoint::Private(_))));
        for local in ["http://127.0.0.1:80", "http://[::1]:80/", "http://localhost:80"] {
            assert!(matches!(Endpoint::parse(Some(local)), Some(Endpoint::StandIn(_))), "{local}");
        }
        for wrong in ["", "kms", "http://kms.example", "ftp://127.0.0.1", "https://a.example/v1", "https://u@a.example"]
        {
            assert!(Endpoint::parse(Some(wrong)).is_none(), "{wrong}");
        }
    }
}
