//! A server that answers every call with what a test wants, and counts the calls.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Body, extract::State, response::Response};
use firestore::gcloud_sdk::{
    google::firestore::v1::CommitResponse, prost::Message, prost_types::Timestamp, tonic::Code,
};
use http::HeaderMap;
use http_body_util::{BodyExt, Full};
use shared::{
    adapters::firestore_store::{FirestoreLimits, FirestoreSettings},
    testing::firestore_emulator::FirestoreEmulator,
};

/// What is answered next; the last of them again and again.
#[derive(Clone)]
pub struct StandIn {
    answers: Arc<Mutex<VecDeque<Code>>>,
    calls: Arc<Mutex<Vec<String>>>,
    host: String,
}

impl StandIn {
    /// A server that answers with these codes. `Ok` is the answer to a commit of one write.
    pub async fn answering(codes: &[Code]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let stand_in =
            Self { answers: Arc::new(Mutex::new(codes.iter().copied().collect())), calls: Arc::default(), host };
        let router = Router::new().fallback(answer).with_state(stand_in.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        stand_in
    }

    /// Settings that lead here, with these limits.
    pub fn settings(&self, limits: FirestoreLimits) -> FirestoreSettings {
        FirestoreSettings {
            project: "p".to_owned(),
            database: "d".to_owned(),
            counters: None,
            emulator: Some(self.host.clone()),
            limits,
        }
    }

    /// The calls that came, by their names.
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    fn next(&self) -> Code {
        let mut answers = self.answers.lock().unwrap();
        if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0] }
    }
}

async fn answer(State(stand_in): State<StandIn>, request: axum::extract::Request) -> Response {
    let name = request.uri().path().rsplit('/').next().unwrap().to_owned();
    stand_in.calls.lock().unwrap().push(name);
    drop(request.into_body().collect().await);
    let code = stand_in.next();
    let response = Response::builder().header("content-type", "application/grpc");
    if code != Code::Ok {
        return response.header("grpc-status", i32::from(code)).body(Body::empty()).unwrap();
    }
    let committed = CommitResponse { commit_time: Some(Timestamp { seconds: 7, nanos: 0 }), ..Default::default() };
    let message = committed.encode_to_vec();
    let mut framed = vec![0];
    framed.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    framed.extend(message);
    let trailers = HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), http::HeaderValue::from(0))]);
    let body = Full::from(framed).with_trailers(async { Some(Ok(trailers)) });
    response.body(Body::new(body)).unwrap()
}

/// Limits that a test does not wait long for, and that a slow machine still keeps.
pub fn short() -> FirestoreLimits {
    FirestoreLimits { operation: std::time::Duration::from_millis(700), ..FirestoreEmulator::patient() }
}
