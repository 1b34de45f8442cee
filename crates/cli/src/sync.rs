//! `daypass sync`

use anyhow::Result;
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use crate::copy::{self, Alike, HowArguments, Place};
use crate::pattern::Selection;

/// Make a folder like another one, copying only what differs.
#[derive(Args, Debug)]
#[command(after_long_help = "\
One side at least is in the store. What has another length at the target, or is older there than at the source, is copied; \
a file that is downloaded gets the time of its object, so that the next sync finds both alike, from either side. A file \
that was changed within a second of its copy, and kept its length, is not noticed: --checksum compares every byte, by \
CRC-64, instead of times.

Nothing is removed, unless --delete is given: then, when all copies have succeeded, what the target has and the source \
has not goes, except for what --include and --exclude leave out. When the source is empty, which mostly is a mistake, \
nothing goes unless --allow-empty is given as well. --dry-run shows all of it.

Large files go on where an earlier sync ended, and what fails does not stop the rest, as with `daypass cp`.

Examples:
  daypass sync album cos://photos-1250000000/album
  daypass sync cos://photos-1250000000/album ./album --delete --dry-run
  daypass sync cos://photos-1250000000/album cos://backup-1250000000/album --checksum
  daypass sync site cos://site-1250000000 --delete --exclude '*.tmp' --json")]
pub struct Arguments {
    /// A folder, or cos://<bucket>[/<folder>]
    #[arg(value_name = "SRC", value_parser = OsStringValueParser::new().try_map(Place::parse))]
    source: Place,
    /// A folder, or cos://<bucket>[/<folder>]
    #[arg(value_name = "DST", value_parser = OsStringValueParser::new().try_map(Place::parse))]
    target: Place,
    /// Remove what the target has and the source has not
    #[arg(long)]
    delete: bool,
    /// Remove everything when the source is empty
    #[arg(long, requires = "delete")]
    allow_empty: bool,
    /// Compare bytes by their checksum, not times
    #[arg(long)]
    checksum: bool,
    /// Only names below the folder that fit: `*` stands for any text, `/` too, and `?` for one character. May be
    /// repeated
    #[arg(long, value_name = "PATTERN")]
    include: Vec<String>,
    /// No names that fit, also where --include does. May be repeated
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Follow symbolic links below the folder
    #[arg(long)]
    follow_symlinks: bool,
    #[command(flatten)]
    how: HowArguments,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let alike = Alike {
        by_checksum: arguments.checksum,
        deletes: arguments.delete,
        allows_empty: arguments.allow_empty,
    };
    let selection = Selection::new(arguments.include, arguments.exclude);
    let ends = (arguments.source, arguments.target);
    copy::sync(ends, selection, arguments.follow_symlinks, alike, arguments.how).await
}
