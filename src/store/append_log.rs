//! Files of one JSON object a line that only ever grow. No part of an object is itself one,
//! so a line that was torn in the middle of its write is known as such.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::durable::sync_folder;
use super::lock::{WAIT, lock_within};

/// A log open for appending. Several processes may append to the same one: a line is written
/// in one go.
#[derive(Debug)]
pub struct AppendLog {
    file: File,
    path: PathBuf,
    /// Whether the last write failed, which may have left a part of a line.
    may_be_torn: bool,
}

/// A log held by this process: others that ask for it wait.
#[derive(Debug)]
pub struct LogLock {
    file: File,
}

impl Drop for LogLock {
    fn drop(&mut self) {
        // It goes with the process at the latest.
        let _gone = self.file.unlock();
    }
}

/// What a log holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogContents<T> {
    /// The lines that could be read, in order.
    pub entries: Vec<T>,
    /// The numbers, from 1, of lines that end before what they tell does: torn by a crash in the
    /// middle of their write, which nobody had waited for.
    pub torn: Vec<usize>,
    /// Those of other lines that could not be read: something else has changed them since.
    pub damaged: Vec<usize>,
}

impl AppendLog {
    /// Opens the log, made with its folders where it is not there. A last line without its
    /// end, torn by a crash, is ended, so that the next line stands alone.
    ///
    /// # Errors
    /// When the file cannot be opened or written.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |action| StoreError::io(action, path);
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder).map_err(failed("create the folder of"))?;
        let mut file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(failed("open"))?;
        if !ends_a_line(&mut file).map_err(failed("read"))? {
            file.write_all(b"\n").map_err(failed("write"))?;
        }
        file.sync_all().map_err(failed("write"))?;
        sync_folder(folder).map_err(failed("write"))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            may_be_torn: false,
        })
    }

    /// Waits until no other process holds the log, and holds it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another holds it all the time; or when it cannot be locked.
    pub fn lock(&self) -> Result<LogLock, StoreError> {
        let file = self.file.try_clone();
        let file = file.map_err(StoreError::io("lock", &self.path))?;
        match lock_within(&file, WAIT).map_err(StoreError::io("lock", &self.path))? {
            true => Ok(LogLock { file }),
            false => Err(StoreError::Locked {
                holder: format!("another process, which has `{}`", self.path.display()),
                path: self.path.clone(),
            }),
        }
    }

    /// Ends a last line that another process, killed meanwhile, had begun; for whoever holds
    /// the log.
    ///
    /// # Errors
    /// When the log cannot be read or written.
    pub fn end_torn_line(&mut self) -> Result<(), StoreError> {
        let whole = ends_a_line(&mut self.file).map_err(StoreError::io("read", &self.path))?;
        if !whole {
            let ended = self.file.write_all(b"\n");
            ended.map_err(StoreError::io("append to", &self.path))?;
        }
        Ok(())
    }

    /// What whole lines hold that begin at `from` or later, and where the next one begins.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn read_on<T: DeserializeOwned>(&self, from: u64) -> Result<(Vec<T>, u64), StoreError> {
        let read = lines_on(&self.file, from);
        read.map_err(StoreError::io("read", &self.path))
    }

    /// As [`AppendLog::read_on`], of the log of that name; nothing where there is none.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read_from<T: DeserializeOwned>(
        path: &Path,
        from: u64,
    ) -> Result<(Vec<T>, u64), StoreError> {
        let read = match File::open(path) {
            Ok(file) => lines_on(&file, from),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok((Vec::new(), from)),
            Err(error) => Err(error),
        };
        read.map_err(StoreError::io("read", path))
    }

    /// Appends the entry as one line, which the system writes to the disk when it sees fit.
    ///
    /// # Errors
    /// When it cannot be written; then the last line may be torn, which the next one ends first.
    pub fn append(&mut self, entry: &impl Serialize) -> Result<(), StoreError> {
        let mut line = serde_json::to_vec(entry).map_err(|error| StoreError::Corrupt {
            path: self.path.clone(),
            expected: "able to hold the entry",
            message: error.to_string(),
            remedy: None,
        })?;
        line.push(b'\n');
        if self.may_be_torn {
            line.insert(0, b'\n');
        }
        let written = self.file.write_all(&line);
        self.may_be_torn = written.is_err();
        written.map_err(StoreError::io("append to", &self.path))
    }

    /// Appends the entry as one line, and returns when it and all before it are on the disk.
    ///
    /// # Errors
    /// When it cannot be written; then the last line may be torn.
    pub fn append_durably(&mut self, entry: &impl Serialize) -> Result<(), StoreError> {
        self.append(entry)?;
        let synced = self.file.sync_data();
        synced.map_err(StoreError::io("append to", &self.path))
    }

    /// Everything in the log of that name; nothing where there is none.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read<T: DeserializeOwned>(path: &Path) -> Result<LogContents<T>, StoreError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(StoreError::io("read", path)(error)),
        };
        let mut contents = LogContents {
            entries: Vec::new(),
            torn: Vec::new(),
            damaged: Vec::new(),
        };
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            match serde_json::from_slice(line) {
                Ok(entry) => contents.entries.push(entry),
                Err(error) if error.is_eof() => contents.torn.push(index + 1),
                Err(_) => contents.damaged.push(index + 1),
            }
        }
        Ok(contents)
    }
}

/// What whole lines of the file hold that begin at `from` or later, and where the next one begins.
fn lines_on<T: DeserializeOwned>(file: &File, from: u64) -> std::io::Result<(Vec<T>, u64)> {
    let length = file.metadata()?.len();
    let mut bytes = vec![0; usize::try_from(length.saturating_sub(from)).unwrap_or(0)];
    file.read_exact_at(&mut bytes, from)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n');
    bytes.truncate(whole.map_or(0, |last| last + 1));
    let lines = bytes.split(|byte| *byte == b'\n');
    let entries = lines.filter_map(|line| serde_json::from_slice(line).ok());
    Ok((entries.collect(), from + bytes.len() as u64))
}

fn ends_a_line(file: &mut File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_torn_line_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs/r/journal.jsonl");
        let entry = |n: u32| json!({ "n": n });
        let read = || AppendLog::read::<Value>(&path).unwrap();
        assert!(read().entries.is_empty());
        AppendLog::open(&path).unwrap().append(&entry(1)).unwrap();
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"{\"n\":2").unwrap();
        let contents = read();
        assert_eq!((contents.entries, contents.torn), (vec![entry(1)], vec![2]));
        let mut log = AppendLog::open(&path).unwrap();
        log.append(&entry(4)).unwrap();
        log.append(&entry(5)).unwrap();
        let contents = read();
        assert_eq!(contents.entries, [entry(1), entry(4), entry(5)]);
        assert_eq!(contents.torn, [2]);
        assert_eq!(contents.damaged, [0; 0]);
    }

    #[test]
    fn what_is_appended_after_a_write_that_failed_stands_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let entry = |n: u32| json!({ "n": n });
        let mut log = AppendLog::open(&path).unwrap();
        log.append(&entry(1)).unwrap();
        let writable = std::mem::replace(&mut log.file, File::open(&path).unwrap());
        log.append(&entry(2)).unwrap_err();
        log.file = writable;
        // What a full disk takes of a line.
        log.file.write_all(b"{\"n\":2").unwrap();
        for n in 3..5 {
            log.append(&entry(n)).unwrap();
        }
        let contents = AppendLog::read::<Value>(&path).unwrap();
        assert_eq!(contents.entries, [entry(1), entry(3), entry(4)]);
        assert_eq!((contents.torn, contents.damaged), (vec![2], vec![]));
    }

    #[test]
    fn a_line_that_is_no_entry_and_no_part_of_one_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let lines = "{\"n\":1}\n{\"n:2}\n\n{\"n\":\n{\"n\"::3}\n\0\0\0\n{\"n\":4}\n";
        fs::write(&path, lines).unwrap();
        let contents = AppendLog::read::<Value>(&path).unwrap();
        assert_eq!(contents.entries, [json!({"n": 1}), json!({"n": 4})]);
        assert_eq!((contents.torn, contents.damaged), (vec![2, 4], vec![5, 6]));
    }

    #[test]
    fn what_others_append_is_read_on_and_a_torn_line_is_ended_while_it_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let entry = |n: u32| json!({ "n": n });
        let mut log = AppendLog::open(&path).unwrap();
        let mut other = AppendLog::open(&path).unwrap();
        log.append(&entry(1)).unwrap();
        other.append(&entry(2)).unwrap();
        let (entries, next) = log.read_on::<Value>(0).unwrap();
        assert_eq!(entries, [entry(1), entry(2)]);
        other.file.write_all(b"{\"n\":3").unwrap();
        assert_eq!(log.read_on::<Value>(next).unwrap(), (vec![], next));
        {
            let _held = log.lock().unwrap();
            assert!(other.file.try_lock().is_err());
            log.end_torn_line().unwrap();
            log.append(&entry(4)).unwrap();
        }
        assert!(other.file.try_lock().is_ok());
        let (entries, _) = log.read_on::<Value>(next).unwrap();
        assert_eq!(entries, [entry(4)]);
    }
}
