//! Folded listings: examples that read as an explanation, and a comparison with a naive model.
//!
//! The model walks every key and never seeks, so it shares no cleverness with the engines.

use std::collections::BTreeMap;
use std::ops::Bound::{self, Excluded, Included, Unbounded};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::{Entry, ScanPage};

/// How many random stores the model is compared on, and how many questions each is asked.
const STORES: usize = 24;
const QUESTIONS: usize = 24;

pub(super) async fn groups_are_folded(kv: &dyn Kv) {
    let stored = [
        "a", "a/", "a/1", "a/2/x", "a0", "b", "b//1", "c\u{7f}/", "d--e--f", "d--g",
    ];
    commit(
        kv,
        stored
            .iter()
            .fold(Batch::new(), |batch, key| batch.put(*key, "value")),
    )
    .await;
    let snapshot = kv.snapshot().await.unwrap();
    let check = async |prefix: &str, delimiter: &str, start: Bound<&str>, limit: usize, expected: &[&str]| {
        let start = start.map(str::as_bytes);
        let page = snapshot
            .scan_prefixes(prefix.as_bytes(), delimiter.as_bytes(), start, limit)
            .await
            .unwrap();
        let mut names: Vec<String> = page.entries.iter().map(shown).collect();
        names.extend(page.more.then(|| "...".to_owned()));
        assert_eq!(
            names, expected,
            "prefix {prefix:?} delimiter {delimiter:?} start {start:?} limit {limit}"
        );
    };
    check(
        "",
        "/",
        Unbounded,
        99,
        &["a", "a/*", "a0", "b", "b/*", "c\u{7f}/*", "d--e--f", "d--g"],
    )
    .await;
    check(
        "",
        "--",
        Unbounded,
        99,
        &["a", "a/", "a/1", "a/2/x", "a0", "b", "b//1", "c\u{7f}/", "d--*"],
    )
    .await;
    check("", "", Unbounded, 3, &["a", "a/", "a/1", "..."]).await;
    check("a/", "/", Unbounded, 99, &["a/", "a/1", "a/2/*"]).await;
    check("b/", "/", Unbounded, 99, &["b//*"]).await;
    check("d", "--", Unbounded, 99, &["d--*"]).await;
    check("d--", "--", Unbounded, 99, &["d--e--*", "d--g"]).await;
    check("zzz", "/", Unbounded, 99, &[]).await;
    // A folded prefix as a marker passes its group over; a name inside a group does not.
    check("", "/", Excluded("a/"), 2, &["a0", "b", "..."]).await;
    check("", "/", Excluded("a/1"), 2, &["a/*", "a0", "..."]).await;
    check("", "/", Excluded("a/2/x"), 1, &["a0", "..."]).await;
    check("", "/", Included("a/"), 1, &["a/*", "..."]).await;
    check("", "", Excluded("a/"), 1, &["a/1", "..."]).await;
    check("a/", "/", Excluded("a/"), 99, &["a/1", "a/2/*"]).await;
    check("a/", "/", Excluded("a/2/"), 99, &[]).await;
    check("b", "/", Excluded("a"), 99, &["b", "b/*"]).await;
    check("b", "/", Excluded("zzz"), 99, &[]).await;
    check("", "/", Unbounded, 2, &["a", "a/*", "..."]).await;
    check("", "/", Excluded("d--e--f"), 1, &["d--g"]).await;
    check("", "/", Unbounded, 0, &["..."]).await;
    check("zzz", "/", Unbounded, 0, &[]).await;
}

fn shown(entry: &Entry) -> String {
    let name = String::from_utf8_lossy(entry.name());
    if matches!(entry, Entry::Prefix(_)) {
        format!("{name}*")
    } else {
        name.into_owned()
    }
}

#[derive(Debug, Clone)]
struct Question {
    prefix: Vec<u8>,
    delimiter: Vec<u8>,
    start: Bound<Vec<u8>>,
    limit: usize,
}

pub(super) async fn listings_agree_with_a_model(make: &impl AsyncFn() -> Arc<dyn Kv>) {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let kv = make().await;
    for _ in 0..STORES {
        let stored = sample(
            &mut runner,
            &prop::collection::btree_map(text(0..6), text(0..2), 0..40),
        );
        replace_all(kv.as_ref(), &stored).await;
        let snapshot = kv.snapshot().await.unwrap();
        for _ in 0..QUESTIONS {
            let question = sample(&mut runner, &question());
            let Question {
                prefix,
                delimiter,
                start,
                limit,
            } = &question;
            let start = start.as_ref().map(Vec::as_slice);
            let page = snapshot
                .scan_prefixes(prefix, delimiter, start, *limit)
                .await
                .unwrap();
            assert_eq!(page, model(&stored, &question), "{question:?} on {stored:?}");
            pages_join(snapshot.as_ref(), &stored, &question).await;
        }
    }
}

/// Page after page, each begun after the last entry of the one before, lists what one page would.
async fn pages_join(
    snapshot: &dyn crate::Snapshot,
    stored: &BTreeMap<Vec<u8>, Vec<u8>>,
    question: &Question,
) {
    let whole = model(
        stored,
        &Question {
            limit: usize::MAX,
            ..question.clone()
        },
    );
    let mut joined = Vec::new();
    let mut start = question.start.clone().map(Bytes::from);
    loop {
        let from = start.as_ref().map(AsRef::as_ref);
        let page = snapshot
            .scan_prefixes(&question.prefix, &question.delimiter, from, 2)
            .await
            .unwrap();
        joined.extend(page.entries);
        if !page.more {
            break;
        }
        start = Excluded(joined.last().unwrap().name().clone());
    }
    assert_eq!(joined, whole.entries, "{question:?} on {stored:?}");
}

async fn replace_all(kv: &dyn Kv, stored: &BTreeMap<Vec<u8>, Vec<u8>>) {
    let old = kv
        .snapshot()
        .await
        .unwrap()
        .range(KeyRange::all(), Direction::Forward, 1000)
        .await
        .unwrap();
    let batch = old
        .into_iter()
        .fold(Batch::new(), |batch, (key, _)| batch.delete(key));
    commit(
        kv,
        stored
            .iter()
            .fold(batch, |batch, (key, value)| batch.put(key.clone(), value.clone())),
    )
    .await;
}

fn model(stored: &BTreeMap<Vec<u8>, Vec<u8>>, question: &Question) -> ScanPage {
    let Question {
        prefix,
        delimiter,
        start,
        limit,
    } = question;
    let group = |key: &[u8]| {
        let rest = key.strip_prefix(&prefix[..])?;
        let position =
            (0..rest.len()).find(|at| !delimiter.is_empty() && rest[*at..].starts_with(delimiter))?;
        Some(key[..prefix.len() + position + delimiter.len()].to_vec())
    };
    let mut entries: Vec<Entry> = Vec::new();
    for (key, value) in stored {
        let begun = match start {
            Unbounded => true,
            Included(start) => key >= start,
            Excluded(start) => {
                key > start && !(group(start).as_ref() == Some(start) && key.starts_with(start))
            }
        };
        if !begun || !key.starts_with(prefix) {
            continue;
        }
        let entry = match group(key) {
            Some(group) => Entry::Prefix(group.into()),
            None => Entry::Key(key.clone().into(), value.clone().into()),
        };
        if entries.last() != Some(&entry) {
            entries.push(entry);
        }
    }
    let more = entries.len() > *limit;
    entries.truncate(*limit);
    ScanPage { entries, more }
}

fn question() -> impl Strategy<Value = Question> {
    let start = prop_oneof![
        Just(Unbounded),
        text(0..5).prop_map(Included),
        text(0..5).prop_map(Excluded),
        text(0..4).prop_map(|name| Excluded([&name[..], b"/"].concat())),
    ];
    (text(0..3), text(0..3), start, prop_oneof![0..5usize, Just(1000)]).prop_map(
        |(prefix, delimiter, start, limit)| Question {
            prefix,
            delimiter,
            start,
            limit,
        },
    )
}

/// Few letters, so that prefixes, delimiters and markers meet; with the two bytes that tempt arithmetic.
fn text(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(
        prop_oneof![Just(b'/'), Just(b'a'), Just(b'b'), Just(0), Just(0xff)],
        length,
    )
}

fn sample<S: Strategy>(runner: &mut TestRunner, strategy: &S) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}
