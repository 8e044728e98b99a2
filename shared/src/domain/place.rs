//! Where a sealed value lives. The place is bound into the ciphertext, so that one that was moved, swapped or put
//! back from an older generation does not open.

use super::ids::TenantId;

/// The place of one sealed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The collection's name.
    pub collection: &'static str,
    /// The document's id.
    pub document: String,
    /// The field within the document.
    pub field: &'static str,
    /// Whose it is.
    pub tenant: TenantId,
    /// Grows with every new value of the field; an older value does not open under a newer generation.
    pub generation: u64,
}

impl Place {
    /// The place as associated data: every part behind its length (32 bits, big endian), then the generation
    /// (64 bits, big endian). No two places share an encoding.
    pub fn associated_data(&self) -> Vec<u8> {
        let parts = [self.collection, self.document.as_str(), self.field, self.tenant.as_str()];
        let mut out = Vec::with_capacity(64);
        for part in parts {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(&self.generation.to_be_bytes());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(document: &str, field: &'static str) -> Place {
        Place {
            collection: "sessions",
            document: document.to_owned(),
            field,
            tenant: TenantId::parse("acme").unwrap(),
            generation: 1,
        }
    }

    #[test]
    fn no_two_places_share_an_encoding() {
        let shifted = place("ab", "c").associated_data();
        assert_ne!(shifted, place("a", "bc").associated_data());
    }

    #[test]
    fn the_generation_is_part_of_the_encoding() {
        let mut newer = place("a", "b");
        newer.generation = 2;
        assert_ne!(newer.associated_data(), place("a", "b").associated_data());
    }
}
