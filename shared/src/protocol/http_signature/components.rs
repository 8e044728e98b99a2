//! What a signature covers: the names and values that both standards build their signing strings from.

use std::{collections::BTreeSet, iter};

use http::{HeaderName, HeaderValue, header};
use url::{Position, Url};

use super::{SIGNATURE, SIGNATURE_INPUT, errors::UnsignableRequest};
use crate::{
    domain::signature_profile::{Component, Covered, Scheme},
    protocol::exchange::BankRequest,
};

/// The name and value of one covered component.
pub(super) struct Line {
    /// As the standard spells it.
    pub name: String,
    /// Visible ASCII.
    pub value: String,
}

/// A request together with the headers that signing adds, which take the place of those of the same name.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub request: &'a BankRequest,
    pub added: &'a [(HeaderName, HeaderValue)],
}

/// Every covered component, in the profile's order. None is covered twice, and there is one at least.
pub(super) fn lines(covered: &[Covered], scheme: &Scheme, signed: &Signed<'_>) -> Result<Vec<Line>, UnsignableRequest> {
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for component in covered.iter().flat_map(|rule| chosen(rule, covered, signed)) {
        let name = name(&component, scheme)?.to_owned();
        if !seen.insert(name.clone()) {
            return Err(UnsignableRequest::Twice(name));
        }
        let value = signed.value(&component, scheme, &name)?;
        lines.push(Line { name, value });
    }
    if lines.is_empty() { Err(UnsignableRequest::NothingCovered) } else { Ok(lines) }
}

/// The components that a rule stands for in this request.
fn chosen(rule: &Covered, all: &[Covered], signed: &Signed<'_>) -> Vec<Component> {
    match rule {
        Covered::Required(component) => vec![component.clone()],
        Covered::IfSent(component) => iter::once(component).filter(|it| signed.has(it)).cloned().collect(),
        Covered::PsuHeaders => {
            let sent: BTreeSet<_> = signed.request.headers.keys().map(HeaderName::as_str).collect();
            let psu = sent.into_iter().filter(|name| name.starts_with("psu-")).filter_map(Component::parse);
            psu.filter(|component| !all.iter().any(|rule| rule.component() == Some(component))).collect()
        }
    }
}

/// What the standard calls the component (draft-cavage §2.3; RFC 9421 §2.1 and §2.2).
fn name<'a>(component: &'a Component, scheme: &Scheme) -> Result<&'a str, UnsignableRequest> {
    let derived = match component {
        // The headers that the signature itself will stand in.
        Component::Header(name) if *name == SIGNATURE => return Err(UnsignableRequest::NotOfScheme("signature")),
        Component::Header(name) if *name == SIGNATURE_INPUT => {
            return Err(UnsignableRequest::NotOfScheme("signature-input"));
        }
        Component::Header(name) => return Ok(name.as_str()),
        Component::RequestTarget if matches!(scheme, Scheme::Cavage(_)) => return Ok("(request-target)"),
        Component::RequestTarget => "@request-target",
        Component::Method => "@method",
        Component::TargetUri => "@target-uri",
        Component::Authority => "@authority",
        Component::Path => "@path",
        Component::Query => "@query",
    };
    match scheme {
        Scheme::Cavage(_) => Err(UnsignableRequest::NotOfScheme(derived)),
        Scheme::Rfc9421(_) => Ok(derived),
    }
}

impl Signed<'_> {
    fn has(&self, component: &Component) -> bool {
        match component {
            Component::Header(name) => !self.fields(name).is_empty() || self.set_later(name).is_some(),
            _ => true,
        }
    }

    /// The component's value; `spelt` is how the standard spells its name.
    fn value(&self, component: &Component, scheme: &Scheme, spelt: &str) -> Result<String, UnsignableRequest> {
        let BankRequest { method, url, .. } = self.request;
        Ok(match component {
            Component::Header(name) => return self.header(name, spelt),
            Component::RequestTarget => match scheme {
                Scheme::Cavage(_) => format!("{} {}", method.as_str().to_lowercase(), target(url)),
                Scheme::Rfc9421(_) => target(url).to_owned(),
            },
            Component::Method => method.as_str().to_owned(),
            Component::TargetUri => url[..Position::AfterQuery].to_owned(),
            Component::Authority => authority(url).to_owned(),
            Component::Path => url.path().to_owned(),
            Component::Query => format!("?{}", url.query().unwrap_or_default()),
        })
    }

    /// A header's value: its lines, without blanks around them, joined by a comma and a blank (draft-cavage §2.3;
    /// RFC 9421 §2.1).
    fn header(&self, name: &HeaderName, spelt: &str) -> Result<String, UnsignableRequest> {
        let fields = self.fields(name);
        if fields.is_empty() {
            return self.set_later(name).ok_or_else(|| UnsignableRequest::Missing(spelt.to_owned()));
        }
        let texts: Result<Vec<_>, _> = fields.into_iter().map(HeaderValue::to_str).collect();
        let texts = texts.map_err(|_| UnsignableRequest::NotAscii(spelt.to_owned()))?;
        let trimmed: Vec<_> = texts.into_iter().map(|text| text.trim_matches([' ', '\t'])).collect();
        Ok(trimmed.join(", "))
    }

    /// The header's lines as they will be sent.
    fn fields(&self, name: &HeaderName) -> Vec<&HeaderValue> {
        match self.added.iter().find(|(added, _)| added == name) {
            Some((_, value)) => vec![value],
            None => self.request.headers.get_all(name).iter().collect(),
        }
    }

    /// What the client will set in a header that no request of ours carries: the host (RFC 9110 §7.2), and the length
    /// of a body that is not empty (§8.6).
    fn set_later(&self, name: &HeaderName) -> Option<String> {
        match *name {
            header::HOST => Some(authority(&self.request.url).to_owned()),
            header::CONTENT_LENGTH => {
                let body = self.request.body.as_ref().filter(|body| !body.is_empty())?;
                Some(body.len().to_string())
            }
            _ => None,
        }
    }
}

/// Path and query.
pub(super) fn target(url: &Url) -> &str {
    &url[Position::BeforePath..Position::AfterQuery]
}

/// Host, and port if it is not the scheme's own.
fn authority(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}
