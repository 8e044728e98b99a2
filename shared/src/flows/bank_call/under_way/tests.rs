use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use tokio::time::{sleep, timeout};
use url::Url;

use super::*;
use crate::{
    domain::{
        audit::AuditRecord,
        bank::{CallLimits, CircuitProfile},
        ids::RequestId,
        operation::Operation,
    },
    flows::trouble::Held,
    ports::{
        audit::AuditStream,
        bank_http::{BankHttp, BankRequest},
    },
    testing::{
        absent_store::traffic, certificates::NoCertificates, clock::ManualClock, entropy::SeededEntropy, samples,
    },
};

/// A bank that answers late with a failure, or never; what reached it, and what was recorded.
struct Ill {
    answers_after: Option<Duration>,
    reached: Mutex<u32>,
    recorded: Mutex<Vec<AuditEvent>>,
}

#[async_trait]
impl BankHttp for Ill {
    async fn call(&self, _: &Bank, _: BankRequest) -> Result<BankResponse, BankHttpError> {
        *self.reached.lock().unwrap() += 1;
        let Some(time) = self.answers_after else { return pending().await };
        sleep(time).await;
        Ok(BankResponse { status: StatusCode::INTERNAL_SERVER_ERROR, headers: HeaderMap::new(), body: Bytes::new() })
    }

    async fn shake_hands(&self, _: &Bank, _: &Url) -> Result<(), BankHttpError> {
        Ok(())
    }
}

impl AuditStream for Ill {
    fn write(&self, record: &AuditRecord) -> Result<(), AuditUnavailable> {
        self.recorded.lock().unwrap().push(record.event.clone());
        Ok(())
    }
}

impl Ill {
    fn answering_after(answers_after: Option<Duration>) -> Arc<Self> {
        Arc::new(Self { answers_after, reached: Mutex::default(), recorded: Mutex::default() })
    }

    fn calls(self: &Arc<Self>) -> BankCalls {
        let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
        let (entropy, traffic) = (Arc::new(SeededEntropy::new(1)), traffic(clock.clone()));
        BankCalls::new(self.clone(), Arc::new(NoCertificates), self.clone(), clock, entropy, traffic)
    }

    /// How the recorded calls ended.
    fn outcomes(&self) -> Vec<String> {
        let recorded = self.recorded.lock().unwrap();
        let outcome = |event: &AuditEvent| match event {
            AuditEvent::BankCalled { outcome, .. } => outcome.clone(),
            other => panic!("{other:?}"),
        };
        recorded.iter().map(outcome).collect()
    }
}

/// One call at a time, and one failure opens the circuit.
fn narrow() -> Bank {
    Bank {
        limits: CallLimits { in_flight: 1, ..CallLimits::default() },
        circuit: CircuitProfile { failures: 1, ..CircuitProfile::default() },
        ..samples::bank()
    }
}

async fn read(calls: &BankCalls, bank: &Bank) -> Result<BankResponse, Trouble> {
    let url = "https://api.bank.example/v1/accounts".parse().unwrap();
    let operation = Operation::Accounts;
    let request = BankRequest { operation, method: Method::GET, url, headers: HeaderMap::new(), body: None };
    let trail = Trail::new(RequestId::from_random([1; 16]));
    calls.send(bank, &trail, Subject::default(), request).await
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_caller_has_gone_leaves_one_record() {
    let ill = Ill::answering_after(None);
    let (calls, bank) = (ill.calls(), narrow());
    assert!(timeout(Duration::from_millis(50), read(&calls, &bank)).await.is_err());
    assert_eq!((*ill.reached.lock().unwrap(), ill.outcomes()), (1, vec!["given_up".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ends_leaves_no_other_record() {
    let ill = Ill::answering_after(Some(Duration::from_millis(10)));
    let (calls, bank) = (ill.calls(), narrow());
    assert_eq!(read(&calls, &bank).await.unwrap().status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(ill.outcomes(), ["500"]);
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_for_a_place_finds_the_circuit_open() {
    let ill = Ill::answering_after(Some(Duration::from_millis(10)));
    let (calls, bank) = (ill.calls(), narrow());
    let (first, second) = tokio::join!(read(&calls, &bank), read(&calls, &bank));
    assert!(first.is_ok());
    assert!(matches!(second, Err(Trouble::Held(Held::CircuitOpen(_) | Held::Busy(_)))), "{second:?}");
    assert_eq!((*ill.reached.lock().unwrap(), ill.outcomes()), (1, vec!["500".to_owned()]));
}
