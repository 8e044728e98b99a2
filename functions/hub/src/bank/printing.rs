//! Requests as texts. Secrets of the document stay secret; samples are shown.

use std::fmt::{self, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use shared::{
    domain::{
        bank::{Bank, SealProfile},
        operation::Operation,
    },
    protocol::{
        exchange::BankRequest,
        http_signature::{SigningCertificate, UnsignableRequest, prepare},
    },
};
use url::Url;

/// What stands where a signature would.
const SIGNATURE: &str = "SAMPLE-signature";

/// What is shown of a secret.
const SECRET: &str = "(secret)";

/// A request as it would leave. What the document adds to every call, such as an API key, is not shown.
pub fn request(bank: &Bank, request: &BankRequest) -> String {
    let mut text = format!("{} {}\n", request.method, request.url);
    let added = bank.operations.of(request.operation).flat_map(|profile| &profile.headers);
    let hidden: Vec<_> = added.map(|header| &header.value).collect();
    let _ = headers(&mut text, &request.headers, &hidden);
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

fn headers(text: &mut String, headers: &HeaderMap, hidden: &[&HeaderValue]) -> fmt::Result {
    let shown = |value| if hidden.contains(&value) { SECRET.to_owned() } else { shown(value) };
    let mut lines: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), shown(value))).collect();
    lines.sort();
    lines.into_iter().try_for_each(|(name, value)| writeln!(text, "{name}: {value}"))
}

fn shown(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).replace(&STANDARD.encode(SIGNATURE), SIGNATURE)
}
