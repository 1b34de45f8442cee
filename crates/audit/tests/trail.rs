//! The trail from outside: what is written is found sound, and whatever is done to it afterwards is found.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

mod kit;

use std::sync::Arc;
use std::time::Duration;

use daypass_audit::record::Request;
use daypass_audit::verify::{End, Kind};
use daypass_audit::writer::{OnLoss, Writer};
use kit::{Bench, FlakyDisk, Switch, request, verify};
use proptest::prelude::*;

#[test]
fn what_is_written_is_sound() {
    let bench = Bench::new();
    let writer = bench.writer();
    for number in 0..100 {
        writer.admit().unwrap().put(request(number));
    }
    writer.stop().unwrap();
    assert_eq!((writer.figures().written(), writer.figures().lost()), (100, 0));
    assert_eq!(writer.figures().waiting(), 0);
    let (summary, findings) = verify(bench.path());
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(
        (summary.requests, summary.end, summary.first),
        (100, End::Stopped, 1)
    );
    assert_eq!(summary.last, 100 + 3);
    assert_eq!(summary.segments, 1);
}

#[test]
fn files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    bench.write(40, 1000);
    for entry in std::fs::read_dir(bench.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_second_writer_is_refused() {
    let bench = Bench::new();
    let writer = bench.writer();
    let second = bench.try_writer(Box::new(daypass_audit::SystemDisk), OnLoss::Refuse);
    assert!(matches!(second, Err(daypass_audit::AuditError::InUse(_))));
    writer.stop().unwrap();
}

#[test]
fn segments_follow_each_other_across_restarts() {
    let bench = Bench::new();
    for _ in 0..3 {
        bench.write(40, 1000);
    }
    let (summary, findings) = verify(bench.path());
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(summary.requests, 120);
    assert!(summary.segments > 3, "{summary:?}");
}

#[test]
fn a_torn_last_line_is_repaired_and_told() {
    for torn in [&b"{"[..], b"{\"seq\":99,\"kind\":\"req", &[0; 4096], &[0xff; 10]] {
        let bench = Bench::new();
        bench.write(5, 1_000_000);
        let file = bench.segments().pop().unwrap();
        let mut bytes = std::fs::read(&file).unwrap();
        bytes.extend_from_slice(torn);
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(kinds(bench.path()), [Kind::TornTail]);
        bench.write(5, 1_000_000);
        assert_eq!(kinds(bench.path()), [Kind::Repaired]);
        let (summary, _) = verify(bench.path());
        assert_eq!(summary.requests, 10);
    }
}

#[test]
fn a_file_cut_anywhere_in_its_last_line_goes_on() {
    let bench = Bench::new();
    bench.write(3, 1_000_000);
    let file = bench.segments().pop().unwrap();
    let whole = std::fs::read(&file).unwrap();
    let last = whole[..whole.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap()
        + 1;
    for cut in (last + 1..whole.len()).step_by(7) {
        std::fs::write(&file, &whole[..cut]).unwrap();
        bench.write(1, 1_000_000);
        assert_eq!(kinds(bench.path()), [Kind::Repaired], "{cut}");
    }
    // Without its first line whole, it begins anew at the same number.
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for cut in [0, 1, first] {
        std::fs::write(&file, &whole[..cut]).unwrap();
        bench.write(1, 1_000_000);
        assert!(kinds(bench.path()).is_empty(), "{cut}");
    }
}

#[test]
fn damage_before_the_tail_is_left_as_it_is() {
    let bench = Bench::new();
    bench.write(10, 1_000_000);
    let file = bench.segments().pop().unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    bench.write(10, 1_000_000);
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    let found = kinds(bench.path());
    assert!(
        found.contains(&Kind::Abandoned) && found.contains(&Kind::Edited),
        "{found:?}"
    );
}

#[test]
fn retention_is_told_from_theft() {
    let bench = Bench::new();
    for _ in 0..10 {
        bench.advance_days(1);
        bench.write_keeping(30, 2000, u64::MAX, 4);
    }
    assert_eq!(kinds(bench.path()), [Kind::Retention]);
    let (summary, _) = verify(bench.path());
    assert!(summary.first > 1 && summary.requests >= 30, "{summary:?}");
    let mut segments = bench.segments();
    segments.truncate(segments.len() - 1);
    for segment in segments {
        let bytes = std::fs::read(&segment).unwrap();
        std::fs::remove_file(&segment).unwrap();
        let found = kinds(bench.path());
        let expected = found
            .iter()
            .any(|kind| matches!(kind, Kind::Missing | Kind::BeginningMissing));
        assert!(expected, "{} {found:?}", segment.display());
        std::fs::write(&segment, bytes).unwrap();
    }
    assert_eq!(kinds(bench.path()), [Kind::Retention]);
}

#[test]
fn retention_by_size() {
    let bench = Bench::new();
    for _ in 0..10 {
        bench.write_keeping(30, 2000, 20_000, 1000);
    }
    assert_eq!(kinds(bench.path()), [Kind::Retention]);
    let bytes: u64 = bench
        .segments()
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .sum();
    assert!(bytes < 30_000, "{bytes}");
}

#[test]
fn every_segment_has_an_index_until_it_is_taken_away() {
    let bench = Bench::new();
    bench.write(40, 1000);
    let index = bench.segments()[1].with_extension("index");
    let bytes = std::fs::read(&index).unwrap();
    assert_eq!(
        daypass_audit::index::build(&bench.segments()[1]).unwrap(),
        Some(bytes.clone())
    );
    for place in (0..bytes.len()).step_by(11) {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        std::fs::write(&index, changed).unwrap();
        assert_eq!(kinds(bench.path()), [Kind::IndexWrong]);
    }
    std::fs::remove_file(index).unwrap();
    assert_eq!(kinds(bench.path()), [Kind::IndexMissing]);
    assert_eq!(daypass_audit::index::rebuild(bench.path()).unwrap(), 1);
    assert!(kinds(bench.path()).is_empty());
}

/// The part before the restart is read aside; the whole is as if there had been none.
#[test]
fn a_segment_that_was_resumed_has_the_index_of_all_its_records() {
    let bench = Bench::new();
    for _ in 0..4 {
        bench.write(5, 4000);
    }
    bench.write(40, 4000);
    assert!(kinds(bench.path()).is_empty());
    let segments = bench.segments();
    for segment in &segments[..segments.len() - 1] {
        let index = std::fs::read(segment.with_extension("index")).unwrap();
        assert_eq!(daypass_audit::index::build(segment).unwrap(), Some(index));
    }
    let first = std::fs::read_to_string(&segments[0]).unwrap();
    assert!(first.matches("\"started\"").count() > 1, "{first}");
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let bench = Bench::new();
    let (disk, switch) = FlakyDisk::new();
    let writer = bench.try_writer(Box::new(disk), OnLoss::Refuse).unwrap();
    writer.admit().unwrap().put(request(0));
    kit::wait(|| writer.figures().written() == 1);
    switch.fill_after(1000);
    for number in 1..20 {
        if let Ok(place) = writer.admit() {
            place.put(request(number));
        }
    }
    kit::wait(|| !writer.figures().is_writable());
    assert!(writer.admit().is_err());
    assert!(writer.figures().failures() > 0);
    switch.empty();
    kit::wait(|| writer.figures().is_writable() && writer.figures().waiting() == 0);
    writer.admit().unwrap().put(request(99));
    writer.stop().unwrap();
    assert_eq!(writer.figures().lost(), 0);
    let (summary, findings) = verify(bench.path());
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(summary.requests, writer.figures().written());
}

#[test]
fn without_refusing_the_gap_is_told() {
    let bench = Bench::new();
    let (disk, switch) = FlakyDisk::new();
    let writer = bench.try_writer(Box::new(disk), OnLoss::Continue).unwrap();
    switch.fill_after(0);
    let all = kit::PLACES as u64 + 50;
    for number in 0..all {
        writer.admit().unwrap().put(request(number));
    }
    kit::wait(|| !writer.figures().is_writable());
    let lost = writer.figures().lost();
    assert!(lost >= 50, "{lost}");
    switch.empty();
    kit::wait(|| writer.figures().waiting() == 0);
    writer.stop().unwrap();
    let (summary, findings) = verify(bench.path());
    assert_eq!(findings.len(), 1);
    assert_eq!(
        (findings[0].kind, findings[0].text.as_str()),
        (Kind::Gap, &*format!("{lost} records could not be written"))
    );
    assert_eq!(summary.requests + lost, all);
}

#[test]
fn a_flush_that_fails_is_told() {
    let bench = Bench::new();
    let (disk, switch) = FlakyDisk::new();
    let writer = bench.try_writer(Box::new(disk), OnLoss::Refuse).unwrap();
    switch.fail_flushes(true);
    writer.admit().unwrap().put(request(0));
    kit::wait(|| !writer.figures().is_writable());
    switch.fail_flushes(false);
    kit::wait(|| writer.figures().is_writable());
    writer.stop().unwrap();
    assert_eq!(kinds(bench.path()), [Kind::Gap]);
}

/// A writer with one record, whose flush hangs, and will then succeed or fail.
fn writer_in_a_flush(bench: &Bench, fails: bool) -> (Writer, Arc<Switch>) {
    let (disk, switch) = FlakyDisk::new();
    let writer = bench.try_writer(Box::new(disk), OnLoss::Refuse).unwrap();
    switch.hang_flushes(true);
    switch.fail_flushes(fails);
    writer.admit().unwrap().put(request(0));
    kit::wait(|| switch.hanging() == 1);
    (writer, switch)
}

#[test]
fn records_are_written_while_a_flush_hangs() {
    let bench = Bench::new();
    let (writer, switch) = writer_in_a_flush(&bench, false);
    let all = 5 * kit::PLACES as u64;
    for number in 1..all {
        kit::wait(|| writer.figures().waiting() < kit::PLACES);
        writer.admit().unwrap().put(request(number));
    }
    kit::wait(|| writer.figures().waiting() == 0);
    assert_eq!((switch.hanging(), writer.figures().is_writable()), (1, true));
    assert_eq!(verify(bench.path()).0.requests, all);
    switch.hang_flushes(false);
    writer.stop().unwrap();
    assert_eq!(kinds(bench.path()), []);
}

#[test]
fn a_flush_that_hangs_and_then_fails_is_told() {
    let bench = Bench::new();
    let (writer, switch) = writer_in_a_flush(&bench, true);
    assert!(writer.figures().is_writable(), "nothing has failed yet");
    switch.hang_flushes(false);
    kit::wait(|| !writer.figures().is_writable());
    // It is tried again meanwhile, and the disk is not trusted before that succeeds.
    for _ in 0..100 {
        assert!(writer.admit().is_err());
        std::thread::sleep(Duration::from_millis(10));
    }
    switch.fail_flushes(false);
    kit::wait(|| writer.figures().is_writable());
    writer.stop().unwrap();
    let kinds = kinds(bench.path());
    assert!(
        !kinds.is_empty() && kinds.iter().all(|kind| *kind == Kind::Gap),
        "{kinds:?}"
    );
}

#[test]
fn a_flush_that_fails_at_the_end_is_told() {
    let bench = Bench::new();
    let (writer, switch) = writer_in_a_flush(&bench, true);
    switch.fail_flushes(false);
    std::thread::scope(|scope| {
        let end = scope.spawn(|| writer.stop());
        std::thread::sleep(Duration::from_millis(50));
        assert!(!end.is_finished(), "it ended before its records were durable");
        switch.hang_flushes(false);
        end.join().unwrap().unwrap();
    });
    assert_eq!(kinds(bench.path()), [Kind::Gap]);
}

#[test]
fn places_that_are_not_used_are_given_back() {
    let bench = Bench::new();
    let writer = bench.writer();
    let places: Vec<_> = (0..kit::PLACES).map(|_| writer.admit().unwrap()).collect();
    assert!(writer.admit().is_err());
    drop(places);
    writer.admit().unwrap().put(request(1));
    writer.stop().unwrap();
    assert_eq!(writer.figures().written(), 1);
}

#[test]
fn many_threads_write_at_once() {
    let bench = Bench::new();
    let writer = bench.writer();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let writer = &writer;
            scope.spawn(move || {
                for number in 0..500 {
                    loop {
                        if let Ok(place) = writer.admit() {
                            place.put(request(thread * 1000 + number));
                            break;
                        }
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
            });
        }
    });
    writer.stop().unwrap();
    let (summary, findings) = verify(bench.path());
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(summary.requests, 4000);
}

#[test]
fn a_noted_head_is_looked_for() {
    let bench = Bench::new();
    bench.write(10, 1_000_000);
    let (summary, _) = verify(bench.path());
    let noted = Some((summary.last, summary.head));
    let file = bench.segments().pop().unwrap();
    let whole = std::fs::read(&file).unwrap();
    assert!(kit::verify_known(bench.path(), noted).1.is_empty());
    // The end of the last segment is cut off at a line: only whoever knows more can tell.
    let cut = whole[..whole.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap()
        + 1;
    std::fs::write(&file, &whole[..cut]).unwrap();
    assert!(kinds(bench.path()).is_empty());
    assert_eq!(
        kit::verify_known(bench.path(), noted).1[0].kind,
        Kind::HeadMissing
    );
}

#[test]
fn an_edit_is_one_finding_that_names_its_record() {
    let bench = Bench::new();
    bench.write(10, 1_000_000);
    let file = bench.segments().pop().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let changed = text.replacen("\"requestId\":\"request-4\"", "\"requestId\":\"request-5\"", 1);
    assert_ne!(text, changed);
    std::fs::write(&file, changed).unwrap();
    let (_, findings) = verify(bench.path());
    assert_eq!(findings.len(), 1, "{findings:?}");
    // The segment's beginning and the start are the records before the requests.
    assert_eq!((findings[0].kind, findings[0].record), (Kind::Edited, 2 + 5));
}

/// What may be done to a trail.
#[derive(Clone, Debug)]
enum Deed {
    Byte(u8),
    RemoveLine,
    SwapLines,
    RepeatLine,
    RemoveByte,
    InsertByte(u8),
    Truncate,
    RemoveSegment,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        any::<u8>().prop_map(Deed::Byte),
        Just(Deed::RemoveLine),
        Just(Deed::SwapLines),
        Just(Deed::RepeatLine),
        Just(Deed::RemoveByte),
        any::<u8>().prop_map(Deed::InsertByte),
        Just(Deed::Truncate),
        Just(Deed::RemoveSegment),
    ]
}

fn done(bytes: &[u8], place: usize, deed: &Deed) -> Option<Vec<u8>> {
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let mut changed = bytes.to_vec();
    let (line, place) = (place % lines.len(), place % bytes.len());
    match deed {
        Deed::Byte(byte) => changed[place] = *byte,
        Deed::RemoveByte => drop(changed.remove(place)),
        Deed::InsertByte(byte) => changed.insert(place, *byte),
        Deed::Truncate => changed.truncate(place),
        Deed::RemoveSegment => return None,
        Deed::RemoveLine => drop(lines.remove(line)),
        Deed::SwapLines => lines.swap(
            line,
            (line + 1)
                % bytes
                    .split(|byte| *byte == b'\n')
                    .count()
                    .saturating_sub(1)
                    .max(1),
        ),
        Deed::RepeatLine => lines.insert(line, lines[line]),
    }
    match deed {
        Deed::RemoveLine | Deed::SwapLines | Deed::RepeatLine => Some(lines.concat()),
        _ => Some(changed),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_is_done_to_a_closed_segment_is_found(segment in any::<prop::sample::Index>(), place in any::<usize>(), deed in deed()) {
        let bench = kit::shared();
        let copy = bench.copied();
        let mut segments = copy.segments();
        // The last one is open: what is cut off at its end cannot be told from what was never written.
        segments.pop();
        let path = segment.get(&segments);
        let bytes = std::fs::read(path).unwrap();
        match done(&bytes, place, &deed) {
            Some(changed) if changed == bytes => return Ok(()),
            Some(changed) => std::fs::write(path, changed).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
        let (summary, findings) = verify(copy.path());
        prop_assert!(!summary.is_sound(), "{:?}", findings);
    }

    #[test]
    fn any_changed_byte_of_the_open_segment_is_found(place in any::<usize>(), byte in any::<u8>()) {
        let copy = kit::shared().copied();
        let path = copy.segments().pop().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let changed = done(&bytes, place, &Deed::Byte(byte)).unwrap();
        if changed == bytes || place % bytes.len() == bytes.len() - 1 {
            return Ok(());
        }
        std::fs::write(&path, changed).unwrap();
        prop_assert!(!verify(copy.path()).0.is_sound());
    }
}

fn kinds(directory: &std::path::Path) -> Vec<Kind> {
    verify(directory).1.iter().map(|finding| finding.kind).collect()
}

#[test]
fn the_documentation_tells_every_field_and_kind() {
    let text = include_str!("../../../docs/audit.md");
    let full = serde_json::to_value(kit::full()).unwrap();
    let mut names: Vec<String> = full.as_object().unwrap().keys().cloned().collect();
    for inside in ["decision", "minted", "vouched", "judgement"] {
        names.extend(full[inside].as_object().unwrap().keys().cloned());
    }
    names.extend(daypass_audit::record::KINDS.map(str::to_owned));
    names.extend(Kind::ALL.iter().map(|kind| kind.name().to_owned()));
    for name in names {
        assert!(
            text.contains(&format!("`{name}`")),
            "{name} is not in docs/audit.md"
        );
    }
}

#[test]
fn a_record_comes_back_as_it_was() {
    let full = kit::full();
    let text = serde_json::to_string(&full).unwrap();
    assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), full);
}

#[test]
fn a_record_of_a_version_without_judgements_is_read() {
    let mut old = serde_json::to_value(kit::full()).unwrap();
    old.as_object_mut().unwrap().remove("judgement");
    let expected = Request {
        judgement: None,
        ..kit::full()
    };
    assert_eq!(serde_json::from_value::<Request>(old).unwrap(), expected);
}
