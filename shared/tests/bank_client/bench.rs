//! The bench of the suite: every bank has an authority, a server and an identity of ours of its own.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use shared::{
    adapters::bank_client::{BankClient, PoolSettings},
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

use crate::{
    pki::{Authority, Minted, SOUND, UNCOMMON, Wish},
    server,
};

/// Banks on this machine.
pub struct LocalBench {
    started: AtomicUsize,
}

impl LocalBench {
    pub const fn new() -> Self {
        Self { started: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl Bench for LocalBench {
    fn client(&self) -> Arc<dyn BankHttp> {
        Arc::new(BankClient::new(PoolSettings::default()))
    }

    async fn start(&self, manners: Manners) -> TestBank {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let (authority, journal) = (Authority::named("Test QTSP"), Arc::new(Journal::default()));
        let certificate = server_certificate(&authority, manners.certificate);
        let identity = client_identity(&authority, manners.standing);
        let port = server::start(&manners, &authority, &certificate, journal.clone()).await;
        let bank = document(&format!("bank-{number}"), port, &identity, &authority);
        TestBank { bank, identity: identity.der().to_vec(), renewed: credential(&authority.mint(SOUND)), journal }
    }
}

fn credential(minted: &Minted) -> Credential {
    Credential { text: SecretString::from(minted.pem()), certificate: minted.der().to_vec() }
}

fn server_certificate(authority: &Authority, certificate: ServerCertificate) -> Minted {
    match certificate {
        ServerCertificate::Sound => authority.mint(SOUND),
        ServerCertificate::OfOtherAuthority => Authority::named("Test QTSP").mint(SOUND),
        ServerCertificate::Expired => authority.mint(Wish { expired: true, ..SOUND }),
        ServerCertificate::ForOtherHost => authority.mint(Wish { host: "bank.test", ..SOUND }),
    }
}

fn client_identity(authority: &Authority, standing: Standing) -> Minted {
    match standing {
        Standing::Known => authority.mint(SOUND),
        Standing::Stranger => Authority::named("Unheard-of QTSP").mint(SOUND),
        Standing::Expired => authority.mint(Wish { expired: true, ..SOUND }),
        Standing::NotPresentable => authority.mint(Wish { algorithm: UNCOMMON, ..SOUND }),
    }
}

/// The hub's document of a bank on this machine.
pub fn document(id: &str, port: u16, identity: &Minted, authority: &Authority) -> Bank {
    Bank {
        id: BankId::parse(id).unwrap(),
        name: "Test Bank".to_owned(),
        addresses: Addresses {
            api: format!("https://127.0.0.1:{port}/psd2").parse().unwrap(),
            api_origins: [].into(),
            web_origins: [].into(),
        },
        tls: TlsProfile {
            identity: SecretString::from(identity.pem()),
            trust_anchors: authority.pem(),
            ..samples::tls()
        },
        ..samples::bank()
    }
}
