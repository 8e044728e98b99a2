//! A small front: sends each request to the function that has its route, to that function's processes in turn. It knows
//! nothing of sessions: any process may get any request.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    response::{IntoResponse, Response},
    routing::any,
};
use http::{HeaderMap, HeaderName, StatusCode, header};
use reqwest::{Client, redirect::Policy};
use tokio::{net::TcpListener, task::JoinHandle};

use super::function::Function;

/// Bytes of a body that the front passes on.
const MAX_BODY: usize = 1024 * 1024;

/// Headers that are about one connection (RFC 9110 §7.6.1), and those that each side writes anew.
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// The front, at one address.
pub struct Front {
    backends: Arc<Backends>,
    serving: JoinHandle<std::io::Result<()>>,
}

struct Backends {
    addresses: RwLock<BTreeMap<Function, Vec<SocketAddr>>>,
    next: AtomicUsize,
    client: Client,
}

impl Front {
    /// Serves on that listener until it is dropped; so far with nobody behind it.
    pub fn start(listener: TcpListener) -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().no_gzip().pool_max_idle_per_host(0);
        let client = client.timeout(Duration::from_mins(2)).build().unwrap();
        let backends = Arc::new(Backends { addresses: RwLock::default(), next: AtomicUsize::new(0), client });
        let router = router(&backends);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        Self { backends, serving }
    }

    /// Says where a function's processes are.
    pub fn set(&self, function: Function, addresses: Vec<SocketAddr>) {
        self.backends.addresses.write().unwrap_or_else(PoisonError::into_inner).insert(function, addresses);
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn router(backends: &Arc<Backends>) -> Router {
    let to = |function: Function| {
        let backends = Arc::clone(backends);
        any(async move |request: Request| backends.forward(function, request).await)
    };
    let mut paths = BTreeSet::new();
    let mut router = Router::new();
    for function in Function::ALL {
        for route in function.routes() {
            if paths.insert(route.path) {
                router = router.route(route.path, to(function));
            }
        }
    }
    router.fallback_service(to(Function::AccountProxy))
}

impl Backends {
    async fn forward(&self, function: Function, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, MAX_BODY).await else {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        };
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        for address in self.in_turn(function) {
            let request = self.client.request(parts.method.clone(), format!("http://{address}{path}"));
            let request = request.headers(end_to_end(&parts.headers)).body(body.clone());
            match request.send().await {
                Ok(answer) => return passed_on(answer).await,
                // Nobody was there to read it, so it may go to the next.
                Err(error) if error.is_connect() => {}
                Err(_) => break,
            }
        }
        StatusCode::BAD_GATEWAY.into_response()
    }

    /// A function's processes, beginning with another one each time.
    fn in_turn(&self, function: Function) -> Vec<SocketAddr> {
        let addresses = self.addresses.read().unwrap_or_else(PoisonError::into_inner);
        let mut addresses = addresses.get(&function).cloned().unwrap_or_default();
        if !addresses.is_empty() {
            let first = self.next.fetch_add(1, Ordering::Relaxed) % addresses.len();
            addresses.rotate_left(first);
        }
        addresses
    }
}

async fn passed_on(answer: reqwest::Response) -> Response {
    let (status, headers) = (answer.status(), end_to_end(answer.headers()));
    match answer.bytes().await {
        Ok(body) => (status, headers, Body::from(body)).into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    headers
}
