//! How many units of each position a use asks for. Linear: twice the use is twice the units, beside what stands idle.

use super::{
    CostsArguments,
    counts::{Cost, Counts},
    prices::{Assumed, Deployment, Prices},
};

/// Hours of a month, on average.
const HOURS: f64 = 730.5;

/// Days of a month, on average.
const DAYS: f64 = 30.4375;

/// Runs of the refreshing jobs in a month, as infra/jobs.tf has them: every five and every ten minutes.
const RUNS: f64 = DAYS * (24.0 * 12.0 + 24.0 * 6.0);

/// Bytes of a GiB.
const GIB: f64 = 1_073_741_824.0;

/// Events of a session that are signed and sent while a consent lasts: connected, and four reminders.
const EVENTS: f64 = 5.0;

/// Units by position, for three reasons to pay.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// What stands there although nobody calls.
    pub idle: Vec<(&'static str, f64)>,
    /// For the calls, all of them.
    pub calls: Vec<(&'static str, f64)>,
    /// For the sessions, all of them: connecting, refreshing, keeping.
    pub sessions: Vec<(&'static str, f64)>,
}

/// The units of a month.
pub fn usage(wanted: &CostsArguments, prices: &Prices, counts: &Counts) -> Usage {
    let (deployment, assumed) = (&prices.deployment, &prices.assumed);
    Usage {
        idle: idle(deployment, assumed, counts),
        calls: calls(wanted, deployment, assumed, counts),
        sessions: sessions(wanted, deployment, assumed, counts),
    }
}

/// Instances, keys, rules and jobs that find nothing.
fn idle(deployment: &Deployment, assumed: &Assumed, counts: &Counts) -> Vec<(&'static str, f64)> {
    let seconds = deployment.instances * HOURS * 3600.0;
    // As infra/jobs.tf has it: expiry-watch every five minutes, deliver-events each minute.
    let refreshing = counts.empty_run.times(RUNS);
    let others = counts.idle_job.times(DAYS * f64::from(24 * 12 + 24 * 60));
    let mut units = operations(refreshing.plus(others), assumed);
    units.extend([
        ("run_cpu", seconds * deployment.instance_cpu),
        ("run_memory", seconds * deployment.instance_memory_gib),
        ("kms_symmetric_versions", deployment.symmetric_versions),
        ("kms_asymmetric_versions", deployment.asymmetric_versions),
        ("secret_versions", deployment.secret_versions),
        ("secret_reads", deployment.instances_behind_nat * assumed.identity_looks_a_month),
        ("scheduler_jobs", deployment.scheduled_jobs),
        ("nat_instances", deployment.instances_behind_nat * HOURS),
        ("egress_addresses", deployment.egress_addresses * HOURS),
        ("edge_rules", HOURS),
        ("armor_policies", deployment.armor_policies),
        ("armor_rules", deployment.armor_rules),
        ("images", deployment.images_gib),
    ]);
    units
}

/// Visits: one call that must ask Cloud KMS and renew the token, and others that need not.
fn calls(
    wanted: &CostsArguments,
    deployment: &Deployment,
    assumed: &Assumed,
    counts: &Counts,
) -> Vec<(&'static str, f64)> {
    let calls = f64::from(wanted.calls);
    let visits = calls / f64::from(wanted.calls_per_visit);
    let cost = counts.first_of_visit.times(visits).plus(counts.warm_call.times(calls - visits));
    let mut units = operations(cost, assumed);
    units.extend(instances(calls, deployment, assumed));
    units.extend(requests(calls, assumed));
    units
}

/// Customers connect once a consent, are refreshed, and are kept.
fn sessions(
    wanted: &CostsArguments,
    deployment: &Deployment,
    assumed: &Assumed,
    counts: &Counts,
) -> Vec<(&'static str, f64)> {
    let (sessions, accounts) = (f64::from(wanted.sessions), f64::from(wanted.accounts));
    let connected = sessions * DAYS / assumed.days_of_consent;
    let refreshes = sessions * f64::from(wanted.refreshes_per_day) * DAYS;
    let of_session = if wanted.lasting_tokens { counts.refresh } else { counts.refresh_with_token };
    let refresh = of_session.plus(counts.refreshed_account.times(accounts)).times(refreshes);
    let cost = refresh.plus(counts.connecting.times(connected));
    // As if each were found alone in its shard, which is the most.
    let leases = counts.lease.times(refreshes);
    let mut units = operations(cost.plus(leases), assumed);
    units.extend(instances(cost.bank, deployment, assumed));
    units.extend(requests(connected * 6.0, assumed));
    // Half of the documents written by a change of state are its record; answers of banks have none.
    let records = (cost.writes - refreshes * (accounts + 1.0)).max(0.0) / 2.0 * assumed.months_kept;
    let kept = sessions * (assumed.session_bytes + accounts * assumed.account_bytes) + records * assumed.audit_bytes;
    units.extend([
        ("firestore_storage", kept / GIB),
        // What belonged to an authorisation or was a last good answer goes by itself.
        ("firestore_deletes", connected * (1.0 + accounts)),
        ("kms_signatures", connected * EVENTS),
    ]);
    units
}

/// What is paid for documents, keys, calls to banks and log lines.
fn operations(cost: Cost, assumed: &Assumed) -> Vec<(&'static str, f64)> {
    let audited = (cost.reads + cost.writes + cost.keys) * assumed.log_bytes_an_operation;
    let log = (cost.log_bytes + audited) / GIB;
    let bank = cost.bank * assumed.bank_bytes_a_call / GIB;
    vec![
        ("firestore_reads", cost.reads),
        ("firestore_writes", cost.writes),
        ("kms_operations", cost.keys),
        ("nat_data", bank),
        // Requests are small beside answers, and only what leaves is paid.
        ("egress_data", bank / 4.0),
        ("log_intake", log),
        ("log_keeping", log * assumed.months_kept),
    ]
}

/// What is paid for so many calls that are under way for a while.
fn instances(calls: f64, deployment: &Deployment, assumed: &Assumed) -> [(&'static str, f64); 2] {
    let seconds = calls * assumed.seconds_a_call / assumed.calls_at_once;
    [("run_cpu", seconds * deployment.instance_cpu), ("run_memory", seconds * deployment.instance_memory_gib)]
}

/// What is paid for so many requests at the edge.
fn requests(many: f64, assumed: &Assumed) -> [(&'static str, f64); 4] {
    let (data, log) = (many * assumed.crm_bytes_a_call / GIB, many * assumed.log_bytes_a_request / GIB);
    // Of these lines nothing is kept beyond the 30 days that are paid with the intake.
    [("armor_requests", many), ("edge_data", data), ("egress_data", data), ("log_intake", log)]
}
