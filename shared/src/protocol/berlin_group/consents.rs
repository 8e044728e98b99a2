//! Consents: ask for one, see what became of it, end it.

mod creation;
mod ending;
mod terms;

pub use creation::{ConsentOrder, CreatedConsent, create, created};
pub(super) use creation::{psu_message, redirects};
pub use ending::{delete, delete_answer};
pub use terms::{accounts_covered, read, read_answer, status, status_answer};

use super::{errors::MalformedAnswer, headers::CallHeaders, wire::Text};
use crate::domain::consent::ConsentStatus;

/// On these calls the path names the consent, and the standard knows no header for it.
fn named_by_path<'a>(headers: &CallHeaders<'a>) -> CallHeaders<'a> {
    CallHeaders { consent_id: None, ..*headers }
}

fn consent_status(text: Text) -> Result<ConsentStatus, MalformedAnswer> {
    Ok(match text.required("consentStatus")?.as_str() {
        "received" => ConsentStatus::Received,
        "partiallyAuthorised" => ConsentStatus::PartiallyAuthorised,
        "valid" => ConsentStatus::Valid,
        "rejected" => ConsentStatus::Rejected,
        "revokedByPsu" => ConsentStatus::RevokedByPsu,
        "expired" => ConsentStatus::Expired,
        "terminatedByTpp" => ConsentStatus::TerminatedByTpp,
        _ => ConsentStatus::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::secret::SecretString,
        protocol::berlin_group::fixtures::{BACKGROUND, bank},
    };

    fn id() -> SecretString {
        SecretString::from("c/1?")
    }

    #[test]
    fn a_consent_is_named_by_the_path_alone() {
        let headers = CallHeaders { consent_id: Some(&id()), ..BACKGROUND };
        let requests = [
            read(&bank(), &id(), &headers).unwrap(),
            status(&bank(), &id(), &headers).unwrap(),
            delete(&bank(), &id(), &headers).unwrap(),
        ];
        assert!(requests.iter().all(|request| !request.headers.contains_key("consent-id") && request.body.is_none()));
        let shown = requests.map(|request| format!("{} {}", request.method, request.url.path()));
        let expected = [
            "GET /psd2/v1/consents/c%2F1%3F",
            "GET /psd2/v1/consents/c%2F1%3F/status",
            "DELETE /psd2/v1/consents/c%2F1%3F",
        ];
        assert_eq!(shown, expected);
    }
}
