//! How a user is reached, on the command line.

use clap::Args;
use daypass_api::operation::Contact;

/// How a user is reached.
#[derive(Args, Debug)]
pub(crate) struct ContactArguments {
    /// A telephone number; kept and shown, never called
    #[arg(long, value_name = "NUMBER")]
    pub(crate) phone: Option<String>,
    /// The country code of the telephone number
    #[arg(long, value_name = "CODE")]
    pub(crate) country_code: Option<String>,
    /// A mail address; kept and shown, never written to
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
}

impl ContactArguments {
    /// Of a new user: what is not given is empty.
    pub(crate) fn contact(self) -> Contact {
        Contact {
            phone_number: self.phone.unwrap_or_default(),
            country_code: self.country_code.unwrap_or_default(),
            email: self.email.unwrap_or_default(),
        }
    }
}
