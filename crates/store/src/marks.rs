//! The numbers that tell whether what was read of identities before still holds.
//!
//! Every request asks for them, of its own view, before anything that is kept elsewhere counts. Between two commits all
//! views show the same, so they are read once and kept under the stamp of the snapshot. INVARIANT: marks are handed out
//! for the stamp alone that they were read under.

use std::sync::{Mutex, PoisonError};

use daypass_api::Error;
use daypass_metadata::keys;

use crate::view::View;

/// The marks as they were read last.
#[derive(Debug, Default)]
pub(crate) struct KnownMarks(Mutex<Option<(u64, Marks)>>);

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    identity_generation: u64,
    last_revocation: u64,
}

impl KnownMarks {
    fn find(&self, stamp: u64) -> Option<Marks> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.filter(|(of, _)| *of == stamp).map(|(_, marks)| marks)
    }

    fn keep(&self, stamp: u64, marks: Marks) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((stamp, marks));
    }
}

impl View {
    /// A number that is raised by every change of an identity, a policy, an access key or the key ring.
    pub async fn identity_generation(&self) -> Result<u64, Error> {
        Ok(self.marks().await?.identity_generation)
    }

    /// The place of the last revocation.
    pub async fn last_revocation(&self) -> Result<u64, Error> {
        Ok(self.marks().await?.last_revocation)
    }

    async fn marks(&self) -> Result<Marks, Error> {
        if let Some(marks) = self.marks.get() {
            return Ok(*marks);
        }
        let marks = self.read_marks().await?;
        Ok(*self.marks.get_or_init(|| marks))
    }

    async fn read_marks(&self) -> Result<Marks, Error> {
        let stamp = self.snapshot().stamp();
        if let Some(known) = stamp.and_then(|stamp| self.known_marks.find(stamp)) {
            return Ok(known);
        }
        let marks = Marks {
            identity_generation: self.counter(&keys::generation()).await?,
            last_revocation: self.counter(&keys::revocation_log()).await?,
        };
        if let Some(stamp) = stamp {
            self.known_marks.keep(stamp, marks);
        }
        Ok(marks)
    }
}
