//! Serves a router over HTTP/1.1 and HTTP/2 without TLS (the platform's front end has it), and stops in order.
//!
//! `axum::serve` has neither bounds on a connection's headers nor an end to its patience when it stops, so the loop is
//! our own.

use std::{
    convert::Infallible,
    future::{Future, pending},
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::Router;
use hyper::{
    body::Incoming,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    task::JoinSet,
    time,
};
use tokio_util::task::TaskTracker;

/// Header lines of one HTTP/1.1 request.
const MAX_HEADERS: usize = 64;

/// Bytes of the header of one request.
const MAX_HEADER_BYTES: u16 = 32 * 1024;

/// Requests that one HTTP/2 connection may have open.
const MAX_STREAMS: u32 = 250;

/// How long the loop rests when the system has no descriptors left for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From a new connection to the header of its first request.
    pub first_request: Duration,
    /// From one answer to the header of the next request: how long an idle connection is kept.
    pub next_request: Duration,
    /// From the beginning of the end to the end, whatever is still under way. Cloud Run kills ten seconds after its
    /// signal.
    pub drain: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first_request: Duration::from_secs(10),
            next_request: Duration::from_secs(75),
            drain: Duration::from_secs(8),
        }
    }
}

/// Serves until `shutdown` comes true, then takes no new connection, lets requests under way and work that outlives its
/// request end, and returns: after eight seconds at the latest.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    work: TaskTracker,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_with(Patience::default(), listener, router, work, shutdown).await
}

/// The same with other bounds on time.
pub async fn serve_with(
    patience: Patience,
    listener: TcpListener,
    router: Router,
    work: TaskTracker,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            stream = accept(&listener) => {
                connections.spawn(converse(stream, router.clone(), patience, graceful.watcher()));
            }
            // Forgets connections that have ended.
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    drain(graceful, connections, work, patience.drain).await;
    Ok(())
}

/// The next connection. Errors that concern one connection are its own; any other is waited out.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(error = %error, "no connection can be taken");
                time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves one connection to its end. How it ends is the caller's affair and not worth a line.
async fn converse(stream: TcpStream, router: Router, patience: Patience, watcher: Watcher) {
    // Without it small answers wait for the other side's delayed acknowledgement.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let spoken = Arc::new(AtomicBool::new(false));
    let service = noting_the_first(router, spoken.clone());
    let builder = protocol(patience);
    let connection = watcher.watch(builder.serve_connection(TokioIo::new(stream), service).into_owned());
    tokio::select! {
        _ = connection => {}
        () = silence(spoken, patience.first_request) => {}
    }
}

/// The router, and a mark that a request has come.
fn noting_the_first(
    router: Router,
    spoken: Arc<AtomicBool>,
) -> impl Service<http::Request<Incoming>, Response = axum::response::Response, Error = Infallible, Future: Send> {
    let inner = TowerToHyperService::new(router);
    service_fn(move |request| {
        spoken.store(true, Ordering::Relaxed);
        inner.call(request)
    })
}

/// Ends if no request came in time. Guards the moments that the protocol's own timer does not see: before it is known
/// which protocol it is, and after the preface of HTTP/2.
async fn silence(spoken: Arc<AtomicBool>, patience: Duration) {
    time::sleep(patience).await;
    if spoken.load(Ordering::Relaxed) {
        pending::<()>().await;
    }
}

fn protocol(patience: Patience) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.next_request)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES.into());
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(patience.next_request)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES.into());
    builder
}

/// Lets requests under way end, but not beyond the deadline: the platform would kill the process in mid-write.
async fn drain(graceful: GracefulShutdown, connections: JoinSet<()>, work: TaskTracker, deadline: Duration) {
    let open = graceful.count();
    let ends = async {
        graceful.shutdown().await;
        // A handler that runs on may start more work, so the tracker is closed after the last of them has answered.
        work.close();
        work.wait().await;
    };
    if time::timeout(deadline, ends).await.is_err() {
        tracing::warn!(
            connections.open = connections.len(),
            connections.at_shutdown = open,
            work.open = work.len(),
            "connections or work were cut off"
        );
    }
}

/// Comes true when the process is asked to end: SIGTERM from the platform, SIGINT from a terminal. The signals are
/// caught from this call on, not from the first wait on.
pub fn termination() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::{
        body::Bytes,
        routing::{get, post},
    };
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::{Notify, oneshot},
        task::JoinHandle,
    };

    use super::*;

    /// Nothing here should take so long; a test that waits for it fails.
    const FAR_AWAY: Duration = Duration::from_mins(1);

    const UNHURRIED: Patience = Patience { first_request: FAR_AWAY, next_request: FAR_AWAY, drain: FAR_AWAY };

    struct Running {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        ended: JoinHandle<io::Result<()>>,
        entered: Arc<Notify>,
        release: Arc<Notify>,
        work: TaskTracker,
    }

    /// A server with a route that waits to be released, and one that reads a whole body.
    async fn start(patience: Patience) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (inside, gate) = (entered.clone(), release.clone());
        let held = async move || {
            inside.notify_one();
            gate.notified().await;
            "done"
        };
        let router = Router::new()
            .route("/", get("ok"))
            .route("/held", get(held))
            .route("/upload", post(async |_: Bytes| "read"));
        let shutdown = async { drop(stopped.await) };
        let work = TaskTracker::new();
        let ended = tokio::spawn(serve_with(patience, listener, router, work.clone(), shutdown));
        Running { address, stop, ended, entered, release, work }
    }

    async fn connect(running: &Running, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    /// Everything that comes until the server closes.
    async fn rest(mut stream: TcpStream) -> String {
        let mut text = Vec::new();
        // A connection that is cut off may end in a reset.
        let _ = time::timeout(FAR_AWAY, stream.read_to_end(&mut text)).await.unwrap();
        String::from_utf8_lossy(&text).into_owned()
    }

    async fn ended(running: JoinHandle<io::Result<()>>) {
        time::timeout(FAR_AWAY, running).await.unwrap().unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_request_under_way_ends_after_the_shutdown_began() {
        let running = start(UNHURRIED).await;
        let stream = connect(&running, b"GET /held HTTP/1.1\r\nhost: h\r\n\r\n").await;
        running.entered.notified().await;
        running.stop.send(()).unwrap();
        while TcpStream::connect(running.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(!running.ended.is_finished());
        running.release.notify_one();
        assert!(rest(stream).await.ends_with("done"));
        ended(running.ended).await;
    }

    #[tokio::test]
    async fn work_that_outlives_its_request_ends_first() {
        let running = start(UNHURRIED).await;
        let gate = running.release.clone();
        let work = running.work.spawn(async move { gate.notified().await });
        running.stop.send(()).unwrap();
        while TcpStream::connect(running.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(!running.ended.is_finished());
        running.release.notify_one();
        ended(running.ended).await;
        assert!(work.is_finished());
    }

    #[tokio::test]
    async fn work_that_does_not_end_does_not_outlive_the_deadline() {
        let running = start(Patience { drain: Duration::from_millis(200), ..UNHURRIED }).await;
        running.work.spawn(pending::<()>());
        running.stop.send(()).unwrap();
        ended(running.ended).await;
    }

    #[tokio::test]
    async fn idle_connections_do_not_hold_up_the_end() {
        let running = start(UNHURRIED).await;
        let (silent, mut idle) =
            (connect(&running, b"").await, connect(&running, b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await);
        let mut answer = [0; 15];
        idle.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        running.stop.send(()).unwrap();
        ended(running.ended).await;
        assert!(rest(idle).await.ends_with("ok"));
        assert_eq!(rest(silent).await, "");
    }

    #[tokio::test]
    async fn a_stuck_upload_does_not_outlive_the_deadline() {
        let running = start(Patience { drain: Duration::from_millis(200), ..UNHURRIED }).await;
        let stream = connect(&running, b"POST /upload HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nhalf").await;
        let other = connect(&running, b"GET /held HTTP/1.1\r\nhost: h\r\n\r\n").await;
        running.entered.notified().await;
        running.stop.send(()).unwrap();
        ended(running.ended).await;
        assert_eq!((rest(stream).await, rest(other).await), (String::new(), String::new()));
    }

    #[tokio::test]
    async fn the_deadline_is_below_the_platforms() {
        assert_eq!(Patience::default().drain, Duration::from_secs(8));
    }

    #[tokio::test]
    async fn speaks_http_2_on_the_same_port() {
        let running = start(UNHURRIED).await;
        let client = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap();
        let response = client.get(format!("http://{}/", running.address)).send().await.unwrap();
        assert_eq!((response.version(), response.text().await.unwrap().as_str()), (http::Version::HTTP_2, "ok"));
        running.stop.send(()).unwrap();
        ended(running.ended).await;
    }

    #[tokio::test]
    async fn who_says_nothing_in_time_is_let_go() {
        let running = start(Patience { first_request: Duration::from_millis(200), ..UNHURRIED }).await;
        for beginning in ["", "P", "PRI * HTTP/2.0\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\nhost: "]
        {
            let stream = connect(&running, beginning.as_bytes()).await;
            assert!(!rest(stream).await.contains("200 OK"), "{beginning}");
        }
    }

    #[tokio::test]
    async fn who_falls_silent_is_let_go() {
        let running = start(Patience { next_request: Duration::from_millis(200), ..UNHURRIED }).await;
        let stream = connect(&running, b"GET / HTTP/1.1\r\nhost: h\r\n\r\nGET / HTT").await;
        assert_eq!(rest(stream).await.matches("200 OK").count(), 1);
    }

    #[tokio::test]
    async fn headers_have_bounds() {
        let running = start(UNHURRIED).await;
        let many = "x: 1\r\n".repeat(MAX_HEADERS + 1);
        let long = format!("x: {}\r\n", "1".repeat(usize::from(MAX_HEADER_BYTES)));
        for headers in [many, long] {
            let stream = connect(&running, format!("GET / HTTP/1.1\r\nhost: h\r\n{headers}\r\n").as_bytes()).await;
            assert!(rest(stream).await.starts_with("HTTP/1.1 431"));
        }
    }
}
