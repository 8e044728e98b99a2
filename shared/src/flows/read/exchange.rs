//! One exchange with the bank: with a good token, once more with a new one if the bank refuses it, and what a refusal
//! means for the session.

use jiff::Timestamp;
use url::Url;
use uuid::Uuid;

use super::{ReadError, Reader, Reading};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::Bank,
        ids::AccountId,
        operation::Operation,
        session::{LapseReason, Session},
    },
    flows::{
        change::{self, Decision},
        confirm,
        refresh::{self, LOOK_LASTS, Need, Usable},
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

/// How many access tokens one reading tries: one, another for it, and one more if that one was adopted from a refresh
/// which may have begun before the first was refused (with our certificate, say, changed in between).
const TOKENS: u32 = 3;

/// What was asked, for judging the answer.
pub(super) struct Asked {
    /// The address.
    pub url: Url,
    /// The id that the bank was given.
    pub request_id: Uuid,
}

/// One reading: what it is for, and whether it is one of its own.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// What is called.
    pub operation: Operation,
    /// The account; none for the list of accounts.
    pub account: Option<&'a AccountId>,
    /// Whether it is a part of a read that was counted before. The quota does not count it again.
    pub is_part: bool,
}

impl Reader {
    /// Makes one reading: with a good token, and once more with a new one if the bank refuses it. A consent counts as
    /// refused only if the bank does not take a token that was asked for after it had refused another.
    ///
    /// Without the PSU it takes a slot first. A refused token costs no other one: the bank has read nothing.
    pub(super) async fn read<T>(
        &mut self,
        scope: Scope<'_>,
        request: impl Fn(&Bank, &CallHeaders<'_>) -> Result<BankRequest, UnsendableRequest>,
        answer: impl Fn(&Asked, &BankResponse) -> Result<T, AnswerError>,
    ) -> Result<Reading<T>, ReadError> {
        let mut need = Need::Fresh;
        let mut tokens = 0;
        let mut slot = None;
        self.read_at = None;
        loop {
            // An open circuit costs neither a token, nor a slot, nor the write that takes one.
            Box::pin(self.deps.calls.admits(&self.bank, scope.operation)).await?;
            let look = refresh::usable(&self.deps, &self.trail, self.session.clone(), need);
            let mut usable = Box::pin(look).await?;
            let (asked, request) = self.asked(&usable, &request)?;
            let generation = generation(&usable.session.record);
            if let Some(key) = self.counted(&request, scope)? {
                self.session = usable.session;
                slot = Some(Box::pin(self.slot(key, slot.take())).await?);
                usable.session = self.session.clone();
                // Somebody may have been quicker, and the token in hand be an older one; or the store may have taken so long
                // that the session may have ended meanwhile.
                let is_newer = generation != self::generation(&usable.session.record);
                if is_newer || usable.session.age() > LOOK_LASTS {
                    continue;
                }
            }
            tokens += 1;
            let subject = Subject::from(&usable.session.record);
            self.session = usable.session;
            let response = match self.deps.calls.send(&self.bank, &self.trail, subject, request).await {
                Ok(response) => response,
                Err(trouble) => return Err(Box::pin(self.not_answered(slot, trouble)).await.into()),
            };
            let result = answer(&asked, &response);
            if let Some(slot) = &mut slot {
                slot.use_up();
                Box::pin(self.hear(slot.key(), &response, result.as_ref().err())).await;
            }
            let refusal = match result {
                Ok(value) => return Ok(Reading { value, raw: response.body, as_of: self.deps.now() }),
                Err(error) => error,
            };
            let error = match self.standing(&refusal) {
                Standing::TokenRefused if usable.grant.tokens.is_none() => Box::pin(self.ask_consent(refusal)).await?,
                Standing::TokenRefused if need != Need::Fresh && usable.refreshed => {
                    Box::pin(self.lapse(LapseReason::GrantRefused)).await?
                }
                Standing::TokenRefused if tokens < TOKENS => {
                    need = Need::NewerThan(generation);
                    continue;
                }
                Standing::TokenRefused => ReadError::Busy(self.deps.now()),
                Standing::ConsentOver(reason) => Box::pin(self.lapse(reason)).await?,
                Standing::ConsentDoubtful => Box::pin(self.ask_consent(refusal)).await?,
                Standing::AccountGone => ReadError::AccountGone,
                Standing::NotTouched => Trouble::from(refusal).into(),
            };
            // The bank has read nothing. If it is asked otherwise at once, that is the same read.
            self.slots.extend(slot);
            return Err(error);
        }
    }

    /// What a refusal means for this session, at a bank whose word may not count.
    fn standing(&self, refusal: &AnswerError) -> Standing {
        let granted_at = self.session.record.access.as_ref().map(|access| access.granted_at);
        match Standing::of(refusal) {
            Standing::ConsentOver(_)
                if granted_at.is_some_and(|at| !self.bank.data.lapsing.believes(at, self.deps.now())) =>
            {
                Standing::ConsentDoubtful
            }
            Standing::NotTouched if self.bank.data.accounts.closed_absent && is_absence(refusal) => {
                Standing::AccountGone
            }
            standing => standing,
        }
    }

    /// The request, made with this grant.
    fn asked(
        &self,
        usable: &Usable,
        request: impl Fn(&Bank, &CallHeaders<'_>) -> Result<BankRequest, UnsendableRequest>,
    ) -> Result<(Asked, BankRequest), Trouble> {
        let headers = CallHeaders {
            request_id: self.deps.call_id()?,
            psu: self.attendance.psu(),
            consent_id: usable.grant.consent_id.as_ref(),
            access_token: usable.grant.access_token(),
        };
        let request = request(&self.bank, &headers)?;
        Ok((Asked { url: request.url.clone(), request_id: headers.request_id }, request))
    }

    /// Notes why the consent works no more. Answers the error that says so; if somebody has gone on with a newer grant
    /// meanwhile, or the refusal may have another reason, the caller may try again.
    async fn lapse(&self, reason: LapseReason) -> Result<ReadError, Trouble> {
        let seen = generation(&self.session.record);
        let decide = |session: &Session, now| {
            let current = generation(session);
            let is_in_doubt = reason == LapseReason::GrantRefused && may_be_outdated(session, now);
            if current != seen || session.lapse.is_some() || is_in_doubt {
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
    ///
    /// The refused call may have taken long, so the session is looked at anew where need be: it may have ended.
    async fn ask_consent(&self, refusal: AnswerError) -> Result<ReadError, ReadError> {
        let usable = refresh::usable(&self.deps, &self.trail, self.session.clone(), Need::Fresh).await?;
        let subject = Subject::from(&usable.session.record);
        let reason = match confirm::read_status(&self.deps, &self.trail, &self.bank, subject, &usable.grant).await {
            Ok(status) => LapseReason::of_consent(status),
            Err(Trouble::Bank(BankFault::Answer(error))) => match Standing::of(&error) {
                Standing::ConsentDoubtful => Some(LapseReason::ConsentRevoked),
                Standing::ConsentOver(reason) => Some(reason),
                Standing::TokenRefused if usable.grant.tokens.is_none() => Some(LapseReason::GrantRefused),
                Standing::TokenRefused | Standing::AccountGone | Standing::NotTouched => {
                    return Err(Trouble::from(error).into());
                }
            },
            Err(error) => return Err(error.into()),
        };
        match reason {
            Some(reason) => Ok(self.lapse(reason).await?),
            None if contradicts_itself(&refusal) => Ok(ReadError::Contradiction(refusal.into())),
            None => Ok(Trouble::from(refusal).into()),
        }
    }
}

/// The generation of the grant in force; 0 if there is none.
fn generation(session: &Session) -> u64 {
    session.access.as_ref().map_or(0, |access| access.grant.generation)
}

/// Whether a bank may refuse the access token though the consent works: the token has ended meanwhile, or somebody is
/// refreshing, and many banks end the old token with that.
fn may_be_outdated(session: &Session, now: Timestamp) -> bool {
    session.access.as_ref().is_some_and(|access| access.refresh.attempt.is_some() || access.grant.is_stale(now))
}

/// Whether a refusal says of a consent that it is over, or refuses the lack of a token where there is none. Under a
/// consent that the bank calls valid neither can be.
fn contradicts_itself(refusal: &AnswerError) -> bool {
    let AnswerError::Refused(refusal) = refusal else { return false };
    matches!(refusal.meaning, Meaning::ConsentExpired | Meaning::TokenRejected)
}

/// Whether the bank says that nothing is there.
fn is_absence(refusal: &AnswerError) -> bool {
    matches!(refusal, AnswerError::Refused(refusal) if refusal.meaning == Meaning::NotFound)
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
    /// The bank has no such account, or no longer by that handle.
    AccountGone,
}

impl Standing {
    fn of(error: &AnswerError) -> Self {
        let AnswerError::Refused(refusal) = error else { return Self::NotTouched };
        match refusal.meaning {
            Meaning::TokenRejected => Self::TokenRefused,
            Meaning::ConsentExpired => Self::ConsentOver(LapseReason::ConsentExpired),
            Meaning::ConsentInvalid | Meaning::ConsentUnknown | Meaning::StateConflict => Self::ConsentDoubtful,
            Meaning::AccountUnknown => Self::AccountGone,
            _ => Self::NotTouched,
        }
    }
}
