//! The other side of tenants' documents: key sets, and a service that tells where it was asked from.

use axum::{Json, Router, response::IntoResponse, routing::get};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The address that the stand-in saw, whatever it saw.
pub const SEEN: &str = "192.0.2.1";

/// A public key; nobody signs with it.
fn keys() -> Value {
    let coordinate = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    let other = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "1", "use": "sig", "alg": "ES256", "x": coordinate, "y": other}]})
}

/// Starts it, with a right clock. Answers its address.
pub async fn start() -> String {
    serve(Router::new().route("/jwks", get(async || Json(keys()))).route("/address", get(async || SEEN))).await
}

/// Starts one whose clock shows a day in 1994.
pub async fn start_in_1994() -> String {
    let answer = async || ([("date", "Sun, 06 Nov 1994 08:49:37 GMT")], Json(keys())).into_response();
    serve(Router::new().route("/jwks", get(answer))).await
}

/// Serves on a free port of this machine. Answers the address.
pub async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}
