//! Settling the merges of tickets that git has left: a clone without the driver, a key that
//! both sides gave a value, one id for two tickets; those that somebody has committed with their
//! marks; and keys that a merge without the driver has left twice.
//!
//! The index has all three sides, and they decide; where it has none, the marks tell them. What
//! a person has typed into a file since is never thrown away.

mod amid;
mod case;
mod doubled;
mod fate;
mod moved;
mod typed;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use case::{Case, Renamed};
pub(super) use doubled::{Remade, twofold};
use fate::Fate;
use moved::Moved;

use super::in_texts::{Marks, marks};
use super::meant::by_part_of_id;
use super::ticks_folder::{is_at_top, refuse_left_out};
use super::values::{invalid, there};
use super::{Error, ErrorCode, Project, Result};
use crate::cores;
use crate::git::{CommitId, Git, Incoming, TicksPath, Unmerged};
use crate::merge::{self, Choice, Hunk};
use crate::model::{Shown, TicketId};
use crate::store::{self, Store};
use crate::wire::{Resolution, ResolveDocument, ResolvedTicket};

/// From how many on files are worth being looked at by all cores.
const MANY: usize = 16;

/// Something that no rule settles.
#[derive(Clone, Debug)]
pub struct Question<'q> {
    /// The ticket.
    pub id: &'q TicketId,
    /// Its title, on our side if it is there.
    pub title: &'q str,
    /// What both sides have; none where one side deleted the ticket.
    pub hunk: Option<Hunk<'q>>,
    /// The side that deleted it.
    pub deleted_by: Option<Choice>,
}

/// Answers questions; nothing leaves them open.
pub type Answer<'a> = dyn FnMut(&Question<'_>) -> Result<Option<Choice>> + 'a;

/// Settles what git has left unmerged, or somebody has committed unmerged, of the tickets in the
/// working tree: those that are named, or all. What the rules of the merge do not settle, `answer`
/// does.
///
/// # Errors
/// When an agent asks, a named ticket is settled, or a file cannot be read or written.
pub fn settle(
    project: &Project,
    named: &[String],
    answer: &mut Answer<'_>,
) -> Result<ResolveDocument> {
    project.require_human("settle merges")?;
    project.mend_merge_driver();
    let git = project.repo.git();
    let root = project.repo.worktree_root();
    let ticks = project.store.ticks_dir();
    if !is_at_top(&project.repo, ticks) && !root.join(crate::git::TICKS).is_dir() {
        let message = format!(
            "`{}` is not at the top of the working tree: what git leaves of its merges cannot be \
             settled by their keys",
            Shown(ticks)
        );
        let hint = "settle it with `tk edit` or in an editor, then `git add` the file";
        return Err(invalid(message).hint(hint));
    }
    if root != project.repo.home() {
        // What names a ticket that gets another id could not follow.
        refuse_left_out(&git, &root.join(crate::git::TICKS))?;
    }
    let stages = git.stages()?;
    let (files, mut others) = git.unmerged(&project.repo, &stages)?;
    let mut left = Vec::new();
    for file in files {
        match file.path.ticket() {
            Some(id) => left.push((id, file)),
            None => others.push(file.path.to_string()),
        }
    }
    others.sort();
    let mut table = Table {
        project,
        root,
        git: &git,
        incoming: git.incoming(left.iter().map(|(_, file)| file))?,
        answer,
        seen: Vec::new(),
        written: Vec::new(),
        only_there: Vec::new(),
        removed: Vec::new(),
        settled: Vec::new(),
        moved: Vec::new(),
        followed: BTreeSet::new(),
        unmerged: BTreeSet::new(),
    };
    left.extend(table.settled_as_one()?);
    let paths = left.iter().map(|(_, file)| file.path.clone());
    table.unmerged.extend(paths);
    let mut marked = table.marked(&left, !named.is_empty())?;
    let total = left.len() + marked.len() + others.len();
    if total == 0
        && named.is_empty()
        && let Some(command) = at_home(project, "")?
    {
        project.hint(format!(
            "the main working tree has unmerged tickets: `{command}`"
        ));
    }
    if !named.is_empty() {
        let ids = left.iter().map(|(id, _)| id);
        let ids = ids.chain(marked.iter().map(|case| &case.id));
        let wanted = wanted(project, &ids.cloned().collect::<Vec<_>>(), named)?;
        left.retain(|(id, _)| wanted.contains(id));
        marked.retain(|case| wanted.contains(&case.id));
        others.clear();
    }
    let files = left.iter().map(|(_, file)| file);
    let renamed = match &table.incoming {
        Some(incoming) => Renamed::Told(git.renamed(files, incoming)?),
        None => Renamed::Untold {
            theirs: git.renamed_by_theirs(files)?,
        },
    };
    let mut cases = Case::all_of(&left, &renamed, table.root, &project.config);
    for case in &mut cases {
        case.know_by_git(&git)?;
    }
    cases.append(&mut marked);
    cases.sort_by(|one, other| one.id.cmp(&other.id));
    table.part(&mut cases)?;
    if !table.moved.is_empty() {
        for case in &mut cases {
            case.follow(&table.moved, &project.config);
        }
    }
    let mut document = ResolveDocument {
        schema: "tk.resolve.v1",
        total,
        others,
        ..ResolveDocument::default()
    };
    for case in cases {
        document.tickets.push(table.settle(case)?);
    }
    // People may have been asked for hours: not under the lock.
    let locked = project.store.lock()?;
    if git.stages()? != stages || !table.is_as_seen() {
        let message = "the files were changed while their merge was being settled";
        return Err(Error::overtaken(message));
    }
    locked.forget_last_change()?;
    let backup = project.store.backup(project.now);
    for path in &table.only_there {
        backup.keep(&table.root.join(path), path.as_ref())?;
    }
    backup.sync()?;
    document.backup = backup.folder().map(|folder| {
        let inside = folder.strip_prefix(project.repo.home());
        inside.unwrap_or(folder).display().to_string()
    });
    table.apply()?;
    drop(locked);
    document.changed = !(table.settled.is_empty() && table.removed.is_empty());
    let left = |ticket: &&ResolvedTicket| ticket.outcome == Resolution::Left;
    document.remaining = document.others.len() + document.tickets.iter().filter(left).count();
    Ok(document)
}

/// What settles the tickets whose ids have that part in the main working tree, from a linked one;
/// nothing where git has left none of them there.
fn at_home(project: &Project, part: &str) -> Result<Option<String>> {
    let repo = &project.repo;
    let (home, here) = (repo.home(), repo.worktree_root());
    if home == here {
        return Ok(None);
    }
    let left = repo.home_git().unmerged_ticks()?;
    let ids = left
        .iter()
        .filter_map(|path| TicksPath::parse(path).ok()?.ticket());
    let ids: Vec<TicketId> = ids.collect();
    let command = format!("{} resolve {part}", there("tk", home, here));
    let is_there = match part {
        "" => !ids.is_empty(),
        part => !by_part_of_id(part, &ids).is_empty(),
    };
    Ok(is_there.then(|| command.trim_end().to_owned()))
}

/// The tickets that are meant among those that are not settled.
fn wanted(project: &Project, ids: &[TicketId], named: &[String]) -> Result<BTreeSet<TicketId>> {
    let mut wanted = BTreeSet::new();
    for word in named.iter().flat_map(|words| words.split(',')) {
        let exact = ids.iter().find(|id| id.as_str() == word.trim());
        match exact.map_or_else(|| by_part_of_id(word, ids), |id| vec![id])[..] {
            [id] => wanted.insert(id.clone()),
            [] => {
                let message = format!("no ticket `{}` is left unmerged", word.trim());
                let error = Error::new(ErrorCode::TicketNotFound, message).with("given", word);
                return Err(match at_home(project, word.trim())? {
                    Some(command) => {
                        let hint = format!("the main working tree has it: `{command}`");
                        error.hint(hint)
                    }
                    None => error,
                });
            }
            _ => return Err(invalid(format!("`{}` fits several", word.trim()))),
        };
    }
    Ok(wanted)
}

/// Where the files lie to be settled.
struct Table<'t, 'a> {
    project: &'t Project,
    root: &'t Path,
    git: &'t Git,
    incoming: Option<Incoming>,
    answer: &'t mut Answer<'a>,
    /// What the files said when it was decided.
    seen: Vec<(PathBuf, Vec<u8>)>,
    written: Vec<(TicksPath, String)>,
    /// What of it nothing else tells any more.
    only_there: Vec<TicksPath>,
    removed: Vec<TicksPath>,
    settled: Vec<TicksPath>,
    moved: Vec<Moved>,
    /// What was merged from sides that had followed what moved.
    followed: BTreeSet<TicksPath>,
    /// All that git has left.
    unmerged: BTreeSet<TicksPath>,
}

impl Table<'_, '_> {
    /// The commit of that side; none where there is none, or git has no name for what comes in.
    fn commit_of(&self, side: Choice) -> Result<Option<CommitId>> {
        Ok(match side {
            Choice::Ours => self.git.commit_of("HEAD")?,
            Choice::Theirs => self.incoming.map(|incoming| incoming.commit),
        })
    }

    /// The files whose merge somebody has committed with its marks in it, or with keys twice, or is
    /// about to. Marks within texts may be somebody's own: only where tickets are named are their
    /// sides told.
    fn marked(&self, left: &[(TicketId, Unmerged)], is_named: bool) -> Result<Vec<Case>> {
        let store = self.tickets();
        let left: BTreeSet<&TicketId> = left.iter().map(|(id, _)| id).collect();
        let ids = store.ids()?.into_iter();
        let ids: Vec<TicketId> = ids.filter(|id| !left.contains(id)).collect();
        let config = &self.project.config;
        let marked = |id: &TicketId| {
            // What cannot be read is for `tk doctor` to name.
            let Some(text) = store.read_text(id).ok().flatten() else {
                return Ok(None);
            };
            match merge::first_mark(&text) {
                Some(_) => Ok(Some(Case::of_marked(id, text, config))),
                None => match marks(id, &text, config) {
                    Some(Marks::Left(_)) if is_named => Ok(Some(Case::of_marked(id, text, config))),
                    Some(Marks::Left(_)) => Ok(Some(Case::of_marked_texts(id, text))),
                    Some(Marks::Quoted(_)) | None => Case::of_doubled(self.git, id, text, config),
                },
            }
        };
        let part = |ids: &[TicketId]| -> Result<Vec<Case>> {
            ids.iter().filter_map(|id| marked(id).transpose()).collect()
        };
        let parts: Vec<_> = cores::spread(&ids, MANY, part)
            .into_iter()
            .collect::<Result<_>>()?;
        Ok(parts.into_iter().flatten().collect())
    }

    fn settle(&mut self, mut case: Case) -> Result<ResolvedTicket> {
        let mut told = ResolvedTicket {
            id: case.id.to_string(),
            path: case.path.to_string(),
            outcome: Resolution::Left,
            keys: Vec::new(),
            new_id: None,
            message: None,
        };
        if let Some(bytes) = case.seen.take() {
            self.seen.push((self.root.join(&case.path), bytes));
        }
        let fate = match self.fate(&case, &mut told)? {
            Ok(fate) => fate,
            Err(why) => {
                told.message = Some(why);
                return Ok(told);
            }
        };
        let is_written = !matches!(fate, Fate::Stays | Fate::Open { text: None, .. });
        if case.unmerged.is_none() && is_written {
            self.only_there.push(case.path.clone());
        }
        let is_new = |text: &String| case.there.as_ref() != Ok(&Some(text.clone()));
        match fate {
            Fate::Text(text, outcome) => {
                self.written.push((case.path.clone(), text));
                told.outcome = outcome;
            }
            Fate::Stays => told.outcome = Resolution::AsEdited,
            Fate::Gone => {
                self.removed.push(case.path.clone());
                told.outcome = Resolution::Deleted;
                return Ok(told);
            }
            Fate::Open {
                text,
                keys,
                message,
            } => {
                let text = text.filter(is_new);
                self.written
                    .extend(text.map(|text| (case.path.clone(), text)));
                told.keys = keys;
                told.message = Some(message);
                return Ok(told);
            }
        }
        self.settled.push(case.path.clone());
        Ok(told)
    }

    /// Whether nobody has written into the files since.
    fn is_as_seen(&self) -> bool {
        let same = |(path, bytes): &(PathBuf, Vec<u8>)| {
            store::read_regular(path).is_ok_and(|there| there == *bytes)
        };
        let part = |seen: &[_]| seen.iter().all(same);
        cores::spread(&self.seen, MANY, part)
            .into_iter()
            .all(|same| same)
    }

    /// Does what was decided.
    fn apply(&mut self) -> Result<()> {
        let files = self.written.iter();
        let files = files.map(|(path, text)| (self.root.join(path), text.as_str()));
        store::write_all(&files.collect::<Vec<_>>())?;
        self.follow()?;
        self.git.remove_ticks(&self.removed)?;
        Ok(self.git.stage(&self.settled)?)
    }

    /// The tickets of the working tree in which the merge is.
    fn tickets(&self) -> Store {
        let folder: PathBuf = self.root.join(crate::git::TICKS);
        Store::open(folder, self.project.store.local_dir())
    }
}
