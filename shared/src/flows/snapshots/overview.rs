//! The accounts with their balances: all of them or none, or each with what became of it, as the caller chooses.
//!
//! They are read with as few calls as the bank allows, and each part is kept as an answer of its own. If the bank cannot
//! be asked it is asked nothing more in this request: the other parts are told as they last were.

use bytes::Bytes;
use jiff::Timestamp;

use super::{Answered, Desk, Staleness};
use crate::{
    domain::{
        account::{Account, Balance},
        data_kind::DataKind,
    },
    flows::{
        read::{AccountBalances, Partial, ReadError, Reading, array_of, is_about_one_account},
        trouble::{Held, Trouble},
    },
};

/// One account and its balances, or why there are none.
pub struct Overview {
    /// The account.
    pub account: Account,
    /// Its balances.
    pub balances: Result<AccountBalances, ReadError>,
    /// When the bank told the balances, if it was not asked now.
    pub last_told_at: Option<Timestamp>,
}

/// What has been put together so far.
struct Putting {
    overviews: Vec<Overview>,
    raws: Vec<Bytes>,
    /// When the bank answered last, and first.
    latest: Timestamp,
    earliest: Timestamp,
    obstacle: Option<ReadError>,
}

type Listed = Vec<(Account, Option<Vec<Balance>>)>;

impl Desk {
    /// The accounts with their balances. `as_of` is when the bank answered last; of answers of which a part was read
    /// before, when it gave the oldest part.
    pub async fn accounts_with_balances(&mut self, partial: Partial) -> Result<Answered<Vec<Overview>>, ReadError> {
        let outcome = self.overviews(partial).await;
        self.reader.release().await;
        outcome
    }

    async fn overviews(&mut self, partial: Partial) -> Result<Answered<Vec<Overview>>, ReadError> {
        let is_whole = partial == Partial::Refuse && self.staleness == Staleness::Refused;
        if is_whole && !self.in_account_list {
            self.reader.hold_overview().await?;
        }
        let Answered { reading, obstacle } = self.list().await?;
        if is_whole {
            let missing = reading.value.iter().filter(|(_, balances)| balances.is_none());
            self.reader.hold_balances(missing.map(|(account, _)| &account.account_id)).await?;
        }
        let mut putting = Putting {
            overviews: Vec::new(),
            raws: vec![reading.raw.clone()],
            latest: reading.as_of,
            earliest: reading.as_of,
            obstacle,
        };
        for (account, came_along) in reading.value {
            match came_along {
                Some(all) => {
                    let along = Reading { raw: alone(&all), value: self.reader.balances_of(all), as_of: reading.as_of };
                    self.keep_balances(&account.account_id, &along).await;
                    putting.overviews.push(Overview { account, balances: Ok(along.value), last_told_at: None });
                }
                None => self.add(&mut putting, account, partial).await?,
            }
        }
        Ok(putting.done())
    }

    /// The accounts, with their balances where the bank gives both at once.
    async fn list(&mut self) -> Result<Answered<Listed>, ReadError> {
        let error = match self.reader.list_with(self.in_account_list).await {
            Ok(reading) => {
                let accounts: Vec<_> = reading.value.iter().map(|(account, _)| account).collect();
                self.keep_as(DataKind::Accounts, None, &reading, &accounts).await;
                return Ok(Answered::fresh(reading));
            }
            Err(error) => self.unless_told(error)?,
        };
        let Some(last) = self.last_accounts().await else { return Err(error) };
        let value = last.value.into_iter().map(|account| (account, None)).collect();
        Ok(Answered { reading: Reading { value, raw: last.raw, as_of: last.as_of }, obstacle: Some(error) })
    }

    /// Adds the balances of one account, asked for alone.
    async fn add(&mut self, putting: &mut Putting, account: Account, partial: Partial) -> Result<(), ReadError> {
        let id = account.account_id.clone();
        if let Some(obstacle) = putting.obstacle.take_if(|obstacle| !is_about_one_question(obstacle)) {
            let last = self.last_balances(&id).await;
            return putting.add_last(account, last, obstacle, Partial::Refuse);
        }
        match self.reader.balances(&id).await {
            Ok(reading) => {
                self.keep_balances(&id, &reading).await;
                putting.latest = reading.as_of;
                putting.raws.push(reading.raw);
                putting.overviews.push(Overview { account, balances: Ok(reading.value), last_told_at: None });
                Ok(())
            }
            Err(error) => match self.unless_told(error) {
                Ok(obstacle) => {
                    let last = self.last_balances(&id).await;
                    putting.add_last(account, last, obstacle, partial)
                }
                Err(error) => putting.add_failed(account, error, partial),
            },
        }
    }
}

impl Putting {
    /// Adds the balances as they last were, if they are known.
    fn add_last(
        &mut self,
        account: Account,
        last: Option<Reading<AccountBalances>>,
        obstacle: ReadError,
        partial: Partial,
    ) -> Result<(), ReadError> {
        let Some(last) = last else { return self.add_failed(account, obstacle, partial) };
        self.obstacle = Some(obstacle);
        self.earliest = self.earliest.min(last.as_of);
        self.raws.push(last.raw);
        self.overviews.push(Overview { account, balances: Ok(last.value), last_told_at: Some(last.as_of) });
        Ok(())
    }

    /// Adds an account without balances, if the caller takes parts and the others may be readable; else the whole fails.
    fn add_failed(&mut self, account: Account, error: ReadError, partial: Partial) -> Result<(), ReadError> {
        let leaves_others = is_about_one_account(&error) || is_about_one_question(&error);
        if partial == Partial::Refuse || !leaves_others {
            return Err(error);
        }
        self.overviews.push(Overview { account, balances: Err(error), last_told_at: None });
        Ok(())
    }

    fn done(self) -> Answered<Vec<Overview>> {
        let raw = match self.raws.as_slice() {
            [only] => only.clone(),
            several => array_of(&several.iter().collect::<Vec<_>>()),
        };
        let as_of = if self.obstacle.is_some() { self.earliest } else { self.latest };
        Answered { reading: Reading { value: self.overviews, raw, as_of }, obstacle: self.obstacle }
    }
}

/// Whether what stands in the way leaves other accounts alone: what is counted is counted for each account.
const fn is_about_one_question(obstacle: &ReadError) -> bool {
    matches!(obstacle, ReadError::Trouble(Trouble::Held(Held::Quota { .. })))
}

/// Balances that came with a list, as an answer of their own.
fn alone(balances: &[Balance]) -> Bytes {
    let records: Vec<_> = balances
        .iter()
        .filter_map(|balance| balance.raw.as_ref())
        .map(|raw| Bytes::copy_from_slice(raw.as_bytes()))
        .collect();
    let list = array_of(&records.iter().collect::<Vec<_>>());
    Bytes::from([&b"{\"balances\":"[..], &list, b"}"].concat())
}
