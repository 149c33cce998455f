//! Everything that is in a worktree, or that only it leads to, as one commit: what must be
//! kept before it goes.
//!
//! The commit's tree is that of the files that are not ignored; its first parent is the head.
//! The other parents hold what a tree of files cannot: what was staged and is no longer in the
//! files, ignored files, and commits that nothing else leads to, such as those of an amended
//! branch or of a rebase that was not finished. Neither the worktree's files nor its index
//! change.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::command::Git;
use super::commit::NewCommit;
use super::error::{GitError, Result};
use super::id::{CommitId, TreeId};
use super::ignored::Ignored;
use super::index::IndexCopy;
use super::merge::shown;
use super::tree::{Entry, parse_id, parse_tree, split_tab};

/// The largest file of git's own that is searched for the ids of commits.
const LARGEST: u64 = 16 << 20;

/// How deep its folders are searched.
const DEEPEST: usize = 12;

impl Git {
    /// What is in this worktree, as a commit; the head, where that is all of it. None where
    /// there is nothing. `beside` is the user's working tree: ignored files that are there too
    /// are not kept; none for not keeping any.
    ///
    /// # Errors
    /// When git fails, or a file cannot be read.
    pub(super) fn snapshot(&self, beside: Option<&Path>) -> Result<Option<CommitId>> {
        if !self.is_top_of_worktree()? {
            return Err(GitError::InUse {
                what: shown(self.dir().as_os_str().as_bytes()),
                reason: "it is no git worktree any more".to_owned(),
            });
        }
        let copy = IndexCopy::of(self)?;
        let git = self.with_index(copy.path());
        let mut kept = Kept::of(&git)?;
        git.look_at_flagged()?;
        git.add_all(&[])?;
        kept.files = Some(parse_tree(&git.run(["write-tree"])?)?);
        let mut left = Vec::new();
        if let Some(beside) = beside {
            let found = Ignored::of(&git, beside)?;
            left = found.left;
            kept.ignored = git.tree_of_files(&found.files)?;
        }
        kept.commit(self, &left)
    }

    /// What git still knows of a worktree whose folder is gone, as a commit. This is git in
    /// its own folder of git's.
    ///
    /// # Errors
    /// When git fails.
    pub(super) fn snapshot_of_missing(&self) -> Result<Option<CommitId>> {
        let copy = IndexCopy::of(self)?;
        Kept::of(&self.with_index(copy.path()))?.commit(self, &[])
    }

    /// The commits among those named in the files below `folder`, one of git's own, that are
    /// in none of `known`, nor on a branch, tag or backup; only the newest of each line.
    pub(super) fn commits_only_in(
        &self,
        folder: &Path,
        known: Option<CommitId>,
    ) -> Result<Vec<CommitId>> {
        let mut ids = BTreeSet::new();
        collect_ids(folder, DEEPEST, &mut ids);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let asked: String = ids.iter().map(|id| format!("{id}\n")).collect();
        let answer = self
            .call(["cat-file", "--batch-check=%(objectname) %(objecttype)"])
            .stdin(asked)
            .run()?;
        let mut wanted: String = answer
            .line()
            .lines()
            .filter_map(|line| line.strip_suffix(" commit"))
            .map(|id| format!("{id}\n"))
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(known) = known {
            wanted.push_str(&format!("^{known}\n"));
        }
        let answer = self
            .call(["rev-list", "--parents", "--ignore-missing", "--stdin"])
            .args(["--not", "--branches", "--tags", "--remotes"])
            .arg("--glob=refs/tk/backup/*")
            .stdin(wanted)
            .run()?;
        let text = answer.line();
        let mut parents = BTreeSet::new();
        let mut heads = Vec::new();
        for line in text.lines() {
            let mut words = line.split(' ');
            heads.extend(words.next());
            parents.extend(words);
        }
        heads.retain(|id| !parents.contains(id));
        heads.iter().map(|id| parse_id(&answer, id)).collect()
    }

    /// Has the index look at files again that it was told to take for unchanged, or to leave
    /// out of the working tree, and that are there.
    fn look_at_flagged(&self) -> Result<()> {
        let mut flagged = Vec::new();
        for line in self.paths(&["ls-files", "-v", "-z"])? {
            let (Some(flag), Some(path)) = (line.first(), line.get(2..)) else {
                continue;
            };
            let there = || self.dir().join(OsStr::from_bytes(path)).symlink_metadata();
            if (flag.is_ascii_lowercase() || *flag == b'S') && there().is_ok() {
                flagged.extend_from_slice(path);
                flagged.push(0);
            }
        }
        if flagged.is_empty() {
            return Ok(());
        }
        for flag in ["--no-assume-unchanged", "--no-skip-worktree"] {
            self.call(["update-index", flag, "-z", "--stdin"])
                .stdin(flagged.clone())
                .run()?;
        }
        Ok(())
    }

    /// A tree of these files of the worktree, ignored or not; none of no file.
    fn tree_of_files(&self, files: &[Vec<u8>]) -> Result<Option<TreeId>> {
        if files.is_empty() {
            return Ok(None);
        }
        let scratch = IndexCopy::empty()?;
        let git = self.with_index(scratch.path());
        git.call(["update-index", "--add", "--remove", "-z", "--stdin"])
            .stdin(files.join(&0))
            .run()?;
        parse_tree(&git.run(["write-tree"])?).map(Some)
    }

    /// The tree of what is staged; of every side of a conflict, each below a folder.
    fn staged_tree(&self) -> Result<TreeId> {
        // It refuses an index with conflicts.
        let answer = self.call(["write-tree"]).run_allowing(&[0, 128])?;
        if answer.code == Some(0) {
            return parse_tree(&answer);
        }
        let answer = self.run(["ls-files", "-s", "-z"])?;
        let malformed = || answer.unexpected("entries of the index");
        let mut entries = Vec::new();
        for line in answer.fields() {
            let (facts, path) = split_tab(line).ok_or_else(malformed)?;
            let facts: Vec<&str> = facts.split(' ').collect();
            let &[mode, object, stage] = &facts[..] else {
                return Err(malformed());
            };
            let (mode, object) = (mode.to_owned(), object.to_owned());
            let mut place = match stage {
                "0" => Vec::new(),
                side => format!("conflict-side-{side}/").into_bytes(),
            };
            place.extend_from_slice(&path);
            entries.push((place, Some(Entry { mode, object })));
        }
        let scratch = IndexCopy::empty()?;
        let git = self.with_index(scratch.path());
        git.edit_index(&entries)?;
        parse_tree(&git.run(["write-tree"])?)
    }
}

/// What a snapshot is made of.
struct Kept {
    head: Option<CommitId>,
    staged: TreeId,
    files: Option<TreeId>,
    ignored: Option<TreeId>,
    /// Commits that nothing else leads to.
    others: Vec<CommitId>,
}

impl Kept {
    /// Head, index and commits; files are not looked at.
    fn of(git: &Git) -> Result<Self> {
        let (head, own) = (git.commit_of("HEAD")?, git.git_dir()?);
        // That of the main worktree is the whole repository, and stays.
        let is_linked = own.join("commondir").is_file();
        Ok(Self {
            head,
            staged: git.staged_tree()?,
            files: None,
            ignored: None,
            others: match is_linked {
                true => git.commits_only_in(&own, head)?,
                false => Vec::new(),
            },
        })
    }

    fn commit(self, git: &Git, left: &[Vec<u8>]) -> Result<Option<CommitId>> {
        let before = self.head.map(|head| git.tree_of(head)).transpose()?;
        let files = self.files.or(before).unwrap_or(self.staged);
        let mut parents: Vec<CommitId> = self.head.into_iter().collect();
        if Some(self.staged) != before && self.staged != files {
            let message = "What was staged in the worktree\n";
            parents.push(git.make_commit(&NewCommit {
                tree: self.staged,
                parents: self.head.as_slice(),
                message,
                author: None,
            })?);
        }
        if let Some(tree) = self.ignored {
            let message = "Ignored files in the worktree\n";
            parents.push(git.make_commit(&NewCommit {
                tree,
                parents: &[],
                message,
                author: None,
            })?);
        }
        parents.extend(self.others);
        match self.head {
            Some(head) if Some(files) == before && parents.len() == 1 => return Ok(Some(head)),
            None if files.is_empty() && parents.is_empty() => return Ok(None),
            _ => {}
        }
        let mut message = "Everything in the worktree, before it was changed by tk\n".to_owned();
        for (at, path) in left.iter().enumerate() {
            let gap = if at == 0 { "\n" } else { "" };
            message.push_str(&format!(
                "{gap}Not kept, ignored and large: {}\n",
                shown(path)
            ));
        }
        let commit = git.make_commit(&NewCommit {
            tree: files,
            parents: &parents,
            message: &message,
            author: None,
        })?;
        Ok(Some(commit))
    }
}

/// The ids at the beginnings of lines, as references, logs and the files of a merge or rebase
/// have them: one, or the two of a log.
fn collect_ids(path: &Path, depth: usize, ids: &mut BTreeSet<String>) {
    let Ok(found) = path.symlink_metadata() else {
        return;
    };
    if found.is_dir() && depth > 0 {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_name() != "modules") {
            collect_ids(&entry.path(), depth - 1, ids);
        }
        return;
    }
    if !found.is_file() || found.len() > LARGEST || path.file_name() == Some("index".as_ref()) {
        return;
    }
    // What cannot be read names nothing that git could use either.
    let text = std::fs::read(path).unwrap_or_default();
    for line in text.split(|byte| *byte == b'\n') {
        let words = line.split(|byte| matches!(byte, b' ' | b'\t')).take(2);
        for word in words.filter_map(|word| std::str::from_utf8(word).ok()) {
            let is_id = word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_id && word.bytes().any(|byte| byte != b'0') {
                ids.insert(word.to_owned());
            }
        }
    }
}
