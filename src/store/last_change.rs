//! What the last command changed, so that it can be taken back.
//!
//! `<git-common-dir>/tk/undo.json` has what each file said before, and the name of what it says
//! since. It is written before the first file is: whoever is killed in between leaves files that
//! are as they were before, of which nothing has to be taken back. It may be lost.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, IntoInnerError, Seek, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{CWD, Mode, OFlags, RenameFlags, renameat_with};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::durable::{Replacement, sync_folder};
use super::regular::read_up_to;
use super::{Etag, Locked, Store, StoreError, read_regular};
use crate::model::{Actor, TicketId};

/// What the last command of a person changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastChange {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// The folder of the tickets: worktrees of a bare repository have one each. None where its
    /// path is no text.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// Whether that was taking back another change.
    #[serde(default)]
    pub is_undo: bool,
    /// The files, in the order in which they were written.
    pub files: Vec<ChangedFile>,
}

/// A ticket's file that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFile {
    /// The ticket.
    #[serde(serialize_with = "write_id", deserialize_with = "read_id")]
    pub id: TicketId,
    /// What the file said; nothing where there was none.
    pub before: Option<String>,
    /// The etag of what it says since; nothing where there is none any more.
    pub after: Option<String>,
}

impl ChangedFile {
    /// The etag of what the file said before.
    fn etag_before(&self) -> Option<String> {
        let etag = |text: &String| Etag::of(text.as_bytes()).to_string();
        self.before.as_ref().map(etag)
    }
}

/// How the files of a change stand to it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeNow {
    /// The change, of the files that are as it left them.
    pub left: LastChange,
    /// The files that are as they were before: whoever made the change, or took it back, may have
    /// been killed.
    pub back: Vec<ChangedFile>,
    /// The tickets whose files are neither.
    pub moved_on: Vec<TicketId>,
}

fn write_id<S: Serializer>(id: &TicketId, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(id)
}

/// The id is part of a file's name: what is no id is refused.
fn read_id<'d, D: Deserializer<'d>>(from: D) -> Result<TicketId, D::Error> {
    let text = String::deserialize(from)?;
    TicketId::parse(&text).map_err(D::Error::custom)
}

/// Whose changes are noted down.
#[derive(Clone, Debug)]
pub(super) struct Recording {
    at: Timestamp,
    by: String,
    folder: Option<String>,
    is_undo: bool,
}

impl Store {
    /// As [`Store::lock`]; what is written under it can be taken back.
    ///
    /// # Errors
    /// As [`Store::lock`].
    pub fn lock_recording(&self, by: &Actor, at: Timestamp) -> Result<Locked<'_>, StoreError> {
        let by = by.as_str().to_owned();
        let mut locked = self.lock()?;
        let folder = self.ticks_dir().to_str().map(str::to_owned);
        locked.recording = Some(Recording {
            at,
            by,
            folder,
            is_undo: false,
        });
        Ok(locked)
    }

    /// What can be taken back, if anything.
    #[must_use]
    pub fn last_change(&self) -> Option<LastChange> {
        read_record(&self.last_change_path())
    }

    /// The folder whose tickets that change was of, where it is there and another one than this
    /// store's.
    #[must_use]
    pub fn changed_elsewhere<'c>(&self, last: &'c LastChange) -> Option<&'c Path> {
        let there = last.folder.as_deref()?;
        // One that was moved is not where it was.
        let [real, here] = [there, self.ticks_dir()].map(|folder| folder.canonicalize().ok());
        (real? != here?).then_some(there)
    }

    /// Why the first change through this store, or a copy of it, that could not be noted down
    /// was not; it cannot be taken back.
    #[must_use]
    pub fn unrecorded(&self) -> Option<&str> {
        self.unrecorded.get().map(String::as_str)
    }

    /// The file that should tell it, if it is there and cannot be read, and what is no file where
    /// the next one is to be written.
    #[must_use]
    pub fn broken_last_change(&self) -> Vec<PathBuf> {
        let (path, older) = (self.last_change_path(), self.older_change_path());
        let is_there = path.symlink_metadata().is_ok();
        let is_broken = is_there && self.last_change().is_none();
        let is_in_the_way = older.symlink_metadata().is_ok_and(|it| !it.is_file());
        let found = [(is_broken, path), (is_in_the_way, older)].into_iter();
        found.filter_map(|(is, path)| is.then_some(path)).collect()
    }

    fn last_change_path(&self) -> PathBuf {
        self.local_dir().join("undo.json")
    }

    /// Where the record of the change before that one is, to be written over.
    fn older_change_path(&self) -> PathBuf {
        self.local_dir().join("undo-older.json")
    }
}

/// The record in that file, if it is there and one.
fn read_record(path: &Path) -> Option<LastChange> {
    // It is as long as the tickets are that were changed.
    let text = read_up_to(path, u64::MAX).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Has the file hold what `write` writes, in the place of what it holds if it is there.
fn overwrite(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    // Never through a link, and never waiting for who reads a pipe.
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mode = Mode::from_raw_mode(0o666);
    let file = File::from(rustix::fs::open(path, flags | OFlags::CLOEXEC, mode)?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut to = BufWriter::new(file);
    write(&mut to)?;
    let mut file = to.into_inner().map_err(IntoInnerError::into_error)?;
    let length = file.stream_position()?;
    file.set_len(length)
}

/// Writes what is read as a [`LastChange`], without all of it being there at once: it is as long as
/// all the tickets are that are changed.
fn write_record(
    to: &mut impl Write,
    Recording {
        at,
        by,
        folder,
        is_undo,
    }: &Recording,
    files: impl Iterator<Item = ChangedFile>,
) -> io::Result<()> {
    let by = serde_json::to_string(by)?;
    let folder = serde_json::to_string(folder)?;
    write!(
        to,
        "{{\"at\":\"{at}\",\"by\":{by},\"folder\":{folder},\"is_undo\":{is_undo},\"files\":["
    )?;
    for (place, file) in files.enumerate() {
        if place > 0 {
            to.write_all(b",")?;
        }
        serde_json::to_writer(&mut *to, &file)?;
    }
    to.write_all(b"]}")
}

/// Puts the first in the place of the second, and where it can the second in its place.
fn exchange(new: &Path, old: &Path) -> io::Result<()> {
    let swapped = renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE);
    match swapped {
        Ok(()) => Ok(()),
        // There is none yet, or the file system cannot do that.
        Err(_) => fs::rename(new, old),
    }
}

impl Locked<'_> {
    /// Notes down that these files are about to be changed, if that is to be, and the etags of
    /// what they will say. For want of a note no change fails: [`Store::unrecorded`] tells.
    ///
    /// # Errors
    /// When a file cannot be read, or the note of the change before can neither be replaced nor
    /// removed.
    pub(super) fn record<'i>(
        &self,
        files: impl IntoIterator<Item = (&'i TicketId, Option<Etag>)>,
    ) -> Result<(), StoreError> {
        let Some(recording) = &self.recording else {
            return Ok(());
        };
        let written = self.write_older(recording, self.about_to_change(files))?;
        // If it cannot be written, the one before stays in its place.
        if let Err(error) = written.and_then(|()| self.swap_records()) {
            // An older one must not be in its place.
            self.forget_last_change()?;
            self.unrecorded.get_or_init(|| error.to_string());
        }
        Ok(())
    }

    /// What these files say, each read when it is asked for, and the etags of what they will say.
    fn about_to_change<'i>(
        &self,
        files: impl IntoIterator<Item = (&'i TicketId, Option<Etag>)>,
    ) -> impl Iterator<Item = Result<ChangedFile, StoreError>> {
        files.into_iter().map(|(id, after)| {
            Ok(ChangedFile {
                id: id.clone(),
                before: self.text_now(id)?,
                after: after.map(|etag| etag.to_string()),
            })
        })
    }

    /// Writes the record where the one before is to be. The answer is whether it could be written.
    ///
    /// # Errors
    /// When one of the files is an error.
    fn write_older(
        &self,
        recording: &Recording,
        files: impl Iterator<Item = Result<ChangedFile, StoreError>>,
    ) -> Result<Result<(), StoreError>, StoreError> {
        let older = self.older_change_path();
        let mut unread = None;
        let files = files.map_while(|file| file.map_err(|error| unread = Some(error)).ok());
        // Not synchronised: it may be lost, and nobody should wait for it.
        let written = overwrite(&older, |to| write_record(to, recording, files));
        match unread {
            Some(error) => Err(error),
            None => Ok(written.map_err(StoreError::io("write", &older))),
        }
    }

    /// Takes the record of the change before the last one away, if it is there.
    fn remove_older(&self) -> Result<(), StoreError> {
        let older = self.older_change_path();
        match fs::remove_file(&older) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::io("write", &older)(error))
            }
            _ => Ok(()),
        }
    }

    /// The two records change their places, and are there for the next change: making a file takes
    /// longer than writing it.
    fn swap_records(&self) -> Result<(), StoreError> {
        let (older, path) = (self.older_change_path(), self.last_change_path());
        exchange(&older, &path).map_err(StoreError::io("write", &older))
    }

    /// The name of what the ticket's file says, whatever that is; none where there is no file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn etag_now(&self, id: &TicketId) -> Result<Option<Etag>, StoreError> {
        let text = self.text_now(id)?;
        Ok(text.map(|text| Etag::of(text.as_bytes())))
    }

    /// What the ticket's file says, whatever that is; nothing where there is none.
    fn text_now(&self, id: &TicketId) -> Result<Option<String>, StoreError> {
        if !self.has(id) {
            return Ok(None);
        }
        let path = self.ticket_path(id);
        let failed = StoreError::io("read", &path);
        let text = read_regular(&path)
            .and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
        text.map(Some).map_err(failed)
    }

    /// How the files stand to that change.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn standing(&self, mut last: LastChange) -> Result<ChangeNow, StoreError> {
        let (mut left, mut back, mut moved_on) = (Vec::new(), Vec::new(), Vec::new());
        for file in last.files {
            let now = self.etag_now(&file.id)?.map(|etag| etag.to_string());
            if now == file.after {
                left.push(file);
            } else if now == file.etag_before() {
                back.push(file);
            } else {
                moved_on.push(file.id);
            }
        }
        last.files = left;
        Ok(ChangeNow {
            left: last,
            back,
            moved_on,
        })
    }

    /// Sees to it that nothing can be taken back: what was done last cannot.
    ///
    /// # Errors
    /// When the record is there and cannot be removed.
    pub fn forget_last_change(&self) -> Result<(), StoreError> {
        // Nobody reads it; it is in the way at most of the next record, which may be lost.
        let _ = fs::remove_file(self.older_change_path());
        let path = self.last_change_path();
        match fs::remove_file(&path) {
            // Of a folder nobody reads what was done last.
            Err(error) if error.kind() != io::ErrorKind::NotFound && !path.is_dir() => {
                Err(StoreError::io("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Puts what is left of the change back to what it was before; what the files say now can be
    /// had again in the same way. Whoever is killed amid that leaves the change noted down as it
    /// was, so that the rest of it can be taken back.
    ///
    /// # Errors
    /// When a file cannot be written or removed; when what they say now cannot be noted down,
    /// nothing is done.
    pub fn put_back(&self, now: &ChangeNow) -> Result<(), StoreError> {
        let last = &now.left;
        let (mut back, mut gone) = (Vec::<(PathBuf, &str)>::new(), Vec::new());
        for file in &last.files {
            let path = self.ticket_path(&file.id);
            match &file.before {
                Some(text) => back.push((path, text)),
                None => gone.push(path),
            }
        }
        let prepared = Replacement::prepare_all(&back)?;
        let etag = |text: &String| Etag::of(text.as_bytes());
        let files = last.files.iter();
        let files = files.map(|file| (&file.id, file.before.as_ref().map(etag)));
        // What they say now is nowhere else.
        if let Some(recording) = &self.recording {
            let before = self.put_back_before(&now.back).into_iter().map(Ok);
            // A file that can be made anew can be put in the place of the other at the end, too.
            self.remove_older()?;
            let recording = Recording {
                is_undo: !last.is_undo,
                ..recording.clone()
            };
            self.write_older(&recording, self.about_to_change(files).chain(before))??;
        }
        for replacement in prepared {
            replacement.put()?;
        }
        for path in gone {
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
        }
        sync_folder(self.ticks_dir()).map_err(StoreError::io("write", self.ticks_dir()))?;
        if self.recording.is_some()
            && let Err(error) = self.swap_records()
        {
            // What was put back is so by now.
            self.unrecorded.get_or_init(|| error.to_string());
        }
        Ok(())
    }

    /// What somebody who was killed amid taking back the same change had noted down of the files
    /// that are back.
    fn put_back_before(&self, back: &[ChangedFile]) -> Vec<ChangedFile> {
        if back.is_empty() {
            return Vec::new();
        }
        let noted = read_record(&self.older_change_path());
        let mut noted = noted.map_or_else(Vec::new, |noted| noted.files);
        let back: BTreeMap<_, _> = back.iter().map(|file| (&file.id, file)).collect();
        noted.retain(|noted| {
            back.get(&noted.id).is_some_and(|file| {
                noted.etag_before() == file.after && noted.after == file.etag_before()
            })
        });
        noted
    }
}
