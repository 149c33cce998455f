//! A worker's output, line by line, as it is written.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::attempt::{AttemptDir, AttemptError};
use super::watch::Watch;

/// The most bytes of one line that are kept in memory.
const LONGEST: usize = 64 * 1024 * 1024;

/// A line of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The text without its end; bytes that are not UTF-8 are replaced.
    pub text: String,
    /// The byte after it: where to go on in another process.
    pub end: u64,
    /// Whether its end was written too. The last line may lack it, and one of 64 MiB, which
    /// is given out in pieces.
    pub complete: bool,
}

/// The lines of a file that is being written, until its writer has ended.
pub struct Lines {
    attempt: AttemptDir,
    path: std::path::PathBuf,
    file: File,
    watch: Watch,
    /// Read and not yet given out, from byte `offset` of the file on.
    pending: Vec<u8>,
    /// How much of `pending` is known to hold no end of a line.
    searched: usize,
    offset: u64,
    ended: bool,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines")
            .field("path", &self.path)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

impl Lines {
    pub(super) fn open(
        attempt: AttemptDir,
        path: &Path,
        offset: u64,
    ) -> Result<Self, AttemptError> {
        // Watched before the first look, so that nothing falls between the two.
        let watch = Watch::new(attempt.path());
        let open = || -> io::Result<File> {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(offset))?;
            Ok(file)
        };
        Ok(Self {
            file: open().map_err(AttemptError::io("open", path))?,
            path: path.to_owned(),
            attempt,
            watch,
            pending: Vec::new(),
            searched: 0,
            offset,
            ended: false,
        })
    }

    /// The next line; `None` once the worker has ended and all of it has been given out.
    ///
    /// Safe to drop while it waits: nothing is lost.
    ///
    /// # Errors
    /// When the file cannot be read, or who writes it cannot be told.
    pub async fn next(&mut self) -> Result<Option<Line>, AttemptError> {
        loop {
            if let Some(line) = self.take_line() {
                return Ok(Some(line));
            }
            // Asked before reading: what was written until the end is then read below.
            let over = self.ended || self.writer_is_gone()?;
            if self.read_more()? > 0 {
                continue;
            }
            if over {
                self.ended = true;
                return Ok(self.take_rest());
            }
            self.watch.changed().await;
        }
    }

    fn writer_is_gone(&self) -> Result<bool, AttemptError> {
        if self.attempt.read_exit()?.is_some() {
            return Ok(true);
        }
        // A shim that was killed leaves no exit: then the processes tell.
        Ok(self.attempt.started()?.is_some() && !self.attempt.is_alive()?)
    }

    fn read_more(&mut self) -> Result<usize, AttemptError> {
        let mut chunk = [0; 64 * 1024];
        let count = self
            .file
            .read(&mut chunk)
            .map_err(AttemptError::io("read", &self.path))?;
        self.pending.extend_from_slice(&chunk[..count]);
        Ok(count)
    }

    fn take_line(&mut self) -> Option<Line> {
        let fresh = &self.pending[self.searched..];
        let (length, complete) = match fresh.iter().position(|byte| *byte == b'\n') {
            Some(end) => (self.searched + end, true),
            None if self.pending.len() >= LONGEST => (self.pending.len(), false),
            None => {
                self.searched = self.pending.len();
                return None;
            }
        };
        Some(self.take(length, complete))
    }

    fn take_rest(&mut self) -> Option<Line> {
        (!self.pending.is_empty()).then(|| self.take(self.pending.len(), false))
    }

    fn take(&mut self, length: usize, complete: bool) -> Line {
        let rest = self.pending.split_off(length + usize::from(complete));
        let taken = std::mem::replace(&mut self.pending, rest);
        self.searched = 0;
        self.offset += taken.len() as u64;
        Line {
            text: String::from_utf8_lossy(&taken[..length]).into_owned(),
            end: self.offset,
            complete,
        }
    }
}
