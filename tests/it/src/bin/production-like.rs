//! The whole hub on this machine as production runs it: three processes of each function behind a front, on the
//! Firestore emulator and a stand-in of Cloud KMS, with the sandbox bank beside it. Prints how each process is started
//! and a token to call the hub with, and runs until ctrl-c.

use std::{collections::BTreeMap, env, error::Error, fs, net::Ipv4Addr};

use base64::{Engine, engine::general_purpose::STANDARD};
use it::{
    bench::{
        issuer::{self, Issuers},
        write_bank_documents,
    },
    fleet::{Fleet, Function, Plan, Program, Size},
};
use kms_stand_in::KmsStandIn;
use sandbox_bank::Rotation;
use serde_json::json;
use shared::{
    adapters::system::{SystemClock, SystemEntropy},
    ports::{clock::Clock, entropy::random},
    testing::firestore_emulator::FirestoreEmulator,
};
use tokio::net::TcpListener;

/// Processes of each function.
const INSTANCES: usize = 3;

/// Where the front is, if no argument names another port.
const PORT: u16 = 8080;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().nth(1).map_or(Ok(PORT), |port| port.parse())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let folder = tempfile::tempdir()?;
    let emulator = FirestoreEmulator::shared().host();
    let kms = KmsStandIn::start().await?;
    let bank = sandbox_bank::start(sandbox_bank::Settings::default()).await?;
    let issuers = Issuers::start().await;
    write_bank_documents(folder.path(), &bank, Rotation::Grace, "");
    issuers.write_documents(&folder.path().join("tenants"));
    let pseudonym_key = folder.path().join("pseudonym-key");
    fs::write(&pseudonym_key, STANDARD.encode(random::<32>(&SystemEntropy)?))?;

    let at = |name: &str| folder.path().join(name).display().to_string();
    let settings = vec![
        ("HUB_LISTEN", Ipv4Addr::LOCALHOST.to_string()),
        ("HUB_PUBLIC_URL", url.clone()),
        ("HUB_STORE", "firestore://production-like/(default)".to_owned()),
        ("FIRESTORE_EMULATOR_HOST", emulator.to_owned()),
        ("HUB_KMS", format!("kms:{}", kms.key_ring())),
        ("HUB_KMS_ENDPOINT", kms.url()),
        ("HUB_PSEUDONYMS", format!("file:{}", pseudonym_key.display())),
        ("HUB_BANKS", at("banks")),
        ("HUB_TENANTS", at("tenants")),
        ("HUB_EGRESS_ADDRESS", "127.0.0.1".to_owned()),
    ];
    println!("Firestore  {emulator} (emulator)");
    println!("Cloud KMS  {} (stand-in)", kms.url());
    println!("Bank       {} (sandbox; journal and faults at {})\n", bank.api_url(), bank.control_url());
    for (name, value) in &settings {
        println!("export {name}='{value}'");
    }
    let size = Size::of_each(INSTANCES);
    let plan =
        Plan { program: Program::Function, size, folder: folder.path().to_owned(), settings, own: BTreeMap::new() };
    let fleet = Fleet::start(plan, listener, SystemClock.now()).await;
    for function in Function::ALL {
        for process in fleet.of(function) {
            println!("PORT={} target/debug/{} &", fleet.address(process).port(), function.name());
        }
    }
    println!("\nHub        {url}, in front of them all\n");
    println!("TOKEN={}", token(&issuers, &url));
    println!("curl -H \"Authorization: Bearer $TOKEN\" {url}/v1/banks");
    tokio::signal::ctrl_c().await?;
    Ok(())
}

/// A token of the CRM `acme`, good for a working day.
fn token(issuers: &Issuers, url: &str) -> String {
    let now = SystemClock.now().as_second();
    let claims = json!({
        "iss": issuers.issuer("acme"),
        "aud": url,
        "iat": now,
        "exp": now + 8 * 3600,
        "scope": it::bench::crm::SCOPES,
    });
    issuers.sign("acme", &issuer::header(), &claims)
}
