//! A merge strategy, as git asks one of a program called `git-merge-NAME`.
//!
//! Git starts a driver for every file that both sides changed. Here the tickets among them are
//! merged beforehand: what is then merged by git are commits like the three of the merge, but for
//! these files, which all three have as they are to become.
//!
//! What git gives and expects: `git-merge-NAME [OPTION…] BASE… -- OURS THEIRS…`, in the top folder
//! of the working tree; exit code 0 where the merge is in the index, 1 where there are conflicts in
//! it, 2 where it could not be done (`git-merge-resolve.sh` and `builtin/merge.c` of git).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use gix::bstr::ByteSlice;

use super::command::{Author, Git, Output};
use super::commit::NewCommit;
use super::error::{GitError, Result};
use super::id::{BlobId, CommitId, TICKS, TicksPath, TreeId};
use super::merge::{TicketSides, shown};
use super::repo::{Repo, resolved};
use super::tree::{parse_tree, split_tab};
use super::trial::TRIAL;

/// The three commits of a merge.
#[derive(Clone, Debug)]
pub struct ThreeWay {
    base: CommitId,
    ours: CommitId,
    theirs: CommitId,
    /// What git calls them in the marks of a conflict.
    names: [String; 3],
}

/// A merge that is in the repository, and not in the working tree.
#[derive(Clone, Debug)]
pub struct Beside {
    tree: TreeId,
    conflicts: Vec<Conflict>,
    /// What git says about it.
    pub messages: Vec<String>,
    /// What the marks of conflicts call the three commits, and what they are to call them.
    names: [(String, String); 3],
}

/// One of the stages of a file that conflicts.
#[derive(Clone, Debug)]
struct Conflict {
    path: Vec<u8>,
    /// Mode, object and stage, as git writes them.
    stage: String,
}

impl Beside {
    /// Whether something conflicts.
    #[must_use]
    pub fn has_conflicts(&self) -> bool {
        !self.conflicts.is_empty()
    }

    /// The text, with the sides called as git calls them.
    fn named(&self, text: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        for (given, name) in &self.names {
            text = text.replace(given, name);
        }
        text
    }
}

impl Repo {
    /// The merge that git asks a strategy for with these arguments. None where it is another one
    /// than that of two sides that parted at one commit, where git has been told of another
    /// repository or index than it would find, or is older than [`TRIAL`].
    ///
    /// # Errors
    /// When git fails.
    pub fn three_way(&self, args: &[OsString]) -> Result<Option<ThreeWay>> {
        let [base, dashes, ours, theirs] = args else {
            return Ok(None);
        };
        let git = self.git();
        if dashes != "--" || !self.is_meant() || git.version()? < TRIAL {
            return Ok(None);
        }
        let commit = |word: &OsString| match word.to_str() {
            Some(word) => git.commit_of(word),
            None => Ok(None),
        };
        let (Some(base), Some(ours), Some(theirs)) =
            (commit(base)?, commit(ours)?, commit(theirs)?)
        else {
            return Ok(None);
        };
        let name = |commit: CommitId, word: &OsString| match word.to_str() {
            Some("HEAD") => Ok("HEAD".to_owned()),
            _ => std::env::var(format!("GITHEAD_{commit}")).or_else(|_| git.short(commit)),
        };
        let names = [
            name(base, &args[0])?,
            name(ours, &args[2])?,
            name(theirs, &args[3])?,
        ];
        Ok(Some(ThreeWay {
            base,
            ours,
            theirs,
            names,
        }))
    }

    /// Whether the environment names no other repository, working tree or index than this one.
    fn is_meant(&self) -> bool {
        let is = |name: &str, expected: &Path| match std::env::var_os(name) {
            Some(given) => resolved(Path::new(&given)).is_ok_and(|given| given == expected),
            None => true,
        };
        is("GIT_DIR", self.git_dir())
            && is("GIT_WORK_TREE", self.worktree_root())
            && is("GIT_INDEX_FILE", &self.git_dir().join("index"))
            && std::env::var_os("GIT_OBJECT_DIRECTORY").is_none()
    }

    /// The tickets' files that both sides changed, each in a way of its own.
    ///
    /// # Errors
    /// When git fails.
    pub fn changed_on_both(&self, three: &ThreeWay) -> Result<Vec<TicketSides>> {
        let git = self.git();
        let mut ours: BTreeMap<_, _> = git
            .ticks_between(three.base, three.ours)?
            .into_iter()
            .map(|difference| (difference.path, difference.after))
            .collect();
        let mut found = Vec::new();
        let mut objects = Vec::new();
        for difference in git.ticks_between(three.base, three.theirs)? {
            let ours = ours.remove(&difference.path).flatten();
            let (Some(base), Some(ours), Some(theirs)) =
                (difference.before, ours, difference.after)
            else {
                continue;
            };
            let path = std::str::from_utf8(&difference.path).ok();
            let path = path.and_then(|path| TicksPath::parse(path).ok());
            let Some(path) = path.filter(|path| path.ticket().is_some()) else {
                continue;
            };
            let sides = [base, ours, theirs];
            if sides[1] != sides[2] && sides.iter().all(|side| side.mode == "100644") {
                objects.extend(sides.map(|side| side.object));
                found.push(path);
            }
        }
        let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
        let blobs = match self.local_blobs(&objects)? {
            Some(blobs) => blobs,
            // What a clone does not have git fetches.
            None => git.blobs(objects)?,
        };
        let mut blobs = blobs.into_iter();
        let sides = found.into_iter().map(|path| TicketSides {
            path,
            base: blobs.next(),
            ours: blobs.next(),
            theirs: blobs.next(),
        });
        Ok(sides.collect())
    }
}

impl Git {
    /// This, with the settings too that `git -c` has given to the merge that asks.
    #[must_use]
    pub fn with_given_settings(self) -> Self {
        const GIVEN: &str = "GIT_CONFIG_PARAMETERS";
        match std::env::var_os(GIVEN) {
            Some(given) => self.env(GIVEN, given),
            None => self,
        }
    }

    fn short(&self, commit: CommitId) -> Result<String> {
        Ok(self
            .run(["rev-parse", "--short", &commit.to_string()])?
            .line())
    }

    /// The merge of the three where these tickets become that. None where a name of git's own
    /// making would tell how it came about.
    ///
    /// # Errors
    /// When git fails.
    pub fn merge_beside(
        &self,
        three: &ThreeWay,
        merged: &[(TicksPath, String)],
    ) -> Result<Option<Beside>> {
        let merged = self.store_tickets(merged)?;
        let [base, ours, theirs] =
            [three.base, three.ours, three.theirs].map(|commit| self.with_tickets(commit, &merged));
        let (base, ours, theirs) = (base?, ours?, theirs?);
        let answer = self
            .call(["merge-tree", "--write-tree", "-z"])
            .arg(format!("--merge-base={base}"))
            .args([ours.to_string(), theirs.to_string()])
            .run_allowing(&[0, 1])?;
        let [of_base, of_ours, of_theirs] = three.names.clone();
        let names = [(base, of_base), (ours, of_ours), (theirs, of_theirs)]
            .map(|(commit, name)| (commit.to_string(), name));
        let beside = beside(&answer, names)?;
        let is_made_up = |conflict: &Conflict| beside.named(&conflict.path) != conflict.path;
        Ok((!beside.conflicts.iter().any(is_made_up)).then_some(beside))
    }

    /// Puts the merge into the index and the working tree, in place of ours; what was in its way,
    /// where it could not: then nothing is done.
    ///
    /// # Errors
    /// When git fails, or a file cannot be written.
    pub fn take(
        &self,
        three: &ThreeWay,
        beside: &Beside,
    ) -> Result<std::result::Result<(), String>> {
        let ours = three.ours.to_string();
        let staged = ["diff-index", "--cached", "--name-only", "-z", &ours, "--"];
        let staged = self.paths(&staged)?;
        if !staged.is_empty() {
            let paths: Vec<String> = staged.iter().map(|path| shown(path)).collect();
            return Ok(Err(format!("changes are staged: {}", paths.join(", "))));
        }
        let tree = beside.tree.to_string();
        let taken = self
            .call(["read-tree", "-m", "-u", &ours, &tree])
            .run_any()?;
        if taken.code != Some(0) {
            let why = taken.tail();
            return Ok(Err(why.trim_start_matches("error: ").to_owned()));
        }
        if beside.has_conflicts() {
            self.leave(beside)?;
        }
        Ok(Ok(()))
    }

    /// Leaves the conflicts in the index and the working tree as git does.
    fn leave(&self, beside: &Beside) -> Result<()> {
        let mut input = Vec::new();
        let mut line = |facts: &str, path: &[u8]| {
            input.extend_from_slice(facts.as_bytes());
            input.push(b'\t');
            input.extend_from_slice(path);
            input.push(0);
        };
        let paths = beside.conflicts.iter().map(|conflict| &conflict.path[..]);
        let paths: BTreeSet<&[u8]> = paths.collect();
        for path in &paths {
            line("0 0000000000000000000000000000000000000000", path);
        }
        for Conflict { path, stage } in &beside.conflicts {
            line(stage, path);
        }
        self.call(["update-index", "-z", "--index-info"])
            .stdin(input)
            .run()?;
        for path in paths {
            let path = self.dir().join(OsStr::from_bytes(path));
            self.name_sides(&path, beside)
                .map_err(|source| GitError::File {
                    action: "name the sides of a conflict in",
                    path,
                    source,
                })?;
        }
        // By this, somebody's own changes are told from what the merge has left.
        let tree = beside.tree.to_string();
        self.run(["update-ref", "AUTO_MERGE", &tree]).map(drop)
    }

    fn name_sides(&self, path: &Path, beside: &Beside) -> std::io::Result<()> {
        if !fs::symlink_metadata(path).is_ok_and(|there| there.is_file()) {
            return Ok(());
        }
        let there = fs::read(path)?;
        let named = beside.named(&there);
        match named == there {
            true => Ok(()),
            false => fs::write(path, named),
        }
    }

    /// Stores what these tickets become, all at once; the object of each, by the name of its file.
    fn store_tickets(&self, merged: &[(TicksPath, String)]) -> Result<BTreeMap<Vec<u8>, String>> {
        let mut input = Vec::new();
        let mut objects = BTreeMap::new();
        for (path, text) in merged {
            input.extend_from_slice(format!("blob\ndata {}\n{text}\n", text.len()).as_bytes());
            let object = BlobId::of(text.as_bytes()).ok_or_else(|| GitError::Unexpected {
                command: "git fast-import".to_owned(),
                expected: "text that has an id",
            })?;
            let name = path.as_str().rsplit('/').next().unwrap_or_default();
            objects.insert(name.as_bytes().to_vec(), object.to_string());
        }
        self.call(["fast-import", "--quiet"]).stdin(input).run()?;
        Ok(objects)
    }

    /// A commit like that one, but with these objects in the tickets' folder; no branch leads to it.
    fn with_tickets(
        &self,
        like: CommitId,
        objects: &BTreeMap<Vec<u8>, String>,
    ) -> Result<CommitId> {
        let tickets = self.tree_like(&format!("{like}:{TICKS}"), |name| {
            objects
                .get(name)
                .map(|object| format!("100644 blob {object}"))
        })?;
        let tree = self.tree_like(&like.to_string(), |name| {
            (name == TICKS.as_bytes()).then(|| format!("040000 tree {tickets}"))
        })?;
        let author = Author {
            name: "tk".to_owned(),
            email: "tk@localhost".to_owned(),
        };
        self.clone()
            .env("GIT_COMMITTER_NAME", &author.name)
            .env("GIT_COMMITTER_EMAIL", &author.email)
            .commit_tree(
                &NewCommit {
                    tree,
                    parents: &[],
                    message: "Tickets merged beforehand\n",
                    author: Some(&author),
                },
                None,
            )
    }

    /// A tree like that one, but with these entries for what `replaced` names.
    fn tree_like(&self, like: &str, replaced: impl Fn(&[u8]) -> Option<String>) -> Result<TreeId> {
        let answer = self.run(["ls-tree", "-z", "--full-tree", like])?;
        let mut listing = Vec::with_capacity(answer.stdout.len());
        for line in answer.fields() {
            let entry = split_tab(line);
            let (facts, name) = entry.ok_or_else(|| answer.unexpected("entries of a tree"))?;
            let facts = replaced(&name).unwrap_or_else(|| facts.to_owned());
            listing.extend_from_slice(facts.as_bytes());
            listing.push(b'\t');
            listing.extend_from_slice(&name);
            listing.push(0);
        }
        // What a partial clone does not have is nothing to a tree.
        let call = self.call(["mktree", "-z", "--missing"]);
        parse_tree(&call.stdin(listing).run()?)
    }
}

/// What `merge-tree -z` tells: the tree; where something conflicts its stages, an empty field, and
/// messages, each as a number of paths, these, a kind and the text.
fn beside(answer: &Output, names: [(String, String); 3]) -> Result<Beside> {
    let malformed = || answer.unexpected("the outcome of a merge");
    let mut fields = answer.stdout.split(|byte| *byte == 0);
    let tree = fields
        .next()
        .and_then(|tree| std::str::from_utf8(tree).ok());
    let tree = tree.and_then(|tree| TreeId::parse(tree).ok());
    let mut beside = Beside {
        tree: tree.ok_or_else(malformed)?,
        conflicts: Vec::new(),
        messages: Vec::new(),
        names,
    };
    for line in fields.by_ref().take_while(|line| !line.is_empty()) {
        let (stage, path) = split_tab(line).ok_or_else(malformed)?;
        let stage = stage.to_owned();
        beside.conflicts.push(Conflict { path, stage });
    }
    if (answer.code == Some(0)) != beside.conflicts.is_empty() {
        return Err(malformed());
    }
    while let Some(count) = fields.next().filter(|count| !count.is_empty()) {
        let count = std::str::from_utf8(count)
            .ok()
            .and_then(|count| count.parse().ok());
        let count: usize = count.ok_or_else(malformed)?;
        let text = fields.nth(count + 1).ok_or_else(malformed)?;
        let text = shown(&beside.named(text));
        beside.messages.push(text.trim_end().to_owned());
    }
    Ok(beside)
}

/// Has git's own strategy do what is asked for with these arguments, here and as if by git itself;
/// its exit code.
///
/// # Errors
/// When git cannot be started.
pub fn merge_by_git(args: &[OsString]) -> Result<Option<i32>> {
    let mut command = Command::new("git");
    let status = command.arg("merge-recursive").args(args).status();
    let status = status.map_err(|source| GitError::Start {
        command: "git merge-recursive".to_owned(),
        source,
    })?;
    Ok(status.code())
}
