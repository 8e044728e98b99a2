//! What browsers and authorisation servers say.

use std::{str, time::Duration};

use super::{BANK, CANARY, Verdict, answer, profile};
use crate::{
    domain::{bank::WebOrigin, secret::ExposeSecret},
    protocol::oauth::{
        callback::{Answer, Outcome},
        metadata::{self, Metadata},
        revocation::{self, Revoked},
        token,
    },
};

/// A raw query on the callback route. One that is taken has a `state`, and nothing in it could break a header or a log.
pub fn callback_query(data: &[u8]) -> Verdict {
    let Ok(query) = str::from_utf8(data) else { return Verdict::Refused };
    let answer = Answer::parse(query);
    if let Ok(answer) = &answer {
        assert!(!answer.state.expose().is_empty(), "an answer without a state is taken");
        is_plain(answer.state.expose());
        answer.issuer.iter().for_each(|issuer| is_plain(issuer));
        if let Outcome::Code(code) = &answer.outcome {
            assert!(!code.expose_secret().is_empty(), "an empty code is taken");
            is_plain(code.expose_secret());
        }
    }
    Verdict::of(&answer)
}

fn is_plain(text: &str) {
    assert!(!text.chars().any(char::is_control), "a control character is taken");
}

/// An answer of the token endpoint. Tokens that are taken can be sent in a header and do not live for ever; a success
/// that is not taken counts as a grant that may have been used up.
pub fn token_answer(data: &[u8]) -> Verdict {
    let response = answer::parse(data);
    let judged = token::process(&profile(), &response);
    match &judged {
        Ok(taken) => {
            let refresh = taken.tokens.refresh.iter();
            for secret in refresh.chain([&taken.tokens.access]) {
                let text = secret.expose_secret();
                assert!(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()), "an unsendable token");
            }
            assert!(taken.lifetime > Duration::ZERO && taken.lifetime <= Duration::from_hours(366 * 24));
            assert!(
                !format!("{:?} {:?}", taken.tokens.access, taken.tokens.refresh).contains(CANARY),
                "a token is shown"
            );
        }
        Err(refusal) => assert!(!response.status.is_success() || refusal.may_have_used_grant()),
    }
    Verdict::of(&judged)
}

/// Authorisation server metadata. What is taken never leads away from the bank's registered origins.
pub fn metadata_answer(data: &[u8]) -> Verdict {
    let judged = metadata::process(&BANK, &profile(), &answer::parse(data));
    if let Ok(metadata) = &judged {
        stays_at_the_bank(metadata);
    }
    Verdict::of(&judged)
}

fn stays_at_the_bank(metadata: &Metadata) {
    let origin = WebOrigin::of(&metadata.authorization_endpoint);
    assert!(origin.is_some_and(|origin| BANK.addresses.web_origins.contains(&origin)), "a foreign page is taken");
    for endpoint in metadata.revocation_endpoint.iter().chain([&metadata.token_endpoint]) {
        assert_eq!(endpoint.origin(), BANK.addresses.api.origin(), "a foreign endpoint is taken");
    }
}

/// An answer of the revocation endpoint. Nothing but a success means that the token is dead.
pub fn revocation_answer(data: &[u8]) -> Verdict {
    let response = answer::parse(data);
    let done = revocation::process(&response) == Revoked::Done;
    assert_eq!(done, response.status.is_success());
    Verdict::taken_if(done)
}
