//! Records that wait for the writer, one behind the other in one stretch of memory.
//!
//! A record is spelled where its request was answered: what it is made of is taken up and given back by the same thread,
//! which costs an allocator far less than handing it over, and the writer is left with the chain and the disk only.

use crate::index;
use crate::line;
use crate::record::{Request, Who};

/// Room that most records need.
const USUAL_BYTES: usize = 1000;
/// Most names that records usually have.
const USUAL_TERMS: usize = 16;
/// Most memory that is kept for the next batch.
const KEPT_BYTES: usize = 1024 * 1024;

/// Who asked, spelled once for all requests of one key.
#[derive(Debug)]
pub struct SpelledWho {
    fields: Vec<u8>,
    terms: Vec<u64>,
}

impl SpelledWho {
    /// Spells it; none where that fails, which no text and no number brings about.
    pub fn new(who: &Who) -> Option<Self> {
        let mut fields = Vec::with_capacity(USUAL_BYTES);
        line::spell(&mut fields, who).ok()?;
        let mut terms = Vec::with_capacity(USUAL_TERMS);
        index::hashes_of(who, |hash| terms.push(hash));
        terms.sort_unstable();
        terms.dedup();
        Some(Self { fields, terms })
    }
}

/// A record as its line will have it.
pub(crate) struct Spelled {
    time: i64,
    fields: Vec<u8>,
    terms: Vec<u64>,
}

impl Spelled {
    /// Spells a record. Who asked is taken from `who`, where that is given, and the record says nothing of it.
    pub(crate) fn new(request: &Request, who: Option<&SpelledWho>) -> Result<Self, serde_json::Error> {
        let mut fields = Vec::with_capacity(USUAL_BYTES);
        line::spell(&mut fields, request)?;
        let mut terms = Vec::with_capacity(USUAL_TERMS);
        index::hashes(request, |hash| terms.push(hash));
        if let Some(who) = who.filter(|_| request.who.is_none()) {
            fields.extend_from_slice(&who.fields);
            terms.extend_from_slice(&who.terms);
        }
        Ok(Self {
            time: request.time,
            fields,
            terms,
        })
    }
}

/// A record in a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting<'b> {
    pub(crate) time: i64,
    /// Its fields, as [`line::spell`] has them.
    pub(crate) fields: &'b [u8],
    /// The hashes of its names.
    pub(crate) terms: &'b [u64],
}

/// Records in the order in which they came. They are taken from the front.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    fields: Vec<u8>,
    terms: Vec<u64>,
    ends: Vec<End>,
    taken: usize,
}

/// Where a record ends.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    time: i64,
    fields: usize,
    terms: usize,
}

impl Batch {
    pub(crate) fn push(&mut self, record: &Spelled) {
        self.fields.extend_from_slice(&record.fields);
        self.terms.extend_from_slice(&record.terms);
        self.ends.push(End {
            time: record.time,
            fields: self.fields.len(),
            terms: self.terms.len(),
        });
    }

    /// Takes the next record.
    pub(crate) fn take(&mut self) -> Option<Waiting<'_>> {
        let end = *self.ends.get(self.taken)?;
        let before = self.taken.checked_sub(1).and_then(|place| self.ends.get(place));
        let start = before.copied().unwrap_or_default();
        self.taken += 1;
        Some(Waiting {
            time: end.time,
            fields: self.fields.get(start.fields..end.fields)?,
            terms: self.terms.get(start.terms..end.terms)?,
        })
    }

    /// Whether all of them are taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.taken == self.ends.len()
    }

    /// Forgets what is taken. The memory is kept, unless there was very much to do.
    pub(crate) fn clear(&mut self) {
        if self.fields.capacity() > KEPT_BYTES {
            *self = Self::default();
            return;
        }
        self.fields.clear();
        self.terms.clear();
        self.ends.clear();
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::record::Session;

    fn request(id: &str) -> Request {
        Request {
            request_id: id.to_owned(),
            bucket: Some("photos-1250000000".to_owned()),
            ..Request::default()
        }
    }

    #[test]
    fn records_come_back_in_their_order() {
        let mut batch = Batch::default();
        assert!(batch.is_empty() && batch.take().is_none());
        for round in 0..3 {
            let spelled = ["one", "two"].map(|id| Spelled::new(&request(id), None).unwrap());
            spelled.iter().for_each(|record| batch.push(record));
            for record in &spelled {
                assert!(!batch.is_empty(), "{round}");
                let waiting = batch.take().unwrap();
                assert_eq!(
                    (waiting.fields, waiting.terms),
                    (&record.fields[..], &record.terms[..])
                );
                assert_eq!(waiting.terms.len(), 2);
            }
            assert!(batch.is_empty() && batch.take().is_none());
            batch.clear();
        }
    }

    #[test]
    fn who_asked_is_the_same_spelled_before_or_with_the_record() {
        let session = Session {
            session_id: "00ff".to_owned(),
            session_name: "a \"name\" \u{e9}\n".to_owned(),
            ancestors: vec!["01".to_owned(), "02".to_owned()],
            original_uin: 7,
            original_access_key_id: "AKIDone".to_owned(),
            web_identity: None,
            source_identity: Some("alice".to_owned()),
        };
        for session in [None, Some(session)] {
            let who = Who {
                proven: true,
                uin: 7,
                access_key_id: "AKIDone".to_owned(),
                session,
                ..Who::default()
            };
            let whole = Request {
                who: Some(who.clone()),
                ..request("one")
            };
            let spelled = SpelledWho::new(&who).unwrap();
            let whole = Spelled::new(&whole, None).unwrap();
            let joined = Spelled::new(&request("one"), Some(&spelled)).unwrap();
            let read = |spelled: &Spelled| -> Request {
                let text = String::from_utf8(spelled.fields.clone()).unwrap();
                serde_json::from_str(&format!("{{{}}}", text.strip_prefix(',').unwrap())).unwrap()
            };
            assert_eq!(read(&joined), read(&whole));
            let names = |spelled: &Spelled| BTreeSet::from_iter(spelled.terms.clone());
            assert_eq!(names(&joined), names(&whole));
            // A record that says itself who asked is not made to say it twice.
            let twice = Request {
                who: Some(who),
                ..request("one")
            };
            let twice = Spelled::new(&twice, Some(&spelled)).unwrap();
            assert_eq!(twice.fields, whole.fields);
        }
    }

    #[test]
    fn much_memory_is_not_kept() {
        let mut batch = Batch::default();
        batch.push(&Spelled::new(&request(&"x".repeat(KEPT_BYTES)), None).unwrap());
        batch.clear();
        assert_eq!((batch.fields.capacity(), batch.ends.len()), (0, 0));
    }
}
