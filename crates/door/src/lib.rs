//! Where connections come in, plain ones and those inside TLS: how many there may be, and of one client; how long the other
//! end may keep them waiting; and an end in good order.
//!
//! The server and the broker let people in by the same doors, so they stand here and know neither. What is asked and
//! answered is for whoever opens one, and so are the bodies: how large they may be, and how slow.

mod crowd;
mod meter;
mod patience;
mod serve;
mod socket;

pub use crowd::Crowd;
pub use meter::Meter;
pub use serve::{Door, Manners, Peer, serve};
pub use socket::{OpenError, Socket};
