//! The requests of every operation, made by the very code that makes them in a journey.

use jiff::{ToSpan, civil::Date};
use shared::{
    domain::{
        account::AccountKind,
        bank::{AuthorizeBy, Bank, OAuthProfile, Stage, StatePlace},
        operation::Operation,
    },
    flows::application_token,
    protocol::{
        adjustment::{NotMade, adjusted},
        berlin_group::{
            accounts,
            approach::authorises_by_oauth,
            authorisations, balances,
            consents::{self, ConsentOrder},
            errors::UnsendableRequest,
            headers::CallHeaders,
            references::KnownAccount,
            transactions::{self, BookingStatus, TransactionQuery},
        },
        exchange::BankRequest,
        oauth::{
            authorization::{self, AuthorizationRequest},
            metadata,
            revocation::{self, Hint},
            token,
        },
    },
};
use url::Url;

use super::samples::{ACCOUNT, Samples, TRANSACTION};

/// What becomes of an operation at one bank.
pub enum Made {
    /// This is sent, but for the signature.
    Request(Box<BankRequest>),
    /// The browser is sent here.
    Browser(Vec<Url>),
    /// Nothing, because.
    Nothing(&'static str),
}

/// A request cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// Not by the standard.
    #[error(transparent)]
    Unsendable(#[from] UnsendableRequest),
    /// Not as the bank wants it.
    #[error(transparent)]
    NotMade(#[from] NotMade),
}

impl Made {
    fn request(request: BankRequest) -> Self {
        Self::Request(Box::new(request))
    }
}

/// One request or none, for an operation.
pub fn of(operation: Operation, bank: &Bank, samples: &Samples, today: Date) -> Result<Made, MakeError> {
    let maker = Maker { bank, samples, today };
    let made = match &bank.oauth {
        Some(profile) if operation.is_oauth() => maker.of_oauth(operation, profile),
        None if operation == Operation::AuthorizationUrl => {
            Made::Nothing("the answer to the consent leads the browser")
        }
        None if operation.is_oauth() => Made::Nothing("the bank has no authorisation server"),
        _ => maker.of_dialect(operation)?,
    };
    match made {
        Made::Request(request) => Ok(Made::request(with_application_token(bank, adjusted(bank, *request)?)?)),
        other => Ok(other),
    }
}

/// The token of our own, on calls that carry one at this bank.
fn with_application_token(bank: &Bank, request: BankRequest) -> Result<BankRequest, UnsendableRequest> {
    if application_token::is_wanted(bank, &request) {
        application_token::carry(&"SAMPLE-application-token".into(), bank, request)
    } else {
        Ok(request)
    }
}

/// Makes requests of one bank.
#[derive(Clone, Copy)]
struct Maker<'a> {
    bank: &'a Bank,
    samples: &'a Samples,
    today: Date,
}

impl Maker<'_> {
    fn of_oauth(self, operation: Operation, profile: &OAuthProfile) -> Made {
        let Samples { metadata: endpoints, code, verifier, redirect_uri, refresh_token, .. } = self.samples;
        match operation {
            Operation::Metadata => {
                metadata::request(profile).map_or(Made::Nothing("the document holds the endpoints"), Made::request)
            }
            Operation::ApplicationToken => match &profile.application_token {
                Some(wanted) => Made::request(token::application(endpoints, profile, wanted)),
                None => Made::Nothing("no call needs a token of our own"),
            },
            Operation::AuthorizationUrl => self.authorization(profile),
            Operation::RedeemCode => {
                Made::request(token::redeem_code(endpoints, profile, code, verifier.as_ref(), redirect_uri))
            }
            Operation::RefreshTokens => Made::request(token::refresh(endpoints, profile, refresh_token)),
            _ => match &endpoints.revocation_endpoint {
                Some(endpoint) => Made::request(revocation::request(endpoint, profile, refresh_token, Hint::Refresh)),
                None => Made::Nothing("the server has no revocation endpoint"),
            },
        }
    }

    /// The browser's way to the authorisation server, or what the hub asks for it.
    fn authorization(self, profile: &OAuthProfile) -> Made {
        let Samples { metadata: endpoints, redirect_uri, state, verifier, consent_id, request_id, .. } = self.samples;
        let consent_id = (profile.stage != Stage::Token).then_some(consent_id);
        let before = profile.pre_step_scope.clone().filter(|_| profile.stage.is_pre_step());
        let after = (profile.stage != Stage::PreStep).then(|| authorization::scope(&profile.scope, consent_id));
        let endpoint = &endpoints.authorization_endpoint;
        let location = |scope: &String| {
            let verifier = verifier.as_ref();
            AuthorizationRequest { scope, redirect_uri, state, verifier }.location(endpoint, profile)
        };
        let mut locations: Vec<Url> = before.iter().chain(&after).map(location).collect();
        match (profile.authorize.by, before.or(after)) {
            (AuthorizeBy::HubAsks, Some(scope)) => {
                Made::request(authorization::ask(endpoint, &scope, redirect_uri, *request_id))
            }
            (AuthorizeBy::Hub, _) if !locations.is_empty() => {
                Made::request(authorization::call(locations.remove(0), *request_id))
            }
            _ => Made::Browser(locations),
        }
    }

    fn of_dialect(self, operation: Operation) -> Result<Made, UnsendableRequest> {
        let Self { bank, samples, today } = self;
        let has_consent = bank.oauth.as_ref().is_none_or(|profile| profile.stage != Stage::Token);
        if !has_consent && !operation.is_data() {
            return Ok(Made::Nothing("the token is the consent"));
        }
        let stage = bank.oauth.as_ref().map(|profile| profile.stage);
        let token = stage.map(|_| &samples.access_token);
        let early_token = token.filter(|_| stage.is_some_and(Stage::is_pre_step));
        let about = CallHeaders::unattended(samples.request_id, token);
        let early = CallHeaders { psu: Some(&samples.psu), ..CallHeaders::unattended(samples.request_id, early_token) };
        let consent = &samples.consent_id;
        let data = CallHeaders { psu: Some(&samples.psu), consent_id: has_consent.then_some(consent), ..about };
        let account = KnownAccount::nameless(ACCOUNT);
        let card = KnownAccount { kind: AccountKind::Card, ..account };
        let rules = &bank.data.accounts;
        let with_balances = bank.data.balances.in_account_list;
        let authorisation = &samples.authorisation_id;
        let request = match operation {
            Operation::CreateConsent => self.create()?,
            Operation::StartAuthorisation => {
                authorisations::start(bank, consent, &self.redirect_uri(), &samples.psu_at_bank, &early)?
            }
            Operation::AuthorisationStatus => authorisations::status(bank, consent, authorisation, &about)?,
            Operation::ConfirmAuthorisation => {
                let code = Some(&samples.code).filter(|_| stage.is_none());
                authorisations::confirm(bank, consent, authorisation, code, &about)?
            }
            Operation::ReadConsent => consents::read(bank, consent, &about)?,
            Operation::ConsentStatus => consents::status(bank, consent, &about)?,
            Operation::DeleteConsent if !bank.consent.delete => return Ok(Made::Nothing("the bank takes none back")),
            Operation::DeleteConsent => consents::delete(bank, consent, &about)?,
            Operation::Accounts => accounts::read(bank, AccountKind::Payment, with_balances, &data)?,
            Operation::Account => accounts::read_one(bank, account, with_balances, &data)?,
            Operation::CardAccounts | Operation::CardBalances | Operation::CardTransactions if !rules.card_accounts => {
                return Ok(Made::Nothing("the bank has no card accounts"));
            }
            Operation::CardAccounts => accounts::read(bank, AccountKind::Card, with_balances, &data)?,
            Operation::CardBalances => balances::read(bank, card, &data)?,
            Operation::CardTransactions => transactions::read(bank, card, &query(today), &data)?,
            Operation::Transaction => transactions::read_one(bank, account, TRANSACTION, &data)?,
            Operation::Balances => balances::read(bank, account, &data)?,
            Operation::Transactions => transactions::read(bank, account, &query(today), &data)?,
            Operation::Metadata
            | Operation::ApplicationToken
            | Operation::AuthorizationUrl
            | Operation::RedeemCode
            | Operation::RefreshTokens
            | Operation::RevokeToken => return Ok(Made::Nothing("it is a call of the authorisation server")),
        };
        Ok(Made::request(request))
    }

    fn create(self) -> Result<BankRequest, UnsendableRequest> {
        let Self { bank, samples, today } = self;
        let order = ConsentOrder {
            access: &samples.access,
            valid_until: today.saturating_add(i64::from(bank.consent.days()).days()),
            frequency_per_day: bank.consent.frequency_per_day,
            redirect_uri: &self.redirect_uri(),
            psu: &samples.psu,
            psu_at_bank: &samples.psu_at_bank,
        };
        let is_early = bank.oauth.as_ref().is_some_and(|profile| profile.stage.is_pre_step());
        consents::create(bank, &order, samples.request_id, Some(&samples.access_token).filter(|_| is_early))
    }

    /// With our state in it where a consent is authorised without OAuth.
    fn redirect_uri(self) -> Url {
        let mut uri = self.samples.redirect_uri.clone();
        match self.bank.consent.state {
            _ if authorises_by_oauth(self.bank) => {}
            StatePlace::Query => _ = uri.query_pairs_mut().append_pair("state", self.samples.state.expose()),
            StatePlace::Path => {
                if let Ok(mut segments) = uri.path_segments_mut() {
                    segments.push(self.samples.state.expose());
                }
            }
        }
        uri
    }
}

fn query(today: Date) -> TransactionQuery {
    TransactionQuery {
        booking_status: BookingStatus::Booked,
        from: today.saturating_sub(30.days()),
        to: None,
        since: None,
    }
}
