//! The kinds of checks. `docs/doctor.md` tells of each; a test compares.

/// A kind of check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Settings and documents can be read.
    Settings,
    /// Documents can be created, read, changed and deleted.
    Store,
    /// A query of the hub is answered.
    Index,
    /// The indexes that were asked for are built.
    IndexState,
    /// The store deletes by itself what it should.
    Ttl,
    /// A key does what it should, and nothing else.
    Keys,
    /// A key stands as it should: enabled, in hardware, rotated, not about to be destroyed.
    KeyState,
    /// The key of keyed hashes can be read.
    PseudonymKey,
    /// What a bank knows us by is whole, of the right kind, and in its time.
    Identity,
    /// What requests to a bank are signed with is whole, of the right kind, and in its time.
    Seal,
    /// The clock agrees with another.
    Clock,
    /// Banks see the address that was announced.
    Egress,
    /// A bank's host has an address.
    Dns,
    /// A bank's host can be met over mutual TLS.
    Tls,
    /// A bank's authorisation server tells its metadata.
    Metadata,
    /// A CRM's issuer publishes keys that its tokens may be signed with.
    Jwks,
    /// The host of a CRM's webhook has an address.
    Webhook,
    /// A revision that is being tried answers, and only those whom it should.
    Revision,
}

impl Kind {
    /// Every kind, in the order of the output.
    #[cfg(test)]
    const ALL: [Self; 18] = [
        Self::Settings,
        Self::Store,
        Self::Index,
        Self::IndexState,
        Self::Ttl,
        Self::Keys,
        Self::KeyState,
        Self::PseudonymKey,
        Self::Identity,
        Self::Seal,
        Self::Clock,
        Self::Egress,
        Self::Dns,
        Self::Tls,
        Self::Metadata,
        Self::Jwks,
        Self::Webhook,
        Self::Revision,
    ];

    /// The name at the begin of what was looked at.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Store => "store",
            Self::Index => "index",
            Self::IndexState => "index-state",
            Self::Ttl => "ttl",
            Self::Keys => "keys",
            Self::KeyState => "key-state",
            Self::PseudonymKey => "pseudonym-key",
            Self::Identity => "identity",
            Self::Seal => "seal",
            Self::Clock => "clock",
            Self::Egress => "egress",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Metadata => "metadata",
            Self::Jwks => "jwks",
            Self::Webhook => "webhook",
            Self::Revision => "revision",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_kind_is_documented_in_its_order() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/doctor.md");
        let text = fs::read_to_string(path).unwrap();
        let (_, table) = text.split_once("\n## The checks\n").unwrap();
        let rows = table.lines().skip_while(|line| !line.starts_with("| `"));
        let cells = rows.take_while(|line| line.starts_with('|')).map(|row| row.split('|').map(str::trim).collect());
        let cells: Vec<Vec<&str>> = cells.collect();
        let told: Vec<_> = cells.iter().map(|row| row[1].trim_matches('`').split('.').next().unwrap()).collect();
        assert_eq!(told, Kind::ALL.map(Kind::name));
        assert!(cells.iter().all(|row| row[2..5].iter().all(|cell| !cell.is_empty())), "what, meaning, what to do");
    }
}
