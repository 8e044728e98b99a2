//! The signature that some banks want on a call.

use std::time::Duration;

use tokio::time::{error::Elapsed, timeout};

use super::BankCalls;
use crate::{
    domain::{
        bank::{Bank, SealProfile},
        operation::Operation,
    },
    flows::trouble::Trouble,
    ports::{bank_http::BankRequest, seals::SealError},
    protocol::http_signature::prepare,
};

/// How long signing may take; a key service answers in a tenth of a second.
pub(super) const LONGEST: Duration = Duration::from_secs(6);

/// The seal that calls of that kind are signed with.
pub(super) fn seal_of(bank: &Bank, operation: Operation) -> Option<&SealProfile> {
    bank.seal.as_ref().filter(|profile| profile.covers(operation))
}

impl BankCalls {
    /// The request with the signature that the bank wants, if it wants one. Nothing may change it afterwards.
    pub(super) async fn signed(&self, bank: &Bank, mut request: BankRequest) -> Result<BankRequest, Trouble> {
        let Some(profile) = seal_of(bank, request.operation) else { return Ok(request) };
        let signing = async {
            let seal = self.seals.seal(bank).await?;
            let prepared = prepare(&request, &profile.signature, seal.certificate(), self.clock.now())?;
            let signature = seal.sign(profile.signature.algorithm, prepared.message()).await?;
            Ok::<_, Trouble>(prepared.finish(&signature)?)
        };
        let too_slow = |elapsed: Elapsed| SealError::Unavailable(Box::new(elapsed));
        for (name, value) in timeout(LONGEST, signing).await.map_err(too_slow)?? {
            request.headers.insert(name, value);
        }
        Ok(request)
    }
}
