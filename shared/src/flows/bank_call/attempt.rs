//! One request on its way to the bank and back: its turn, its signature, its record, and what its end says of the bank.

use std::time::Duration;

use http::HeaderValue;
use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout};
use tracing::Instrument;

use super::{BankCalls, X_REQUEST_ID, counted::Counted, record::BankCall, repetition, under_way::UnderWay};
use crate::{
    domain::{bank::Bank, operation::Operation},
    flows::{
        traffic::{Place, Verdict, patience, subject_of, verdict},
        trail::{Subject, Trail},
        trouble::{BankFault, Trouble},
    },
    ports::{
        bank_http::{BankHttpError, BankRequest, BankResponse},
        entropy::random,
        measuring::TRACED,
    },
    protocol::berlin_group::errors::UnsendableRequest,
};

impl BankCalls {
    /// Sends the request, and once more if it is a read that failed in passing. Both together keep to the time that the
    /// bank's document gives such a call.
    pub(super) async fn exchanged(
        &self,
        bank: &Bank,
        trail: &Trail,
        subject: Subject,
        mut request: BankRequest,
    ) -> Result<BankResponse, Trouble> {
        self.name(&mut request)?;
        let total = bank.operations.total(request.operation, &bank.limits);
        let Some(repetition) = repetition::of(bank, &request).filter(|_| !self.probing) else {
            return Box::pin(self.attempt(bank, trail, subject, request, total)).await;
        };
        let began = Instant::now();
        let first = Box::pin(self.attempt(bank, trail, subject.clone(), request.clone(), total)).await;
        let Some(pause) = repetition.pause(&first, random(&*self.entropy)?) else { return first };
        let left = total.saturating_sub(began.elapsed() + pause);
        if left.is_zero() {
            return first;
        }
        sleep(pause).await;
        match Box::pin(self.attempt(bank, trail, subject, request, left)).await {
            Err(Trouble::Held(_)) => first,
            second => second,
        }
    }

    /// Sends the request once, in its turn. A request that is held back leaves no record: the bank has not seen it.
    ///
    /// Its place is free again only when the circuit knows how it ended, and whoever has waited for a place asks the
    /// circuit once more: so no more calls reach a failing bank than were under way when it failed.
    async fn attempt(
        &self,
        bank: &Bank,
        trail: &Trail,
        subject: Subject,
        request: BankRequest,
        within: Duration,
    ) -> Result<BankResponse, Trouble> {
        let operation = request.operation;
        self.admitted(bank, operation).await?;
        let place = self.entered(bank, operation).await?;
        self.still_admitted(bank, operation).await?;
        let _in_flight = Counted::in_flight(&bank.id);
        let whose = subject_of(&subject, &request);
        let under_way = UnderWay::begun(self, bank, trail, subject, BankCall::of(&request));
        let started = under_way.started();
        let result = match self.signed(bank, request).await {
            Ok(request) => {
                let operation = operation.name();
                let span = tracing::info_span!(
                    target: TRACED,
                    "bank call",
                    bank.id = bank.id.as_str(),
                    bank.operation = operation,
                    otel.kind = "client"
                );
                self.called(bank, request, within).instrument(span).await
            }
            Err(trouble) => Err(trouble),
        };
        let written = under_way.ended(&result);
        self.judge(bank, operation, whose, started, &result).await;
        drop(place);
        written?;
        result
    }

    /// Waits for the call's turn.
    pub(super) async fn entered(&self, bank: &Bank, operation: Operation) -> Result<Place, Trouble> {
        let _waiting = Counted::waiting(&bank.id);
        let entered = self.traffic.to(bank).enter(patience(bank, operation)).await;
        entered.inspect_err(|trouble| {
            if let Trouble::Held(held) = trouble {
                let operation = operation.name();
                tracing::info!(bank.id = %bank.id, operation, %held, limited_by = "hub", "a call is held back");
            }
        })
    }

    async fn called(&self, bank: &Bank, request: BankRequest, within: Duration) -> Result<BankResponse, Trouble> {
        let answered = timeout(within, self.http.call(bank, request)).await;
        answered.unwrap_or(Err(BankHttpError::Timeout)).map_err(Trouble::from)
    }

    /// Tells the bank's circuit how a call ended.
    async fn judge(
        &self,
        bank: &Bank,
        operation: Operation,
        whose: u32,
        began_at: Timestamp,
        result: &Result<BankResponse, Trouble>,
    ) {
        self.alarm(bank, operation, result);
        if self.probing {
            return;
        }
        let traffic = self.traffic.to(bank);
        match verdict(operation, result) {
            Verdict::Well => traffic.board.succeeded(operation, whose, began_at).await,
            Verdict::Failed { of_connection } => {
                traffic.board.failed(operation, whose, of_connection, began_at).await;
            }
            Verdict::Nothing => {}
        }
    }

    /// A refused certificate is no matter of the bank's health, but somebody must see to it.
    fn alarm(&self, bank: &Bank, operation: Operation, result: &Result<BankResponse, Trouble>) {
        let is_refused = matches!(result, Err(Trouble::Bank(BankFault::Http(BankHttpError::CertificateRefused(_)))));
        if is_refused && self.traffic.to(bank).is_to_alarm() {
            let (operation, alert) = (operation.name(), "bank_rejected_client_certificate");
            tracing::error!(bank.id = %bank.id, operation, alert, "the bank refuses our certificate");
        }
    }

    /// Gives the call an id of its own, if it has none: a bank that is asked about it later wants to know which it was.
    fn name(&self, request: &mut BankRequest) -> Result<(), Trouble> {
        if !request.headers.contains_key(X_REQUEST_ID) {
            let id = uuid::Builder::from_random_bytes(random(&*self.entropy)?).into_uuid().hyphenated().to_string();
            let value = HeaderValue::try_from(id).map_err(|_| UnsendableRequest::Header("X-Request-ID"))?;
            request.headers.insert(X_REQUEST_ID, value);
        }
        Ok(())
    }
}
