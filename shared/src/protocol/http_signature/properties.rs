//! For any request: nothing panics, and what is signed differs whenever what is covered does.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::{collection::vec, prelude::*};

use super::{
    UnsignableRequest,
    fixtures::{map, message_signature, now, request},
    prepare,
};
use crate::{
    domain::signature_profile::{Carrier, Component, Covered, KeyIdForm, MessageSignature, Scheme, SignatureProfile},
    protocol::exchange::BankRequest,
};

const NAMES: [&str; 4] = ["x-request-id", "psu-id", "psu-corporate-id", "tpp-redirect-uri"];

/// Values of headers: what is likely to be mistaken for the string's own signs, and any bytes that HTTP allows.
fn values() -> impl Strategy<Value = HeaderValue> {
    let likely = "[a-z :,\"\\\\=;()]{0,12}".prop_map(|text| HeaderValue::from_str(&text).unwrap());
    let byte = prop_oneof![Just(b'\t'), 0x20..0x7f_u8, 0x80..=0xff_u8];
    let any = vec(byte, 0..30).prop_map(|bytes| HeaderValue::from_bytes(&bytes).unwrap());
    prop_oneof![3 => likely, 1 => any]
}

fn requests() -> impl Strategy<Value = BankRequest> {
    let headers = vec((prop::sample::select(&NAMES[..]), values()), 0..6);
    let body = prop::option::of(vec(any::<u8>(), 0..40));
    let path = "[a-z/%?&=#;.\"\u{e4} -]{0,12}";
    (headers, body, path).prop_map(|(headers, body, path)| {
        let mut request = request();
        let headers = headers.into_iter().map(|(name, value)| (HeaderName::from_static(name), value));
        request.headers = headers.collect::<HeaderMap>();
        request.url = request.url.join(&path).unwrap_or(request.url);
        request.body = body.map(Bytes::from);
        request
    })
}

fn schemes() -> impl Strategy<Value = Scheme> {
    let named = (any::<String>(), prop::option::of(any::<String>()));
    prop_oneof![
        Just(Scheme::Cavage(Carrier::SignatureHeader)),
        Just(Scheme::Cavage(Carrier::Authorization)),
        Just(message_signature()),
        named.prop_map(|(label, tag)| Scheme::Rfc9421(MessageSignature { label, lifetime: None, tag })),
    ]
}

fn components() -> impl Strategy<Value = Component> {
    let derived =
        ["(request-target)", "@method", "@target-uri", "@authority", "@path", "@query", "digest", "date", "host"];
    let names = [&derived[..], &NAMES[..]].concat();
    prop::sample::select(names).prop_map(|name| Component::parse(name).unwrap())
}

fn profiles() -> impl Strategy<Value = SignatureProfile> {
    let rule = prop_oneof![
        components().prop_map(Covered::Required),
        components().prop_map(Covered::IfSent),
        Just(Covered::PsuHeaders)
    ];
    let key_id = any::<String>().prop_map(KeyIdForm::Fixed);
    (schemes(), vec(rule, 0..5), key_id).prop_map(|(scheme, covered, key_id)| SignatureProfile {
        scheme,
        covered,
        key_id,
        ..SignatureProfile::berlin_group()
    })
}

/// Everything that the profile below covers, as it is sent: the blanks around a value are not.
fn covered(request: &BankRequest) -> (String, Vec<Option<String>>, Vec<u8>) {
    let value = |name: &&str| {
        let lines: Vec<_> = request.headers.get_all(*name).iter().map(|line| line.to_str().unwrap().trim()).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    };
    let body = request.body.as_deref().unwrap_or_default().to_vec();
    (super::components::target(&request.url).to_owned(), NAMES.iter().map(value).collect(), body)
}

/// A profile that covers target, body and all headers of [`requests`].
fn everything(scheme: Scheme) -> SignatureProfile {
    let digest = if matches!(scheme, Scheme::Cavage(_)) { "digest" } else { "content-digest" };
    let always = ["(request-target)", digest].map(|name| Covered::Required(Component::parse(name).unwrap()));
    let sent = NAMES.map(|name| Covered::IfSent(Component::parse(name).unwrap()));
    SignatureProfile { scheme, covered: [&always[..], &sent].concat(), ..SignatureProfile::berlin_group() }
}

proptest! {
    #[test]
    fn any_request_is_signed_or_refused(request in requests(), profile in profiles(), signature: Vec<u8>) {
        let certificate = super::fixtures::certificate();
        if let Ok(prepared) = prepare(&request, &profile, &certificate, now()) {
            prop_assert!(prepared.message().iter().all(|byte| byte.is_ascii_graphic() || b" \t\n".contains(byte)));
            match prepared.finish(&signature) {
                Ok(headers) => prop_assert!(map(headers).len() >= 2),
                Err(error) => prop_assert!(error == UnsignableRequest::EmptySignature && signature.is_empty()),
            }
        }
    }

    #[test]
    fn two_requests_that_differ_in_what_is_covered_are_signed_differently(one in requests(), other in requests()) {
        let certificate = super::fixtures::certificate();
        for scheme in [Scheme::Cavage(Carrier::SignatureHeader), message_signature()] {
            let profile = everything(scheme);
            let message = |request| Some(prepare(request, &profile, &certificate, now()).ok()?.message().to_vec());
            if let (Some(first), Some(second)) = (message(&one), message(&other)) {
                prop_assert_eq!(first == second, covered(&one) == covered(&other));
            }
        }
    }

    /// The same with requests that differ in one value only, if at all.
    #[test]
    fn one_value_changes_what_is_signed(mut one in requests(), first in values(), second in values()) {
        let certificate = super::fixtures::certificate();
        let profile = everything(Scheme::Cavage(Carrier::SignatureHeader));
        let mut message = |value: &HeaderValue| {
            one.headers.insert("psu-id", value.clone());
            Some(prepare(&one, &profile, &certificate, now()).ok()?.message().to_vec())
        };
        if let (Some(of_first), Some(of_second)) = (message(&first), message(&second)) {
            let same = first.to_str().unwrap().trim() == second.to_str().unwrap().trim();
            prop_assert_eq!(of_first == of_second, same);
        }
    }
}
