//! Memory for runs of blocks, used again and again.
//!
//! Every read and every upload needs some, for a moment. Fresh from the system each page of it costs a fault and is
//! zeroed, and returned piecemeal it leaves the heap in fragments; so what is no longer needed waits here for the next
//! one, up to a bound.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use super::layout::RUN_BYTES;

/// The most that waits: 8 MiB. What is in use is bounded by those who use it.
const MOST_IDLE: usize = 32;

/// The memory that waits to be used again.
#[derive(Default)]
pub(super) struct Memories {
    idle: Mutex<Vec<Vec<u8>>>,
}

impl Memories {
    /// Memory for one run. What it holds is left from before, and its length too.
    pub(super) fn take(self: &Arc<Self>) -> Memory {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Memory {
            bytes: idle.unwrap_or_else(|| Vec::with_capacity(RUN_BYTES)),
            home: Arc::clone(self),
        }
    }
}

/// Memory for one run, which goes back on drop.
pub(super) struct Memory {
    bytes: Vec<u8>,
    home: Arc<Memories>,
}

impl Deref for Memory {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Memory {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

/// So that slices can be handed out, which hold the memory for as long as they live.
impl AsRef<[u8]> for Memory {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut idle = self.home.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_up_to_a_bound() {
        let memories = Arc::new(Memories::default());
        let idle = |memories: &Memories| memories.idle.lock().unwrap().len();
        let mut one = memories.take();
        one.extend_from_slice(b"before");
        let place = one.as_ptr();
        drop(one);
        assert_eq!(idle(&memories), 1);
        let again = memories.take();
        assert_eq!((again.as_ptr(), idle(&memories)), (place, 0));
        let many: Vec<_> = (0..=MOST_IDLE).map(|_| memories.take()).collect();
        drop((again, many));
        assert_eq!(idle(&memories), MOST_IDLE);
    }
}
