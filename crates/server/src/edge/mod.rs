//! The outermost layer: sockets, HTTP/1, bodies in and out. It knows nothing of operations.

pub(crate) mod allowance;
pub(crate) mod body;
pub(crate) mod crowd;
pub(crate) mod header_case;
pub(crate) mod listener;
pub(crate) mod pace;
pub(crate) mod patience;
