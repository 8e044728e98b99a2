//! JSON of secrets, without leaving copies of them in freed memory.

use std::io;

use serde::Serialize;
use zeroize::Zeroizing;

/// The value as JSON, in a buffer that is wiped on drop.
pub(super) fn to_json<T: Serialize>(value: &T) -> serde_json::Result<Zeroizing<Vec<u8>>> {
    let mut out = WipingBuffer::default();
    serde_json::to_writer(&mut out, value)?;
    Ok(out.bytes)
}

/// A growing buffer. A plain `Vec` that grows leaves its old bytes behind; this one moves to a new `Vec` and wipes the
/// old one.
#[derive(Default)]
struct WipingBuffer {
    bytes: Zeroizing<Vec<u8>>,
}

impl WipingBuffer {
    fn make_room(&mut self, more: usize) {
        let wanted = self.bytes.len() + more;
        if wanted > self.bytes.capacity() {
            let mut roomier = Zeroizing::new(Vec::with_capacity(wanted.next_power_of_two().max(256)));
            roomier.extend_from_slice(&self.bytes);
            self.bytes = roomier;
        }
    }
}

impl io::Write for WipingBuffer {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.make_room(part.len());
        self.bytes.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_json_that_serde_writes() {
        for length in [0, 1, 254, 255, 256, 257, 5_000] {
            let value = vec!["x"; length];
            assert_eq!(*to_json(&value).unwrap(), serde_json::to_vec(&value).unwrap());
        }
    }
}
