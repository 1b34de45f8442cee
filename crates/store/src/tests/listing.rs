//! Listings against a naive model, with every kind of key.

use std::collections::{BTreeMap, BTreeSet};

use daypass_api::operation::ListMultipartUploads;
use daypass_api::outcome::UploadList;
use proptest::prelude::*;

use super::*;

/// What a listing shows, in order: keys and common prefixes.
#[derive(Debug, PartialEq, Eq, Clone)]
enum Line {
    Key(String),
    Prefix(String),
}

impl Line {
    fn name(&self) -> &str {
        let (Self::Key(name) | Self::Prefix(name)) = self;
        name
    }
}

fn group<'k>(key: &'k str, prefix: &str, delimiter: &str) -> Option<&'k str> {
    let at = key
        .strip_prefix(prefix)?
        .find(delimiter)
        .filter(|_| !delimiter.is_empty())?;
    Some(&key[..prefix.len() + at + delimiter.len()])
}

/// The whole listing after the marker, written for clarity only.
fn model(keys: &BTreeSet<String>, prefix: &str, delimiter: &str, marker: &str) -> Vec<Line> {
    let passed = Some(marker).filter(|marker| group(marker, prefix, delimiter) == Some(marker));
    let mut lines = Vec::new();
    for key in keys
        .iter()
        .filter(|key| key.starts_with(prefix) && key.as_str() > marker)
    {
        let line = match group(key, prefix, delimiter) {
            Some(group) if Some(group) == passed => continue,
            Some(group) => Line::Prefix(group.to_owned()),
            None => Line::Key(key.clone()),
        };
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }
    lines
}

fn lines(list: &ObjectList) -> Vec<Line> {
    let objects = list
        .objects
        .iter()
        .map(|object| Line::Key(object.key.to_string()));
    let prefixes = list.common_prefixes.iter().cloned().map(Line::Prefix);
    let mut lines: Vec<_> = objects.chain(prefixes).collect();
    lines.sort_by(|one, other| one.name().cmp(other.name()));
    lines
}

async fn with_objects(keys: &BTreeSet<String>) -> Fixture {
    let fixture = with_bucket().await;
    // A neighbour on either side, which no listing may show.
    for other in ["photor", "photot"] {
        fixture.create_bucket(other).await.unwrap();
        let request = PutObject {
            bucket: bucket(other),
            ..put("a/b")
        };
        fixture.put_request(&request, &bytes(1, 1)).await.unwrap();
    }
    for name in keys {
        fixture.put(name, &Bytes::new()).await.unwrap();
    }
    fixture
}

fn set(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[tokio::test]
async fn documented_examples() {
    let fixture = with_objects(&set(&[
        "a",
        "folder-1/x",
        "folder-1/y",
        "folder-2/x",
        "folder-3/x",
        "z",
    ]))
    .await;
    let check = async |list: ListObjects, keys: &[&str], prefixes: &[&str], next: Option<&str>| {
        let found = fixture.list(&list).await.unwrap();
        let found_keys: Vec<_> = found.objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(found_keys, keys, "{list:?}");
        assert_eq!(found.common_prefixes, prefixes, "{list:?}");
        assert_eq!(found.next_marker.as_deref(), next, "{list:?}");
        assert_eq!((found.owner, found.region), (OWNER.app_id, region()));
    };
    check(
        list("", "/", "", 1000),
        &["a", "z"],
        &["folder-1/", "folder-2/", "folder-3/"],
        None,
    )
    .await;
    check(list("", "/", "", 2), &["a"], &["folder-1/"], Some("folder-1/")).await;
    check(
        list("", "/", "folder-1/", 2),
        &[],
        &["folder-2/", "folder-3/"],
        Some("folder-3/"),
    )
    .await;
    check(list("", "/", "folder-3/", 2), &["z"], &[], None).await;
    check(list("", "", "folder-3/", 2), &["folder-3/x", "z"], &[], None).await;
    check(list("", "", "", 1), &["a"], &[], Some("a")).await;
    check(list("", "", "a", 1), &["folder-1/x"], &[], Some("folder-1/x")).await;
    check(
        list("folder-1/", "/", "", 10),
        &["folder-1/x", "folder-1/y"],
        &[],
        None,
    )
    .await;
    check(list("folder", "-", "", 10), &[], &["folder-"], None).await;
    check(list("", "/", "", 0), &[], &[], None).await;
    check(list("nothing", "/", "", 10), &[], &[], None).await;
    check(list("", "", "zz", 10), &[], &[], None).await;
}

#[tokio::test]
async fn a_page_has_a_thousand_entries_at_most() {
    let names: BTreeSet<String> = (0..1001).map(|number| format!("{number:04}")).collect();
    let fixture = with_objects(&names).await;
    let page = fixture.list(&list("", "", "", u32::MAX)).await.unwrap();
    assert_eq!(
        (page.objects.len(), page.next_marker.as_deref()),
        (1000, Some("0999"))
    );
}

fn text(most: usize) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        Just('a'),
        Just('b'),
        Just('/'),
        Just('\0'),
        Just('\u{1}'),
        Just('é'),
        Just('\u{ffff}'),
        Just('\u{10ffff}')
    ];
    proptest::collection::vec(character, 0..most).prop_map(|text| text.into_iter().collect())
}

fn names() -> impl Strategy<Value = BTreeSet<String>> {
    let name = text(6).prop_filter("a key is not empty", |name| !name.is_empty());
    proptest::collection::btree_set(name, 0..25)
}

/// Runs a test on a runtime of its own, since property tests are not async.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn objects_are_listed_as_the_model_says(
        keys in names(), prefix in text(3), delimiter in text(3), marker in text(4), most in 1..6u32,
    ) {
        block_on(async {
            let fixture = with_objects(&keys).await;
            let expected = model(&keys, &prefix, &delimiter, &marker);
            let page = fixture.list(&list(&prefix, &delimiter, &marker, most)).await.unwrap();
            let shown = &expected[..expected.len().min(most as usize)];
            assert_eq!(lines(&page), shown);
            let next = shown.last().filter(|_| expected.len() > shown.len());
            assert_eq!(page.next_marker.as_deref(), next.map(Line::name));
        });
    }

    #[test]
    fn pages_of_objects_make_up_the_whole(
        keys in names(), prefix in text(2), delimiter in text(2), most in 1..4u32,
    ) {
        block_on(async {
            let fixture = with_objects(&keys).await;
            let mut marker = String::new();
            let mut all = Vec::new();
            loop {
                let page = fixture.list(&list(&prefix, &delimiter, &marker, most)).await.unwrap();
                all.extend(lines(&page));
                let Some(next) = page.next_marker else { break };
                marker = next;
            }
            assert_eq!(all, model(&keys, &prefix, &delimiter, ""));
        });
    }

    #[test]
    fn pages_of_uploads_make_up_the_whole(
        uploads in proptest::collection::btree_map(
            text(5).prop_filter("a key is not empty", |name| !name.is_empty()), 1..4usize, 0..12,
        ),
        prefix in text(2), delimiter in text(2), most in 1..4u32,
    ) {
        block_on(async {
            let fixture = with_bucket().await;
            for (name, count) in &uploads {
                for _ in 0..*count {
                    fixture.begin(name).await.unwrap();
                }
            }
            let expected = model_of_uploads(&uploads, &prefix, &delimiter);
            let (mut key_marker, mut id_marker) = (String::new(), String::new());
            let mut all = Vec::new();
            loop {
                let page = fixture.uploads(&prefix, &delimiter, &key_marker, &id_marker, most).await.unwrap();
                assert!(page.uploads.len() + page.common_prefixes.len() <= most as usize);
                all.extend(upload_lines(&page));
                let Some(next) = page.next else { break };
                (key_marker, id_marker) = next;
            }
            assert_eq!(all, expected);
        });
    }
}

fn model_of_uploads(uploads: &BTreeMap<String, usize>, prefix: &str, delimiter: &str) -> Vec<Line> {
    let keys = uploads.keys().cloned().collect();
    let repeat = |line: Line| {
        let count = if let Line::Key(key) = &line {
            uploads[key]
        } else {
            1
        };
        std::iter::repeat_n(line, count)
    };
    model(&keys, prefix, delimiter, "")
        .into_iter()
        .flat_map(repeat)
        .collect()
}

fn upload_lines(page: &UploadList) -> Vec<Line> {
    let uploads = page
        .uploads
        .iter()
        .map(|upload| Line::Key(upload.key.to_string()));
    let prefixes = page.common_prefixes.iter().cloned().map(Line::Prefix);
    let mut lines: Vec<_> = uploads.chain(prefixes).collect();
    lines.sort_by(|one, other| one.name().cmp(other.name()));
    lines
}

impl Fixture {
    async fn uploads(
        &self,
        prefix: &str,
        delimiter: &str,
        key_marker: &str,
        upload_id_marker: &str,
        max_uploads: u32,
    ) -> Result<UploadList, Error> {
        let list = ListMultipartUploads {
            bucket: photos(),
            prefix: prefix.to_owned(),
            delimiter: delimiter.to_owned(),
            key_marker: key_marker.to_owned(),
            upload_id_marker: upload_id_marker.to_owned(),
            max_uploads,
            url_encoding: false,
        };
        match self
            .store
            .list_multipart_uploads(&self.store.view().await?, &list)
            .await?
        {
            Outcome::Uploads(uploads) => Ok(uploads),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn uploads_of_one_key_are_listed_by_age() {
    let fixture = with_bucket().await;
    let mut ids = Vec::new();
    for second in [3, 1, 2] {
        let view = fixture.view().await;
        let now = NOW.plus_seconds(second);
        let started = fixture
            .store
            .initiate_multipart(view, &initiate("a"), OWNERSHIP, now, &*fixture.random)
            .await;
        let Outcome::UploadStarted { upload_id, .. } = started.unwrap() else {
            panic!("no upload")
        };
        ids.push((second, upload_id.to_string()));
    }
    ids.sort();
    let ids: Vec<_> = ids.into_iter().map(|(_, id)| id).collect();
    let check = async |key_marker: &str, id_marker: &str, most, expected: &[String], next: Option<&str>| {
        let page = fixture
            .uploads("", "", key_marker, id_marker, most)
            .await
            .unwrap();
        let found: Vec<_> = page
            .uploads
            .iter()
            .map(|upload| upload.upload_id.to_string())
            .collect();
        assert_eq!(found, expected, "{key_marker} {id_marker}");
        assert_eq!(page.next, next.map(|id| ("a".to_owned(), id.to_owned())));
    };
    check("", "", 10, &ids, None).await;
    check("", "", 2, &ids[..2], Some(&ids[1])).await;
    check("a", &ids[1], 2, &ids[2..], None).await;
    check("a", "", 2, &[], None).await;
    check("", &ids[1], 10, &ids, None).await;
    check("A", &ids[1], 10, &ids, None).await;
    check("", "", 0, &[], None).await;
}
