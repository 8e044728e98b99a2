//! What refreshing without the PSU is worth telling: that newer data are there, and that people must do something first.

use crate::{
    domain::{
        data_kind::DataKind,
        event::{EventKind, Need, News},
        meaning::Meaning,
        session::Session,
    },
    flows::{
        change::{self, Decision},
        deps::Deps,
        read::ReadError,
        trail::Trail,
        trouble::{BankFault, Trouble},
    },
    ports::bank_http::BankHttpError,
    protocol::{adjustment::NotMade, berlin_group::errors::AnswerError, oauth::token::TokenRefusal},
};

/// Has the CRM told that newer data are there, if it wants to be, and takes back what people had to do. The session is as
/// it was before; it is written only if there is something to say. That this fails does not undo the refresh.
pub(in crate::flows) async fn refreshed(deps: &Deps, trail: &Trail, session: &Session, data: DataKind) {
    let webhook = deps.webhooks.get(&session.tenant);
    let is_wanted = webhook.is_some_and(|webhook| webhook.events.contains(&EventKind::Refreshed));
    let had_needs = session.access.as_ref().is_some_and(|access| access.needs.is_some());
    if is_wanted || had_needs {
        let news = is_wanted.then_some(News::Refreshed { data });
        told(session, note(deps, trail, session, None, news).await);
    }
}

/// Has the CRM told what people must do, if that is why nothing was refreshed and it does not know yet.
pub(in crate::flows) async fn hindered(deps: &Deps, trail: &Trail, session: &Session, error: &ReadError) {
    let known = session.access.as_ref().and_then(|access| access.needs);
    let needs = need(error);
    if needs.is_some() && needs != known {
        told(session, note(deps, trail, session, needs, None).await);
    }
}

/// Notes what people must do, or that they need not any more, as long as the same consent is in force.
async fn note(
    deps: &Deps,
    trail: &Trail,
    session: &Session,
    needs: Option<Need>,
    news: Option<News>,
) -> Result<(), Trouble> {
    let granted = |session: &Session| session.access.as_ref().map(|access| access.granted_at);
    let loaded = change::load(deps, &session.id).await?;
    let decide = |current: &Session, now| {
        let mut next = Box::new(current.clone());
        let is_same = granted(current) == granted(session);
        let Some(access) = next.access.as_mut().filter(|_| is_same) else { return Ok(Decision::Leave) };
        access.needs = needs;
        if let Some(news) = news.clone() {
            super::tell(deps, &mut next, news, now);
        }
        Ok::<_, Trouble>(Decision::Note(next))
    };
    change::change(deps, trail, loaded, decide).await.map(drop)
}

fn told(session: &Session, outcome: Result<(), Trouble>) {
    if let Err(error) = outcome {
        tracing::warn!(error = &error as &dyn std::error::Error, session.id = %session.id, "what a refresh came to is not told");
    }
}

/// What people must do before this works; none if it may work by itself, or the consent is over.
const fn need(error: &ReadError) -> Option<Need> {
    let ReadError::Trouble(trouble) = error else { return None };
    match trouble {
        Trouble::NotMade(NotMade::NotAttended | NotMade::PsuUnknown(_)) => Some(Need::BringPsu),
        Trouble::Unsignable(_)
        | Trouble::Bank(
            BankFault::Http(BankHttpError::QwacExpired(_) | BankHttpError::CertificateRefused(_))
            | BankFault::Token(TokenRefusal::InvalidClient),
        ) => Some(Need::FixConfiguration),
        Trouble::Seal(error) if !error.is_passing() => Some(Need::FixConfiguration),
        Trouble::Bank(BankFault::Answer(AnswerError::Refused(refusal))) => of_meaning(refusal.meaning),
        _ => None,
    }
}

const fn of_meaning(meaning: Meaning) -> Option<Need> {
    match meaning {
        Meaning::CertificateRejected | Meaning::SignatureRejected | Meaning::ServiceBlocked => {
            Some(Need::FixConfiguration)
        }
        Meaning::AuthenticationFailed => Some(Need::BringPsu),
        Meaning::AccountBlocked => Some(Need::ContactBank),
        _ => None,
    }
}
