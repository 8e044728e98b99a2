//! What a check found, in words for the operator. Never a secret, and never a value that may be one.

use std::fmt;

use serde::Serialize;

use super::kind::Kind;

/// How a thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is as it should be.
    Ok,
    /// It works, and somebody should see to it.
    Warn,
    /// It does not work, or is not as it should be.
    Fail,
    /// It was not looked at.
    Skip,
}

impl Standing {
    /// The word at the line's begin.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it stands.
    pub status: Standing,
    /// What was looked at: a kind of check, and its subject after a dot.
    pub check: String,
    /// What was found.
    pub found: String,
    /// What to do about it, unless nothing is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Finding {
    /// It is as it should be.
    pub fn ok(what: &What, found: impl fmt::Display) -> Self {
        Self::of(Standing::Ok, what, found, None)
    }

    /// It works, and somebody should see to it.
    pub fn warn(what: &What, found: impl fmt::Display, advice: impl Into<String>) -> Self {
        Self::of(Standing::Warn, what, found, Some(advice.into()))
    }

    /// It does not work, or is not as it should be.
    pub fn fail(what: &What, found: impl fmt::Display, advice: impl Into<String>) -> Self {
        Self::of(Standing::Fail, what, found, Some(advice.into()))
    }

    /// It was not looked at, and why.
    pub fn skip(what: &What, why: impl fmt::Display) -> Self {
        Self::of(Standing::Skip, what, why, None)
    }

    fn of(status: Standing, what: &What, found: impl fmt::Display, advice: Option<String>) -> Self {
        let on_one_line = |text: String| text.replace(['\r', '\n'], " ");
        let (found, advice) = (on_one_line(found.to_string()), advice.map(on_one_line));
        Self { status, check: what.to_string(), found, advice }
    }
}

/// One line: how it stands, what it is, what was found, what to do.
impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, check, found, advice } = self;
        write!(out, "{:<4}  {check}  — {found}", status.name())?;
        advice.as_ref().map_or(Ok(()), |advice| write!(out, " — {advice}"))
    }
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct What {
    /// The kind of check.
    pub kind: Kind,
    subject: Option<String>,
}

impl What {
    /// The whole of that kind.
    pub const fn all(kind: Kind) -> Self {
        Self { kind, subject: None }
    }

    /// One thing of that kind.
    pub fn one(kind: Kind, subject: impl fmt::Display) -> Self {
        Self { kind, subject: Some(subject.to_string()) }
    }
}

impl fmt::Display for What {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.kind.name())?;
        self.subject.as_ref().map_or(Ok(()), |subject| write!(out, ".{subject}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_whatever_was_found() {
        let what = What::one(Kind::Keys, "tokens");
        let found = Finding::fail(&what, "may\r\nnot decrypt", "give it the right");
        assert_eq!(found.to_string(), "fail  keys.tokens  — may  not decrypt — give it the right");
        assert_eq!(Finding::ok(&What::all(Kind::Settings), "read").to_string(), "ok    settings  — read");
    }
}
