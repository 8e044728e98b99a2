//! `hub bank probe`: whether the bank can be met, without a call that any customer's quota counts.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use shared::{
    adapters::{
        bank_client::{Handshake, HandshakeError, shake_hands},
        identity_files::{KeyPlace, read},
    },
    config::bank_document::read_bank,
    domain::{
        bank::Bank,
        certificate::{Demand, Usage},
    },
    ports::{bank_http::BankHttp, identities::Identity},
    protocol::oauth::metadata,
};
use url::Url;

use super::{BankError, ProbeArguments, check::client};
use crate::{
    failure::one_line,
    terminal::{complain, tell},
};

/// What a probe found.
pub struct Findings {
    /// What went well, for people to read.
    pub text: String,
    /// What did not, one line each.
    pub wrong: Vec<String>,
}

/// Probes the bank and tells all of it; fails if anything is wrong.
pub async fn run(wanted: &ProbeArguments) -> Result<(), BankError> {
    let bank = match read_bank(&wanted.file, wanted.environment.into()) {
        Ok(bank) => bank,
        Err(mistakes) => {
            mistakes.lines().for_each(complain);
            return Err(BankError::Unusable(1));
        }
    };
    let findings = probe(&bank).await;
    tell(&findings.text);
    findings.wrong.iter().for_each(complain);
    if findings.wrong.is_empty() { Ok(()) } else { Err(BankError::Unmet) }
}

/// Shakes hands with every host that is called, and reads the metadata.
pub async fn probe(bank: &Bank) -> Findings {
    let mut findings = Findings { text: format!("{} | {}\n", bank.id, bank.name), wrong: Vec::new() };
    findings.shake_hands(bank).await;
    findings.read_metadata(bank).await;
    findings
}

impl Findings {
    async fn shake_hands(&mut self, bank: &Bank) {
        let identity = match identity(bank) {
            Ok(identity) => identity,
            Err(what) => return self.wrong.push(what),
        };
        for url in addresses(bank) {
            let origin = url.origin().ascii_serialization();
            match meet(bank, &identity, &url).await {
                Ok(met) => {
                    let (told, took) = (describe(&met.handshake), millis(met.took));
                    let _ = write!(self.text, "\n{origin}\n{told}  time         {took} ms\n");
                }
                Err(error) => self.wrong.push(format!("{origin}: {}", one_line(&error))),
            }
        }
    }

    async fn read_metadata(&mut self, bank: &Bank) {
        match metadata(bank).await {
            None => {}
            Some(Ok(text)) => self.text.push_str(&text),
            Some(Err(what)) => self.wrong.push(what),
        }
    }
}

/// A host that was met.
pub struct Met {
    /// How.
    pub handshake: Handshake,
    /// How long that took.
    took: Duration,
}

/// Shakes hands with one host.
pub async fn meet(bank: &Bank, identity: &Identity, url: &Url) -> Result<Met, HandshakeError> {
    let started = Instant::now();
    let handshake = shake_hands(bank, identity, url).await?;
    Ok(Met { handshake, took: started.elapsed() })
}

/// What the authorisation server tells of itself, for people to read, or what is wrong with it; nothing where the document
/// names no place to ask.
pub async fn metadata(bank: &Bank) -> Option<Result<String, String>> {
    let profile = bank.oauth.as_ref()?;
    let request = metadata::request(profile)?;
    let url = request.url.clone();
    let started = Instant::now();
    let response = match client().call(bank, request).await {
        Ok(response) => response,
        Err(error) => return Some(Err(format!("{url}: {}", one_line(&error)))),
    };
    let took = millis(started.elapsed());
    Some(match metadata::process(bank, profile, &response) {
        Ok(found) => Ok(format!(
            "\n{url}\n  issuer       {}\n  authorize    {}\n  token        {}\n  time         {took} ms\n",
            profile.issuer, found.authorization_endpoint, found.token_endpoint,
        )),
        Err(error) => Err(format!("{url}: HTTP {}: {error}", response.status.as_u16())),
    })
}

/// Our QWAC.
pub fn identity(bank: &Bank) -> Result<Identity, String> {
    let demand = Demand { usage: Usage::Transport, accepts_unqualified: bank.tls.accepts_unqualified };
    let file = &bank.tls.identity_file;
    read(file, demand, KeyPlace::Beside).map_err(|fault| format!("{}: {fault}", file.display()))
}

/// One address of each host that is called over mutual TLS and that the document names in full.
pub fn addresses(bank: &Bank) -> Vec<Url> {
    let oauth = bank.oauth.iter().flat_map(|oauth| {
        let endpoints = [&oauth.metadata_url, &oauth.endpoints.token, &oauth.endpoints.revocation];
        endpoints.into_iter().flatten()
    });
    let mut all: Vec<Url> = Vec::new();
    for url in std::iter::once(&bank.addresses.api).chain(oauth) {
        if all.iter().all(|known| known.origin() != url.origin()) {
            all.push(url.clone());
        }
    }
    all
}

fn describe(met: &Handshake) -> String {
    let certificate = met.certificate.as_ref().map_or("cannot be read", |facts| facts.subject.as_str());
    let ends = met.ends_at().map_or_else(|| "not known".to_owned(), |end| end.to_string());
    let protocol = met.protocol.as_deref().unwrap_or("not said");
    format!(
        "  TLS          {}, {}\n  ALPN         {protocol}\n  certificate  {certificate}\n  ends         {ends}\n",
        met.version, met.cipher_suite,
    )
}

const fn millis(duration: Duration) -> u128 {
    duration.as_millis()
}
