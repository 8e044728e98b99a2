//! Which checks there are, and on what.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reqwest::{Client, redirect};
use shared::{
    adapters::{
        identity_files::{IdentityFiles, LOOK_EVERY},
        jwks_client::JwksClient,
        system::{SystemClock, SystemEntropy},
        web_client::WebLimits,
    },
    config::settings::{KeysSetting, Settings},
    domain::{bank::Bank, purpose::Purpose, secret::Secret32, tenant::Tenant},
    ports::{
        clock::Clock,
        documents::{Collection, Documents},
        entropy::{Entropy, random},
        key_inspection::HubKey,
        seals::Seals,
    },
    wiring::open_seals,
};

use super::{
    DoctorError, FunctionName, Surroundings,
    checks::{banks, clock, crm, egress, files, keys, revisions, setup, signing, store},
    finding::{Finding, What},
    identity_token::{IdentityTokens, MetadataServer},
    kind::Kind,
    parts::{self, Keys, Unopened},
    running::{PATIENCE, Running},
    surroundings::Deployment,
};
use crate::failure::one_line;

/// How long a new revision may take for its first answers.
const STARTING: Duration = Duration::from_secs(25);

/// What to do about mistakes in settings and documents.
pub const SETTINGS: &str = "README.md tells of settings, docs/bank-documents.md of banks' documents, docs/certificates.md of the files they name";

/// What every check may need.
struct Checkup {
    running: Running,
    client: Client,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    meant: Option<FunctionName>,
}

/// Begins every check.
pub async fn begin(surroundings: Surroundings) -> Result<Running, DoctorError> {
    let Surroundings { deployment, targets, meant, address_url, other_addresses, metadata_host } = surroundings;
    let mut checkup = Checkup {
        running: Running::default(),
        client: client()?,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        meant,
    };
    if let Some(Deployment { settings, banks, tenants, mistakes }) = deployment {
        let what = What::all(Kind::Settings);
        if mistakes.is_empty() {
            let found = format!("read; banks: {}, tenants: {}", banks.len(), tenants.len());
            checkup.running.add(what.clone(), Finding::ok(&what, found));
        }
        for mistake in mistakes {
            checkup.running.add(what.clone(), Finding::fail(&what, mistake, SETTINGS));
        }
        checkup.store(&settings);
        checkup.keys(&settings).await;
        checkup.secrets(&settings, &banks).await;
        checkup.clocks(&tenants);
        let expected = [vec![settings.egress_address], other_addresses].concat();
        let client = checkup.client.clone();
        checkup.running.begin(What::all(Kind::Egress), async move {
            egress::check(&client, address_url.as_ref(), &expected).await
        });
        checkup.banks(banks);
        checkup.tenants(tenants);
    } else {
        let what = What::all(Kind::Settings);
        checkup.running.add(what.clone(), Finding::skip(&what, "no settings here: only revisions are tried"));
    }
    checkup.revisions(targets, metadata_host);
    Ok(checkup.running)
}

/// For the open web: no proxy, no redirects.
fn client() -> Result<Client, reqwest::Error> {
    let builder = Client::builder().connect_timeout(Duration::from_secs(3)).timeout(Duration::from_secs(4));
    builder.redirect(redirect::Policy::none()).no_proxy().build()
}

impl Checkup {
    fn store(&mut self, settings: &Settings) {
        let setting = &settings.store;
        let counters = parts::counters(setting);
        match parts::store(setting, &self.entropy) {
            Ok(documents) => {
                self.round_trips(&documents, counters.is_some());
                let database = parts::database(setting);
                self.queries(&documents, database);
            }
            Err(why) => self.unopened(What::all(Kind::Store), &why, "HUB_STORE"),
        }
        match parts::setup(setting) {
            Ok(store) => {
                let has_counters = counters.is_some();
                for database in setup::DATABASES {
                    let (what, store) = (What::one(Kind::IndexState, setup::name(database)), Arc::clone(&store));
                    self.running.begin_several(what, PATIENCE, async move {
                        setup::check(&*store, database, has_counters).await
                    });
                }
            }
            Err(why) => {
                for kind in [Kind::IndexState, Kind::Ttl] {
                    let what = What::all(kind);
                    self.running.add(what.clone(), Finding::skip(&what, &why));
                }
            }
        }
    }

    fn round_trips(&mut self, documents: &Arc<dyn Documents>, has_counters: bool) {
        let second = has_counters.then_some(Collection::CounterProbes);
        for collection in [Some(Collection::Probes), second].into_iter().flatten() {
            let (documents, clock) = (Arc::clone(documents), Arc::clone(&self.clock));
            let id = random::<16>(&*self.entropy).map(|bytes| format!("doctor-{:032x}", u128::from_be_bytes(bytes)));
            self.running.begin_several(What::all(Kind::Store), PATIENCE, async move {
                match id {
                    Ok(id) => store::round_trip(&*documents, &*clock, collection, &id).await,
                    Err(error) => vec![Finding::fail(&What::all(Kind::Store), error, "see to the system's randomness")],
                }
            });
        }
    }

    fn queries(&mut self, documents: &Arc<dyn Documents>, database: &str) {
        for (what, query) in store::queries() {
            let (documents, named, database) = (Arc::clone(documents), what.clone(), database.to_owned());
            self.running.begin(named, async move { store::query(&*documents, &what, &query, &database).await });
        }
    }

    async fn keys(&mut self, settings: &Settings) {
        match parts::keys(&settings.keys, &self.entropy).await {
            Ok(opened) => {
                for purpose in Purpose::ALL {
                    self.key(&opened, purpose);
                }
                // Keys in a file know no rights.
                let expected = opened.inspection.as_ref().and(self.meant).map(FunctionName::signing);
                let signer = Arc::clone(&opened.signer);
                let what = What::one(Kind::Keys, HubKey::Signing.name());
                self.running.begin(what, async move { signing::check(&*signer, expected).await });
                self.key_states(&opened);
            }
            Err(why) => self.unopened(What::all(Kind::Keys), &why, "HUB_KMS"),
        }
    }

    fn key(&mut self, opened: &Keys, purpose: Purpose) {
        let Keys { wrap, inspection, .. } = opened.clone();
        let expected = inspection.as_ref().and(self.meant).map(|function| function.rights(purpose));
        let probe = random::<32>(&*self.entropy).map(|bytes| Secret32::new(Box::new(bytes)));
        let what = What::one(Kind::Keys, purpose);
        self.running.begin(what.clone(), async move {
            match probe {
                Ok(probe) => keys::check(&*wrap, inspection.as_deref(), purpose, expected, &probe).await,
                Err(error) => Finding::fail(&what, error, "see to the system's randomness"),
            }
        });
    }

    fn key_states(&mut self, opened: &Keys) {
        let Some(inspection) = &opened.inspection else {
            let what = What::all(Kind::KeyState);
            return self.running.add(what.clone(), Finding::skip(&what, "keys in a file only are or are not"));
        };
        for key in HubKey::ALL {
            let inspection = Arc::clone(inspection);
            let what = What::one(Kind::KeyState, key.name());
            self.running.begin(what, async move { keys::standing(&*inspection, key).await });
        }
    }

    async fn secrets(&mut self, settings: &Settings, banks: &[Bank]) {
        let what = What::all(Kind::PseudonymKey);
        let found = match &settings.keys {
            KeysSetting::CloudKms(setting) => files::pseudonym_key(&setting.pseudonym_key),
            KeysSetting::File(_) => Finding::skip(&what, "it is in the file of HUB_KMS"),
        };
        self.running.add(what, found);
        let now = self.clock.now();
        for bank in banks {
            self.running.add(What::one(Kind::Identity, &bank.id), files::identity(bank, now));
        }
        let files = Arc::new(IdentityFiles::new(Arc::clone(&self.clock), LOOK_EVERY));
        let seals = open_seals(settings, banks, files, Arc::clone(&self.clock)).await;
        let seals = seals.map(|seals| Arc::new(seals) as Arc<dyn Seals>).map_err(|error| one_line(&error));
        for bank in banks.iter().filter(|bank| bank.seal.is_some()) {
            let (what, seals, bank) = (What::one(Kind::Seal, &bank.id), seals.clone(), bank.clone());
            if self.meant.is_some_and(|function| !function.calls_banks()) {
                self.running.add(what.clone(), no_banks(&what));
                continue;
            }
            self.running.begin(what.clone(), async move {
                match seals {
                    Ok(seals) => files::seal(&*seals, &bank, now).await,
                    Err(why) => Finding::fail(&what, why, "see to HUB_KMS; docs/certificates.md"),
                }
            });
        }
    }

    /// Compares with the clocks of issuers' hosts, each once.
    fn clocks(&mut self, tenants: &[Tenant]) {
        if self.meant.is_some_and(|function| !function.reaches_crm()) {
            return;
        }
        let hosts: BTreeMap<_, _> =
            tenants.iter().map(|tenant| (tenant.jwks_url.host_str(), &tenant.jwks_url)).collect();
        for (host, url) in hosts {
            let (client, clock, url) = (self.client.clone(), Arc::clone(&self.clock), url.clone());
            let what = What::one(Kind::Clock, host.unwrap_or_default());
            self.running.begin(what, async move { clock::ask(&client, &*clock, &url).await });
        }
    }

    fn banks(&mut self, banks: Vec<Bank>) {
        let banks: Vec<_> = banks.into_iter().map(Arc::new).collect();
        if self.meant.is_some_and(|function| !function.calls_banks()) {
            for kind in [Kind::Dns, Kind::Tls, Kind::Metadata] {
                let what = What::all(kind);
                self.running.add(what.clone(), no_banks(&what));
            }
            return;
        }
        let each_host = |kind| {
            banks.iter().flat_map(move |bank| {
                let hosts = banks::hosts(bank);
                let is_alone = hosts.len() == 1;
                let what = move |url: &_| What::one(kind, banks::subject(bank, url, is_alone));
                hosts.into_iter().map(move |url| (what(&url), Arc::clone(bank), url))
            })
        };
        for (what, _, url) in each_host(Kind::Dns) {
            self.running.begin(what.clone(), async move { banks::resolves(&what, &url).await });
        }
        let now = self.clock.now();
        for (what, bank, url) in each_host(Kind::Tls) {
            self.running.begin(what.clone(), async move { banks::meets(&what, &bank, &url, now).await });
        }
        for bank in &banks {
            let (what, bank) = (What::one(Kind::Metadata, &bank.id), Arc::clone(bank));
            let found = async move { banks::metadata(&bank).await.into_iter().collect() };
            self.running.begin_several(what, PATIENCE, found);
        }
    }

    fn tenants(&mut self, tenants: Vec<Tenant>) {
        if self.meant.is_some_and(|function| !function.reaches_crm()) {
            for kind in [Kind::Jwks, Kind::Webhook] {
                let what = What::all(kind);
                self.running.add(what.clone(), Finding::skip(&what, "this function reaches no CRM"));
            }
            return;
        }
        let webhooks = tenants.iter().filter_map(|tenant| Some((tenant.id.clone(), tenant.webhook.clone()?.url)));
        let webhooks: Vec<_> = webhooks.collect();
        let key_sets = JwksClient::new(Arc::clone(&self.clock), WebLimits::default()).map(Arc::new);
        let key_sets = key_sets.map_err(|error| one_line(&error));
        for tenant in tenants {
            let (what, key_sets) = (What::one(Kind::Jwks, &tenant.id), key_sets.clone());
            self.running.begin(what.clone(), async move {
                match key_sets {
                    Ok(key_sets) => crm::issuer(&*key_sets, &tenant).await,
                    Err(why) => Finding::fail(&what, why, "see to the system's CA roots"),
                }
            });
        }
        for (tenant, url) in webhooks {
            let what = What::one(Kind::Webhook, tenant);
            self.running.begin(what.clone(), async move { banks::resolves(&what, &url).await });
        }
    }

    fn revisions(&mut self, targets: Vec<revisions::Target>, metadata_host: Option<String>) {
        let tokens: Arc<dyn IdentityTokens> = Arc::new(MetadataServer::new(self.client.clone(), metadata_host));
        for target in targets {
            let (client, tokens) = (self.client.clone(), Arc::clone(&tokens));
            let check = async move { vec![revisions::check(&client, &*tokens, &target).await] };
            self.running.begin_several(What::all(Kind::Revision), STARTING, check);
        }
    }

    fn unopened(&mut self, what: What, why: &Unopened, setting: &str) {
        let found = Finding::fail(&what, why, format!("see to {setting}; README.md tells what it may be"));
        self.running.add(what, found);
    }
}

fn no_banks(what: &What) -> Finding {
    Finding::skip(what, "this function calls no bank")
}
