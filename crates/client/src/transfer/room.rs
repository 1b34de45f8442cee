//! Room on the disk for a long file before it is written to.
//!
//! Several ranges are written to one file at once. Where it grows as they come, the system looks for room with every
//! piece, and whoever else writes to the file waits for that with the processor running. Room that is there already makes
//! a long download cost a third less of the processor. It is no promise: whether all fits is found out by writing.

use std::fs::File;
use std::io;

/// Takes room for a file of so many bytes, whose length stays as it is. Nothing happens where there is too little, since
/// the length is what the server said, or where the file system has no way to.
#[cfg(target_os = "linux")]
pub(super) fn take(file: &File, length: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate, fstatvfs};

    let is_enough = fstatvfs(file).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) > length);
    if is_enough && fallocate(file, FallocateFlags::KEEP_SIZE, 0, length).is_err() {
        return give_back(file);
    }
    Ok(())
}

/// Elsewhere the file grows as it is written to.
#[cfg(not(target_os = "linux"))]
pub(super) fn take(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

/// Gives back what was taken behind the end of the file.
pub(super) fn give_back(file: &File) -> io::Result<()> {
    file.set_len(file.metadata()?.len())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileExt, MetadataExt};

    use super::*;

    const MIB: u64 = 1024 * 1024;

    /// How long a file is, and how much of the disk is its own.
    fn size(file: &File) -> (u64, u64) {
        let metadata = file.metadata().unwrap();
        (metadata.len(), metadata.blocks() * 512)
    }

    #[test]
    fn room_is_taken_and_given_back() {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(b"abc", 0).unwrap();
        take(&file, 8 * MIB).unwrap();
        let (length, taken) = size(&file);
        // A file system that cannot has taken none.
        assert!(length == 3 && !(MIB..8 * MIB).contains(&taken), "{taken}");
        give_back(&file).unwrap();
        let (length, taken) = size(&file);
        assert!(length == 3 && taken < MIB, "{taken}");
        let mut found = [0; 3];
        file.read_exact_at(&mut found, 0).unwrap();
        assert_eq!(&found, b"abc");
    }

    #[test]
    fn what_no_disk_has_is_not_taken() {
        for length in [1 << 60, i64::MAX as u64 + 1, u64::MAX] {
            let file = tempfile::tempfile().unwrap();
            take(&file, length).unwrap();
            assert_eq!(size(&file), (0, 0), "{length}");
        }
    }
}
