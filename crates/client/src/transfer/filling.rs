//! A file that is filled at several places at once.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Mutex;

use super::download::blocking;
use super::room;
use crate::error::Error;

/// A file that is filled at several places at once.
pub(super) struct Filling {
    file: Arc<File>,
    /// Whose turn it is: the system lets one write to a file at a time, and whoever else tries keeps a processor busy.
    turn: Mutex<()>,
}

impl Filling {
    pub(super) fn new(file: File) -> Self {
        Self {
            file: Arc::new(file),
            turn: Mutex::new(()),
        }
    }

    /// Takes room on the disk for so many bytes.
    pub(super) async fn take_room(&self, length: u64) -> Result<(), Error> {
        let file = Arc::clone(&self.file);
        blocking(move || room::take(&file, length)).await
    }

    /// Gives back what of the room was not written to.
    pub(super) fn give_back_room(&self) -> io::Result<()> {
        room::give_back(&self.file)
    }

    /// Writes pieces one after another, from this place on.
    pub(super) async fn write(&self, pieces: Vec<Bytes>, at: u64) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let file = Arc::clone(&self.file);
        blocking(move || write_at(&file, &pieces, at)).await
    }
}

fn write_at(file: &File, pieces: &[Bytes], mut at: u64) -> io::Result<()> {
    for bytes in pieces {
        file.write_all_at(bytes, at)?;
        at += bytes.len() as u64;
    }
    Ok(())
}
