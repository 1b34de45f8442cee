//! `daypass cp`

use anyhow::Result;
use clap::Args;

use crate::copy::{self, CopyArguments, Disposal};

/// Copy files and objects: to the store, from it, and inside it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
One side at least is in the store; the other may be a file, a folder, or `-` for standard input or output. A target that \
ends with `/`, or is a folder, gets the name of the source. Large files go in parts, several at once, and are compared \
by checksum. A file is replaced only when all of the object has arrived. What is interrupted or fails in the middle of a large file \
goes on there when the same command is given again, if the file or object is still the same; until then an upload leaves \
its parts in the store, a download a file `.daypass-….part` beside its target. --no-resume leaves nothing and begins anew.

With --recursive everything below a folder goes below the other one. Symbolic links are not followed unless \
--follow-symlinks is given, neither those below a folder that is read nor those below one that is written to. A key that \
is no path below the target (`..`, a leading `/`, `//`) is refused. What fails is told and does not stop the rest; the \
exit code then is not 0.

Examples:
  daypass cp cat.jpg cos://photos-1250000000/2026/
  daypass cp cos://photos-1250000000/2026/cat.jpg .
  daypass cp cos://photos-1250000000/2026/cat.jpg cos://backup-1250000000/
  daypass cp album cos://photos-1250000000/album --recursive --exclude '*.tmp' --jobs 16
  daypass cp cos://photos-1250000000/album ./album --recursive --dry-run
  tar c album | daypass cp - cos://photos-1250000000/album.tar
  daypass cp cos://photos-1250000000/album.tar - | tar t")]
pub struct Arguments {
    #[command(flatten)]
    copy: CopyArguments,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    copy::run(arguments.copy, Disposal::Keep).await
}
