//! Shows what may still be read of an account without the PSU, and what a planned refresh would cost.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{data_kind::DataKind, ids::AccountId, ledger::View, presence::Attendance},
    flows::read::{Cost, Reader},
    http::{
        app::App,
        body::Params,
        caller::{AccountInPath, Audit, OwnSession},
        problem::{Code, LimitedBy, Problem},
    },
};
use utoipa::{IntoParams, ToSchema};

/// What is planned.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct QuotaParams {
    /// Kinds of data that a refresh would read, to learn what it would cost: one parameter, separated by commas, as in
    /// `plan=balances,transactions`. A kind may stand there more than once.
    #[param(inline, style = Form, explode = false, value_type = Option<Vec<DataKind>>)]
    plan: Option<String>,
}

/// What may still be read of an account without the PSU.
#[derive(Serialize, ToSchema)]
pub struct Quota {
    #[schema(value_type = String)]
    account_id: AccountId,
    /// Each kind of data, counted by itself. `accounts` is the list, of the session as a whole.
    kinds: Vec<KindQuota>,
    /// What the planned refresh would cost, if one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanCost>,
    /// When this was so.
    as_of: Timestamp,
}

/// The reads of one kind of data without the PSU.
#[derive(Serialize, ToSchema)]
pub struct KindQuota {
    kind: DataKind,
    /// Reads in any 24 hours.
    limit: u32,
    /// Reads that count now.
    used: u32,
    /// Reads that are left now.
    left: u32,
    /// When there will be one more than now; null if nothing was used.
    resets_at: Option<Timestamp>,
    /// Who says that nothing is left: the hub counted, or the bank refused. Null while something is left.
    limited_by: Option<LimitedBy>,
}

/// What a planned refresh would cost.
#[derive(Serialize, ToSchema)]
pub struct PlanCost {
    reads: Vec<KindCost>,
    /// Whether all of it could be read now.
    possible: bool,
    /// When all of it could be read; null if it is more than a day allows.
    possible_at: Option<Timestamp>,
}

/// Reads of one kind of data.
#[derive(Serialize, ToSchema)]
pub struct KindCost {
    kind: DataKind,
    /// Reads that it takes. Where the bank counts pages, each further page is one more.
    reads: u32,
}

/// The most kinds that a plan may name.
const LONGEST_PLAN: usize = 100;

impl QuotaParams {
    fn planned(&self) -> Result<Option<Vec<DataKind>>, Problem> {
        let Some(plan) = &self.plan else { return Ok(None) };
        let kind = |name: &str| DataKind::ALL.into_iter().find(|kind| kind.name() == name);
        let kinds: Option<Vec<_>> = plan.split(',').take(LONGEST_PLAN + 1).map(kind).collect();
        let kinds = kinds.filter(|kinds| kinds.len() <= LONGEST_PLAN);
        kinds.map(Some).ok_or_else(|| Code::RequestInvalid.into())
    }
}

pub(crate) async fn quota(
    State(app): State<App>,
    Audit(trail): Audit,
    OwnSession(session): OwnSession,
    AccountInPath(account_id): AccountInPath,
    Params(params): Params<QuotaParams>,
) -> Result<Json<Quota>, Problem> {
    let planned = params.planned()?;
    let reader = Reader::new(app.deps, trail, session, Attendance::Background)?;
    let allowance = reader.allowance(&account_id).await?;
    let cost = planned.map(|planned| reader.cost(&account_id, &planned, allowance.as_of)).transpose()?;
    let kinds = allowance.kinds.into_iter().map(KindQuota::of).collect();
    let plan = cost.map(|cost| PlanCost::of(cost, allowance.as_of));
    Ok(Json(Quota { account_id, kinds, plan, as_of: allowance.as_of }))
}

impl KindQuota {
    fn of((kind, view): (DataKind, View)) -> Self {
        let View { limit, used, left, resets_at, exhausted } = view;
        let limited_by = exhausted.map(|gone| if gone.by_bank { LimitedBy::Bank } else { LimitedBy::Hub });
        Self { kind, limit, used, left, resets_at, limited_by }
    }
}

impl PlanCost {
    fn of(Cost { reads, possible_at }: Cost, now: Timestamp) -> Self {
        let reads = reads.into_iter().map(|(kind, reads)| KindCost { kind, reads }).collect();
        Self { reads, possible: possible_at.is_some_and(|at| at <= now), possible_at }
    }
}
