//! The outermost layer: bounds of connections, HTTP/1, bodies in and out. It knows nothing of operations; the sockets
//! themselves are `door`'s.

pub(crate) mod allowance;
pub(crate) mod body;
pub(crate) mod header_case;
pub(crate) mod limits;
pub(crate) mod pace;
