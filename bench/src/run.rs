//! One run, from the first server to the last: start and memory, passes over all rows, pairs.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::crowd;
use crate::disk;
use crate::load::{Plan, measure};
use crate::nginx::{self, Nginx};
use crate::pieces;
use crate::process::memory;
use crate::request::Key;
use crate::results::{Measured, Results, Sample};
use crate::rows::{CROWD, FOOTPRINT, PAIRS, PIECES, Pair, ROWS, Row, Selection, Side, Subject};
use crate::server::Server;
use crate::stage::{Stage, nginx_binary};
use crate::user_server::UserServer;
use crate::work::{Size, Work, statements, temporary_key};

/// How often a start is timed.
pub(crate) const STARTS: usize = 5;
/// Connections of the pairs.
const PAIR_CONNECTIONS: usize = 32;
/// One cell leaves at most so many bytes on the disk, and ends early for it.
const MOST_BYTES_LEFT: u64 = 768 << 20;

/// How to run.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Where folders are made and nginx is kept.
    pub(crate) target: PathBuf,
    /// The program.
    pub(crate) binary: PathBuf,
    /// What to measure.
    pub(crate) selection: Selection,
    /// How often everything is measured.
    pub(crate) passes: usize,
    /// How many alternating pairs.
    pub(crate) pairs: usize,
    /// How long each cell is measured.
    pub(crate) window: Duration,
    /// How many objects there are to list.
    pub(crate) objects: u64,
    /// How many users there are in the large installation; everything else in it goes by them.
    pub(crate) users: usize,
    /// Connections with 64 MiB each, when memory is looked at.
    pub(crate) large_connections: usize,
    /// Whether single functions are measured, too, where they are chosen.
    pub(crate) pieces: bool,
}

impl Settings {
    fn has_rows(&self, wanted: impl Fn(&Row) -> bool) -> bool {
        self.chosen().any(wanted)
    }

    fn chosen(&self) -> impl Iterator<Item = &'static Row> {
        ROWS.iter().filter(|row| self.selection.has(row.id))
    }

    fn chosen_pairs(&self) -> impl Iterator<Item = &'static Pair> {
        PAIRS.iter().filter(|pair| self.selection.has(pair.id))
    }

    /// Workers warm up for a tenth of the window.
    pub(crate) fn plan(&self, workers: usize, window: Duration, processes: Vec<u32>) -> Plan {
        Plan {
            workers,
            warm_up: window / 10,
            window,
            most: u64::MAX,
            processes,
        }
    }
}

/// Measures what was chosen and adds it to the results.
pub(crate) fn run(settings: &Settings, results: &mut Results) -> Result<()> {
    let footprint = settings.selection.has(FOOTPRINT);
    let with_nginx = settings.has_rows(|row| row.subjects.iter().any(|one| matches!(one, Subject::Nginx(_))));
    let nginx_binary = if with_nginx {
        nginx_binary(&settings.target)
    } else {
        None
    };
    results.nginx = nginx_binary.as_deref().and_then(nginx::version);
    let stage = Stage::new(&settings.target, settings.binary.clone(), settings.objects)?;
    if footprint {
        idle(&stage, results)?;
    }
    let server = stage.fresh_server("reads")?;
    eprintln!("filling a server");
    let lists = |row: &Row| row.subjects.contains(&Subject::Daypass(Work::List));
    stage.fill(&server, footprint || settings.has_rows(lists))?;
    crowd::make_roles(&server, &stage)?;
    server.stop()?;
    if footprint {
        starts(&stage, results)?;
    }
    let nginx = nginx_binary.map(|binary| stage.nginx(&binary)).transpose()?;
    let reader = stage.server("reads")?;
    let asks_user_server = |row: &Row| row.subjects.iter().any(|one| matches!(one, Subject::Broker(_)));
    let user_server = match settings.has_rows(asks_user_server) {
        true => Some(UserServer::start(&stage, &reader)?),
        false => None,
    };
    let mut passes = Passes {
        settings,
        reader,
        user_server,
        stage: &stage,
        nginx,
        results,
    };
    for pass in 0..settings.passes {
        passes.pass(pass)?;
    }
    passes.pairs()?;
    passes.user_server.map_or(Ok(()), UserServer::stop)?;
    passes.reader.stop()?;
    if footprint {
        large_objects(&stage, settings, results)?;
    }
    if settings.selection.has(CROWD) {
        crowd::run(&stage, settings, results)?;
    }
    if settings.pieces && settings.selection.has(PIECES) {
        pieces::measure(results)?;
    }
    Ok(())
}

/// Memory of a server that has nothing to do.
fn idle(stage: &Stage, results: &mut Results) -> Result<()> {
    let server = stage.server("idle")?;
    thread::sleep(Duration::from_millis(500));
    let (now, _) = memory(server.process())?;
    eprintln!("idle: {now:.1} MiB");
    results.note("idle_mib", now);
    server.stop()?;
    stage.clear("idle")
}

/// From starting the program until it has answered a request, with everything that is stored by then: after it was
/// stopped in good order, and after it was killed.
fn starts(stage: &Stage, results: &mut Results) -> Result<()> {
    results.note("start_objects", stage.listable as f64);
    for _ in 0..STARTS {
        let (server, milliseconds) = timed_start(stage)?;
        results.note("start_ms", milliseconds);
        server.stop()?;
    }
    for _ in 0..STARTS {
        let server = stage.server("reads")?;
        let mut target = stage.target(&server, &stage.root, 200);
        target.series = "before-kill";
        let mut step = target.step(Work::Put(Size::Small), 0)?;
        (0..10).try_for_each(&mut step)?;
        drop(step);
        server.kill();
        let (server, milliseconds) = timed_start(stage)?;
        results.note("start_after_kill_ms", milliseconds);
        server.stop()?;
    }
    for name in ["start_ms", "start_after_kill_ms"] {
        if let Some(took) = results.fact(name) {
            let objects = stage.listable;
            eprintln!(
                "{name} with {objects} objects: {:.1} ({:.1}–{:.1})",
                took.median, took.lowest, took.highest
            );
        }
    }
    Ok(())
}

fn timed_start(stage: &Stage) -> Result<(Server, f64)> {
    let begun = Instant::now();
    let server = stage.server("reads")?;
    let mut step = stage
        .target(&server, &stage.root, 200)
        .step(Work::Get(Size::Small), 0)?;
    step(0)?;
    drop(step);
    Ok((server, begun.elapsed().as_secs_f64() * 1e3))
}

/// Memory of a server that takes and gives many large objects at once.
fn large_objects(stage: &Stage, settings: &Settings, results: &mut Results) -> Result<()> {
    let server = stage.fresh_server("large")?;
    let plan = Plan {
        workers: settings.large_connections,
        warm_up: Duration::ZERO,
        window: Duration::from_secs(120),
        most: 1,
        processes: vec![server.process()],
    };
    let target = stage.target(&server, &stage.root, 200);
    measure(&plan, |worker| target.step(Work::Put(Size::Large), worker))?;
    let (_, after_puts) = memory(server.process())?;
    let names = (0..Size::Large.objects()).map(|index| crate::work::object_path(Size::Large, index));
    let mut fill = target.fill(names.collect(), Size::Large.bytes())?;
    (0..Size::Large.objects()).try_for_each(&mut fill)?;
    measure(&plan, |worker| target.step(Work::Get(Size::Large), worker))?;
    let (_, highest) = memory(server.process())?;
    eprintln!(
        "{} connections with 64 MiB each: {after_puts:.1} MiB after PUTs, {highest:.1} MiB after GETs",
        settings.large_connections
    );
    results.note("peak_large_mib", highest);
    results.note("large_connections", settings.large_connections as f64);
    server.stop()?;
    stage.clear("large")
}

/// What lasts over the passes.
struct Passes<'a> {
    settings: &'a Settings,
    stage: &'a Stage,
    reader: Server,
    user_server: Option<UserServer>,
    nginx: Option<Nginx>,
    results: &'a mut Results,
}

impl Passes<'_> {
    /// Every chosen row once.
    fn pass(&mut self, pass: usize) -> Result<()> {
        let writes = |row: &Row| row.subjects.iter().any(|subject| subject.writes());
        let writer = match self.settings.has_rows(writes) {
            true => Some(self.stage.fresh_server("writes")?),
            false => None,
        };
        for row in self.settings.chosen() {
            for subject in row.subjects {
                let measured = self
                    .cell(row, *subject, pass, writer.as_ref())
                    .with_context(|| format!("row {} ({})", row.id, subject.name()))?;
                if let Some(measured) = measured {
                    let place = format!("pass {}/{}", pass + 1, self.settings.passes);
                    self.keep(&place, row.id, subject.name(), pass, measured);
                }
            }
        }
        if let Some(writer) = writer {
            writer.stop()?;
        }
        self.stage.clear("writes")?;
        self.stage.clear("files")
    }

    fn keep(&mut self, place: &str, row: &str, subject: &str, pass: usize, measured: Measured) {
        let used = measured.server_cpu_us.map(|used| format!("{used:.1} µs, "));
        let peak = measured.server_peak_mib.map(|peak| format!("{peak:.0} MiB, "));
        let server = [used, peak].into_iter().flatten().collect::<String>();
        eprintln!(
            "{place}  {row:<14} {subject:<10} {:>9.1}/s  {server}p50 {:.3} ms, p99 {:.3} ms, longest {:.1} ms",
            measured.rate, measured.p50_ms, measured.p99_ms, measured.max_ms
        );
        self.results.samples.push(Sample {
            row: row.to_owned(),
            subject: subject.to_owned(),
            pass,
            measured,
        });
    }

    /// One subject at one row's work; nothing when nginx is missing.
    fn cell(
        &self,
        row: &Row,
        subject: Subject,
        pass: usize,
        writer: Option<&Server>,
    ) -> Result<Option<Measured>> {
        let mut plan = self.settings.plan(row.workers, self.settings.window, Vec::new());
        let left = (subject.bytes_left() as u64).saturating_mul(row.workers as u64);
        plan.most = MOST_BYTES_LEFT.checked_div(left).unwrap_or(u64::MAX).max(1);
        let stage = self.stage;
        let folder = || stage.make(&format!("files/{}-{pass}", row.id));
        let measured = match subject {
            Subject::Daypass(work) => {
                let server = if subject.writes() {
                    writer
                } else {
                    Some(&self.reader)
                };
                let server = server.context("there is no server to write to")?;
                plan.processes = vec![server.process()];
                let mut target = stage.target(server, &stage.root, 200);
                target.series = row.id;
                measure(&plan, |worker| target.step(work, worker))
            }
            Subject::Broker(handed) => {
                let user_server = self.user_server.as_ref().context("there is no user server")?;
                plan.processes = vec![user_server.process(), self.reader.process()];
                measure(&plan, |worker| user_server.step(handed, worker))
            }
            Subject::Nginx(work) => {
                let Some(nginx) = &self.nginx else {
                    return Ok(None);
                };
                plan.processes = nginx.processes()?;
                let mut target = stage.target(&self.reader, &stage.root, 200);
                target.address = nginx.address();
                measure(&plan, |worker| target.step(work, worker))
            }
            Subject::Files(size) => {
                let (folder, bytes) = (folder()?, self.piece(size));
                measure(&plan, |worker| disk::durable_files(&folder, worker, bytes))
            }
            Subject::Appends(size) => {
                let (folder, bytes) = (folder()?, self.piece(size));
                measure(&plan, |worker| disk::appends(&folder, worker, bytes))
            }
            Subject::Digests => measure(&plan, |_| Ok(disk::digests(&stage.bytes))),
        };
        measured.map(Some)
    }

    fn piece(&self, size: Size) -> &[u8] {
        self.stage.bytes.get(..size.bytes()).unwrap_or(&self.stage.bytes)
    }

    /// All chosen pairs, over and over, beginning with either side in turn.
    fn pairs(&mut self) -> Result<()> {
        let keys = Keys::mint(self.stage, &self.reader)?;
        for round in 0..self.settings.pairs {
            for pair in self.settings.chosen_pairs() {
                let mut sides = pair.sides;
                if round % 2 == 1 {
                    sides.reverse();
                }
                for side in sides {
                    let measured = self
                        .side(side, &keys)
                        .with_context(|| format!("{} ({})", pair.id, side.name()))?;
                    let place = format!("pair {}/{}", round + 1, self.settings.pairs);
                    self.keep(&place, pair.id, side.name(), round, measured);
                }
            }
        }
        Ok(())
    }

    fn side(&self, side: Side, keys: &Keys) -> Result<Measured> {
        let (key, status) = match side {
            Side::Permanent => (&self.stage.root, 200),
            Side::Temporary(0) => (&keys.plain, 200),
            Side::Temporary(1) => (&keys.one, 200),
            Side::Temporary(_) => (&keys.thirteen, 200),
            Side::PermanentLink => (&keys.links.permanent, 200),
            Side::TemporaryLink(1) => (&keys.links.one, 200),
            Side::TemporaryLink(_) => (&keys.links.thirteen, 200),
            Side::Refused(_) => (&keys.refused, 403),
        };
        let window = self.settings.window / 3;
        let plan = self
            .settings
            .plan(PAIR_CONNECTIONS, window, vec![self.reader.process()]);
        let target = self.stage.target(&self.reader, key, status);
        let measured = measure(&plan, |worker| target.step(Work::Get(Size::Small), worker))?;
        ensure!(measured.server_cpu_us.is_some(), "the server used no time");
        Ok(measured)
    }
}

/// The temporary keys of the pairs.
struct Keys {
    plain: Key,
    one: Key,
    thirteen: Key,
    refused: Key,
    links: Links,
}

/// Those that sign links.
struct Links {
    permanent: Key,
    one: Key,
    thirteen: Key,
}

impl Keys {
    fn mint(stage: &Stage, server: &Server) -> Result<Self> {
        let key = |policy: Option<&str>| temporary_key(server.address(), &stage.root, policy);
        let one = key(Some(&statements(1, "get/4k/*")))?;
        let thirteen = key(Some(&statements(13, "get/4k/*")))?;
        Ok(Self {
            plain: key(None)?,
            refused: key(Some(&statements(13, "nowhere/*")))?,
            links: Links {
                permanent: stage.root.presigning(),
                one: one.presigning(),
                thirteen: thirteen.presigning(),
            },
            one,
            thirteen,
        })
    }
}
