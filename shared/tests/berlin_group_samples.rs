//! The Berlin Group's own samples, read as a bank's answers.
//!
//! They are not part of this repository. `SPECS_DIR` names a folder with `berlin-group/samples/*.json`, the examples of
//! the public interface file 1.3.11, one per file; without it there is nothing to check, and the tests say so.

#![expect(clippy::unwrap_used, reason = "a test reports by panicking")]

use std::{fmt::Write, net::Ipv4Addr, path::PathBuf};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use shared::{
    domain::{
        account::{AccountKind, BankAccount, Transaction, TransactionDetails, TransactionId},
        bank::{Addresses, Bank, ConsentKind, WebOrigin},
        consent::AccessWanted,
        ids::AccountId,
        presence::{PsuAtBank, PsuContext},
        secret::ExposeSecret,
        transaction::{Seen, name},
    },
    ports::bank_http::BankResponse,
    protocol::berlin_group::{
        accounts,
        approach::Approach,
        balances,
        consents::{self, ConsentOrder},
        errors::AnswerError,
        references::KnownAccount,
        transactions,
    },
    testing::samples,
};
use url::Url;
use uuid::Uuid;

const ACCOUNT: KnownAccount<'static> = KnownAccount::nameless("3dc3d5b3-7023-4848-9853-f5400a64e80f");

/// The sample of that name; `None`, with a word on why, where there are no samples.
fn sample(name: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("SPECS_DIR") else {
        eprintln!("SPECS_DIR is not set: the official samples are not checked");
        return None;
    };
    let path = PathBuf::from(folder).join("berlin-group/samples").join(name).with_extension("json");
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

fn answer(status: u16, body: &Value) -> BankResponse {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    BankResponse { status: StatusCode::from_u16(status).unwrap(), headers, body: Bytes::from(body.to_string()) }
}

/// The bank of the samples.
fn bank() -> Bank {
    let pages = Url::parse("https://www.testbank.com/").unwrap();
    let api = Url::parse("https://api.testbank.com/psd2").unwrap();
    let web_origins = WebOrigin::of(&pages).into_iter().collect();
    Bank { addresses: Addresses { api, web_origins, api_origins: [].into() }, ..samples::bank() }
}

fn listed(body: &Value) -> String {
    let accounts = accounts::read_answer(&bank(), AccountKind::Payment, Uuid::nil(), &answer(200, body)).unwrap();
    accounts.iter().fold(String::new(), |mut lines, BankAccount { resource_id, details, .. }| {
        let name = details.name.as_deref().unwrap_or("-");
        let owner = details.owner_name.as_deref().unwrap_or("-");
        let ending = resource_id.get(32..).unwrap_or_default();
        let number = &details.identification.first().unwrap().value;
        writeln!(lines, "{ending} {number} {} | {name} | {owner}", details.currency).unwrap();
        lines
    })
}

fn balances_of(name: &str) -> Option<String> {
    let balances = balances::read_answer(&bank(), ACCOUNT, Uuid::nil(), &answer(200, &sample(name)?)).unwrap();
    Some(balances.iter().fold(String::new(), |mut lines, balance| {
        let limit = balance.credit_limit_included.map_or("", |_| " with credit line");
        let day = balance.reference_date.map(|day| format!(" of {day}")).unwrap_or_default();
        let change = balance.last_change.map(|change| format!(" at {change}")).unwrap_or_default();
        let (kind, amount, currency, side) = (&balance.kind, balance.amount, &balance.currency, balance.credit_debit);
        writeln!(lines, "{kind} {amount} {currency} {side:?}{limit}{day}{change}").unwrap();
        lines
    }))
}

fn moved(body: &Value) -> Result<String, AnswerError> {
    let asked =
        Url::parse("https://api.testbank.com/psd2/v1/accounts/3dc3d5b3-7023-4848-9853-f5400a64e80f/transactions");
    let page = transactions::read_answer(&bank(), ACCOUNT, &asked.unwrap(), Uuid::nil(), &answer(200, body))?;
    assert!(page.next.is_none());
    Ok(page.transactions.iter().map(|one| transaction_line(&one.details)).collect())
}

fn transaction_line(one: &TransactionDetails) -> String {
    let id = one.bank_id.as_deref().unwrap_or("-");
    let sure = if one.direction_inferred { "?" } else { "" };
    let name = one.counterparty.name.as_deref().unwrap_or("-");
    let booked = one.booking_date.map_or_else(|| "-".to_owned(), |day| day.to_string());
    let (status, amount, currency, direction) = (one.status, one.amount, &one.currency, one.credit_debit);
    format!(
        "{id} {status:?} {direction:?}{sure} {amount} {currency} {booked} {name}, {:?}\n",
        one.remittance_unstructured
    )
}

/// What became of a consent that was asked for.
fn created(name: &str) -> Option<String> {
    created_at(&bank(), name)
}

fn created_at(bank: &Bank, name: &str) -> Option<String> {
    let judged = consents::created(bank, Uuid::nil(), &answer(201, &sample(name)?));
    Some(match judged {
        Ok(consent) => {
            let way = match consent.offer.approach {
                Approach::OAuth { link } => format!("OAuth by {}", link.unwrap()),
                Approach::Redirect { location } => format!("redirect to {location}"),
                Approach::Decoupled => "on another device".to_owned(),
                Approach::Start => "by a start of its own".to_owned(),
            };
            format!("{} {:?}: {way}", consent.consent_id.expose_secret(), consent.status)
        }
        Err(AnswerError::ApproachNotSupported(why)) => format!("not supported: {why}"),
        Err(error) => error.to_string(),
    })
}

/// A sample of a consent request lacks only the status that would make it an answer.
fn terms(name: &str) -> Option<String> {
    let mut body = sample(name)?;
    body.as_object_mut().unwrap().entry("consentStatus").or_insert(json!("received"));
    let terms = consents::read_answer(&bank(), Uuid::nil(), &answer(200, &body)).unwrap();
    let end = terms.valid_until.unwrap();
    Some(format!("{:?} until {end}, {} a day, recurring {}", terms.status, terms.frequency_per_day, terms.recurring))
}

#[test]
fn reads_the_samples_of_account_lists() {
    let Some(one) = sample("accountListExample1") else { return };
    insta::assert_snapshot!(listed(&one), @r"
    e80f DE2310010010123456789 EUR | Main Account | -
    e81e DE2310010010123456788 USD | US Dollar Account | -
    ");
    insta::assert_snapshot!(listed(&sample("accountListExample2").unwrap()), @r"
    e80f DE2310010010123456788 EUR | Main Account | -
    e81e DE2310010010123456788 USD | US Dollar Account | -
    ");
    insta::assert_snapshot!(listed(&sample("accountListExample3").unwrap()), @r"
    e80f DE2310010010123456788 XXX | Aggregation Account | -
    e80e DE2310010010123456788 EUR | Main Account | -
    e81d DE2310010010123456788 USD | US Dollar Account | -
    ");
}

#[test]
fn reads_the_samples_of_single_accounts() {
    let alone = |name: &str| {
        let details = sample(name)?;
        let found = accounts::read_one_answer(&bank(), ACCOUNT, Uuid::nil(), &answer(200, &details)).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(found.raw.as_bytes()).unwrap(), details["account"]);
        Some(listed(&json!({"accounts": [details["account"]]})))
    };
    let Some(regular) = alone("accountDetailsRegularAccount") else { return };
    insta::assert_snapshot!(regular, @"e80f FR7612345987650123456789014 EUR | Main Account | Heike Mustermann");
    let several = alone("accountDetailsMulticurrencyAccount").unwrap();
    insta::assert_snapshot!(several, @"e80f FR7612345987650123456789014 XXX | Aggregation Account | Heike Mustermann");
}

#[test]
fn reads_the_samples_of_balances() {
    let Some(regular) = balances_of("balancesExample1_RegularAccount") else { return };
    insta::assert_snapshot!(regular, @r"
    CLBD 500.00 EUR Credit of 2017-10-25
    XPCD 900.00 EUR Credit at 2017-10-25T15:30:35.035Z
    ");
    insta::assert_snapshot!(balances_of("balancesExample2_MulticurrencyAcount").unwrap(), @r"
    CLBD 500.00 EUR Credit of 2017-10-25
    XPCD 900.00 EUR Credit at 2017-10-25T15:30:35.035Z
    CLBD 350.00 USD Credit of 2017-10-25
    XPCD 350.00 USD Credit at 2017-10-24T14:30:21Z
    ");
    insta::assert_snapshot!(balances_of("balancesExample3_RegularAccount").unwrap(), @r"
    ITBD 1000.00 EUR Credit
    ITAV 300.00 EUR Credit
    ITAV 5300.00 EUR Credit with credit line
    ");
}

#[test]
fn reads_the_samples_of_transactions() {
    let Some(regular) = sample("transactionsExample1_RegularAccount_json") else { return };
    insta::assert_snapshot!(moved(&regular).unwrap(), @r#"
    1234567 Booked Debit 256.67 EUR 2017-10-25 John Miles, ["Example 1"]
    1234568 Booked Credit 343.01 EUR 2017-10-25 Paul Simpson, ["Example 2"]
    1234569 Pending Debit 100.03 EUR - Claude Renault, ["Example 3"]
    "#);
    let several = sample("transactionsExample3_MulticurrencyAccount_json").unwrap();
    insta::assert_snapshot!(moved(&several).unwrap(), @r#"
    1234567 Booked Debit 256.67 EUR 2017-10-25 John Miles, ["Example 1"]
    1234568 Booked Credit 343.01 EUR 2017-10-25 Paul Simpson, ["Example 2"]
    1234569 Booked Credit 100 USD 2017-10-25 Pepe Martin, ["Example 3"]
    1234570 Pending Debit 100.03 EUR - Claude Renault, ["Example 4"]
    "#);
    let details = sample("transactionDetailsExample").unwrap();
    let single = json!({"transactions": {"booked": [details["transactionsDetails"]]}});
    let one = transactions::read_one_answer(&bank(), ACCOUNT, "1234567", Uuid::nil(), &answer(200, &details)).unwrap();
    assert_eq!(one.details.mandate_id.as_deref(), Some("Mandate-2018-04-20-1234"));
    assert_eq!(moved(&single).unwrap(), transaction_line(&one.details));
    insta::assert_snapshot!(moved(&single).unwrap(), @r#"1234567 Booked Debit 256.67 EUR 2017-10-25 John Miles, ["Example 1"]"#);
}

#[test]
fn a_sample_that_offers_a_download_holds_no_transactions() {
    let Some(download) = sample("transactionsExample2_Download_json") else { return };
    assert!(matches!(moved(&download), Err(AnswerError::DownloadOnly)));
}

#[test]
fn recognises_the_approach_of_every_sample() {
    let Some(redirect) = created("consentResponseExample1a_Redirect") else { return };
    let oauth = Bank { oauth: Some(samples::oauth("https://www.testbank.com/oauth")), ..bank() };
    insta::assert_snapshot!(redirect, @"1234-wertiq-983 Received: redirect to https://www.testbank.com/authentication/1234-wertiq-983");
    insta::assert_snapshot!(created("consentResponseExample1b_Redirect").unwrap(), @"1234-wertiq-983 Received: by a start of its own");
    insta::assert_snapshot!(created_at(&oauth, "consentResponseExample2_OAuth2").unwrap(), @"1234-wertiq-983 Received: OAuth by https://www.testbank.com/oauth/.well-known/oauth-authorization-server");
    insta::assert_snapshot!(created("consentResponseExample3_Decoupled").unwrap(), @"1234-wertiq-983 Received: by a start of its own");
    insta::assert_snapshot!(created("consentResponseExample4_Embedded").unwrap(), @"the bank offers embedded authentication only");
}

#[test]
fn reads_the_samples_of_consents() {
    let Some(information) = terms("consentsInformationResponseExample") else { return };
    insta::assert_snapshot!(information, @"Valid until 2017-11-01, 4 a day, recurring true");
    insta::assert_snapshot!(terms("consentsExample_AccountList").unwrap(), @"Received until 2017-08-06, 1 a day, recurring false");
    insta::assert_snapshot!(terms("consentsExample_DedicatedAccounts").unwrap(), @"Received until 2017-11-01, 4 a day, recurring true");
    insta::assert_snapshot!(terms("consentsExample_without_Accounts").unwrap(), @"Received until 2017-11-01, 4 a day, recurring true");
    let status = answer(200, &sample("consentStatusResponseExample1").unwrap());
    assert!(consents::status_answer(&bank(), Uuid::nil(), &status).unwrap().is_usable());
}

/// The sample asks without `accounts`, which later versions ask for in the same way.
#[test]
fn asks_for_bank_offered_access_as_the_sample_does() {
    let Some(expected) = sample("consentsExample_without_Accounts") else { return };
    let callback = Url::parse("https://hub.example/callback").unwrap();
    let order = ConsentOrder {
        access: &AccessWanted { kind: ConsentKind::BankOffered, accounts: Vec::new(), recurring: true },
        valid_until: jiff::civil::date(2017, 11, 1),
        frequency_per_day: 4,
        redirect_uri: &callback,
        psu: &PsuContext::at(Ipv4Addr::LOCALHOST.into()),
        psu_at_bank: &PsuAtBank::default(),
    };
    let request = consents::create(&bank(), &order, Uuid::nil(), None).unwrap();
    let body: Value = serde_json::from_slice(&request.body.unwrap()).unwrap();
    assert_eq!(request.method, Method::POST);
    for name in ["validUntil", "frequencyPerDay"] {
        assert_eq!(body[name], expected[name]);
    }
    assert_eq!(body["recurringIndicator"].to_string(), expected["recurringIndicator"].as_str().unwrap());
    for (kind, wanted) in expected["access"].as_object().unwrap() {
        assert_eq!(&body["access"][kind], wanted, "{kind}");
    }
}

/// The hub's names of samples, which must not change: CRMs keep them.
#[test]
fn names_the_transactions_of_the_samples_as_ever() {
    let Some(regular) = sample("transactionsExample1_RegularAccount_json") else { return };
    let asked = "https://api.testbank.com/psd2/v1/accounts/3dc3d5b3-7023-4848-9853-f5400a64e80f/transactions";
    let response = answer(200, &regular);
    let page = transactions::read_answer(&bank(), ACCOUNT, &asked.parse().unwrap(), Uuid::nil(), &response).unwrap();
    let account = AccountId::from_hash([1; 16]);
    let (named, _) = name(&account, &bank().data.ids, page.transactions, &Seen::default());
    let shown = |one: &Transaction| {
        let link = one.link_id.as_ref().map_or("-", TransactionId::as_str);
        format!("{} {link}\n", one.transaction_id.as_str())
    };
    insta::assert_snapshot!(named.iter().map(shown).collect::<String>(), @r"
    0G4IJtAekAhzZohl00pleg qlvKrRJUEpn9T1sGyMtCWw
    i1CPbjZDEsPctluqkRk2tA DgYxbEs4vVYtkDyJBeWx2A
    6RUgl6MHQ8dQXPhBHM3w9Q Gyl-CyaoVuF1Akf9Fj8kLA
    ");
}
