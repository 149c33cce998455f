//! What a merge has left of the tickets' files in the index: three stages of each, for
//! somebody to settle.

use std::collections::{BTreeMap, BTreeSet};

use super::command::{Git, Output};
use super::error::Result;
use super::id::{CommitId, TICKS, TicksPath};
use super::incoming::Incoming;
use super::merge::shown;
use super::repo::Repo;
use super::tree::Entries;
use crate::model::TicketId;

/// A file of `.ticks/` whose merge is not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmerged {
    /// Where.
    pub path: TicksPath,
    /// As it was when the sides parted; none where both added it.
    pub base: Option<Stage>,
    /// On the checked-out branch; none where it was deleted there.
    pub ours: Option<Stage>,
    /// On what comes in; none where it was deleted there.
    pub theirs: Option<Stage>,
}

/// A file on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    pub(super) object: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Git {
    /// The stages of what is not settled below `.ticks/`: equal as long as that is.
    ///
    /// # Errors
    /// When git fails.
    pub fn stages(&self) -> Result<Output> {
        self.run(["ls-files", "-u", "-z", "--full-name", "--", TICKS])
    }

    /// The files of `.ticks/` that were settled since git stopped in the merge that it is in, of
    /// those that are wanted.
    ///
    /// # Errors
    /// When git fails.
    pub fn settled(
        &self,
        repo: &Repo,
        is_wanted: impl Fn(&TicksPath) -> bool,
    ) -> Result<Vec<Unmerged>> {
        // Until the next merge the index remembers the stages.
        let stages = ["ls-files", "--resolve-undo", "-z", "--full-name", "--"];
        let answer = self.run(stages.iter().chain([&TICKS]))?;
        Ok(self.stages_of(repo, &answer, is_wanted)?.0)
    }

    /// What these stages are of: files, and the paths of what else there is.
    ///
    /// # Errors
    /// When git fails.
    pub fn unmerged(&self, repo: &Repo, answer: &Output) -> Result<(Vec<Unmerged>, Vec<String>)> {
        self.stages_of(repo, answer, |_| true)
    }

    fn stages_of(
        &self,
        repo: &Repo,
        answer: &Output,
        is_wanted: impl Fn(&TicksPath) -> bool,
    ) -> Result<(Vec<Unmerged>, Vec<String>)> {
        let mut found: BTreeMap<Vec<u8>, [Option<String>; 3]> = BTreeMap::new();
        let mut others = Vec::new();
        for line in answer.fields() {
            // Mode, object, stage from 1, a tab, the path.
            let malformed = || answer.unexpected("the stages of files");
            let tab = line.iter().position(|byte| *byte == b'\t');
            let (head, path) = line.split_at(tab.ok_or_else(malformed)?);
            let head = std::str::from_utf8(head).map_err(|_| malformed())?;
            let words: Vec<&str> = head.split(' ').collect();
            let [mode, object, stage] = words[..] else {
                return Err(malformed());
            };
            let stage: usize = stage.parse().map_err(|_| malformed())?;
            let path = path[1..].to_vec();
            if !mode.starts_with("100") {
                others.push(shown(&path));
                continue;
            }
            let stages = found.entry(path).or_default();
            let place = stages.get_mut(stage.wrapping_sub(1));
            *place.ok_or_else(malformed)? = Some(object.to_owned());
        }
        let parsed = |path: &[u8]| TicksPath::parse(std::str::from_utf8(path).ok()?).ok();
        found.retain(|path, _| parsed(path).is_none_or(|path| is_wanted(&path)));
        let objects = found.values().flatten().flatten().map(String::as_str);
        let objects: Vec<&str> = objects.collect();
        let blobs = match repo.local_blobs(&objects)? {
            Some(blobs) => blobs,
            // What a clone does not have git fetches.
            None => self.blobs(objects)?,
        };
        let mut blobs = blobs.into_iter();
        let mut files = Vec::new();
        for (path, stages) in found {
            let [base, ours, theirs] = stages.map(|object| {
                let object = object?;
                let bytes = blobs.next()?;
                Some(Stage { object, bytes })
            });
            match parsed(&path) {
                Some(path) if !others.iter().any(|other| other == path.as_str()) => {
                    files.push(Unmerged {
                        path,
                        base,
                        ours,
                        theirs,
                    });
                }
                _ => others.push(shown(&path)),
            }
        }
        others.sort();
        others.dedup();
        Ok((files, others))
    }

    /// The files that git took for others which the base has: each with whether it has its name on
    /// ours, and on theirs.
    ///
    /// # Errors
    /// When git fails.
    pub fn renamed<'u>(
        &self,
        files: impl Iterator<Item = &'u Unmerged>,
        incoming: &Incoming,
    ) -> Result<BTreeMap<TicksPath, [bool; 2]>> {
        let mut files = files.filter(|file| file.base.is_some()).peekable();
        let (Some(base), Some(_)) = (incoming.base, files.peek()) else {
            return Ok(BTreeMap::new());
        };
        let is_in = |entries: &Entries, file: &Unmerged| {
            entries.contains_key(file.path.as_str().as_bytes())
        };
        let base = self.ticks_of(base)?;
        let renamed: Vec<&Unmerged> = files.filter(|file| !is_in(&base, file)).collect();
        if renamed.is_empty() {
            return Ok(BTreeMap::new());
        }
        let (ours, theirs) = (
            self.ticks_of(self.head_commit()?)?,
            self.ticks_of(incoming.commit)?,
        );
        let renamed = renamed.into_iter();
        let on = |file: &Unmerged| [is_in(&ours, file), is_in(&theirs, file)];
        Ok(renamed.map(|file| (file.path.clone(), on(file))).collect())
    }

    /// As [`Git::renamed`] where nobody knows what comes in: those that theirs has under another name
    /// than ours. What ours has under another one than the base, that does not tell.
    ///
    /// # Errors
    /// When git fails.
    pub fn renamed_by_theirs<'u>(
        &self,
        files: impl Iterator<Item = &'u Unmerged>,
    ) -> Result<BTreeSet<TicksPath>> {
        let three = |file: &&Unmerged| file.base.is_some() && file.ours.is_some();
        let mut files = files.filter(three).peekable();
        if files.peek().is_none() {
            return Ok(BTreeSet::new());
        }
        let ours = self.ticks_of(self.head_commit()?)?;
        let is_here = |file: &&Unmerged| ours.contains_key(file.path.as_str().as_bytes());
        let renamed = files.filter(|file| !is_here(file));
        Ok(renamed.map(|file| file.path.clone()).collect())
    }

    /// The tickets in whose files some commit put just that one, or took it out, the newest first.
    ///
    /// # Errors
    /// When git fails.
    pub fn tickets_that_were(&self, stage: &Stage) -> Result<Vec<TicketId>> {
        let object = format!("--find-object={}", stage.object);
        let args = ["log", "--all", "--format=", "--name-only", "-z"];
        let call = self
            .call(args)
            .args(["--no-renames", "--no-show-signature"]);
        let call = call.args([object.as_str(), "--", TICKS]);
        let answer = call.setting("log.showRoot=true").run()?;
        let ticket = |path| {
            TicksPath::parse(std::str::from_utf8(path).ok()?)
                .ok()?
                .ticket()
        };
        Ok(answer.fields().filter_map(ticket).collect())
    }

    /// The ticket whose file in the commit is just that one.
    ///
    /// # Errors
    /// When git fails.
    pub fn ticket_of(&self, commit: CommitId, stage: &Stage) -> Result<Option<TicketId>> {
        let entries = self.ticks_of(commit)?;
        let mut paths = entries
            .iter()
            .filter(|(_, entry)| entry.object == stage.object)
            .filter_map(|(path, _)| std::str::from_utf8(path).ok());
        Ok(paths.find_map(|path| TicksPath::parse(path).ok()?.ticket()))
    }

    /// Takes these files of `.ticks/` as they are in the working tree, or are not there any
    /// more, for settled.
    ///
    /// # Errors
    /// When git fails.
    pub fn stage(&self, paths: &[TicksPath]) -> Result<()> {
        // Not `add`, which compares every path of the index with every one of these.
        self.with_paths(
            &["update-index", "--add", "--remove", "-z", "--stdin"],
            "",
            paths,
        )
    }

    /// Removes these files of `.ticks/` from the index and the working tree.
    ///
    /// # Errors
    /// When git fails.
    pub fn remove_ticks(&self, paths: &[TicksPath]) -> Result<()> {
        let remove = ["rm", "--quiet", "--force", "--ignore-unmatch"];
        let from = ["--pathspec-from-file=-", "--pathspec-file-nul"];
        self.with_paths(&[&remove[..], &from].concat(), ":(top,literal)", paths)
    }

    /// Runs it with the paths on its standard input, each after `mark`.
    fn with_paths(&self, args: &[&str], mark: &str, paths: &[TicksPath]) -> Result<()> {
        if paths.is_empty() {
            return Ok(());
        }
        let paths = paths.iter().map(|path| format!("{mark}{path}\0"));
        let call = self.call(args).stdin(paths.collect::<String>());
        call.run().map(drop)
    }
}
