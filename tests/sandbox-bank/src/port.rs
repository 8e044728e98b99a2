//! A listening port: accepting connections, speaking HTTP on them, and winding down.

pub(crate) mod banking;
pub(crate) mod connections;
pub(crate) mod shutter;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tower::ServiceExt as _;

use connections::{Connections, Open};

/// How long winding down waits for requests that are being worked on.
const PATIENCE: Duration = Duration::from_secs(3);

/// Accepts connections and has each served, until `closing` says so or its sender is gone. Then
/// running requests may finish for a short while, and whatever is left is dropped.
pub(crate) async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    mut closing: watch::Receiver<bool>,
    connections: Arc<Connections>,
    serve: impl Fn(TcpStream, Open) -> F,
) {
    let (tasks, ()) = take_in(&listener, asked_to_close(&mut closing), &connections, serve).await;
    drop(listener);
    wind_down(tasks, &connections).await;
}

/// Accepts connections and has each served, until `end` comes; gives what is still being served, and
/// what `end` came to.
pub(crate) async fn take_in<F: Future<Output = ()> + Send + 'static, E>(
    listener: &TcpListener,
    end: impl Future<Output = E>,
    connections: &Connections,
    serve: impl Fn(TcpStream, Open) -> F,
) -> (JoinSet<()>, E) {
    let mut tasks = JoinSet::new();
    let mut end = pin!(end);
    loop {
        let accepted = tokio::select! {
            ended = &mut end => return (tasks, ended),
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((tcp, _)) => {
                tasks.spawn(serve(prompt(tcp), connections.open()));
            }
            // Out of file descriptors or the like: give others the time to close some.
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot accept a connection");
                sleep(Duration::from_millis(50)).await;
            }
        }
        while tasks.try_join_next().is_some() {}
    }
}

/// Lets running requests finish for a short while and drops what is left.
pub(crate) async fn wind_down(mut tasks: JoinSet<()>, connections: &Connections) {
    connections.drain(PATIENCE).await;
    tasks.shutdown().await;
}

/// Returns when closing has been asked for, or when nobody is left who could ask.
pub(crate) async fn asked_to_close(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

/// Without this each exchange on loopback may wait for a delayed acknowledgement (some 40 ms); a
/// socket that cannot do it is merely slower.
fn prompt(tcp: TcpStream) -> TcpStream {
    let _ = tcp.set_nodelay(true);
    tcp
}

/// Serves HTTP/1.1 or HTTP/2 until the client leaves, or the bank winds down or hangs up. `dress`
/// puts into each request what is known about its connection.
pub(crate) async fn serve_http<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    router: Router,
    dress: impl Fn(&mut Request<Incoming>) + Clone + Send + 'static,
    hang_up: &Notify,
    mut open: Open,
) {
    let service = service_fn(move |mut request| {
        dress(&mut request);
        router.clone().oneshot(request)
    });
    let builder = Builder::new(TokioExecutor::new());
    let mut http = pin!(builder.serve_connection(TokioIo::new(stream), service));
    loop {
        tokio::select! {
            biased;
            () = hang_up.notified() => return,
            () = open.asked_to_end() => http.as_mut().graceful_shutdown(),
            _ = http.as_mut() => return,
        }
    }
}
