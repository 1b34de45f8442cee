//! What `cp` and `mv` have in common: from a source and a target to single copies, which then run.
//!
//! `place` reads the two sides, `plan` makes one copy or many of them, with the folders read by `local` and `stored`,
//! and `work` performs them. A copy of many goes on when one fails.

mod item;
mod local;
mod place;
mod plan;
mod stored;
mod work;

use anyhow::Result;
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use daypass_client::{MAX_AT_ONCE, Transfer};

use crate::connection::ServerArguments;
use crate::pattern::Selection;
use crate::quantity;
use place::Place;

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
    /// How many files, parts and ranges are under way at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = jobs)]
    jobs: usize,
    /// How long the parts of large files are, with K, M or G
    #[arg(long, value_name = "SIZE", default_value = "16M", value_parser = quantity::part_bytes)]
    part_size: u64,
    /// Only print what would be copied where
    #[arg(long)]
    dry_run: bool,
    /// A line of JSON that says how much was copied
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) async fn run(arguments: CopyArguments, disposal: Disposal) -> Result<()> {
    let CopyArguments {
        source,
        target,
        recursive,
        selection,
        follow_symlinks,
        jobs,
        part_size,
        dry_run,
        json,
        server,
    } = arguments;
    let request = plan::Request {
        source,
        target,
        disposal,
        selection,
        follow_symlinks,
    };
    let plan = if recursive {
        request.many()?
    } else {
        request.one()?
    };
    let client = server.objects()?;
    let transfer = Transfer::new(part_size, jobs)?;
    let work = work::Work::new(client, transfer, jobs, disposal)?;
    if dry_run {
        work.show(plan, json).await
    } else {
        work.perform(plan, json).await
    }
}

fn jobs(text: &str) -> Result<usize, String> {
    let jobs = text.parse().ok().filter(|jobs| (1..=MAX_AT_ONCE).contains(jobs));
    jobs.ok_or_else(|| format!("a number from 1 to {MAX_AT_ONCE} is expected"))
}
