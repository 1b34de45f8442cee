//! The user server, `daypass broker`: it knows the users of an application and hands each of them temporary keys.
//!
//! It holds a permanent key. Whoever asks is made known by a `callers` entry of the settings, gets what a template
//! says for his name, and an answer in the shape that the official front-end SDKs read. A template that could reach
//! from one user to another is refused before anything starts. Reading flags, files and the environment is left to the
//! program; deciding what a key may do is left to the token service and the store.

mod settings;

mod beyond;
mod check;
mod pattern;
mod place;
mod policy;
mod template;
mod user;

mod callers;
mod cross_origin;
mod rate;

mod keys;
mod recent;

mod asked;
mod audit;
mod desk;
mod figures;
mod listener;
mod ready;
mod reception;
mod refusal;
mod scopes;
mod shape;
mod sockets;

pub use callers::api_key::new_key;
pub use check::{TemplateFault, Warning};
pub use listener::Broker;
pub use settings::{KeyFrom, Settings, SettingsError, schema};
pub use user::{MAX_USER_BYTES, Names, User, UserError};

/// Why a broker does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What the settings say makes no sense, or is dangerous.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The trail of what was handed out cannot be written.
    #[error("the audit file `{path}` cannot be opened")]
    Audit {
        /// Which file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// An address or the certificate cannot be used.
    #[error(transparent)]
    Socket(#[from] daypass_door::OpenError),
}
