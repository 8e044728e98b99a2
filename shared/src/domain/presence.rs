//! The PSU's presence: the difference between an attended and a background call.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What the PSU's own request to the CRM carried, as the CRM's presence token proved it. Only these values ever
/// become `PSU-*` headers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PsuContext {
    /// The PSU's address.
    pub ip_address: IpAddr,
    /// The PSU's port.
    pub ip_port: Option<u16>,
    /// `User-Agent`.
    pub user_agent: Option<HeaderText>,
    /// `Accept`.
    pub accept: Option<HeaderText>,
    /// `Accept-Charset`.
    pub accept_charset: Option<HeaderText>,
    /// `Accept-Encoding`.
    pub accept_encoding: Option<HeaderText>,
    /// `Accept-Language`.
    pub accept_language: Option<HeaderText>,
    /// The method of the PSU's request.
    pub http_method: Option<HeaderText>,
    /// A UUID of the PSU's device.
    pub device_id: Option<HeaderText>,
    /// RFC 2426 `GEO` value.
    pub geo_location: Option<HeaderText>,
}

impl PsuContext {
    /// A context of which only the address is known.
    pub const fn at(ip_address: IpAddr) -> Self {
        Self {
            ip_address,
            ip_port: None,
            user_agent: None,
            accept: None,
            accept_charset: None,
            accept_encoding: None,
            accept_language: None,
            http_method: None,
            device_id: None,
            geo_location: None,
        }
    }
}

/// Who is asking for a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attendance {
    /// The PSU, proven.
    Attended(Box<PsuContext>),
    /// Nobody: counts against the four a day.
    Background,
}

impl Attendance {
    /// The PSU's context, if the PSU is there.
    pub fn psu(&self) -> Option<&PsuContext> {
        match self {
            Self::Attended(context) => Some(context),
            Self::Background => None,
        }
    }
}

/// Text that can stand in an HTTP header: visible ASCII and spaces, at most 500 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderText(String);

/// How the PSU is called at the bank: what a bank may want to know before it lets the PSU authenticate. Passed on, and
/// kept no longer than the journey takes.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PsuAtBank {
    /// `PSU-ID`: the name that the PSU logs in with. Never a password.
    pub id: Option<HeaderText>,
    /// `PSU-ID-Type`.
    pub id_type: Option<HeaderText>,
    /// `PSU-Corporate-ID`.
    pub corporate_id: Option<HeaderText>,
    /// `PSU-Corporate-ID-Type`.
    pub corporate_id_type: Option<HeaderText>,
}

/// A customer's names stay out of logs.
impl std::fmt::Debug for PsuAtBank {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("PsuAtBank(..)")
    }
}

impl HeaderText {
    /// Checks the text.
    pub fn parse(text: &str) -> Option<Self> {
        let visible = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        let trimmed = text.trim() == text && !text.is_empty();
        (visible && trimmed && text.len() <= 500).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first characters, if that leaves a text.
    pub fn cut(&self, longest: usize) -> Option<Self> {
        Self::parse(self.0.get(..longest)?.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_text_cannot_break_out_of_a_header() {
        assert!(HeaderText::parse("Mozilla/5.0 (X11; Linux)").is_some());
        for bad in ["", " a", "a\r\nPSU-ID: x", "a\u{0}", "ä", &"a".repeat(501)] {
            assert!(HeaderText::parse(bad).is_none(), "{bad:?}");
        }
    }
}
