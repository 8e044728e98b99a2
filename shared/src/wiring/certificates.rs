//! Looks at every bank's certificates at the start, so that what is wrong with them shows before the first call, all of it
//! together.

use std::{error::Error, iter};

use crate::{
    adapters::bank_client::BankClient,
    config::{mistakes::Mistakes, settings::Settings},
    domain::{bank::Bank, tenant::Tenant},
    ports::seals::{SealError, Seals},
};

/// Reads every QWAC and makes the clients that use them.
pub(super) async fn check_identities(banks: &[Bank], client: &BankClient) -> Result<(), Mistakes> {
    let mut mistakes = Mistakes::default();
    for bank in banks {
        let prepared = client.prepare(bank).await;
        mistakes.take(format!("bank {}", bank.id), prepared.map_err(|error| told(&error)));
    }
    mistakes.or(Some(()))
}

/// Opens the seal of every bank that has one. A seal whose time is wrong, or whose key is out of reach just now, does not
/// keep the hub from serving the other banks: it is told in the log, and calls to that bank fail.
pub(super) async fn check_seals(banks: &[Bank], seals: &dyn Seals) -> Result<(), Mistakes> {
    let mut mistakes = Mistakes::default();
    for bank in banks.iter().filter(|bank| bank.seal.is_some()) {
        match seals.seal(bank).await {
            Ok(_) | Err(SealError::NotValid(_)) => {}
            Err(error) if error.is_passing() => {
                tracing::error!(alert = "seal_unavailable", bank.id = %bank.id, error = told(&error), "no call is signed yet");
            }
            Err(error) => mistakes.add(format!("bank {}", bank.id), told(&error)),
        }
    }
    mistakes.or(Some(()))
}

/// A document that names certificates means something only where somebody tells which one a caller has shown.
pub(super) fn check_clients(settings: &Settings, tenants: &[Tenant]) -> Result<(), Mistakes> {
    let mut mistakes = Mistakes::default();
    if settings.client_certificate_header.is_none() {
        for tenant in tenants.iter().filter(|tenant| !tenant.client_certificates.is_empty()) {
            let told = "client_certificates: nobody tells them, since HUB_CLIENT_CERTIFICATE_HEADER is not set";
            mistakes.add(format!("tenant {}", tenant.id), told);
        }
    }
    mistakes.or(Some(()))
}

/// The error and all that caused it, in one line.
fn told(error: &dyn Error) -> String {
    let causes = iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
