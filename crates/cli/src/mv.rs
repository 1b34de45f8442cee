//! `daypass mv`

use anyhow::Result;
use clap::Args;

use crate::copy::{self, CopyArguments, Disposal};

/// Move files and objects: copy each, then remove its source.
#[derive(Args, Debug)]
#[command(after_long_help = "\
As `daypass cp`; each source is removed when its copy is complete. One that could not be copied, or that changed \
meanwhile on this machine, stays. Folders that become empty stay, too.

Examples:
  daypass mv cos://photos-1250000000/2026/cat.jpg cos://photos-1250000000/cats/
  daypass mv cos://photos-1250000000/inbox cos://photos-1250000000/2026 --recursive
  daypass mv logs cos://backup-1250000000/logs --recursive --include '*.gz'")]
pub struct Arguments {
    #[command(flatten)]
    copy: CopyArguments,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    copy::run(arguments.copy, Disposal::Remove).await
}
