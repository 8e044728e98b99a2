//! The kinds of data that a bank counts apart.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::operation::Operation;

/// A kind of data. What a bank allows without the PSU is counted for each account and kind (Berlin Group 1.3.11 §4.11:
/// the accesses are counted for each endpoint).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataKind {
    /// The list of accounts; of the consent, not of an account.
    Accounts,
    /// What one account is.
    Account,
    /// Balances.
    Balances,
    /// Transactions, a single one included.
    Transactions,
}

impl DataKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Accounts, Self::Account, Self::Balances, Self::Transactions];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Account => "account",
            Self::Balances => "balances",
            Self::Transactions => "transactions",
        }
    }

    /// The kind that a call reads, if it reads a customer's data.
    pub const fn of(operation: Operation) -> Option<Self> {
        match operation {
            Operation::Accounts | Operation::CardAccounts => Some(Self::Accounts),
            Operation::Account => Some(Self::Account),
            Operation::Balances | Operation::CardBalances => Some(Self::Balances),
            Operation::Transactions | Operation::Transaction | Operation::CardTransactions => Some(Self::Transactions),
            Operation::CreateConsent
            | Operation::ReadConsent
            | Operation::ConsentStatus
            | Operation::DeleteConsent
            | Operation::StartAuthorisation
            | Operation::AuthorisationStatus
            | Operation::ConfirmAuthorisation
            | Operation::Metadata
            | Operation::ApplicationToken
            | Operation::AuthorizationUrl
            | Operation::RedeemCode
            | Operation::RefreshTokens
            | Operation::RevokeToken => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_reads_data_has_a_kind() {
        for operation in Operation::ALL {
            assert_eq!(DataKind::of(operation).is_some(), operation.is_data(), "{operation:?}");
        }
    }
}
