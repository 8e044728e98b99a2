//! What can be wrong with a bank's answer, and with a request before it is sent.
//!
//! No variant holds text of the bank's: it may quote account numbers, names or tokens.

use super::{approach::UnsupportedApproach, links::LinkRejected, refusal::BankRefusal};

/// Why a request cannot be sent as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsendableRequest {
    /// A value has characters that no header may carry, or blanks around it, or nothing in it.
    #[error("the value for {0} cannot stand in a header")]
    Header(&'static str),
    /// An id is empty, `.` or `..`: no single path segment means that.
    #[error("an id cannot stand in a path")]
    Id,
    /// The page is not one of the list that is read.
    #[error("the page is not one of this list")]
    Page(#[source] LinkRejected),
}

/// Why a bank's answer is not passed on as data.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The status is not 2xx.
    #[error("the bank refused")]
    Refused(#[source] BankRefusal),
    /// The status is 2xx, but the content is not declared as JSON: a maintenance page, say.
    #[error("the bank's answer is not JSON")]
    NotJson,
    /// The content is declared as JSON, but cannot be taken at its word.
    #[error("the bank's answer is malformed")]
    Malformed(#[source] MalformedAnswer),
    /// The answer names another request or another account than we asked for.
    #[error("the bank answered something else")]
    WrongAnswer,
    /// A link that matters leads where the bank has no business.
    #[error("a link in the bank's answer is rejected")]
    LinkRejected(#[source] LinkRejected),
    /// The bank wants the PSU's bank password to pass through us, which we refuse for good.
    #[error("the bank offers embedded authentication only")]
    EmbeddedOnly,
    /// The bank wants an approach that this hub does not take part in.
    #[error("the bank's approach to authentication is not supported")]
    ApproachNotSupported(#[source] UnsupportedApproach),
    /// The list is not in the answer; the bank offers it as a file to download.
    #[error("the bank offers the list as a download only")]
    DownloadOnly,
}

/// What is wrong with the content of an answer. Positions are told, content is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedAnswer {
    /// The content is not UTF-8 (RFC 8259 §8.1).
    #[error("not UTF-8")]
    NotUtf8,
    /// The content is not JSON, or not of the expected shape, or has a member twice.
    #[error("{fault} at line {line}, column {column}")]
    Json {
        /// What is wrong there.
        fault: &'static str,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// A member that the answer cannot do without is absent.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A member holds something that it cannot hold.
    #[error("{0} is not well-formed")]
    Invalid(&'static str),
}

impl From<MalformedAnswer> for AnswerError {
    fn from(malformed: MalformedAnswer) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<LinkRejected> for AnswerError {
    fn from(rejected: LinkRejected) -> Self {
        Self::LinkRejected(rejected)
    }
}
