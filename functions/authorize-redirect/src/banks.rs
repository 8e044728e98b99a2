//! Which banks there are.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Serialize;
use shared::{
    domain::{bank::Bank, ids::BankId},
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
        }
    }
}

pub(crate) async fn list(State(app): State<App>) -> Json<BankList> {
    Json(BankList { banks: app.deps.banks.values().map(|bank| BankView::from(&**bank)).collect() })
}

pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<BankView>, Problem> {
    let bank = BankId::parse(id).ok().and_then(|id| app.deps.banks.get(&id));
    bank.map(|bank| Json(BankView::from(&**bank))).ok_or(Code::NotFound.into())
}
