//! Random sequences of operations against a map of keys to bytes.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Action {
    Put {
        name: usize,
        length: usize,
        forbid_overwrite: bool,
    },
    Copy {
        from: usize,
        to: usize,
    },
    Delete {
        name: usize,
    },
    Get {
        name: usize,
        first: usize,
        length: usize,
    },
    List {
        most: u32,
    },
    Begin {
        name: usize,
    },
    Part {
        upload: usize,
        number: u32,
        large: bool,
    },
    Complete {
        upload: usize,
        first: u32,
        count: u32,
    },
    Abort {
        upload: usize,
    },
    Sweep {
        hours: i64,
    },
}

const NAMES: [&str; 4] = ["a", "a/b", "a/c", "é\0"];

fn action() -> impl Strategy<Value = Action> {
    let name = 0..NAMES.len();
    let length = prop_oneof![Just(0), 1..INLINE, INLINE..5000];
    let upload = 0..3_usize;
    prop_oneof![
        4 => (name.clone(), length, any::<bool>())
            .prop_map(|(name, length, forbid_overwrite)| Action::Put { name, length, forbid_overwrite }),
        3 => (name.clone(), name.clone()).prop_map(|(from, to)| Action::Copy { from, to }),
        2 => name.clone().prop_map(|name| Action::Delete { name }),
        3 => (name.clone(), 0..2 * MIB, 1..MIB).prop_map(|(name, first, length)| Action::Get { name, first, length }),
        1 => (1..5_u32).prop_map(|most| Action::List { most }),
        2 => name.prop_map(|name| Action::Begin { name }),
        6 => (upload.clone(), 1..4_u32, any::<bool>())
            .prop_map(|(upload, number, large)| Action::Part { upload, number, large }),
        3 => (upload.clone(), 1..4_u32, 1..4_u32)
            .prop_map(|(upload, first, count)| Action::Complete { upload, first, count }),
        1 => upload.prop_map(|upload| Action::Abort { upload }),
        2 => (0..3_i64).prop_map(|hours| Action::Sweep { hours }),
    ]
}

/// An upload as the model knows it: its parts with their tags; none once it has ended.
struct Upload {
    reference: UploadRef,
    parts: Option<BTreeMap<u32, (ETag, Bytes)>>,
}

#[derive(Default)]
struct Model {
    objects: BTreeMap<String, Bytes>,
    uploads: Vec<Upload>,
}

impl Model {
    async fn act(&mut self, fixture: &Fixture, action: Action, seed: u64) {
        match action {
            Action::Put {
                name,
                length,
                forbid_overwrite,
            } => {
                let request = PutObject {
                    forbid_overwrite,
                    ..put(NAMES[name])
                };
                let result = fixture.put_request(&request, &bytes(length, seed)).await;
                if forbid_overwrite && self.objects.contains_key(NAMES[name]) {
                    assert_eq!(code(result), ErrorCode::ObjectExists);
                } else {
                    result.unwrap();
                    self.objects.insert(NAMES[name].to_owned(), bytes(length, seed));
                }
            }
            Action::Copy { from, to } => {
                let result = fixture.copy(NAMES[from], NAMES[to]).await;
                match self.objects.get(NAMES[from]).cloned() {
                    None => assert_eq!(code(result), ErrorCode::NoSuchKey),
                    Some(data) => {
                        result.unwrap();
                        self.objects.insert(NAMES[to].to_owned(), data);
                    }
                }
            }
            Action::Delete { name } => {
                fixture.delete(NAMES[name]).await.unwrap();
                self.objects.remove(NAMES[name]);
            }
            Action::Get { name, first, length } => {
                self.check_range(fixture, NAMES[name], first, length).await
            }
            Action::List { most } => {
                let listed = fixture.list(&list("", "", "", most)).await.unwrap();
                let listed = listed
                    .objects
                    .iter()
                    .map(|object| (object.key.as_str(), object.length));
                let expected = self
                    .objects
                    .iter()
                    .map(|(key, data)| (key.as_str(), data.len() as u64));
                assert!(listed.eq(expected.take(most as usize)));
            }
            Action::Begin { name } => {
                let reference = fixture.begin(NAMES[name]).await.unwrap();
                self.uploads.push(Upload {
                    reference,
                    parts: Some(BTreeMap::new()),
                });
            }
            Action::Part {
                upload,
                number,
                large,
            } => self.part(fixture, upload, number, large, seed).await,
            Action::Complete { upload, first, count } => {
                self.complete(fixture, upload, first..first + count).await
            }
            Action::Abort { upload } => {
                let Some(upload) = self.uploads.get_mut(upload) else {
                    return;
                };
                let aborted = fixture.abort(&upload.reference).await;
                assert_eq!(aborted.is_ok(), upload.parts.take().is_some());
            }
            Action::Sweep { hours } => {
                let now = NOW.plus_seconds(hours * 3600);
                fixture
                    .store
                    .sweep(now, Duration::from_secs(3600), 100)
                    .await
                    .unwrap();
            }
        }
    }

    async fn check_range(&self, fixture: &Fixture, name: &str, first: usize, length: usize) {
        let last = Some((first + length - 1) as u64);
        let range = Some(daypass_api::object::ByteRange::From(first as u64, last));
        let found = fixture.read(&ReadObject { range, ..read(name) }).await;
        let found = found.map(|(_, data)| data).map_err(|error| error.code);
        let expected = match self.objects.get(name) {
            None => Err(ErrorCode::NoSuchKey),
            Some(data) if first >= data.len() => Err(ErrorCode::InvalidRange),
            Some(data) => Ok(data.slice(first..data.len().min(first + length))),
        };
        assert!(found == expected, "{name} from {first}, {length} bytes");
    }

    async fn part(&mut self, fixture: &Fixture, upload: usize, number: u32, large: bool, seed: u64) {
        let Some(upload) = self.uploads.get_mut(upload) else {
            return;
        };
        let data = bytes(if large { MIB } else { 2000 }, seed);
        let stored = fixture.part(&upload.reference, number, &data).await;
        match &mut upload.parts {
            Some(parts) => {
                parts.insert(number, (stored.unwrap(), data));
            }
            None => assert_eq!(code(stored), ErrorCode::NoSuchUpload),
        }
    }

    async fn complete(&mut self, fixture: &Fixture, upload: usize, numbers: std::ops::Range<u32>) {
        let Some(upload) = self.uploads.get_mut(upload) else {
            return;
        };
        let parts = upload.parts.take();
        let known = parts.clone().unwrap_or_default();
        let wrong = ETag::from_text("0");
        let tag = |number| known.get(&number).map_or(&wrong, |(tag, _)| tag);
        let entries: Vec<_> = numbers.clone().map(|number| entry(number, tag(number))).collect();
        let completed = fixture
            .complete(&upload.reference, &entries)
            .await
            .map_err(|error| error.code);
        let small = |number: &u32| known.get(number).is_some_and(|(_, data)| data.len() < MIB);
        let expected = if parts.is_none() {
            Err(ErrorCode::NoSuchUpload)
        } else if !numbers.clone().all(|number| known.contains_key(&number)) {
            Err(ErrorCode::InvalidPart)
        } else if numbers.clone().rev().skip(1).any(|number| small(&number)) {
            Err(ErrorCode::EntityTooSmall)
        } else {
            Ok(())
        };
        assert_eq!(completed.map(drop), expected);
        if expected.is_ok() {
            let whole: Vec<u8> = numbers.flat_map(|number| known[&number].1.to_vec()).collect();
            self.objects
                .insert(upload.reference.key.to_string(), whole.into());
        } else {
            upload.parts = parts;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_store_is_a_map_of_keys_to_bytes(actions in proptest::collection::vec(action(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let fixture = with_bucket().await;
            let mut model = Model::default();
            for (step, action) in actions.into_iter().enumerate() {
                model.act(&fixture, action, step as u64).await;
            }
            for name in NAMES {
                let found = fixture.get(name).await.ok();
                assert!(found.as_ref() == model.objects.get(name), "{name}");
            }
            fixture.audit_after_sweeps().await;
        });
    }
}
