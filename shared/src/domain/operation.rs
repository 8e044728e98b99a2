//! What a call to a bank is for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a call to a bank is for. Names audit records, metrics and settings of one kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Asks for a consent.
    CreateConsent,
    /// Reads the consent object.
    ReadConsent,
    /// Reads the consent's status.
    ConsentStatus,
    /// Ends a consent.
    DeleteConsent,
    /// Starts the authorisation of a consent by a call of its own.
    StartAuthorisation,
    /// Reads how an authorisation stands.
    AuthorisationStatus,
    /// Confirms an authorisation after the redirect.
    ConfirmAuthorisation,
    /// Reads the authorisation server's metadata.
    Metadata,
    /// Gets a token for ourselves, with no PSU in it (RFC 6749 §4.4).
    ApplicationToken,
    /// Asks the bank for the address that the browser is to be sent to.
    AuthorizationUrl,
    /// Redeems an authorisation code.
    RedeemCode,
    /// Refreshes tokens.
    RefreshTokens,
    /// Revokes a token.
    RevokeToken,
    /// Lists accounts.
    Accounts,
    /// Reads one account.
    Account,
    /// Reads balances.
    Balances,
    /// Reads transactions.
    Transactions,
    /// Reads one transaction.
    Transaction,
    /// Lists card accounts.
    CardAccounts,
    /// Reads a card account's balances.
    CardBalances,
    /// Reads a card account's transactions.
    CardTransactions,
}

impl Operation {
    /// The same of a card account, where it is another call.
    #[must_use]
    pub const fn of_cards(self) -> Self {
        match self {
            Self::Accounts => Self::CardAccounts,
            Self::Balances => Self::CardBalances,
            Self::Transactions => Self::CardTransactions,
            other => other,
        }
    }

    /// Every operation, in the order in which a journey meets them.
    pub const ALL: [Self; 21] = [
        Self::ApplicationToken,
        Self::CreateConsent,
        Self::StartAuthorisation,
        Self::AuthorisationStatus,
        Self::ConfirmAuthorisation,
        Self::ReadConsent,
        Self::ConsentStatus,
        Self::DeleteConsent,
        Self::Metadata,
        Self::AuthorizationUrl,
        Self::RedeemCode,
        Self::RefreshTokens,
        Self::RevokeToken,
        Self::Accounts,
        Self::Account,
        Self::Balances,
        Self::Transactions,
        Self::Transaction,
        Self::CardAccounts,
        Self::CardBalances,
        Self::CardTransactions,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateConsent => "create_consent",
            Self::ReadConsent => "read_consent",
            Self::ConsentStatus => "consent_status",
            Self::DeleteConsent => "delete_consent",
            Self::StartAuthorisation => "start_authorisation",
            Self::AuthorisationStatus => "authorisation_status",
            Self::ConfirmAuthorisation => "confirm_authorisation",
            Self::Metadata => "metadata",
            Self::ApplicationToken => "application_token",
            Self::AuthorizationUrl => "authorization_url",
            Self::RedeemCode => "redeem_code",
            Self::RefreshTokens => "refresh_tokens",
            Self::RevokeToken => "revoke_token",
            Self::Accounts => "accounts",
            Self::Account => "account",
            Self::Balances => "balances",
            Self::Transactions => "transactions",
            Self::Transaction => "transaction",
            Self::CardAccounts => "card_accounts",
            Self::CardBalances => "card_balances",
            Self::CardTransactions => "card_transactions",
        }
    }

    /// Whether the call goes to the authorisation server instead of the account interface.
    pub const fn is_oauth(self) -> bool {
        matches!(
            self,
            Self::Metadata
                | Self::ApplicationToken
                | Self::AuthorizationUrl
                | Self::RedeemCode
                | Self::RefreshTokens
                | Self::RevokeToken
        )
    }

    /// Whether the call reads a customer's data.
    pub const fn is_data(self) -> bool {
        matches!(
            self,
            Self::Accounts
                | Self::Account
                | Self::Balances
                | Self::Transactions
                | Self::Transaction
                | Self::CardAccounts
                | Self::CardBalances
                | Self::CardTransactions
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_is_what_a_document_writes() {
        let names: BTreeSet<_> = Operation::ALL.iter().map(|operation| operation.name()).collect();
        assert_eq!(names.len(), Operation::ALL.len());
        for operation in Operation::ALL {
            let read: Operation = serde_json::from_value(operation.name().into()).unwrap();
            assert_eq!(read, operation);
        }
    }
}
