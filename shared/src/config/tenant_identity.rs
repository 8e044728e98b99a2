//! Whose tokens are whose: what a tenant's document says of the identity behind an issuer, judged with all documents in view.

use super::mistakes::Mistakes;
use crate::domain::tenant::{Identity, Tenant, TenantRole};

/// By these names Google speaks for every account of every project, and without a scope.
const GOOGLE: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// No token is of two tenants: otherwise it would not say whose it is.
pub(super) fn check_issuers(tenants: &[Tenant], mistakes: &mut Mistakes) {
    for (number, tenant) in tenants.iter().enumerate() {
        let is_mixed_up =
            |other: &&Tenant| tenant.issuer == other.issuer && !tenant.identity.is_apart_from(&other.identity);
        for other in tenants.iter().take(number).filter(is_mixed_up) {
            let told = format!(
                "shares its issuer with tenant {}, and a token may be of both: tell them apart by `subject` or by `email`",
                other.id
            );
            mistakes.add(format!("tenant {}", tenant.id), told);
        }
    }
}

/// What one document says of its identity.
pub(super) fn check(
    issuer: &str,
    role: TenantRole,
    identity: &Identity,
    at: &impl Fn(&str) -> String,
    mistakes: &mut Mistakes,
) {
    check_words(identity, at, mistakes);
    check_google(issuer, role, identity, at, mistakes);
}

/// Neither empty nor with blanks: an identity that nobody has would keep everybody out, and nobody would see why.
fn check_words(identity: &Identity, at: &impl Fn(&str) -> String, mistakes: &mut Mistakes) {
    let is_word = |text: &str| !text.is_empty() && !text.chars().any(|char| char.is_whitespace() || char.is_control());
    if identity.subject.as_deref().is_some_and(|subject| !is_word(subject)) {
        mistakes.add(at("subject"), "empty, or has blanks");
    }
    if identity.email.as_deref().is_some_and(|email| !is_word(email) || !email.contains('@')) {
        mistakes.add(at("email"), "not an e-mail address");
    }
}

/// Google signs for whoever has an account there, and says of none what it may do.
fn check_google(
    issuer: &str,
    role: TenantRole,
    identity: &Identity,
    at: &impl Fn(&str) -> String,
    mistakes: &mut Mistakes,
) {
    if !GOOGLE.contains(&issuer) {
        return;
    }
    if !identity.is_pinned() {
        mistakes.add(at("issuer"), "Google speaks for everybody: name the account by `subject`, `email` or both");
    }
    if role == TenantRole::Crm {
        mistakes.add(at("issuer"), "Google's tokens have no scope, so a CRM could do nothing: let it sign its own");
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tenant_document::{
        read_tenants,
        tests::{GOOD, folder},
    };

    #[test]
    fn no_two_tenants_share_an_issuer_unless_they_are_told_apart() {
        let other = GOOD.replace("\"acme\"", "\"other\"");
        let mistakes = read_tenants(folder(&[GOOD, &other]).path()).unwrap_err().to_string();
        let told = "tenant other: shares its issuer with tenant acme, and a token may be of both: tell them apart by \
                    `subject` or by `email`";
        assert_eq!(mistakes, told);
    }

    #[test]
    fn tenants_may_share_an_issuer_if_no_token_is_of_both() {
        let named = |id: &str, lines: &str| format!("{}\n{lines}", GOOD.replace("\"acme\"", &format!("\"{id}\"")));
        let read = |lines: &[&str]| {
            let texts: Vec<_> = lines.iter().zip(["a", "b", "c"]).map(|(lines, id)| named(id, lines)).collect();
            read_tenants(folder(&texts.iter().map(String::as_str).collect::<Vec<_>>()).path())
        };
        assert_eq!(read(&["subject = \"1\"", "subject = \"2\"", "subject = \"3\""]).unwrap().len(), 3);
        assert_eq!(read(&["email = \"a@x\"", "email = \"b@x\"\nsubject = \"2\""]).unwrap().len(), 2);
        for mixed_up in [
            ["subject = \"1\"", ""],
            ["subject = \"1\"", "subject = \"1\""],
            ["subject = \"1\"", "email = \"a@x\""],
            ["subject = \"1\"\nemail = \"a@x\"", "subject = \"1\""],
        ] {
            let mistakes = read(&mixed_up).unwrap_err().to_string();
            assert!(mistakes.starts_with("tenant b: shares its issuer with tenant a"), "{mixed_up:?}: {mistakes}");
        }
    }

    #[test]
    fn google_s_tokens_are_of_an_account_that_is_named_and_run_jobs() {
        let google = |lines: &str| {
            let text = GOOD.replace("\"https://crm.example\"", "\"https://accounts.google.com\"");
            read_tenants(folder(&[&format!("{text}\n{lines}")]).path())
        };
        let tenants = google("role = \"scheduler\"\nsubject = \"117\"").unwrap();
        assert!(tenants[0].runs_jobs_by_identity());
        assert!(google("role = \"scheduler\"\nemail = \"jobs@acme.iam.gserviceaccount.com\"").is_ok());
        let told = |lines: &str| google(lines).unwrap_err().to_string();
        assert!(told("role = \"scheduler\"").contains("issuer: Google speaks for everybody"));
        assert!(told("subject = \"117\"").contains("issuer: Google's tokens have no scope"));
    }

    #[test]
    fn an_identity_that_nobody_can_have_is_a_mistake() {
        for (lines, field) in [
            ("subject = \"\"", "subject: empty"),
            ("subject = \"1 2\"", "subject: empty"),
            ("email = \"jobs\"", "email: not"),
            ("email = \" a@x\"", "email: not"),
        ] {
            let mistakes = read_tenants(folder(&[&format!("{GOOD}\n{lines}")]).path()).unwrap_err().to_string();
            assert!(mistakes.contains(&format!("0.toml: {field}")), "{lines}: {mistakes}");
        }
    }
}
