//! Why one request was answered as it was, and the smallest statement that would have changed it.
//!
//! [`reasons`] asks the engine itself: what it writes down are the findings of `daypass-access`, beside them what stands
//! in the statements, and for a layer that says nothing the statement that came closest. [`mend`] proposes statements
//! and lets the engine decide again with them, so that nothing is proposed that would not help. An [`Explanation`] is what
//! is kept of a request that was answered; [`Explanation::seen_by`] is the one place that says who may see what of it.

mod gather;
mod layers;
mod mend;
mod record;
mod report;
mod view;
mod words;

pub use gather::reasons;
pub use mend::mend;
pub use record::{Cause, CauseKind, Explanation, Fact, Who};
pub use report::{
    Closest, ConditionReport, Deciding, Denial, Judgement, LayerReport, Mend, Mismatch, Reasons, Step,
    Verdict,
};
pub use words::in_words;
