//! One exchange with the bank: with a good token, once more with a new one if the bank refuses it, and what a refusal
//! means for the session.

use url::Url;
use uuid::Uuid;

use super::{ReadError, Reader, Reading};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::Bank,
        grant::Grant,
        session::{LapseReason, Session},
    },
    flows::{
        change::{self, Decision},
        confirm,
        refresh::{self, Need, Usable},
        trail::Subject,
        trouble::{BankFault, Trouble},
    },
    ports::bank_http::{BankRequest, BankResponse},
    protocol::berlin_group::{
        errors::{AnswerError, UnsendableRequest},
        headers::CallHeaders,
        meaning::Meaning,
    },
};

/// What was asked, for judging the answer.
pub(super) struct Asked {
    /// The address.
    pub url: Url,
    /// The id that the bank was given.
    pub request_id: Uuid,
}

impl Reader {
    /// Makes one reading: with a good token, and once more with a new one if the bank refuses it.
    pub(super) async fn read<T>(
        &mut self,
        request: impl Fn(&Bank, &CallHeaders<'_>) -> Result<BankRequest, UnsendableRequest>,
        answer: impl Fn(&Asked, &BankResponse) -> Result<T, AnswerError>,
    ) -> Result<Reading<T>, ReadError> {
        let mut need = Need::Fresh;
        loop {
            let usable = refresh::usable(&self.deps, &self.trail, self.session.clone(), need).await?;
            let (response, result) = self.call(&usable, &request, &answer).await?;
            self.session = usable.session;
            let refusal = match result {
                Ok(value) => return Ok(Reading { value, raw: response.body, as_of: self.deps.now() }),
                Err(error) => error,
            };
            let generation = self.session.record.access.as_ref().map_or(0, |access| access.grant.generation);
            match Standing::of(&refusal) {
                Standing::TokenRefused if need == Need::Fresh && usable.grant.tokens.is_some() => {
                    need = Need::NewerThan(generation);
                }
                Standing::TokenRefused => return Err(self.lapse(LapseReason::GrantRefused).await?),
                Standing::ConsentOver(reason) => return Err(self.lapse(reason).await?),
                Standing::ConsentDoubtful => return Err(self.ask_consent(&usable.grant, refusal).await?),
                Standing::AccountUnknown => return Err(ReadError::AccountUnknown),
                Standing::NotTouched => return Err(Trouble::from(refusal).into()),
            }
        }
    }

    async fn call<T>(
        &self,
        usable: &Usable,
        request: impl Fn(&Bank, &CallHeaders<'_>) -> Result<BankRequest, UnsendableRequest>,
        answer: impl Fn(&Asked, &BankResponse) -> Result<T, AnswerError>,
    ) -> Result<(BankResponse, Result<T, AnswerError>), Trouble> {
        let headers = CallHeaders {
            request_id: self.deps.call_id()?,
            psu: self.attendance.psu(),
            consent_id: Some(&usable.grant.consent_id),
            access_token: usable.grant.access_token(),
        };
        let request = request(&self.bank, &headers)?;
        let asked = Asked { url: request.url.clone(), request_id: headers.request_id };
        let subject = Subject::from(&usable.session.record);
        let response = self.deps.calls.send(&self.bank, &self.trail, subject, request).await?;
        let result = answer(&asked, &response);
        Ok((response, result))
    }

    /// Notes why the consent works no more. Answers the error that says so; if somebody has gone on with a newer grant
    /// meanwhile, the caller may try again.
    async fn lapse(&self, reason: LapseReason) -> Result<ReadError, Trouble> {
        let seen = self.session.record.access.as_ref().map(|access| access.grant.generation);
        let decide = |session: &Session, now| {
            let current = session.access.as_ref().map(|access| access.grant.generation);
            if current != seen || session.lapse.is_some() {
                return Ok::<_, Trouble>(Decision::Leave);
            }
            let mut session = Box::new(session.clone());
            session.note_lapse(reason, now);
            Ok(Decision::Write(session, AuditEvent::ConsentLapsed { reason: reason.name().to_owned() }))
        };
        let loaded = change::change(&self.deps, &self.trail, self.session.clone(), decide).await?;
        let now = self.deps.now();
        Ok(match loaded.record.working_access(now) {
            Some(_) => ReadError::Busy(now),
            None => ReadError::NotWorking(Box::new(loaded.record), now),
        })
    }

    /// Asks the bank how the consent stands, after an answer that left it open. If the consent works, the refusal was
    /// about this one call.
    async fn ask_consent(&self, grant: &Grant, refusal: AnswerError) -> Result<ReadError, Trouble> {
        let subject = Subject::from(&self.session.record);
        let reason = match confirm::read_status(&self.deps, &self.trail, &self.bank, subject, grant).await {
            Ok(status) => LapseReason::of_consent(status),
            Err(Trouble::Bank(BankFault::Answer(error))) if Standing::of(&error) == Standing::ConsentDoubtful => {
                Some(LapseReason::ConsentRevoked)
            }
            Err(error) => return Err(error),
        };
        match reason {
            Some(reason) => self.lapse(reason).await,
            None => Ok(Trouble::from(refusal).into()),
        }
    }
}

/// What a bank's refusal means for the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Nothing: it is about this call.
    NotTouched,
    /// The access token is not taken.
    TokenRefused,
    /// The consent is over.
    ConsentOver(LapseReason),
    /// The consent may be over; the bank must be asked.
    ConsentDoubtful,
    /// The account is not (or no longer) under the consent.
    AccountUnknown,
}

impl Standing {
    fn of(error: &AnswerError) -> Self {
        let AnswerError::Refused(refusal) = error else { return Self::NotTouched };
        match refusal.meaning {
            Meaning::TokenRejected => Self::TokenRefused,
            Meaning::ConsentExpired => Self::ConsentOver(LapseReason::ConsentExpired),
            Meaning::ConsentInvalid | Meaning::ConsentUnknown => Self::ConsentDoubtful,
            Meaning::AccountUnknown => Self::AccountUnknown,
            _ => Self::NotTouched,
        }
    }
}
