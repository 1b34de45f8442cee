//! The system's allocator, counting what each thread takes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    // Needs no destructor and no allocation, so that it may be touched from within the allocator.
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// How many bytes this thread has taken so far, whether it has given them back or not.
pub(crate) fn taken() -> usize {
    TAKEN.with(Cell::get)
}

#[expect(
    unsafe_code,
    reason = "an allocator cannot be written otherwise; it only counts"
)]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.with(|taken| taken.set(taken.get().wrapping_add(layout.size())));
        // SAFETY: the caller keeps the contract for the same layout.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above with the same layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}
