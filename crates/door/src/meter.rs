//! What a door tells of those who come, for whoever counts it.

/// Counts what happens at a door. Whatever is of no interest counts as it is: not at all.
pub trait Meter: Send + Sync + 'static {
    /// A connection is served from now on, until [`Meter::closed`].
    fn opened(&self) {}
    /// A connection has ended, in whatever way.
    fn closed(&self) {}
    /// The system did not hand a connection over.
    fn not_accepted(&self) {}
    /// A connection was closed at once, because its client has as many as it may.
    fn over_address_limit(&self) {}
    /// A TLS handshake failed.
    fn handshake_failed(&self) {}
    /// The head of a request could not be read.
    fn head_unreadable(&self) {}
    /// Bytes came, those of TLS among them.
    fn received(&self, _bytes: u64) {}
    /// Bytes went.
    fn sent(&self, _bytes: u64) {}
}

/// Counts nothing.
impl Meter for () {}
