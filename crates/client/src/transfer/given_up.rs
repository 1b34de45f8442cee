//! Checkpoints that nobody went on from: after a week they are taken away when a transfer with the same folder begins, with
//! what they are of: the parts on the server, as far as the key may abort their upload, or the part of a file.
//!
//! Whether that succeeds is no business of the transfer that begins. What the server cannot be asked about now is left to
//! another time, and uploads to another server to whoever transfers there.

use std::fs;
use std::path::Path;

use daypass_api::Timestamp;

use super::checkpoint::Checkpoint;
use super::{Transfer, resumed_download, resumed_upload};
use crate::error::Error;
use crate::objects::ObjectClient;

/// For how long somebody may go on with a transfer.
const KEPT_SECONDS: i64 = 7 * 24 * 3600;

/// Most checkpoints that one transfer takes away before it begins; the next one goes on with the others.
const MOST_AT_ONCE: usize = 100;

impl ObjectClient {
    /// Takes away old checkpoints, once for all clones of a transfer. The transfer's own is not among them, since it is
    /// held.
    pub(super) async fn give_up_old_checkpoints(&self, transfer: &Transfer) {
        let Some(checkpoints) = &transfer.checkpoints else {
            return;
        };
        let before = self.connection().now().plus_seconds(-KEPT_SECONDS);
        for checkpoint in checkpoints.older_than(before).take(MOST_AT_ONCE) {
            if transfer.stop.or(self.give_up(checkpoint)).await.is_err() {
                return;
            }
        }
    }

    async fn give_up(&self, checkpoint: Checkpoint) -> Result<(), Error> {
        if let Some(upload) = resumed_upload::upload_of(&checkpoint) {
            if upload.server != self.connection().endpoint().to_string() {
                return Ok(());
            }
            match self.abort_multipart_upload(&upload.reference).await {
                // One that is not there any more, or not this key's business, will not be later either.
                Ok(()) | Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        } else if let Some(part) = resumed_download::part_of(&checkpoint) {
            // Where it cannot be removed it is somebody else's by now, or gone with its folder.
            let _ = fs::remove_file(part);
        }
        checkpoint.remove().map_err(Error::Checkpoint)
    }
}

/// Whether a file was last written before this moment; one that does not tell was not.
pub(super) fn is_older(path: &Path, before: Timestamp) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    let since_epoch = modified
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let millis = since_epoch.and_then(|since| i64::try_from(since.as_millis()).ok());
    millis.is_some_and(|millis| millis < before.unix_millis())
}
