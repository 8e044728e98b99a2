//! Reads the body of an answer from outside, up to a limit: whoever sends it does not decide how much memory it takes.

use bytes::{Bytes, BytesMut};
use reqwest::Response;

/// The body did not arrive in full.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// It is longer than the limit, before or after decompression.
    #[error("the body is too large")]
    TooLarge,
    /// The connection broke or the body does not decompress.
    #[error("the body could not be read")]
    Unreadable(#[source] reqwest::Error),
}

/// The whole body, decompressed, of at most `limit` bytes. Reading stops at the first byte beyond it.
pub(super) async fn read(response: &mut Response, limit: usize) -> Result<Bytes, BodyError> {
    let announced = announced_length(response, limit)?;
    let mut body = BytesMut::with_capacity(announced);
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Unreadable)? {
        if chunk.len() > limit - body.len() {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// What to expect: the length announced, zero if there is none. A compressed body's length is not known in advance.
fn announced_length(response: &Response, limit: usize) -> Result<usize, BodyError> {
    let length = usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
    if length > limit { Err(BodyError::TooLarge) } else { Ok(length) }
}
