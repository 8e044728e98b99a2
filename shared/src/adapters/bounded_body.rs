//! Reads the body of an answer from outside, up to a limit: whoever sends it does not decide how much memory it takes.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;

/// What went wrong below.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// The body did not arrive in full.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// It is longer than the limit, before or after decompression.
    #[error("the body is too large")]
    TooLarge,
    /// The connection broke or the body does not decompress.
    #[error("the body could not be read")]
    Unreadable(#[source] Source),
}

/// The whole body, decompressed, of at most `limit` bytes. Reading stops at the first byte beyond it.
pub(super) async fn read<B>(body: B, limit: usize) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes, Error: Into<Source>>,
{
    let mut whole = BytesMut::with_capacity(announced_length(&body, limit)?);
    let mut body = pin!(body);
    while let Some(frame) = body.frame().await {
        // Trailers say nothing to us.
        let Ok(chunk) = frame.map_err(|cause| BodyError::Unreadable(cause.into()))?.into_data() else { continue };
        if chunk.len() > limit - whole.len() {
            return Err(BodyError::TooLarge);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// What to expect: the length announced, zero if there is none. A compressed body's length is not known in advance.
fn announced_length(body: &impl Body, limit: usize) -> Result<usize, BodyError> {
    let length = usize::try_from(body.size_hint().exact().unwrap_or(0)).unwrap_or(usize::MAX);
    if length > limit { Err(BodyError::TooLarge) } else { Ok(length) }
}
