//! A way to Firestore that can be cut: stands between the hub and the store (or its emulator) and loses, on command,
//! what a network loses.
//!
//! It reads HTTP/2 frames (RFC 9113 §4.1) only as far as it must to know a commit and its answer: the request of a
//! commit that writes a document holds the name of the hidden field, which nothing else that the hub sends does.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Notify, watch},
    task::JoinHandle,
};

/// What every client says before its first frame (RFC 9113 §3.4).
const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();

/// What only a commit holds.
const COMMIT: &[u8] = b"~write";

const DATA: u8 = 0;
const END_STREAM: u8 = 1;

/// A proxy on a port of its own. Ends with the value.
pub struct CuttingProxy {
    host: String,
    orders: Arc<Orders>,
    listener: JoinHandle<()>,
}

#[derive(Default)]
struct Orders {
    answers_to_cut: AtomicUsize,
    commits_to_lose: AtomicUsize,
    cuts: AtomicUsize,
    refused: AtomicUsize,
    refuses: AtomicBool,
    refused_one: Notify,
    delay: AtomicU64,
    broken: watch::Sender<()>,
}

impl CuttingProxy {
    /// Starts a proxy to that host and port. It cuts nothing yet.
    pub async fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let orders = Arc::new(Orders::default());
        let listener = tokio::spawn(listen(listener, upstream.to_owned(), Arc::clone(&orders)));
        Self { host, orders, listener }
    }

    /// Where it listens: host and port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Passes the next so many commits on, and breaks the connection instead of giving their answers back.
    pub fn cut_answers(&self, count: usize) {
        self.orders.answers_to_cut.store(count, Ordering::SeqCst);
    }

    /// Breaks the connection instead of passing the next so many commits on.
    pub fn lose_commits(&self, count: usize) {
        self.orders.commits_to_lose.store(count, Ordering::SeqCst);
    }

    /// How many answers and commits were lost on command.
    pub fn cuts(&self) -> usize {
        self.orders.cuts.load(Ordering::SeqCst)
    }

    /// From now on breaks every connection, or lets them live again.
    pub fn refuse(&self, refuses: bool) {
        self.orders.refuses.store(refuses, Ordering::SeqCst);
        self.orders.broken.send_replace(());
    }

    /// Waits until it has refused at least so many connections since it was started.
    pub async fn has_refused(&self, count: usize) {
        while self.orders.refused.load(Ordering::SeqCst) < count {
            self.orders.refused_one.notified().await;
        }
    }

    /// From now on holds back each frame of every answer for that long.
    pub fn delay(&self, delay: Duration) {
        self.orders.delay.store(u64::try_from(delay.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        self.listener.abort();
        self.orders.refuse_for_ever();
    }
}

impl Orders {
    fn refuse_for_ever(&self) {
        self.refuses.store(true, Ordering::SeqCst);
        self.broken.send_replace(());
    }

    /// Uses up one of the ordered losses, if one is left.
    fn take(&self, left: &AtomicUsize) -> bool {
        let taken = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        self.cuts.fetch_add(usize::from(taken), Ordering::SeqCst);
        taken
    }
}

async fn listen(listener: TcpListener, upstream: String, orders: Arc<Orders>) {
    while let Ok((client, _)) = listener.accept().await {
        if orders.refuses.load(Ordering::SeqCst) {
            drop(client);
            orders.refused.fetch_add(1, Ordering::SeqCst);
            orders.refused_one.notify_one();
            continue;
        }
        let (upstream, orders) = (upstream.clone(), Arc::clone(&orders));
        tokio::spawn(async move { drop(carry(client, &upstream, &orders).await) });
    }
}

/// Carries one connection until either side ends it, or it is broken.
async fn carry(client: TcpStream, upstream: &str, orders: &Orders) -> io::Result<()> {
    let mut broken = orders.broken.subscribe();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = TcpStream::connect(upstream).await?.into_split();
    // The stream whose answer is to be lost; 0 for none, because that is no stream of a request.
    let doomed = AtomicU64::new(0);
    tokio::select! {
        ended = requests(from_client, to_server, orders, &doomed) => ended,
        ended = answers(from_server, to_client, orders, &doomed) => ended,
        _ = broken.changed() => Ok(()),
    }
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    orders: &Orders,
    doomed: &AtomicU64,
) -> io::Result<()> {
    let mut preface = [0; PREFACE];
    from.read_exact(&mut preface).await?;
    to.write_all(&preface).await?;
    loop {
        let frame = Frame::read(&mut from).await?;
        if frame.is_commit() {
            if orders.take(&orders.commits_to_lose) {
                return Ok(());
            }
            if doomed.load(Ordering::SeqCst) == 0 && orders.take(&orders.answers_to_cut) {
                doomed.store(frame.stream(), Ordering::SeqCst);
            }
        }
        to.write_all(&frame.0).await?;
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    orders: &Orders,
    doomed: &AtomicU64,
) -> io::Result<()> {
    loop {
        let frame = Frame::read(&mut from).await?;
        let doomed = doomed.load(Ordering::SeqCst);
        if doomed != 0 && frame.stream() == doomed {
            // The answer is whole when its stream ends; nothing of it goes on.
            if frame.ends_stream() {
                return Ok(());
            }
            continue;
        }
        let delay = orders.delay.load(Ordering::SeqCst);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        to.write_all(&frame.0).await?;
    }
}

/// One frame with its head of nine bytes.
struct Frame(Vec<u8>);

impl Frame {
    async fn read(from: &mut OwnedReadHalf) -> io::Result<Self> {
        let mut frame = vec![0; 9];
        from.read_exact(&mut frame).await?;
        let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]);
        frame.resize(9 + usize::try_from(length).unwrap(), 0);
        from.read_exact(&mut frame[9..]).await?;
        Ok(Self(frame))
    }

    fn kind(&self) -> u8 {
        self.0[3]
    }

    fn stream(&self) -> u64 {
        u64::from(u32::from_be_bytes([self.0[5] & 0x7f, self.0[6], self.0[7], self.0[8]]))
    }

    /// DATA (0) and HEADERS (1) frames may end their stream.
    fn ends_stream(&self) -> bool {
        self.kind() <= 1 && self.0[4] & END_STREAM != 0
    }

    /// A name that lies across two frames is missed, so tests commit documents smaller than a frame (16 KiB).
    fn is_commit(&self) -> bool {
        self.kind() == DATA && self.0[9..].windows(COMMIT.len()).any(|window| window == COMMIT)
    }
}
