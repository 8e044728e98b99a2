//! The stand-in over HTTP: what is asked for, which fault strikes, and the answer.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Query, State as FromState},
    response::{IntoResponse, Response},
};
use http::{Method, Uri};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    control,
    fault::Fault,
    operations,
    refusal::Refusal,
    resource::{self, Operation, Resource},
    state::{Inner, State},
};

/// In the extensions of an answer that must not be sent: the connection ends instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HangUp;

/// The interface of Cloud KMS, and below `/control` that of the tests. A colon before the verb is beyond the router,
/// hence the fallback.
pub(crate) fn router(state: Arc<State>) -> Router {
    control::router().fallback(serve).with_state(state)
}

/// How the client wants its answers.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Form {
    #[serde(rename = "$alt")]
    alt: String,
}

async fn serve(FromState(state): FromState<Arc<State>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let Some((operation, resource)) = resource::read(method == Method::POST, uri.path()) else {
        return Refusal::not_found(uri.path()).into_response();
    };
    let fault = {
        let mut inner = state.lock();
        inner.count(&operation);
        inner.armed.draw()
    };
    if let Some(latency) = fault.and_then(Fault::latency) {
        sleep(latency).await;
    }
    match fault {
        Some(Fault::HangUp) => return hang_up(),
        Some(Fault::Status { status }) => {
            let quoted = String::from_utf8_lossy(&body);
            return Refusal::of_status(status, format!("refused as the test wants: {quoted}")).into_response();
        }
        _ => {}
    }
    let outcome = {
        let inner = state.lock();
        let allowed = inner.denials.check(&resource.key, operation.permission());
        allowed.and_then(|()| answer(&inner, &operation, &resource, &uri, &body))
    };
    match outcome {
        Ok(answer) => Json(spoilt(answer, fault, &resource)).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn answer(inner: &Inner, operation: &Operation, resource: &Resource, uri: &Uri, body: &[u8]) -> Result<Value, Refusal> {
    let ring = &inner.ring;
    if resource.ring != ring.name {
        return Err(Refusal::not_found(&resource.ring));
    }
    let numbers = Query::<Form>::try_from_uri(uri).is_ok_and(|form| form.alt.contains("enum-encoding=int"));
    match operation {
        Operation::Encrypt => operations::encrypt(ring, resource, body),
        Operation::Decrypt => operations::decrypt(ring, resource, body),
        Operation::Sign => operations::sign(ring, resource, body),
        Operation::PublicKey => operations::public_key(ring, resource, numbers),
        Operation::GetKey => operations::get_key(ring, resource, numbers),
        Operation::GetVersion => operations::get_version(ring, resource, numbers),
        Operation::ListVersions => {
            let listing = Query::try_from_uri(uri).map_err(|error| Refusal::invalid(error.to_string()))?;
            operations::list_versions(ring, resource, &listing, numbers)
        }
        Operation::TestPermissions => operations::test_permissions(ring, resource, &inner.denials, body),
    }
}

/// The answer as the fault makes it.
fn spoilt(mut answer: Value, fault: Option<Fault>, resource: &Resource) -> Value {
    let Some(members) = answer.as_object_mut() else { return answer };
    match fault {
        Some(Fault::WrongCrc) => {
            for (_, checksum) in members.iter_mut().filter(|(name, _)| name.ends_with("Crc32c")) {
                if let Some(number) = checksum.as_str().and_then(|text| text.parse::<u32>().ok()) {
                    *checksum = (number ^ 1).to_string().into();
                }
            }
        }
        Some(Fault::UnverifiedCrc) => members.retain(|name, _| !name.starts_with("verified")),
        Some(Fault::WrongKeyName) => {
            if let Some(name) = members.get_mut("name") {
                let wrong = name.as_str().map(|name| name.replace(&format!("/cryptoKeys/{}", resource.key), OTHER));
                *name = wrong.into();
            }
        }
        Some(Fault::Misshapen) => {
            let data = members.values().find(|value| value.is_string()).cloned();
            return json!({ "plaintextCrc32c": data, "verifiedPlaintextCrc32c": data, "name": 1 });
        }
        _ => {}
    }
    answer
}

const OTHER: &str = "/cryptoKeys/another";

fn hang_up() -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(HangUp);
    response
}
