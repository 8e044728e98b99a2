//! Connections to banks. Each keeps what its server said of our certificate.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures::future::BoxFuture;
use http::Uri;
use hyper_util::{
    client::legacy::connect::{Connected, Connection, HttpConnector},
    rt::TokioIo,
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tower::Service;

use super::verdict::{Refusals, Verdict};
use crate::ports::bank_http::Source;

#[cfg(test)]
mod tests;

/// How often a connection that nobody uses is tried, and how long after its last byte this begins.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// After how many tries in vain it is given up.
const KEEPALIVE_TRIES: u32 = 3;

/// How long bytes of ours may stay unacknowledged.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// Makes connections of one channel.
#[derive(Clone)]
pub(super) struct Connector {
    tcp: HttpConnector,
    tls: TlsConnector,
    patience: Duration,
    refusals: Arc<Refusals>,
}

impl Connector {
    /// `patience` bounds the handshake, too.
    pub(super) fn new(tls: ClientConfig, patience: Duration, refusals: Arc<Refusals>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(patience));
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE));
        tcp.set_keepalive_retries(Some(KEEPALIVE_TRIES));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        Self { tcp, tls: TlsConnector::from(Arc::new(tls)), patience, refusals }
    }

    async fn connect(mut self, address: Uri) -> Result<TokioIo<Link<TcpStream>>, Source> {
        let host = address.host().unwrap_or_default().trim_matches(['[', ']']);
        let name = ServerName::try_from(host)?.to_owned();
        let tcp = self.tcp.call(address).await?.into_inner();
        Ok(TokioIo::new(Link::open(&self.tls, name, tcp, self.refusals).await?))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Link<TcpStream>>;
    type Error = Source;
    type Future = BoxFuture<'static, Result<Self::Response, Source>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Source>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let (patience, connecting) = (self.patience, self.clone().connect(address));
        Box::pin(async move { timeout(patience, connecting).await? })
    }
}

/// A connection whose handshake is finished on our side. All that is read and written goes through TLS.
pub(super) struct Link<IO> {
    tls: TlsStream<IO>,
    verdict: Arc<Verdict>,
    /// Why writing failed, while it is not known yet whether the server has said why.
    failed: Option<io::Error>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Link<IO> {
    async fn open(
        connector: &TlsConnector,
        name: ServerName<'static>,
        io: IO,
        refusals: Arc<Refusals>,
    ) -> io::Result<Self> {
        let verdict = Arc::new(Verdict::pending(refusals));
        let tls = connector.connect(name, io).await.inspect_err(|failure| verdict.note(failure))?;
        Ok(Self { tls, verdict, failed: None })
    }

    /// Does that writing step. If it fails, what the server said last may still lie unread: it is read first, since it
    /// says more than that the connection is closed. That takes no wait for the server: on a connection that cannot
    /// be written to, reading ends at once or as soon as the system has told of the end.
    fn poll_written<T>(
        &mut self,
        context: &mut Context<'_>,
        step: impl FnOnce(Pin<&mut TlsStream<IO>>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let failed = match self.failed.take() {
            Some(failed) => failed,
            None => match ready!(step(Pin::new(&mut self.tls), context)) {
                Ok(done) => return Poll::Ready(Ok(done)),
                Err(failed) => failed,
            },
        };
        match Pin::new(&mut *self).poll_read(context, &mut ReadBuf::new(&mut [])) {
            Poll::Pending => {
                self.failed = Some(failed);
                Poll::Pending
            }
            Poll::Ready(Err(said)) if self.verdict.refusal().is_some() => Poll::Ready(Err(said)),
            Poll::Ready(_) => Poll::Ready(Err(failed)),
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Link<IO> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let link = self.get_mut();
        let read = ready!(Pin::new(&mut link.tls).poll_read(context, into));
        Poll::Ready(read.inspect_err(|failure| link.verdict.note(failure)))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Link<IO> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_written(context, |tls, context| tls.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_written(context, |tls, context| tls.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.tls.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_written(context, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tls).poll_shutdown(context)
    }
}

impl<IO> Connection for Link<IO> {
    /// Carries the connection's [`Verdict`].
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(Arc::clone(&self.verdict));
        let speaks_http2 = self.tls.get_ref().1.alpn_protocol() == Some(b"h2");
        if speaks_http2 { connected.negotiated_h2() } else { connected }
    }
}
