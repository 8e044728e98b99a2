//! Requests as texts. Secrets of the document stay secret; samples are shown.

use std::fmt::{self, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderMap;
use jiff::Timestamp;
use shared::{
    domain::{bank::SealProfile, operation::Operation},
    protocol::{
        exchange::BankRequest,
        http_signature::{SigningCertificate, UnsignableRequest, prepare},
    },
};
use url::Url;

use super::samples::MARK;

/// What stands where a signature would.
const SIGNATURE: &str = "SAMPLE-signature";

/// What is shown of a secret.
const SECRET: &str = "(secret)";

/// A request as it would leave.
pub fn request(request: &BankRequest) -> String {
    let mut text = format!("{} {}\n", request.method, request.url);
    let _ = headers(&mut text, &request.headers);
    if let Some(body) = &request.body {
        let _ = write!(text, "\n{}\n", String::from_utf8_lossy(body));
    }
    text
}

/// Where the browser goes.
pub fn browser(url: &Url) -> String {
    format!("the browser is sent to {url}\n")
}

/// The signature's base string and headers, if calls of that kind are signed.
pub fn signature(
    request: &mut BankRequest,
    seal: &SealProfile,
    certificate: &SigningCertificate,
    now: Timestamp,
) -> Result<String, UnsignableRequest> {
    let prepared = prepare(request, &seal.signature, certificate, now)?;
    let base = String::from_utf8_lossy(prepared.message()).into_owned();
    for (name, value) in prepared.finish(SIGNATURE.as_bytes())? {
        request.headers.insert(name, value);
    }
    Ok(base.lines().fold("signature base string:\n".to_owned(), |text, line| format!("{text}| {line}\n")))
}

/// Whether calls of that kind are signed.
pub fn is_signed(seal: Option<&SealProfile>, operation: Operation) -> bool {
    seal.is_some_and(|seal| seal.covers(operation))
}

fn headers(text: &mut String, headers: &HeaderMap) -> fmt::Result {
    let mut lines: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), shown(value))).collect();
    lines.sort();
    lines.into_iter().try_for_each(|(name, value)| writeln!(text, "{name}: {value}"))
}

fn shown(value: &http::HeaderValue) -> String {
    let encoded = STANDARD.encode(SIGNATURE);
    match value.to_str() {
        Ok(text) if text.contains(&encoded) => text.replace(&encoded, SIGNATURE),
        Ok(text) if !value.is_sensitive() || text.contains(MARK) => text.to_owned(),
        _ => SECRET.to_owned(),
    }
}
