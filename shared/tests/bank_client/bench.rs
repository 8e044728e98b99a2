//! The bench of the suite: every bank has an authority, a server and an identity of ours of its own.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use shared::{
    adapters::{
        bank_client::{BankClient, PoolSettings},
        identity_files::IdentityFiles,
        system::SystemClock,
    },
    domain::{
        bank::{Addresses, Bank, TlsProfile},
        ids::BankId,
        secret::SecretString,
    },
    ports::bank_http::BankHttp,
    testing::{
        bank_http::{Bench, Credential, Journal, Manners, ServerCertificate, Standing, TestBank},
        samples,
    },
};
use tempfile::TempDir;

use crate::{
    pki::{Authority, Minted, OVER, SOUND, TO_COME, UNCOMMON, Wish},
    server,
};

/// Banks on this machine.
pub struct LocalBench {
    started: AtomicUsize,
    folder: TempDir,
}

impl LocalBench {
    pub fn new() -> Self {
        Self { started: AtomicUsize::new(0), folder: TempDir::new().unwrap() }
    }
}

/// A client that looks at identities' files before every call.
pub fn client() -> BankClient {
    client_with(PoolSettings::default())
}

pub fn client_with(pool: PoolSettings) -> BankClient {
    let clock = Arc::new(SystemClock);
    BankClient::new(pool, Arc::new(IdentityFiles::new(clock.clone(), Duration::ZERO)), clock)
}

#[async_trait]
impl Bench for LocalBench {
    fn client(&self) -> Arc<dyn BankHttp> {
        Arc::new(client())
    }

    async fn start(&self, manners: Manners) -> TestBank {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let (authority, journal) = (Authority::named("Test QTSP"), Arc::new(Journal::default()));
        let certificate = server_certificate(&authority, manners.certificate);
        let identity = client_identity(&authority, manners.standing);
        let port = server::start(&manners, &authority, &certificate, journal.clone()).await;
        let file = self.folder.path().join(format!("{number}.pem"));
        let bank = document(&format!("bank-{number}"), port, &file, &identity.pem(), &authority);
        TestBank { bank, identity: identity.der().to_vec(), renewed: credential(&authority.mint(SOUND)), journal }
    }
}

pub fn credential(minted: &Minted) -> Credential {
    Credential { text: SecretString::from(minted.pem()), certificate: minted.der().to_vec() }
}

fn server_certificate(authority: &Authority, certificate: ServerCertificate) -> Minted {
    match certificate {
        ServerCertificate::Sound => authority.mint(SOUND),
        ServerCertificate::OfOtherAuthority => Authority::named("Test QTSP").mint(SOUND),
        ServerCertificate::Expired => authority.mint(Wish { years: OVER, ..SOUND }),
        ServerCertificate::ForOtherHost => authority.mint(Wish { host: "bank.test", ..SOUND }),
    }
}

fn client_identity(authority: &Authority, standing: Standing) -> Minted {
    match standing {
        Standing::Known => authority.mint(SOUND),
        Standing::Stranger => Authority::named("Unheard-of QTSP").mint(SOUND),
        Standing::Expired => authority.mint(Wish { years: OVER, ..SOUND }),
        Standing::NotYetValid => authority.mint(Wish { years: TO_COME, ..SOUND }),
        Standing::NotPresentable => authority.mint(Wish { algorithm: UNCOMMON, ..SOUND }),
    }
}

/// The hub's document of a bank on this machine; the identity is laid into that file.
pub fn document(id: &str, port: u16, file: &Path, identity: &str, authority: &Authority) -> Bank {
    fs::write(file, identity).unwrap();
    Bank {
        id: BankId::parse(id).unwrap(),
        name: "Test Bank".to_owned(),
        addresses: Addresses {
            api: format!("https://127.0.0.1:{port}/psd2").parse().unwrap(),
            api_origins: [].into(),
            web_origins: [].into(),
        },
        tls: TlsProfile { identity_file: file.to_owned(), trust_anchors: authority.pem(), ..samples::tls() },
        ..samples::bank()
    }
}
