//! Every route, read from the route table, meets a caller without a token, with the wrong one, with the wrong scope, and
//! with somebody else's object. A route that is added is tested without anybody thinking of it.

use http::{Method, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use shared::{
    domain::scope::Scope,
    http::route::{Audience, Route},
};

use it::bench::{Bench, all_routes, crm::Crm, hub_side::in_process::CLIENT_CERTIFICATE};

/// A route's path with these ids in it.
fn path(route: &Route, session: &str) -> String {
    route
        .path
        .replace("{session}", session)
        .replace("{account}", "AAAAAAAAAAAAAAAAAAAAAA")
        .replace("{bank}", "oauth")
        .replace("{job}", "expiry-watch")
        .replace("{ticket}", &"A".repeat(43))
}

/// A body that the route's handler takes.
fn body(route: &Route) -> Option<Value> {
    let body = match route.path {
        "/v1/sessions" => json!({"bank": "oauth", "psu": "customer-4711", "return_url": it::bench::RETURN_URL}),
        path if path.ends_with("/renewal") => json!({"return_url": it::bench::RETURN_URL}),
        path if path.ends_with("/activation") => json!({"activation_code": "x"}),
        _ => return None,
    };
    Some(body)
}

fn guarded() -> Vec<(Route, Scope)> {
    let scope = |route: &Route| match route.audience {
        Audience::Crm(scope) => Some(scope),
        Audience::Scheduler => Some(Scope::JobsRun),
        Audience::Public | Audience::Browser => None,
    };
    all_routes().into_iter().filter_map(|route| scope(&route).map(|scope| (route, scope))).collect()
}

/// The CRM that may call the route.
fn caller<'a>(bench: &'a Bench, route: &Route) -> Crm<'a> {
    match route.audience {
        Audience::Scheduler => Crm::of(bench, "scheduler").with_scopes("jobs:run"),
        _ => bench.crm(),
    }
}

#[tokio::test]
async fn every_guarded_route_wants_a_token() {
    let bench = Bench::start().await;
    for (route, _) in guarded() {
        let answer = bench.crm().bare(route.method.clone(), &path(&route, "AAAAAAAAAAAAAAAAAAAAAA"), &[]).await;
        assert_eq!(answer.problem(), (401, "unauthenticated"), "{} {}", route.method, route.path);
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    assert!(bench.bank.journal().is_empty());
}

#[tokio::test]
async fn every_guarded_route_wants_its_scope() {
    let bench = Bench::start().await;
    for (route, scope) in guarded() {
        let others: Vec<_> = Scope::ALL.into_iter().filter(|other| *other != scope).map(Scope::name).collect();
        let crm = caller(&bench, &route).with_scopes(&others.join(" "));
        let answer = crm.call(route.method.clone(), &path(&route, "AAAAAAAAAAAAAAAAAAAAAA"), body(&route), &[]).await;
        assert_eq!(answer.problem(), (403, "scope_missing"), "{} {}", route.method, route.path);
    }
    assert!(bench.bank.journal().is_empty());
}

#[tokio::test]
async fn somebody_elses_session_looks_like_none_on_every_route() {
    let bench = Bench::start().await;
    let foreign = bench.crm().connect("oauth").await;
    let before = (bench.store_as_text().await, bench.bank.journal().len());
    let mut routes = 0;
    for (route, _) in guarded().into_iter().filter(|(route, _)| route.path.contains("{session}")) {
        routes += 1;
        let call = async |session: &str| {
            bench.other_crm().call(route.method.clone(), &path(&route, session), body(&route), &[]).await
        };
        let theirs = call(&foreign).await;
        assert_eq!(theirs.problem(), (404, "not_found"), "{} {}", route.method, route.path);
        for other in ["AAAAAAAAAAAAAAAAAAAAAA", "x", &foreign.to_lowercase(), &format!("{foreign}.")] {
            let mut unknown = call(other).await;
            unknown.body["request_id"] = theirs.body["request_id"].clone();
            assert_eq!((unknown.status, &unknown.body), (theirs.status, &theirs.body), "{} {other}", route.path);
        }
    }
    assert!(routes >= 7, "{routes}");
    assert_eq!((bench.store_as_text().await, bench.bank.journal().len()), before);
}

/// A tenant whose document names a certificate comes with it on every route, or is told nothing.
#[tokio::test]
async fn every_route_wants_the_certificate_that_was_agreed() {
    let pins = format!("client_certificates = [\"sha256:{}\"]\n", "1f".repeat(32));
    let bench = Bench::with_tenants(&[("acme", pins)]).await;
    let (own, other) = ("1f".repeat(32), "2e".repeat(32));
    let base64 = "Hx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8=";
    for (route, _) in guarded().into_iter().filter(|(route, _)| route.audience != Audience::Scheduler) {
        let path = path(&route, "AAAAAAAAAAAAAAAAAAAAAA");
        let call =
            async |headers: &[(&str, &str)]| bench.crm().call(route.method.clone(), &path, body(&route), headers).await;
        for refused in [&[] as &[&str], &[&other], &[&own, &other], &[&own, &own], &[""]] {
            let headers: Vec<_> = refused.iter().map(|value| (CLIENT_CERTIFICATE, *value)).collect();
            let answer = call(&headers).await;
            assert_eq!(answer.problem(), (403, "client_certificate_refused"), "{} {} {refused:?}", route.method, path);
        }
        assert_eq!(call(&[("x-client-cert", &own)]).await.problem(), (403, "client_certificate_refused"));
        let unknown = bench.crm().bare(route.method.clone(), &path, &[("authorization", "Bearer x")]).await;
        assert_eq!(unknown.problem(), (401, "unauthenticated"), "the token comes first");
    }
    for right in [own.as_str(), base64] {
        assert_eq!(bench.crm().get_with("/v1/banks", &[(CLIENT_CERTIFICATE, right)]).await.status, StatusCode::OK);
    }
    assert_eq!(bench.other_crm().get("/v1/banks").await.status, StatusCode::OK, "who has agreed on none needs none");
    assert!(bench.bank.journal().is_empty());
}

#[tokio::test]
async fn a_spoilt_token_is_refused_with_one_body() {
    let bench = Bench::start().await;
    let crm = bench.crm();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut claims = crm.claims();
        change(&mut claims);
        crm.sign(&header(), &claims)
    };
    let now = bench.now().as_second();
    let good = crm.token();
    let (unsigned, signature) = good.rsplit_once('.').unwrap();
    let spoilt = [
        ("no issuer", with(&|claims| drop(claims.as_object_mut().unwrap().remove("iss")))),
        ("no audience", with(&|claims| drop(claims.as_object_mut().unwrap().remove("aud")))),
        ("no expiry", with(&|claims| drop(claims.as_object_mut().unwrap().remove("exp")))),
        ("another issuer", with(&|claims| claims["iss"] = json!("https://evil.example"))),
        ("another tenant's issuer", with(&|claims| claims["iss"] = bench.other_crm().claims()["iss"].clone())),
        ("another audience", with(&|claims| claims["aud"] = json!("https://other.example"))),
        ("expired", with(&|claims| claims["exp"] = json!(now - 31))),
        ("not yet valid", with(&|claims| claims["nbf"] = json!(now + 31))),
        ("from the future", with(&|claims| claims["iat"] = json!(now + 31))),
        ("expiry as text", with(&|claims| claims["exp"] = json!((now + 300).to_string()))),
        ("expiry as a fraction", with(&|claims| claims["exp"] = json!(1.8e9 + 0.5))),
        ("expiry out of range", with(&|claims| claims["exp"] = json!(u64::MAX))),
        ("unknown key", crm.sign(&Header { kid: Some("key-2".to_owned()), ..header() }, &crm.claims())),
        ("another type", crm.sign(&Header { typ: Some("logout+jwt".to_owned()), ..header() }, &crm.claims())),
        ("presence type", crm.sign(&Header { typ: Some("psu-presence+jwt".to_owned()), ..header() }, &crm.claims())),
        ("critical header", crm.sign(&Header { crit: Some(vec!["b64".to_owned()]), ..header() }, &crm.claims())),
        (
            "symmetric",
            encode(
                &Header { kid: Some("key-1".to_owned()), ..Header::new(Algorithm::HS256) },
                &crm.claims(),
                &EncodingKey::from_secret(b"x"),
            )
            .unwrap(),
        ),
        ("alg none", format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", unsigned.split_once('.').unwrap().1)),
        ("no signature", format!("{unsigned}.")),
        ("damaged signature", format!("{unsigned}.{}", signature.chars().rev().collect::<String>())),
        ("zero signature", format!("{unsigned}.{}", "A".repeat(86))),
        ("nonsense", "abc".to_owned()),
        ("too long", format!("{good}{}", "A".repeat(9_000))),
    ];
    let mut bodies = std::collections::BTreeSet::new();
    for (what, token) in spoilt {
        let header = format!("Bearer {token}");
        let mut answer = crm.bare(Method::GET, "/v1/banks", &[("authorization", &header)]).await;
        assert_eq!(answer.problem(), (401, "unauthenticated"), "{what}");
        answer.body["request_id"] = json!("");
        bodies.insert(answer.body.to_string());
    }
    assert_eq!(bodies.len(), 1, "nothing tells what was wrong");
    let good = format!("Bearer {good}");
    assert_eq!(crm.bare(Method::GET, "/v1/banks", &[("authorization", &good)]).await.status, StatusCode::OK);
}

fn header() -> Header {
    Header { kid: Some("key-1".to_owned()), ..Header::new(Algorithm::ES256) }
}

#[tokio::test]
async fn a_token_is_remembered_no_longer_than_it_lives() {
    let bench = Bench::start().await;
    let header = format!("Bearer {}", bench.crm().token());
    let call = async || bench.crm().bare(Method::GET, "/v1/banks", &[("authorization", &header)]).await.status;
    assert_eq!(call().await, StatusCode::OK);
    // The issuer's clock may be half a minute off.
    bench.advance(331);
    assert_eq!(call().await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn tokens_elsewhere_than_in_the_header_do_not_count() {
    let bench = Bench::start().await;
    let token = bench.crm().token();
    for path in [format!("/v1/banks?access_token={token}"), format!("/v1/banks?token={token}")] {
        assert_eq!(bench.crm().bare(Method::GET, &path, &[]).await.status, StatusCode::UNAUTHORIZED);
    }
    let cookie = format!("token={token}");
    assert_eq!(
        bench.crm().bare(Method::GET, "/v1/banks", &[("cookie", &cookie)]).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn public_routes_need_nothing_and_unknown_ones_tell_nothing() {
    let bench = Bench::start().await;
    for path in ["/health", "/ready", "/openapi.json", "/.well-known/jwks.json"] {
        let answer = bench.crm().bare(Method::GET, path, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
    for path in ["/", "/v1", "/v1/sessions/x/y", "/admin", "/v1/../health/x"] {
        assert_eq!(bench.crm().get(path).await.problem(), (404, "not_found"), "{path}");
    }
    assert_eq!(bench.crm().call(Method::PATCH, "/v1/sessions", None, &[]).await.problem(), (405, "method_not_allowed"));
}
