//! Operations on root accounts. They are the operator's: the original makes accounts elsewhere.

use crate::names::{AppId, Uin};

/// Largest number that is given to an account: every JSON reader keeps it whole.
pub const MAX_ACCOUNT_NUMBER: u64 = 999_999_999_999_999;

/// An operation on the accounts of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountOperation {
    /// Make an account with the first key of its root.
    Create(NewAccount),
    /// One account.
    Get(Uin),
    /// All accounts.
    List,
    /// Let an account's keys count, or not.
    Update {
        /// Which, by the number of its root.
        owner_uin: Uin,
        /// From now on.
        status: AccountStatus,
    },
}

/// An account to make; a number that is not given is the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct NewAccount {
    /// The number in its bucket names.
    pub app_id: Option<AppId>,
    /// The number of its root: greater than that of every identity there is.
    pub owner_uin: Option<Uin>,
}

/// Whether an account's keys count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStatus {
    /// They do.
    Active,
    /// None does: not the root's, no user's, and no temporary one. What is stored stays.
    Disabled,
}

impl AccountOperation {
    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        match self {
            Self::Get(_) | Self::List => false,
            Self::Create(_) | Self::Update { .. } => true,
        }
    }

    /// The action that it is.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Create(_) => "cam:CreateRootAccount",
            Self::Get(_) => "cam:GetRootAccount",
            Self::List => "cam:ListRootAccounts",
            Self::Update { .. } => "cam:UpdateRootAccount",
        }
    }
}
