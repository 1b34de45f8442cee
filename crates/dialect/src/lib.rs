//! The wire: HTTP parts to operations and outcomes to HTTP parts, both ways round.
//!
//! One module for each family of APIs, and before them [`site`], which tells from the Host header whose request
//! it is. Nothing here opens a socket, awaits, authorizes or stores; an object's bytes stream past it. The server
//! reads requests and writes answers; the client writes requests and reads answers with the same modules, so that
//! both halves are tested against each other.

pub mod api3;
pub mod cos;
pub mod site;
