//! Randomness, as an argument.

/// No randomness could be had; nothing that needs it may go on.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no randomness")]
pub struct NoEntropy;

/// A source of bytes fit for keys, tickets and codes: uniform and unpredictable.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the whole buffer or fails.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoEntropy>;
}

/// That many random bytes.
pub fn random<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}
