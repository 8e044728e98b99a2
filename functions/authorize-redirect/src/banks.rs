//! Which banks there are.

use axum::{
    Json,
    extract::{Path, State},
};
use jiff::Timestamp;
use serde::Serialize;
use shared::{
    domain::{
        bank::{Assurance, Bank, ConsentKind, PsuHeader, PsuIdRule},
        circuit::Circuits,
        ids::BankId,
    },
    http::{
        app::App,
        problem::{Code, Problem},
    },
};
use utoipa::ToSchema;

/// The banks.
#[derive(Debug, Serialize, ToSchema)]
pub struct BankList {
    banks: Vec<BankView>,
}

/// A bank, as the CRM may show it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Bank)]
pub struct BankView {
    id: String,
    name: String,
    /// ISO 3166-1 alpha-2.
    country: String,
    /// ISO 9362.
    #[serde(skip_serializing_if = "Option::is_none")]
    bic: Option<String>,
    dialect: &'static str,
    version: &'static str,
    /// A picture of the bank's.
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<String>,
    /// How well the hub knows the bank.
    assurance: Assurance,
    /// What a consent may open; the first is asked for if none is named.
    consent_kinds: Vec<ConsentKind>,
    /// Whether a consent for one use can be had.
    one_off_consents: bool,
    /// Days that a consent lasts at most.
    consent_days: u16,
    /// Whether the bank wants to know how the PSU is called there (`psu_at_bank.id`).
    psu_id: PsuIdRule,
    /// The kinds of such names; the first is told if none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    psu_id_types: Vec<String>,
    /// Whether the bank wants to know how the PSU's company is called there.
    psu_corporate_id: PsuIdRule,
    /// What a presence token must tell of the PSU's request; all of it or the bank refuses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    presence_wants: Vec<PsuHeader>,
    /// Whether the bank answers while the PSU is not there.
    background: bool,
    /// Kinds of calls that the hub holds back because the bank fails, or has just held back. Only of one bank by itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    health: Vec<Ailment>,
}

/// A kind of calls that the bank fails at.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ailment {
    /// Which kind of calls.
    operation: &'static str,
    /// `open`: none leaves. `probing`: none leaves, and the hub looks how the bank is. `trial`: the next one shows.
    state: &'static str,
    /// When it is worth trying.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<Timestamp>,
}

fn health(circuits: &Circuits) -> Vec<Ailment> {
    let ailing = circuits.operations.iter().filter_map(|(operation, circuit)| {
        let (state, retry_at) = circuit.standing()?;
        Some(Ailment { operation: operation.name(), state, retry_at })
    });
    ailing.collect()
}

impl From<&Bank> for BankView {
    fn from(bank: &Bank) -> Self {
        let (dialect, version) = bank.dialect.name_and_version();
        Self {
            id: bank.id.to_string(),
            name: bank.name.clone(),
            country: bank.country.clone(),
            bic: bank.bic.clone(),
            dialect,
            version,
            logo: bank.facts.logo.as_ref().map(ToString::to_string),
            assurance: bank.facts.assurance,
            consent_kinds: bank.consent.kinds.clone(),
            one_off_consents: bank.consent.one_off,
            consent_days: bank.consent.days(),
            psu_id: bank.psu.id,
            psu_id_types: bank.psu.id_types.clone(),
            psu_corporate_id: bank.psu.corporate_id,
            presence_wants: bank.psu.required.iter().copied().collect(),
            background: bank.psu.background,
            health: Vec::new(),
        }
    }
}

pub(crate) async fn list(State(app): State<App>) -> Json<BankList> {
    Json(BankList {
        banks: app.deps.banks.values().filter(|bank| bank.facts.offered).map(|bank| BankView::from(&**bank)).collect(),
    })
}

pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<BankView>, Problem> {
    let bank = BankId::parse(id).ok().and_then(|id| app.deps.banks.get(&id)).ok_or(Code::NotFound)?;
    let health = health(&app.deps.calls.circuits(bank).await);
    Ok(Json(BankView { health, ..BankView::from(&**bank) }))
}
