//! The making of certificates for HTTPS, for where no public authority serves.
//!
//! Showing one, and exchanging it while the server runs, is the crate `daypass-tls`'s. What happens on a connection
//! after its handshake is the edge's, and the same as on a plain one; what the version of TLS means for a request is the
//! decision's.

mod authority;
mod name;

pub use authority::{Authority, InitError, Issued};
pub use name::{BadName, SubjectName};
