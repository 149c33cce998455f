//! What tells whether a file is still the one that was read.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use rustix::fs::{AtFlags, Stat};

use crate::store::regular::Folder;

/// The bytes of an identity.
pub(super) const LENGTH: usize = 40;

/// The file's size, times of change and inode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    size: u64,
    inode: u64,
    /// What programs may set.
    pub(super) modified: Moment,
    /// What none sets.
    pub(super) changed: Moment,
}

/// A time as the system tells it: seconds and nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) seconds: i64,
    pub(super) nanos: u32,
}

impl Identity {
    /// The identity as bytes, equal where it is.
    pub(super) fn bytes(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(&self.size.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.inode.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.modified.seconds.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.modified.nanos.to_le_bytes());
        bytes[28..36].copy_from_slice(&self.changed.seconds.to_le_bytes());
        bytes[36..].copy_from_slice(&self.changed.nanos.to_le_bytes());
        bytes
    }
}

impl From<&Metadata> for Identity {
    fn from(file: &Metadata) -> Self {
        Self {
            size: file.size(),
            inode: file.ino(),
            modified: Moment::new(file.mtime(), file.mtime_nsec()),
            changed: Moment::new(file.ctime(), file.ctime_nsec()),
        }
    }
}

impl Moment {
    fn new(seconds: i64, nanos: i64) -> Self {
        let nanos = u32::try_from(nanos).unwrap_or(u32::MAX);
        Self { seconds, nanos }
    }
}

impl Folder {
    /// The number of the file system that the folder is in.
    pub(super) fn device(&self) -> std::io::Result<u64> {
        Ok(rustix::fs::fstat(self)?.st_dev as u64)
    }

    /// The identity of the file of that name, if it is a file.
    pub(super) fn identity(&self, name: &[u8]) -> Option<Identity> {
        let stat = rustix::fs::statat(self, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        rustix::fs::FileType::from_raw_mode(stat.st_mode)
            .is_file()
            .then(|| of(&stat))
    }
}

#[expect(
    clippy::unnecessary_cast,
    reason = "the fields have other types on other systems"
)]
fn of(stat: &Stat) -> Identity {
    Identity {
        size: u64::try_from(stat.st_size).unwrap_or(u64::MAX),
        inode: stat.st_ino as u64,
        modified: Moment::new(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        changed: Moment::new(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
    }
}
