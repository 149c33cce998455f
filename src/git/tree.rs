//! Trees and blobs: reading entries, and making trees without touching any index in use.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::command::{Git, Output};
use super::error::{GitError, Result};
use super::id::{BranchName, CommitId, TICKS, TicksPath, TreeId};
use super::index::IndexCopy;

/// The most commits whose first lines are read.
const MOST_SUBJECTS: usize = 1000;

/// A file to be put into a commit, or taken out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEdit {
    /// Where.
    pub path: TicksPath,
    /// What it holds from then on; none to take it out.
    pub bytes: Option<Vec<u8>>,
}

/// An entry of a tree or index: mode and object, as git writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) mode: String,
    pub(super) object: String,
}

impl Entry {
    /// Whether it is a plain file, which may be replaced by bytes.
    pub(super) fn is_file(&self) -> bool {
        self.mode.starts_with("100")
    }
}

/// Entries by path.
pub(super) type Entries = BTreeMap<Vec<u8>, Entry>;

/// An entry that is on one of two sides, or differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) path: Vec<u8>,
    pub(super) before: Option<Entry>,
    pub(super) after: Option<Entry>,
}

impl Git {
    /// What the file of `.ticks/` holds in that commit; none where it has no such file.
    ///
    /// # Errors
    /// When git fails.
    pub fn file_at(&self, commit: CommitId, path: &TicksPath) -> Result<Option<Vec<u8>>> {
        let commit = commit.to_string();
        let list = ["ls-tree", "-z", "--full-tree", &commit, "--", path.as_str()];
        let found = entries(&self.run(list)?)?.into_values().next();
        // A folder is no file, and what is a repository of its own is none either.
        let Some(file) = found.filter(|entry| !["040000", "160000"].contains(&&*entry.mode)) else {
            return Ok(None);
        };
        let blob = self.run(["cat-file", "blob", &file.object])?;
        Ok(Some(blob.stdout))
    }

    /// Whether that path, from the top, is a file that may be executed in that commit, or a link.
    ///
    /// # Errors
    /// When git fails.
    pub fn has_program_at(&self, commit: CommitId, path: &Path) -> Result<bool> {
        let is_step = |part: &Component<'_>| *part != Component::CurDir;
        let path: PathBuf = path.components().filter(is_step).collect();
        let commit = commit.to_string();
        let call = self.call(["ls-tree", "-z", "--full-tree", &commit, "--"]);
        let found = entries(&call.arg(path).run()?)?.into_values().next();
        Ok(found.is_some_and(|entry| ["100755", "120000"].contains(&&*entry.mode)))
    }

    /// The first lines of the commits that lead to the branch and not to `landed`, oldest first,
    /// merges left out; of very many the newest. None where there is no such branch.
    ///
    /// # Errors
    /// When git fails.
    pub fn subjects_between(&self, landed: CommitId, branch: &BranchName) -> Result<Vec<String>> {
        let Some(tip) = self.commit_of(&branch.reference())? else {
            return Ok(Vec::new());
        };
        let range = format!("{landed}..{tip}");
        let most = format!("--max-count={MOST_SUBJECTS}");
        let answer = self.run(["log", "--no-merges", "--format=%s", &most, &range])?;
        let mut subjects: Vec<String> = answer.line().lines().map(str::to_owned).collect();
        subjects.reverse();
        Ok(subjects)
    }

    /// What `what` names, a commit or something that leads to one; none if nothing.
    pub fn commit_of(&self, what: &str) -> Result<Option<CommitId>> {
        // Behind `:/` everything is what a message is to say.
        match what.starts_with(":/") {
            true => match self.named_by(what)? {
                Some(found) => self.named_by(&format!("{found}^{{commit}}")),
                None => Ok(None),
            },
            false => self.named_by(&format!("{what}^{{commit}}")),
        }
    }

    fn named_by(&self, spec: &str) -> Result<Option<CommitId>> {
        let answer = self
            .call(["rev-parse", "--quiet", "--verify", "--end-of-options", spec])
            .run_allowing(&[0, 1])?;
        match answer.line().as_str() {
            "" => Ok(None),
            line => parse_id(&answer, line).map(Some),
        }
    }

    /// The commit that is checked out.
    pub(super) fn head_commit(&self) -> Result<CommitId> {
        let answer = self.run(["rev-parse", "--verify", "HEAD^{commit}"])?;
        parse_id(&answer, &answer.line())
    }

    /// The tree of that commit.
    pub(super) fn tree_of(&self, commit: CommitId) -> Result<TreeId> {
        let spec = format!("{commit}^{{tree}}");
        let answer = self.run(["rev-parse", "--verify", &spec])?;
        parse_tree(&answer)
    }

    /// Whether everything in `ancestor` is also in `commit`.
    ///
    /// # Errors
    /// When git fails.
    pub fn is_ancestor(&self, ancestor: CommitId, commit: CommitId) -> Result<bool> {
        let (ancestor, commit) = (ancestor.to_string(), commit.to_string());
        let answer = self
            .call(["merge-base", "--is-ancestor", &ancestor, &commit])
            .run_allowing(&[0, 1])?;
        Ok(answer.code == Some(0))
    }

    /// The best commit that both have in common; none if they have none.
    ///
    /// # Errors
    /// When git fails.
    pub fn merge_base(&self, one: CommitId, other: CommitId) -> Result<Option<CommitId>> {
        let (one, other) = (one.to_string(), other.to_string());
        let answer = self
            .call(["merge-base", &one, &other])
            .run_allowing(&[0, 1])?;
        match answer.line().as_str() {
            "" => Ok(None),
            line => parse_id(&answer, line).map(Some),
        }
    }

    /// The entries of `.ticks/` in the commit, by path.
    pub(super) fn ticks_of(&self, commit: CommitId) -> Result<Entries> {
        let commit = commit.to_string();
        let answer = self.run(["ls-tree", "-r", "-z", "--full-tree", &commit, "--", TICKS])?;
        entries(&answer)
    }

    /// What differs below `.ticks/` between two commits.
    pub(super) fn ticks_between(
        &self,
        before: CommitId,
        after: CommitId,
    ) -> Result<Vec<Difference>> {
        self.differing(before, after, &[TICKS])
    }

    /// What differs below these paths between two commits; anywhere, where there are none.
    pub(super) fn differing(
        &self,
        before: CommitId,
        after: CommitId,
        below: &[&str],
    ) -> Result<Vec<Difference>> {
        let call = self.call([
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--no-abbrev",
            "--no-renames",
        ]);
        let call = call.args([before, after].map(|commit| commit.to_string()));
        differences(&call.arg("--").args(below).run()?)
    }

    /// The content of these objects, in their order.
    pub(super) fn blobs<'a>(
        &self,
        objects: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Vec<u8>>> {
        let blobs = self.blobs_if_there(objects)?.into_iter();
        let all = blobs.collect::<Option<Vec<_>>>();
        all.ok_or_else(|| GitError::Unexpected {
            command: "git cat-file --batch".to_owned(),
            expected: "the blobs that were asked for",
        })
    }

    /// Stores bytes as a blob; its id.
    pub(super) fn store_blob(&self, bytes: &[u8]) -> Result<String> {
        let answer = self
            .call(["hash-object", "-w", "-t", "blob", "--stdin"])
            .stdin(bytes)
            .run()?;
        Ok(answer.line())
    }

    /// The tree of `base` with these files put in or taken out.
    pub(super) fn tree_with(&self, base: TreeId, files: &[FileEdit]) -> Result<TreeId> {
        if files.is_empty() {
            return Ok(base);
        }
        let mut edits = Vec::new();
        for file in files {
            let entry = match &file.bytes {
                Some(bytes) => Some(Entry {
                    mode: "100644".to_owned(),
                    object: self.store_blob(bytes)?,
                }),
                None => None,
            };
            edits.push((file.path.as_str().as_bytes().to_vec(), entry));
        }
        let scratch = IndexCopy::empty()?;
        let git = self.with_index(scratch.path());
        git.run(["read-tree", &base.to_string()])?;
        git.edit_index(&edits)?;
        parse_tree(&git.run(["write-tree"])?)
    }

    /// The tree of `base` with `.ticks/` as it is in the commit.
    pub(super) fn tree_with_ticks_of(&self, base: TreeId, commit: CommitId) -> Result<TreeId> {
        let base_text = base.to_string();
        let top = |tree: &str| self.run(["ls-tree", "-z", "--full-tree", tree]);
        let answer = top(&base_text)?;
        let other = top(&commit.to_string())?;
        let is_ticks = |line: &&[u8]| line.ends_with(b"\t.ticks");
        let wanted: Vec<&[u8]> = answer
            .fields()
            .filter(|line| !is_ticks(line))
            .chain(other.fields().filter(is_ticks))
            .collect();
        let mut listing = wanted.join(&0);
        listing.push(0);
        if wanted.is_empty() {
            listing.clear();
        }
        parse_tree(&self.call(["mktree", "-z"]).stdin(listing).run()?)
    }

    /// Puts entries into the index, or takes out those that have none. Nothing in the
    /// working tree changes.
    pub(super) fn edit_index(&self, edits: &[(Vec<u8>, Option<Entry>)]) -> Result<()> {
        if edits.is_empty() {
            return Ok(());
        }
        let mut input = Vec::new();
        // Out before in: a file may stand where a folder is to be.
        for (path, _) in edits.iter().filter(|(_, entry)| entry.is_none()) {
            input.extend_from_slice(b"0 0000000000000000000000000000000000000000\t");
            input.extend_from_slice(path);
            input.push(0);
        }
        for (path, entry) in edits {
            if let Some(entry) = entry {
                input.extend_from_slice(format!("{} {}\t", entry.mode, entry.object).as_bytes());
                input.extend_from_slice(path);
                input.push(0);
            }
        }
        self.call(["update-index", "-z", "--index-info"])
            .stdin(input)
            .run()
            .map(drop)
    }
}

/// The commit id that `text`, a part of `answer`, spells.
pub(super) fn parse_id(answer: &Output, text: &str) -> Result<CommitId> {
    CommitId::parse(text).map_err(|_| answer.unexpected("a commit id"))
}

/// The tree id that is the whole of `answer`.
pub(super) fn parse_tree(answer: &Output) -> Result<TreeId> {
    TreeId::parse(&answer.line()).map_err(|_| answer.unexpected("a tree id"))
}

/// The lines `<mode> <type> <object>\t<path>` of `ls-tree -z`.
fn entries(answer: &Output) -> Result<Entries> {
    let malformed = || answer.unexpected("entries of a tree");
    answer
        .fields()
        .map(|line| {
            let (facts, path) = split_tab(line).ok_or_else(malformed)?;
            let mut facts = facts.split(' ');
            match (facts.next(), facts.next(), facts.next()) {
                (Some(mode), Some(_), Some(object)) => Ok((path, entry(mode, object))),
                _ => Err(malformed()),
            }
        })
        .collect()
}

/// The fields `:<mode> <mode> <object> <object> <kind>`, `<path>` of a raw diff with `-z`.
fn differences(answer: &Output) -> Result<Vec<Difference>> {
    let malformed = || answer.unexpected("a raw diff");
    let mut fields = answer.fields();
    let mut found = Vec::new();
    while let Some(facts) = fields.next() {
        let facts = std::str::from_utf8(facts).map_err(|_| malformed())?;
        let facts: Vec<&str> = facts.trim_start_matches(':').split(' ').collect();
        let (&[old_mode, new_mode, old, new, _], Some(path)) = (&facts[..], fields.next()) else {
            return Err(malformed());
        };
        let there = |mode: &str, object: &str| (mode != "000000").then(|| entry(mode, object));
        found.push(Difference {
            path: path.to_vec(),
            before: there(old_mode, old),
            after: there(new_mode, new),
        });
    }
    Ok(found)
}

/// The facts before the tab as text, and the path after it.
pub(super) fn split_tab(line: &[u8]) -> Option<(&str, Vec<u8>)> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let facts = std::str::from_utf8(&line[..tab]).ok()?;
    Some((facts, line[tab + 1..].to_vec()))
}

fn entry(mode: &str, object: &str) -> Entry {
    Entry {
        mode: mode.to_owned(),
        object: object.to_owned(),
    }
}
