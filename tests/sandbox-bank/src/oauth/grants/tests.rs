//! The life of codes and tokens, without any server.

use super::super::pkce::Challenge;
use super::*;

const CLIENT: &str = "PSDDE-FAKENCA-HUB001";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const START: Timestamp = Timestamp::UNIX_EPOCH;

fn policy(rotation: Rotation) -> TokenPolicy {
    TokenPolicy { rotation, ..TokenPolicy::default() }
}

fn fresh(name: &str) -> Fresh {
    Fresh { access: format!("access-{name}"), refresh: format!("refresh-{name}") }
}

fn attempt(code: &str) -> Redemption<'_> {
    Redemption { code, client: CLIENT, redirect_uri: "https://tpp.example/cb", verifier: Some(VERIFIER) }
}

fn consent() -> Subject {
    Subject::Consent("c1".to_owned())
}

fn with_code() -> Grants {
    let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
    let purpose = Purpose {
        client: CLIENT.to_owned(),
        subject: consent(),
        redirect_uri: "https://tpp.example/cb".to_owned(),
        challenge: Some(challenge),
    };
    let mut grants = Grants::default();
    grants.issue_code("code", purpose, &policy(Rotation::None), START);
    grants
}

fn with_tokens() -> Grants {
    let mut grants = with_code();
    grants.redeem(&attempt("code"), fresh("0"), &policy(Rotation::None), START).unwrap();
    grants
}

fn refresh(grants: &mut Grants, token: &str, next: &str, rotation: Rotation) -> bool {
    grants.refresh(&format!("refresh-{token}"), CLIENT, fresh(next), &policy(rotation), START).is_ok()
}

#[test]
fn redeems_a_code_once_and_ends_everything_the_second_time() {
    let mut grants = with_tokens();
    assert_eq!(grants.subject_of("access-0", CLIENT, START), Ok(&consent()));
    let again = grants.redeem(&attempt("code"), fresh("x"), &policy(Rotation::None), START);
    assert_eq!(again.unwrap_err(), InvalidGrant);
    assert_eq!(grants.subject_of("access-0", CLIENT, START), Err(TokenFault::Invalid));
    assert!(!refresh(&mut grants, "0", "1", Rotation::None));
}

#[test]
fn refuses_a_code_from_another_client_address_verifier_or_minute() {
    let late = START + SignedDuration::from_secs(60);
    for (wrong, now) in [
        (Redemption { client: "PSDDE-FAKENCA-OTHER", ..attempt("code") }, START),
        (Redemption { redirect_uri: "https://tpp.example/", ..attempt("code") }, START),
        (Redemption { verifier: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ..attempt("code") }, START),
        (Redemption { verifier: None, ..attempt("code") }, START),
        (attempt("other"), START),
        (attempt("code"), late),
    ] {
        let mut grants = with_code();
        assert!(grants.redeem(&wrong, fresh("0"), &policy(Rotation::None), now).is_err(), "{wrong:?}");
    }
}

#[test]
fn keeps_the_refresh_token_without_rotation() {
    let mut grants = with_tokens();
    let issued = grants.refresh("refresh-0", CLIENT, fresh("1"), &policy(Rotation::None), START).unwrap();
    assert!(issued.refresh.is_none());
    assert!(refresh(&mut grants, "0", "2", Rotation::None));
}

#[test]
fn accepts_the_old_token_in_grace_until_the_new_one_is_used() {
    let mut grants = with_tokens();
    assert!(refresh(&mut grants, "0", "1", Rotation::Grace));
    assert!(refresh(&mut grants, "0", "1b", Rotation::Grace), "the answer was lost");
    assert!(refresh(&mut grants, "1b", "2", Rotation::Grace));
    assert!(!refresh(&mut grants, "0", "3", Rotation::Grace));
    assert!(!refresh(&mut grants, "1", "3", Rotation::Grace), "a sibling of the used one");
    assert!(refresh(&mut grants, "2", "3", Rotation::Grace));
}

#[test]
fn ends_the_whole_family_when_an_old_token_is_used_again() {
    let mut grants = with_tokens();
    assert!(refresh(&mut grants, "0", "1", Rotation::Family));
    assert!(!refresh(&mut grants, "0", "2", Rotation::Family));
    assert!(!refresh(&mut grants, "1", "3", Rotation::Family));
    assert_eq!(grants.subject_of("access-1", CLIENT, START), Err(TokenFault::Invalid));
}

#[test]
fn tells_apart_what_is_wrong_with_an_access_token() {
    let mut grants = with_tokens();
    let late = START + SignedDuration::from_secs(300);
    assert_eq!(grants.subject_of("access-0", CLIENT, late), Err(TokenFault::Expired));
    assert_eq!(grants.subject_of("access-9", CLIENT, START), Err(TokenFault::Unknown));
    assert_eq!(grants.subject_of("access-0", "PSDDE-FAKENCA-OTHER", START), Err(TokenFault::Invalid));
    grants.revoke("access-0", CLIENT);
    assert_eq!(grants.subject_of("access-0", CLIENT, START), Err(TokenFault::Invalid));
}

#[test]
fn revokes_only_the_clients_own_tokens() {
    let mut grants = with_tokens();
    grants.revoke("refresh-0", "PSDDE-FAKENCA-OTHER");
    grants.revoke("access-0", "PSDDE-FAKENCA-OTHER");
    assert_eq!(grants.subject_of("access-0", CLIENT, START), Ok(&consent()));
    grants.revoke("refresh-0", CLIENT);
    assert_eq!(grants.subject_of("access-0", CLIENT, START), Err(TokenFault::Invalid));
}

#[test]
fn ends_the_chain_when_its_life_is_over() {
    let mut grants = with_tokens();
    let late = START + SignedDuration::from_hours(24 * 180);
    assert!(grants.refresh("refresh-0", CLIENT, fresh("1"), &policy(Rotation::None), late).is_err());
}

#[test]
fn keeps_no_secret() {
    let saved = serde_json::to_string(&with_tokens()).unwrap();
    assert!(!saved.contains("access-0") && !saved.contains("refresh-0") && !saved.contains("\"code\""));
}

#[test]
fn takes_no_verifier_for_a_code_without_challenge() {
    let bare = |verifier| {
        let purpose = Purpose {
            client: CLIENT.to_owned(),
            subject: consent(),
            redirect_uri: "https://tpp.example/cb".to_owned(),
            challenge: None,
        };
        let mut grants = Grants::default();
        grants.issue_code("code", purpose, &policy(Rotation::None), START);
        let attempt = Redemption { verifier, ..attempt("code") };
        grants.redeem(&attempt, fresh("0"), &policy(Rotation::None), START).is_ok()
    };
    assert!(bare(None) && !bare(Some(VERIFIER)));
}

#[test]
fn gives_an_application_a_token_without_refresh() {
    let mut grants = Grants::default();
    let issued = grants.issue_to_application(CLIENT, "app", fresh("0"), &policy(Rotation::None), START).unwrap();
    assert!(issued.refresh.is_none());
    let subject = Subject::Application { application: "app".to_owned() };
    assert_eq!(grants.subject_of("access-0", CLIENT, START), Ok(&subject));
}

#[test]
fn saves_a_consent_as_the_text_it_was() {
    assert_eq!(serde_json::to_value(consent()).unwrap(), "c1");
    for subject in [
        consent(),
        Subject::Customer { customer: "anna-schmidt".to_owned() },
        Subject::Application { application: String::new() },
    ] {
        let saved = serde_json::to_value(&subject).unwrap();
        assert_eq!(serde_json::from_value::<Subject>(saved).unwrap(), subject);
    }
}
