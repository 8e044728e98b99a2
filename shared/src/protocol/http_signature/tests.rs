//! What a profile asks for is done, or refused for a reason.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;

use super::{
    Prepared, UnsignableRequest,
    fixtures::{
        certificate, covering, finished, message, message_signature, now, prepared, request, required, text, vectors,
    },
    prepare,
};
use crate::{
    domain::signature_profile::{
        Carrier, CertificateForm, CertificateHeader, Component, Covered, Fingerprint, KeyIdForm, MessageSignature,
        Scheme, SignatureProfile,
    },
    protocol::exchange::BankRequest,
};

fn refusal(outcome: Result<Prepared, UnsignableRequest>) -> UnsignableRequest {
    outcome.unwrap_err()
}

fn with_header(name: &'static str, value: &'static str) -> BankRequest {
    let mut request = request();
    request.headers.append(name, HeaderValue::from_static(value));
    request
}

#[test]
fn berlin_group_s_profile_signs_the_psu_s_id_where_it_is_sent() {
    let message = message(&with_header("psu-id", "psu-1"), &SignatureProfile::berlin_group());
    assert!(message.contains("\npsu-id: psu-1\ndate: "), "{message}");
}

#[test]
fn a_date_is_made_only_where_it_is_required_and_missing() {
    let date = Component::parse("date").unwrap();
    let without = finished(&request(), &SignatureProfile::berlin_group().without(&date), b"s");
    assert!(!without.contains_key("date") && !text(&without, "signature").contains("date"));

    let dated = with_header("date", "Tue, 03 Nov 2026 00:00:00 GMT");
    assert!(message(&dated, &covering(&["date"])).ends_with("Tue, 03 Nov 2026 00:00:00 GMT"));
    assert!(!finished(&dated, &covering(&["date"]), b"s").contains_key("date"));

    let early = Timestamp::from_second(1_777_593_600).unwrap();
    let prepared = prepare(&request(), &covering(&["date"]), &certificate(), early).unwrap();
    assert_eq!(prepared.message(), b"date: Fri, 01 May 2026 00:00:00 GMT");
}

#[test]
fn stet_s_profile_signs_what_is_sent_about_the_psu() {
    let mut request = with_header("psu-user-agent", "Mozilla/5.0");
    request.headers.insert("psu-ip-address", HeaderValue::from_static("192.0.2.7"));
    request.headers.insert("content-type", HeaderValue::from_static("application/json"));
    request.url.set_query(Some("a=1"));
    let at = "https://tpp.example/qseal.pem";
    let profile = SignatureProfile::stet(at.parse().unwrap(), Fingerprint::None);
    insta::assert_snapshot!(message(&request, &profile), @"
    (request-target): post /psd2/v1/consents?a=1
    digest: SHA-256=qRExlGNSEd8Z7WxRxy7aagB81TgLejccbA+M7Ihrzss=
    content-type: application/json
    content-length: 141
    psu-ip-address: 192.0.2.7
    psu-user-agent: Mozilla/5.0
    ");
    let headers = finished(&request, &profile, b"s");
    assert!(text(&headers, "signature").starts_with(&format!("keyId=\"{at}\",")));
    assert_eq!(headers.len(), 2);
    let with_psu = [vec![Covered::PsuHeaders], required(&["psu-ip-address"])].concat();
    let message = message(&request, &SignatureProfile { covered: with_psu, ..profile });
    assert_eq!(message, "psu-user-agent: Mozilla/5.0\npsu-ip-address: 192.0.2.7");
}

#[test]
fn a_header_s_lines_are_joined_and_blanks_around_them_left_out() {
    let mut request = with_header("x-several", " one\t");
    request.headers.append("x-several", HeaderValue::from_static("two, three"));
    request.headers.append("x-empty", HeaderValue::from_static(""));
    assert_eq!(message(&request, &covering(&["x-several", "x-empty"])), "x-several: one, two, three\nx-empty: ");
}

#[test]
fn the_address_is_told_as_the_bank_will_see_it() {
    let mut request = request();
    request.url = "https://api.bank.example:8443/a%20b/?x=1#part".parse().unwrap();
    let names = ["(request-target)", "@target-uri", "@authority", "@path", "@query", "host"];
    let profile = SignatureProfile { scheme: message_signature(), ..covering(&names) };
    let message = message(&request, &profile);
    let lines: Vec<_> = message.lines().take(names.len()).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    "@request-target": /a%20b/?x=1
    "@target-uri": https://api.bank.example:8443/a%20b/?x=1
    "@authority": api.bank.example:8443
    "@path": /a%20b/
    "@query": ?x=1
    "host": api.bank.example:8443
    "#);
}

#[test]
fn the_length_of_an_empty_body_is_not_sent() {
    let length = Component::parse("content-length").unwrap();
    for body in [None, Some(Bytes::new())] {
        let request = BankRequest { body, ..request() };
        let profile = covering(&["content-length"]);
        assert_eq!(refusal(prepared(&request, &profile)), UnsignableRequest::Missing("content-length".to_owned()));
        let covered = [required(&["digest"]), vec![Covered::IfSent(length.clone())]].concat();
        assert!(!message(&request, &SignatureProfile { covered, ..profile }).contains("content-length"));
    }
}

#[test]
fn a_signature_can_stand_in_place_of_a_token_but_never_replaces_one() {
    let profile = SignatureProfile { scheme: Scheme::Cavage(Carrier::Authorization), ..covering(&["date"]) };
    let headers = finished(&request(), &profile, b"signature");
    let value = text(&headers, "authorization");
    assert!(value.starts_with("Signature keyId=\"SN=") && value.ends_with(",signature=\"c2lnbmF0dXJl\""), "{value}");
    assert!(headers["authorization"].is_sensitive() && !headers.contains_key("signature"));
    let with_token = with_header("authorization", "Bearer token-1");
    assert_eq!(refusal(prepared(&with_token, &profile)), UnsignableRequest::AuthorizationTaken);
}

#[test]
fn the_certificate_goes_along_as_the_bank_wants_it() {
    let name = HeaderName::from_static("tpp-signature-certificate");
    let sent = |form| {
        let certificate = Some(CertificateHeader { name: name.clone(), form });
        let profile = SignatureProfile { certificate, ..covering(&["date", "tpp-signature-certificate"]) };
        let told = text(&finished(&request(), &profile, b"s"), name.as_str());
        assert!(message(&request(), &profile).ends_with(&format!("\n{name}: {told}")));
        told
    };
    let base64 = vectors().certificate;
    assert_eq!(sent(CertificateForm::Base64), base64);
    let armoured = format!("-----BEGIN CERTIFICATE-----{base64}-----END CERTIFICATE-----");
    assert_eq!(sent(CertificateForm::Armoured), armoured);
    let at = "https://tpp.example/qseal.pem";
    assert_eq!(sent(CertificateForm::Address(at.parse().unwrap())), at);
}

#[test]
fn a_message_signature_tells_its_end_and_its_application() {
    let how = MessageSignature {
        label: "sig1".to_owned(),
        lifetime: Some(Duration::from_mins(5)),
        tag: Some("a \"tag\"".to_owned()),
    };
    let profile = SignatureProfile { scheme: Scheme::Rfc9421(how), ..covering(&["@method"]) };
    let key_id = KeyIdForm::Fixed("k\\1".to_owned());
    let headers = finished(&request(), &SignatureProfile { key_id, ..profile }, b"s");
    let expected =
        r#"sig1=("@method");created=1795253400;expires=1795253700;keyid="k\\1";alg="rsa-v1_5-sha256";tag="a \"tag\"""#;
    assert_eq!(text(&headers, "signature-input"), expected);
    assert_eq!(text(&headers, "signature"), "sig1=:cw==:");
}

#[test]
fn what_must_be_signed_must_be_there_once_and_of_the_standard() {
    let refused = |names: &[&str]| refusal(prepared(&request(), &covering(names)));
    assert_eq!(refused(&[]), UnsignableRequest::NothingCovered);
    assert_eq!(refused(&["digest", "psu-id"]), UnsignableRequest::Missing("psu-id".to_owned()));
    assert_eq!(refused(&["digest", "digest"]), UnsignableRequest::Twice("digest".to_owned()));
    assert_eq!(refused(&["content-digest"]), UnsignableRequest::Missing("content-digest".to_owned()));
    assert_eq!(refused(&["@method"]), UnsignableRequest::NotOfScheme("@method"));
    assert_eq!(refused(&["signature"]), UnsignableRequest::NotOfScheme("signature"));
    let covered = vec![Covered::IfSent(Component::parse("psu-id").unwrap()), Covered::PsuHeaders];
    let profile = SignatureProfile { covered, ..SignatureProfile::berlin_group() };
    assert_eq!(refusal(prepared(&request(), &profile)), UnsignableRequest::NothingCovered);
}

#[test]
fn values_that_programs_read_differently_are_not_signed() {
    let mut request = request();
    request.headers.insert("psu-id", HeaderValue::from_bytes(b"m\xfcller").unwrap());
    let outcome = prepared(&request, &covering(&["psu-id"]));
    assert_eq!(refusal(outcome), UnsignableRequest::NotAscii("psu-id".to_owned()));
    assert!(prepared(&request, &covering(&["date"])).is_ok());
}

#[test]
fn names_that_cannot_be_told_are_refused() {
    for text in ["", "m\u{fc}ller", "a\nb"] {
        let profile = SignatureProfile { key_id: KeyIdForm::Fixed(text.to_owned()), ..covering(&["date"]) };
        assert_eq!(refusal(prepared(&request(), &profile)), UnsignableRequest::Parameter("keyId"));
    }
    let refused = |label: &str, tag: Option<&str>| {
        let how = MessageSignature { label: label.to_owned(), lifetime: None, tag: tag.map(str::to_owned) };
        let profile = SignatureProfile { scheme: Scheme::Rfc9421(how), ..covering(&["date"]) };
        refusal(prepared(&request(), &profile))
    };
    for label in ["", "Sig", "1", "a b", "a=", "\u{e4}"] {
        assert_eq!(refused(label, None), UnsignableRequest::Parameter("label"), "{label}");
    }
    for tag in ["", "\u{e4}", "a\r\nb"] {
        assert_eq!(refused("sig1", Some(tag)), UnsignableRequest::Parameter("tag"), "{tag}");
    }
}

#[test]
fn the_certificate_takes_no_other_header_s_place() {
    for name in ["digest", "date", "signature", "signature-input"] {
        let name = HeaderName::from_static(name);
        let certificate = Some(CertificateHeader { name: name.clone(), form: CertificateForm::Base64 });
        let profile = SignatureProfile { certificate, ..SignatureProfile::berlin_group() };
        assert_eq!(refusal(prepared(&request(), &profile)), UnsignableRequest::Header(name));
    }
}

#[test]
fn times_that_no_header_can_tell_are_refused() {
    let outcome = prepare(&request(), &covering(&["date"]), &certificate(), Timestamp::MIN);
    assert_eq!(refusal(outcome), UnsignableRequest::Date);
    let how = MessageSignature { label: "a".to_owned(), lifetime: Some(Duration::MAX), tag: None };
    let profile = SignatureProfile { scheme: Scheme::Rfc9421(how), ..covering(&["@method"]) };
    assert_eq!(refusal(prepared(&request(), &profile)), UnsignableRequest::Date);
}

#[test]
fn no_signature_is_an_error() {
    let outcome = prepared(&request(), &SignatureProfile::berlin_group()).unwrap().finish(&[]);
    assert_eq!(outcome.unwrap_err(), UnsignableRequest::EmptySignature);
}

#[test]
fn what_is_signed_is_not_shown() {
    let request = with_header("consent-id", "canary");
    let prepared = prepare(&request, &covering(&["consent-id"]), &certificate(), now()).unwrap();
    assert!(prepared.message().ends_with(b"canary") && !format!("{prepared:?}").contains("canary"));
}
