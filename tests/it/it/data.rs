//! Reading accounts, balances and transactions: the model, the bank's own JSON, paging, presence.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use it::bench::Bench;

#[tokio::test]
async fn tells_accounts_in_the_model_and_names_them_itself() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let answer = bench.crm().accounts(&session).await;
    let accounts = answer.body["accounts"].as_array().unwrap();
    assert!(accounts.len() >= 2, "{accounts:?}");
    for account in accounts {
        assert_eq!(account["account_id"].as_str().unwrap().len(), 22);
        assert_eq!(account["identification"][0]["scheme"], "IBAN");
        assert!(account.get("resource_id").is_none() && account.get("resourceId").is_none());
    }
    assert!(answer.body["as_of"].is_string());
}

#[tokio::test]
async fn tells_amounts_as_exact_text_with_iso_codes() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("redirect").await;
    let account = bench.crm().first_account(&session).await;
    let answer = bench.crm().get(&format!("/v1/sessions/{session}/accounts/{account}/balances")).await;
    assert_eq!(answer.text("account_id"), account);
    for balance in answer.body["balances"].as_array().unwrap() {
        assert!(balance["amount"].as_str().unwrap().contains('.'), "{balance}");
        assert!(["CRDT", "DBIT"].contains(&balance["credit_debit"].as_str().unwrap()));
        assert!(["CLBD", "ITAV", "XPCD", "ITBD"].contains(&balance["type"].as_str().unwrap()), "{balance}");
    }
}

#[tokio::test]
async fn gives_the_banks_own_json_unchanged_if_asked() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let raw = [("accept", "application/vnd.hub.raw+json")];
    let accounts = bench.crm().get_with(&format!("/v1/sessions/{session}/accounts"), &raw).await;
    assert_eq!(accounts.headers["content-type"], "application/vnd.hub.raw+json");
    assert!(accounts.body["accounts"][0]["resourceId"].is_string(), "{:?}", accounts.body);
    let balances = bench.crm().get_with(&format!("/v1/sessions/{session}/accounts/{account}/balances"), &raw).await;
    assert!(balances.body["balances"][0]["balanceAmount"]["amount"].is_string());
    let html = [("accept", "text/html")];
    let refused = bench.crm().get_with(&format!("/v1/sessions/{session}/accounts"), &html).await;
    assert_eq!(refused.problem(), (406, "not_acceptable"));
}

#[tokio::test]
async fn pages_through_a_year_with_cursors_of_its_own() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let path = format!("/v1/sessions/{session}/accounts/{account}/transactions");
    let from = bench.now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_sub(jiff::Span::new().days(365));
    let presence = bench.crm().presence(&session);
    let attended = [("psu-presence", presence.as_str())];
    let mut answer = bench.crm().get_with(&format!("{path}?from={from}&status=both"), &attended).await;
    let (mut ids, mut pages) = (BTreeSet::new(), 1);
    loop {
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        for transaction in answer.body["transactions"].as_array().unwrap() {
            assert!(ids.insert(transaction["transaction_id"].to_string()), "two transactions of one name");
        }
        let Some(cursor) = answer.body["next_cursor"].as_str().map(str::to_owned) else { break };
        assert!(!cursor.contains("http") && !cursor.contains("127.0.0.1"));
        answer = bench.crm().get_with(&format!("{path}?cursor={cursor}"), &attended).await;
        pages += 1;
    }
    assert!(pages >= 3, "{pages} pages");
    assert!(ids.len() > 200, "{} transactions", ids.len());
    assert_eq!(bench.reached("transactions").len(), pages);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_account_and_session_and_for_a_while() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let accounts = bench.crm().accounts(&session).await;
    let id = |index: usize| accounts.body["accounts"][index]["account_id"].as_str().unwrap().to_owned();
    let (first, second) = (id(0), id(1));
    let path = |account: &str| format!("/v1/sessions/{session}/accounts/{account}/transactions");
    let from = bench.now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_sub(jiff::Span::new().days(365));
    let page = bench.crm().get(&format!("{}?from={from}", path(&first))).await;
    let cursor = page.text("next_cursor");
    let before = bench.bank.journal().len();
    let invalid = (400, "cursor_invalid");
    assert_eq!(bench.crm().get(&format!("{}?cursor={cursor}", path(&second))).await.problem(), invalid);
    assert_eq!(bench.crm().get(&format!("{}?cursor={}x", path(&first), cursor)).await.problem(), invalid);
    assert_eq!(
        bench.crm().get(&format!("{}?cursor={cursor}&from=2026-01-01", path(&first))).await.problem(),
        (400, "request_invalid")
    );
    assert_eq!(bench.bank.journal().len(), before, "the bank was not asked");
    bench.advance(901);
    assert_eq!(bench.crm().get(&format!("{}?cursor={cursor}", path(&first))).await.problem(), invalid);
}

#[tokio::test]
async fn only_proven_presence_makes_a_call_attended() {
    let bench = Bench::start().await;
    let crm = bench.crm();
    let session = crm.connect("oauth").await;
    let path = format!("/v1/sessions/{session}/accounts");
    let attended_of = |index: usize| bench.reached("accounts")[index].psu_present;

    crm.get(&path).await;
    assert!(!attended_of(0), "nobody is there");
    crm.get_with(&path, &[("psu-ip-address", "203.0.113.9"), ("x-forwarded-for", "203.0.113.9")]).await;
    assert!(!attended_of(1), "a header of the CRM's proves nothing");
    let good = crm.presence(&session);
    assert_eq!(crm.get_with(&path, &[("psu-presence", &good)]).await.status, StatusCode::OK);
    assert!(attended_of(2));
    assert_eq!(crm.get_with(&path, &[("psu-presence", &good)]).await.status, StatusCode::OK, "serves several calls");
}

#[tokio::test]
async fn presence_that_is_not_right_is_refused_and_not_downgraded() {
    let bench = Bench::start().await;
    let crm = bench.crm();
    let session = crm.connect("oauth").await;
    let path = format!("/v1/sessions/{session}/accounts");
    let header = || jsonwebtoken::Header {
        kid: Some("key-1".to_owned()),
        ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256)
    };
    let with = |change: &dyn Fn(&mut Value)| {
        let mut claims = crm.presence_claims(&session);
        change(&mut claims);
        crm.sign(&header(), &claims)
    };
    let now = bench.now().as_second();
    let bad = [
        ("another session", crm.presence("AAAAAAAAAAAAAAAAAAAAAA")),
        ("another tenant", bench.other_crm().presence(&session)),
        ("no address", with(&|claims| drop(claims.as_object_mut().unwrap().remove("psu_ip")))),
        ("not an address", with(&|claims| claims["psu_ip"] = json!("localhost"))),
        ("no iat", with(&|claims| drop(claims.as_object_mut().unwrap().remove("iat")))),
        ("too old", with(&|claims| claims["iat"] = json!(now - 301))),
        ("lasts too long", with(&|claims| claims["exp"] = json!(now + 3600))),
        (
            "expired",
            with(&|claims| {
                claims["iat"] = json!(now - 200);
                claims["exp"] = json!(now - 100);
            }),
        ),
        ("access token", crm.token()),
        ("nonsense", "x.y.z".to_owned()),
    ];
    let before = bench.bank.journal().len();
    for (what, token) in bad {
        let answer = crm.get_with(&path, &[("psu-presence", &token)]).await;
        assert_eq!(answer.problem(), (401, "presence_invalid"), "{what}");
    }
    assert_eq!(bench.bank.journal().len(), before, "the bank was not asked");
}

#[tokio::test]
async fn an_account_that_the_session_does_not_have_is_not_asked_for() {
    let bench = Bench::start().await;
    bench.allow_several_consents().await;
    let (crm, other) = (bench.crm(), bench.other_crm());
    let session = crm.connect("oauth").await;
    let foreign = other.connect("oauth").await;
    let foreign_account = other.first_account(&foreign).await;
    let own_account = crm.first_account(&session).await;
    assert_ne!(own_account, foreign_account, "the same account has another name in another session");
    let before = bench.bank.journal().len();
    for account in
        [foreign_account.as_str(), "AAAAAAAAAAAAAAAAAAAAAA", "x", "..%2f..%2fconsents", &own_account.to_uppercase()]
    {
        let answer = crm.get(&format!("/v1/sessions/{session}/accounts/{account}/balances")).await;
        assert_eq!(answer.problem(), (404, "not_found"), "{account}");
    }
    assert_eq!(bench.bank.journal().len(), before);
}

#[tokio::test]
async fn refuses_queries_that_make_no_sense() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let before = bench.bank.journal().len();
    for query in [
        "from=yesterday",
        "from=2026-02-30",
        "from=2026-02-01&to=2026-01-01",
        "status=some",
        "from=2026-01-01&since=e-1",
        "colour=red",
        "from=2026-01-01&from=2026-01-02",
    ] {
        let answer = bench.crm().get(&format!("/v1/sessions/{session}/accounts/{account}/transactions?{query}")).await;
        assert_eq!(answer.problem(), (400, "request_invalid"), "{query}");
    }
    assert_eq!(bench.bank.journal().len(), before);
}

#[tokio::test]
async fn every_call_carries_the_hubs_certificate_and_a_new_id() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    bench.crm().first_account(&session).await;
    let journal = bench.bank.journal();
    let certificates: BTreeSet<_> = journal.iter().map(|entry| entry.certificate_sha256.clone()).collect();
    assert_eq!(certificates.len(), 1);
    let ids: Vec<_> = journal.iter().filter_map(|entry| entry.request_id.clone()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    assert_eq!(
        bench.crm().call(Method::PUT, &format!("/v1/sessions/{session}"), None, &[]).await.problem(),
        (405, "method_not_allowed")
    );
}
