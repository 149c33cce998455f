//! Files as they were: which commits changed one, and what a folder held at a commit.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use gix::bstr::ByteSlice;
use jiff::Timestamp;
use smol_str::SmolStr;

use super::command::{Git, Output};
use super::error::Result;
use super::id::{BlobId, CommitId};
use super::repo::{Repo, unreadable};
use crate::cores;

/// From how many on objects are worth being read by a git for each core.
const MANY: usize = 1000;
/// From how many on they are worth being read by all cores in this process.
const FEW: usize = 64;

/// A commit that changed a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileVersion {
    /// The commit.
    pub commit: CommitId,
    /// Its author's name.
    pub author: String,
    /// Its author's address.
    pub email: String,
    /// When it was committed.
    pub at: Option<Timestamp>,
    /// The run that made it, by its trailer.
    pub run: Option<String>,
    /// The first line of its message.
    pub subject: String,
    /// What the file held in each of its parents; one of a first commit, `None` where it was
    /// not there.
    pub before: Vec<Option<BlobId>>,
    /// What it holds since; `None` where it is not there.
    pub after: Option<BlobId>,
    /// Whether it is a symbolic link since, and holds where that leads.
    pub is_link: bool,
}

/// A file right in a folder of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// Its name.
    pub name: SmolStr,
    /// What it holds.
    pub blob: BlobId,
}

/// What `git log` tells of each commit, after a byte that begins it.
const FORMAT: &str =
    "--format=%x01%H%x00%an%x00%ae%x00%ct%x00%(trailers:key=Run,valueonly,separator=%x2C)%x00%s";

impl Git {
    /// The commits up to those `tips` that changed the file, newest first. A merge that took the file
    /// from one of its parents is none of them.
    ///
    /// # Errors
    /// When git fails.
    pub fn versions_of(&self, tips: &[CommitId], path: &Path) -> Result<Vec<FileVersion>> {
        let mut spec = OsString::from(":(top,literal)");
        spec.push(path);
        let call = self
            .call(["log", "--raw", "-z", "--no-abbrev", "--no-renames"])
            .args([
                // Else a merge that kept what one side has would hide the commits of the other.
                "--full-history",
                // Clocks may be wrong: nothing comes before what became of it.
                "--date-order",
                "--diff-merges=combined",
                "--no-color",
            ])
            .arg(FORMAT)
            .args(tips.iter().map(ToString::to_string))
            .arg("--")
            .arg(spec);
        versions(&call.run()?)
    }

    /// Whether the clone has only the newest commits.
    ///
    /// # Errors
    /// When git fails.
    pub fn is_shallow(&self) -> Result<bool> {
        let answer = self.run(["rev-parse", "--is-shallow-repository"])?;
        Ok(answer.line() == "true")
    }

    /// The names of what is right in the folder, by its path from the top, and in the working tree
    /// as in the commit, by git's own comparison: also of links, and of what nobody else can read.
    ///
    /// # Errors
    /// When git fails.
    pub fn unchanged_in(&self, folder: &Path, commit: CommitId) -> Result<BTreeSet<String>> {
        let commit = commit.to_string();
        let mut spec = OsString::from(":(top,literal)");
        spec.push(folder);
        let changed = self.call([
            "diff",
            "--name-only",
            "-z",
            "--no-ext-diff",
            "--no-textconv",
        ]);
        let changed = changed
            .args(["--no-renames", &commit, "--"])
            .arg(spec)
            .run()?;
        let there = self.call(["ls-tree", "-z", "--name-only", "--full-tree", &commit, "--"]);
        let there = match folder.as_os_str().is_empty() {
            true => there,
            // With a slash it means what is in the folder.
            false => there.arg(folder.join("")),
        };
        let there = there.run()?;
        let changed: BTreeSet<&[u8]> = changed.fields().collect();
        let same = there.fields().filter(|path| !changed.contains(path));
        let names = same.filter_map(|path| path.rsplit_str("/").next()?.to_str().ok());
        Ok(names.map(str::to_owned).collect())
    }

    /// What these blobs hold, in their order; `None` of one that is not in this clone.
    ///
    /// # Errors
    /// When git fails.
    pub fn known_blobs(&self, ids: &[BlobId]) -> Result<Vec<Option<Vec<u8>>>> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        self.blobs_if_there(ids.iter().map(String::as_str))
    }

    /// The content of these objects, in their order; `None` of one that is not there.
    pub(super) fn blobs_if_there<'a>(
        &self,
        objects: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Option<Vec<u8>>>> {
        let objects = objects.into_iter().map(|object| format!("{object}\n"));
        let objects: Vec<String> = objects.collect();
        let parts = cores::spread(&objects, MANY, |part| self.batch(part));
        let parts: Vec<Vec<_>> = parts.into_iter().collect::<Result<_>>()?;
        Ok(parts.into_iter().flatten().collect())
    }

    /// The content of the objects of these lines.
    fn batch(&self, objects: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        if objects.is_empty() {
            return Ok(Vec::new());
        }
        // Not an object at a time: all are asked for at once.
        let call = self.call(["cat-file", "--batch", "--buffer"]);
        let answer = call.stdin(objects.concat()).run()?;
        let mut rest = answer.stdout.as_slice();
        let blobs = objects.iter().map(|_| next_blob(&mut rest));
        let blobs = blobs.collect::<Option<Vec<_>>>();
        blobs.ok_or_else(|| answer.unexpected("an answer for each object"))
    }
}

impl Repo {
    /// The content of these objects, in their order; nothing where one is not in this clone.
    ///
    /// # Errors
    /// When the repository cannot be read, or an object is not named.
    pub(super) fn local_blobs(&self, objects: &[&str]) -> Result<Option<Vec<Vec<u8>>>> {
        let again = self.again();
        let part = |objects: &[&str]| -> Result<Option<Vec<Vec<u8>>>> {
            let gix = again()?;
            let mut blobs = Vec::with_capacity(objects.len());
            for object in objects {
                let read = |error: gix::Error| unreadable(&format!("object {object}"), &error);
                let id = gix::ObjectId::from_hex(object.as_bytes()).map_err(read)?;
                match gix.try_find_object(id).map_err(read)? {
                    Some(object) => blobs.push(object.detach().data),
                    None => return Ok(None),
                }
            }
            Ok(Some(blobs))
        };
        let parts: Option<Vec<_>> = cores::spread(objects, FEW, part)
            .into_iter()
            .collect::<Result<_>>()?;
        Ok(parts.map(|parts| parts.into_iter().flatten().collect()))
    }

    /// The files right in the folder at the commit, by name; none where there is no folder.
    /// Links and names that are no text are left out.
    ///
    /// # Errors
    /// When the commit cannot be read.
    pub fn files_at(&self, commit: CommitId, folder: &Path) -> Result<Vec<TreeFile>> {
        let read =
            |error: gix::Error| unreadable(&format!("`{}` at {commit}", folder.display()), &error);
        let tree = match self.entry_at(commit, folder)? {
            Some((mode, id)) if mode.is_tree() => self.tree(id)?,
            _ => return Ok(Vec::new()),
        };
        let mut files = Vec::new();
        for entry in tree.iter() {
            let entry = entry.map_err(read)?;
            if let Ok(name) = entry.filename().to_str()
                && entry.mode().is_blob()
            {
                let (name, blob) = (SmolStr::new(name), BlobId(entry.object_id()));
                files.push(TreeFile { name, blob });
            }
        }
        Ok(files)
    }

    /// When the commit was made, and its parents, also those that are not in this clone.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn time_and_parents(&self, commit: CommitId) -> Result<(Option<Timestamp>, Vec<CommitId>)> {
        let read = |error: gix::Error| unreadable(&format!("commit {commit}"), &error);
        let found = self.gix()?.find_commit(commit.0).map_err(read)?;
        let time = found.time().map_err(read)?;
        let parents = found.parent_ids().map(|id| CommitId(id.detach()));
        Ok((Timestamp::from_second(time.seconds).ok(), parents.collect()))
    }
}

/// The next object of `cat-file --batch`: `<id> blob <size>`, a line break, its bytes, a line
/// break; or a line that says that it is not there.
fn next_blob(rest: &mut &[u8]) -> Option<Option<Vec<u8>>> {
    let end = rest.find_byte(b'\n')?;
    let head = std::str::from_utf8(&rest[..end]).ok()?;
    *rest = &rest[end + 1..];
    if head.ends_with(" missing") {
        return Some(None);
    }
    let size: usize = head.rsplit(' ').next()?.parse().ok()?;
    let bytes = rest.get(..size)?;
    *rest = rest.get(size + 1..)?;
    Some(Some(bytes.to_vec()))
}

/// What `git log --raw -z` told: of each commit its fields, then a line for the file, whose
/// path is a field of its own.
fn versions(answer: &Output) -> Result<Vec<FileVersion>> {
    let unexpected = || answer.unexpected("commits with what they changed");
    let mut fields = answer.stdout.split(|byte| *byte == 0).peekable();
    let mut found = Vec::new();
    while let Some(first) = fields.next() {
        let Some(commit) = first.strip_prefix(b"\x01") else {
            // Nothing stands behind the last path.
            continue;
        };
        let commit = CommitId::parse(&String::from_utf8_lossy(commit))?;
        let mut text = || -> Result<String> {
            let field = fields.next().ok_or_else(unexpected)?;
            Ok(String::from_utf8_lossy(field).into_owned())
        };
        let (author, email, seconds) = (text()?, text()?, text()?);
        let (run, subject) = (text()?, text()?);
        // A merge's line stands behind an empty field.
        while fields.next_if(|field| field.is_empty()).is_some() {}
        let Some(raw) = fields.next_if(|field| !field.starts_with(b"\x01")) else {
            continue;
        };
        fields.next();
        let (before, after, is_link) = sides(raw).ok_or_else(unexpected)?;
        found.push(FileVersion {
            commit,
            author,
            email,
            at: seconds
                .parse()
                .ok()
                .and_then(|at| Timestamp::from_second(at).ok()),
            run: Some(run).filter(|run| !run.is_empty()),
            subject,
            before,
            after,
            is_link,
        });
    }
    Ok(found)
}

/// The objects of `:100644 100644 <before> <after> M`, which has a colon, a mode and an object
/// for each parent, and one mode and object more; and whether that mode is a link's.
fn sides(raw: &[u8]) -> Option<(Vec<Option<BlobId>>, Option<BlobId>, bool)> {
    let raw = std::str::from_utf8(raw).ok()?.trim_start();
    let parents = raw.bytes().take_while(|byte| *byte == b':').count();
    let words: Vec<&str> = raw[parents..].split(' ').collect();
    let object = |place: usize| {
        let id = BlobId::parse(words.get(parents + 1 + place)?).ok()?;
        Some((!id.0.is_null()).then_some(id))
    };
    let before = (0..parents).map(object).collect::<Option<Vec<_>>>()?;
    let after = object(parents)?;
    let is_link = words.get(parents) == Some(&"120000");
    (parents > 0).then_some((before, after, is_link))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_line_tells_every_side() {
        let (a, b, none) = ("a".repeat(40), "b".repeat(40), "0".repeat(40));
        let id = |text: &str| BlobId::parse(text).ok();
        let changed = sides(format!("\n:100644 100644 {a} {b} M").as_bytes());
        assert_eq!(changed, Some((vec![id(&a)], id(&b), false)));
        let new = sides(format!("\n:000000 100644 {none} {a} A").as_bytes());
        assert_eq!(new, Some((vec![None], id(&a), false)));
        let link = sides(format!("\n:100644 120000 {a} {b} T").as_bytes());
        assert_eq!(link, Some((vec![id(&a)], id(&b), true)));
        let merged = sides(format!("::100644 000000 100644 {a} {none} {b} MA").as_bytes());
        assert_eq!(merged, Some((vec![id(&a), None], id(&b), false)));
        for broken in ["", ":", "100644 a", ":100644 100644 a b M"] {
            assert_eq!(sides(broken.as_bytes()), None, "{broken}");
        }
    }

    #[test]
    fn blobs_are_told_apart_by_their_sizes() {
        let mut rest = &b"aa blob 3\n1\n2\nbb missing\ncc blob 0\n\n"[..];
        assert_eq!(next_blob(&mut rest), Some(Some(b"1\n2".to_vec())));
        assert_eq!(next_blob(&mut rest), Some(None));
        assert_eq!(next_blob(&mut rest), Some(Some(Vec::new())));
        assert_eq!(next_blob(&mut rest), None);
    }
}
