//! Operations on sub-accounts.

use crate::names::{Uin, UserName};

/// How a sub-account is reached by people. Kept and shown; the service itself calls and writes to nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// A telephone number.
    pub phone_number: String,
    /// The country of the telephone number.
    pub country_code: String,
    /// A mail address.
    pub email: String,
}

/// A sub-account to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateUser {
    /// Its name.
    pub name: UserName,
    /// A note about it.
    pub remark: String,
    /// How it is reached.
    pub contact: Contact,
    /// Make an access key at once.
    pub with_access_key: bool,
}

/// A sub-account to change; what is not given stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateUser {
    /// Its name, which never changes.
    pub name: UserName,
    /// A note about it.
    pub remark: Option<String>,
    /// A telephone number.
    pub phone_number: Option<String>,
    /// The country of the telephone number.
    pub country_code: Option<String>,
    /// A mail address.
    pub email: Option<String>,
}

/// A sub-account to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteUser {
    /// Its name.
    pub name: UserName,
    /// Remove its access keys first instead of refusing.
    pub force: bool,
}

/// A sub-account, named by one of its numbers or by both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserRef {
    /// By the number of its identity.
    Uin(Uin),
    /// By the number under which it receives messages.
    Uid(u64),
    /// By both, which must be of one sub-account.
    Both(Uin, u64),
}
