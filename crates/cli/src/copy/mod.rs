//! What `cp`, `mv` and `sync` have in common: from a source and a target to single copies, which then run.
//!
//! `place` reads the two sides, `plan` makes one copy or many of them, with the folders read by `local` and `stored`,
//! `mirror` leaves out what is the same already, and `work` performs the rest. A copy of many goes on when one fails.

mod item;
mod local;
mod mirror;
mod place;
mod plan;
mod stored;
mod work;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use daypass_client::{MAX_AT_ONCE, Transfer};

use crate::connection::ServerArguments;
use crate::environment::{self, HOME, STATE_HOME};
use crate::pattern::Selection;
use crate::quantity;
use crate::report;
pub(crate) use place::Place;

/// What becomes of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposal {
    /// It stays.
    Keep,
    /// It goes, when its copy is complete.
    Remove,
}

/// What to copy where, and how.
#[derive(Args, Debug)]
pub(crate) struct CopyArguments {
    /// A file or folder, `-` for standard input, or cos://<bucket>/<key>
    #[arg(value_name = "SRC", value_parser = OsStringValueParser::new().try_map(Place::parse))]
    source: Place,
    /// A file or folder, `-` for standard output, or cos://<bucket>[/<key>]
    #[arg(value_name = "DST", value_parser = OsStringValueParser::new().try_map(Place::parse))]
    target: Place,
    /// Everything below a folder
    #[arg(long, short)]
    recursive: bool,
    #[command(flatten)]
    selection: Selection,
    /// Follow symbolic links below the folder
    #[arg(long, requires = "recursive")]
    follow_symlinks: bool,
    #[command(flatten)]
    how: HowArguments,
}

/// How copies are made, one or many.
#[derive(Args, Debug)]
pub(crate) struct HowArguments {
    /// How many files, parts and ranges are under way at once; those of at most 1 MiB count as a quarter
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = jobs)]
    jobs: usize,
    /// How long the parts of large files are, with K, M or G
    #[arg(long, value_name = "SIZE", default_value = "16M", value_parser = quantity::part_bytes)]
    part_size: u64,
    #[command(flatten)]
    resumption: Resumption,
    /// Only print what would be done
    #[arg(long)]
    dry_run: bool,
    /// A line of JSON that says how much was done
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

/// What makes a folder like another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alike {
    /// Whether bytes are compared, and not times.
    pub(crate) by_checksum: bool,
    /// Whether what the source has not is removed.
    pub(crate) deletes: bool,
    /// Whether that is so when the source is empty.
    pub(crate) allows_empty: bool,
}

pub(crate) async fn run(arguments: CopyArguments, disposal: Disposal) -> Result<()> {
    let request = plan::Request {
        source: arguments.source,
        target: arguments.target,
        disposal,
        selection: arguments.selection,
        follow_symlinks: arguments.follow_symlinks,
    };
    let plan = if arguments.recursive {
        request.many()?
    } else {
        request.one()?
    };
    work(plan, disposal, None, arguments.how).await
}

/// Makes one folder like another.
pub(crate) async fn sync(
    (source, target): (Place, Place),
    selection: Selection,
    follow_symlinks: bool,
    alike: Alike,
    how: HowArguments,
) -> Result<()> {
    let request = plan::Request {
        source,
        target,
        disposal: Disposal::Keep,
        selection,
        follow_symlinks,
    };
    work(request.many()?, Disposal::Keep, Some(alike), how).await
}

async fn work(plan: plan::Plan, disposal: Disposal, alike: Option<Alike>, how: HowArguments) -> Result<()> {
    let client = how.server.objects()?;
    let transfer = how.resumption.of(Transfer::new(how.part_size, how.jobs)?)?;
    let resumes = transfer.has_checkpoints();
    let work = work::Work::new(client, transfer, disposal, alike)?;
    if how.dry_run {
        return work.show(plan, how.json).await;
    }
    match work.perform(plan, how.json).await {
        Err(error) if resumes && report::is_interruption(&error) => Err(report::Interrupted.into()),
        outcome => outcome,
    }
}

/// Whether and from where transfers go on that were ended before.
#[derive(Args, Debug)]
pub(crate) struct Resumption {
    /// Begin anew, and leave nothing behind to go on from
    #[arg(long)]
    no_resume: bool,
    /// Folder of what is done of long files, to go on from. Otherwise daypass/checkpoints in $XDG_STATE_HOME, else in
    /// ~/.local/state
    #[arg(long, value_name = "DIR", conflicts_with = "no_resume")]
    checkpoint_dir: Option<PathBuf>,
}

impl Resumption {
    /// The same transfer, with checkpoints where it is to have some.
    pub(crate) fn of(self, transfer: Transfer) -> Result<Transfer> {
        let folder = match self.checkpoint_dir {
            _ if self.no_resume => None,
            Some(folder) => Some(folder),
            None => usual_folder()?,
        };
        Ok(match folder {
            Some(folder) => transfer.with_checkpoints(&folder),
            None => transfer,
        })
    }
}

fn usual_folder() -> Result<Option<PathBuf>> {
    let state = match environment::text(STATE_HOME)? {
        Some(state) => Some(PathBuf::from(state)),
        None => environment::text(HOME)?.map(|home| PathBuf::from(home).join(".local/state")),
    };
    Ok(state.map(|state| state.join("daypass/checkpoints")))
}

pub(crate) fn jobs(text: &str) -> Result<usize, String> {
    let jobs = text.parse().ok().filter(|jobs| (1..=MAX_AT_ONCE).contains(jobs));
    jobs.ok_or_else(|| format!("a number from 1 to {MAX_AT_ONCE} is expected"))
}
