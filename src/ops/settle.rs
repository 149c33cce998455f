//! Settling the merges of tickets that git has left: a clone without the driver, a key that
//! both sides gave a value, one id for two tickets.
//!
//! The index has all three sides, and they decide. What a person has typed into a file since
//! is never thrown away.

mod moved;
mod typed;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use moved::Moved;
use typed::{Typed, typed};

use super::resolve::by_part_of_id;
use super::values::invalid;
use super::{Error, ErrorCode, Project, Result};
use crate::context::Context;
use crate::format;
use crate::git::{CommitId, Git, Stage, TicksPath, Unmerged};
use crate::merge::{Choice, Hunk, Merged, choose, is_marker, merge_ticket};
use crate::model::{Config, TicketId};
use crate::store::{self, Store};
use crate::wire::{Resolution, ResolveDocument, ResolvedTicket};

/// The keys that belong together: whoever chooses a status chooses the rest with it.
const LIFE: [&str; 6] = [
    "status",
    "started_at",
    "closed_at",
    "closed_by",
    "reason",
    "verdict",
];

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

/// Settles what git has left unmerged of the tickets in the working tree of the context: those
/// that are named, or all. What the rules of the merge do not settle, `answer` does.
///
/// # Errors
/// When an agent asks, a named ticket is settled, or a file cannot be read or written.
pub fn settle(
    project: &Project,
    context: &Context,
    named: &[String],
    answer: &mut Answer<'_>,
) -> Result<ResolveDocument> {
    project.require_human("settle merges")?;
    project.mend_merge_driver();
    let git = project.repo.git();
    let unmerged = git.unmerged()?;
    let (mut files, others) = unmerged.clone();
    let total = files.len() + others.len();
    if !named.is_empty() {
        let wanted = wanted(&files, named)?;
        files.retain(|file| file.path.ticket().is_some_and(|id| wanted.contains(&id)));
    }
    let mut table = Table {
        project,
        context,
        root: project.repo.worktree_root(),
        git: &git,
        incoming: git.incoming()?,
        answer,
        seen: Vec::new(),
        written: Vec::new(),
        removed: Vec::new(),
        settled: Vec::new(),
        moved: Vec::new(),
    };
    let mut document = ResolveDocument {
        schema: "tk.resolve.v1",
        total,
        others: if named.is_empty() { others } else { Vec::new() },
        ..ResolveDocument::default()
    };
    for file in &files {
        match file.path.ticket() {
            Some(id) => document.tickets.push(table.settle(&id, file)?),
            None => document.others.push(file.path.to_string()),
        }
    }
    // People may have been asked for hours: not under the lock.
    let locked = project.store.lock()?;
    if git.unmerged()? != unmerged || !table.is_as_seen() {
        let message = "the files were changed while their merge was being settled";
        return Err(Error::new(ErrorCode::Changed, message).hint("give the command again"));
    }
    locked.forget_last_change()?;
    table.apply()?;
    drop(locked);
    document.others.sort();
    document.changed = !(table.settled.is_empty() && table.removed.is_empty());
    let left = |ticket: &&ResolvedTicket| ticket.outcome == Resolution::Left;
    document.remaining = document.others.len() + document.tickets.iter().filter(left).count();
    Ok(document)
}

/// The tickets that are meant among those that are not settled.
fn wanted(files: &[Unmerged], named: &[String]) -> Result<BTreeSet<TicketId>> {
    let ids: Vec<TicketId> = files.iter().filter_map(|file| file.path.ticket()).collect();
    let mut wanted = BTreeSet::new();
    for word in named.iter().flat_map(|words| words.split(',')) {
        let exact = ids.iter().find(|id| id.as_str() == word.trim());
        match exact.map_or_else(|| by_part_of_id(word, &ids), |id| vec![id])[..] {
            [id] => wanted.insert(id.clone()),
            [] => {
                let message = format!("no ticket `{}` is left unmerged", word.trim());
                return Err(Error::new(ErrorCode::TicketNotFound, message).with("given", word));
            }
            _ => return Err(invalid(format!("`{}` fits several", word.trim()))),
        };
    }
    Ok(wanted)
}

/// Where the files lie to be settled.
struct Table<'t, 'a> {
    project: &'t Project,
    context: &'t Context,
    root: &'t Path,
    git: &'t Git,
    incoming: Option<CommitId>,
    answer: &'t mut Answer<'a>,
    /// What the files said when it was decided.
    seen: Vec<(PathBuf, Vec<u8>)>,
    written: Vec<(TicksPath, String)>,
    removed: Vec<TicksPath>,
    settled: Vec<TicksPath>,
    moved: Vec<Moved>,
}

/// What a file is to become.
enum Fate {
    /// This text.
    Text(String, Resolution),
    /// Nothing.
    Gone,
    /// It is as it should be.
    Stays,
    /// Nobody has said: this text, if it says more than what is there.
    Open {
        text: Option<String>,
        keys: Vec<String>,
        message: String,
    },
}

impl Table<'_, '_> {
    fn settle(&mut self, id: &TicketId, file: &Unmerged) -> Result<ResolvedTicket> {
        let mut told = ResolvedTicket {
            id: id.to_string(),
            path: file.path.to_string(),
            outcome: Resolution::Left,
            keys: Vec::new(),
            new_id: None,
            message: None,
        };
        let path = self.root.join(&file.path);
        let fate = match self.fate(id, file, &path, &mut told)? {
            Ok(fate) => fate,
            Err(why) => {
                told.message = Some(why);
                return Ok(told);
            }
        };
        match fate {
            Fate::Text(text, outcome) => {
                self.written.push((file.path.clone(), text));
                told.outcome = outcome;
            }
            Fate::Stays => told.outcome = Resolution::AsEdited,
            Fate::Gone => {
                self.removed.push(file.path.clone());
                told.outcome = Resolution::Deleted;
                return Ok(told);
            }
            Fate::Open {
                text,
                keys,
                message,
            } => {
                self.written
                    .extend(text.map(|text| (file.path.clone(), text)));
                told.keys = keys;
                told.message = Some(message);
                return Ok(told);
            }
        }
        self.settled.push(file.path.clone());
        Ok(told)
    }

    /// Whether nobody has written into the files since.
    fn is_as_seen(&self) -> bool {
        let same = |(path, bytes): &(PathBuf, Vec<u8>)| {
            store::read_regular(path).is_ok_and(|there| there == *bytes)
        };
        self.seen.iter().all(same)
    }

    /// Does what was decided.
    fn apply(&mut self) -> Result<()> {
        for (path, text) in &self.written {
            put(&self.root.join(path), text)?;
        }
        self.follow()?;
        self.git.remove_ticks(&self.removed)?;
        Ok(self.git.stage(&self.settled)?)
    }

    /// What is to become of the file, or why that cannot be said.
    fn fate(
        &mut self,
        id: &TicketId,
        file: &Unmerged,
        path: &Path,
        told: &mut ResolvedTicket,
    ) -> Result<std::result::Result<Fate, String>> {
        let text = |stage: &Option<Stage>| -> std::result::Result<Option<String>, String> {
            let Some(stage) = stage else { return Ok(None) };
            let text = String::from_utf8(stage.bytes.clone());
            text.map(Some).map_err(|_| "a side is not UTF-8".to_owned())
        };
        let sides = (text(&file.base), text(&file.ours), text(&file.theirs));
        let (Ok(base), Ok(ours), Ok(theirs)) = sides else {
            return Ok(Err("a side is not UTF-8: settle it in an editor".to_owned()));
        };
        let there = match store::read_regular(path) {
            Ok(bytes) => {
                self.seen.push((path.to_owned(), bytes.clone()));
                String::from_utf8(bytes).ok()
            }
            Err(error) => return Ok(Err(format!("the file cannot be read: {error}"))),
        };
        let config = &self.project.config;
        let merged = match (&ours, &theirs) {
            (Some(ours), Some(theirs)) => {
                Some(merge_ticket(id, base.as_deref(), ours, theirs, config))
            }
            _ => None,
        };
        let sides: Vec<&str> = [&base, &ours, &theirs]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        match typed(there.as_deref(), &sides, merged.as_ref()) {
            Typed::Nothing => {}
            Typed::Whole(text) => {
                let read = format::parse(id, text, config);
                return Ok(read
                    .map(|_| Fate::Stays)
                    .map_err(|error| format!("it is edited, and no ticket: {error}")));
            }
            Typed::Amid => {
                let why = "it is edited amid the marks: settle the rest with `tk edit`, or \
                           `git checkout --merge` it to begin again";
                return Ok(Err(why.to_owned()));
            }
        }
        match (merged, ours, theirs) {
            (Some(Merged::Clean(text)), ..) => Ok(Ok(Fate::Text(text, Resolution::Merged))),
            (Some(Merged::Conflict { text, keys }), Some(ours), Some(theirs)) => {
                let marked = ours.lines().chain(theirs.lines()).any(is_marker);
                if marked {
                    return Ok(Err(
                        "a side itself has marks of a merge: settle it with `tk edit`".to_owned(),
                    ));
                }
                told.keys.clone_from(&keys);
                self.ask(id, &text, keys, &ours).map(Ok)
            }
            (Some(Merged::TwoTickets { .. }), Some(ours), Some(theirs)) => match base {
                None => self.split(id, &ours, &theirs, told).map(Ok),
                Some(base) => self.unmix(id, file, [&base, &ours, &theirs]),
            },
            (None, Some(text), None) => self.one_sided(id, &text, Choice::Theirs).map(Ok),
            (None, None, Some(text)) => self.one_sided(id, &text, Choice::Ours).map(Ok),
            _ => Ok(Ok(Fate::Gone)),
        }
    }

    /// Each key that both sides gave a value.
    fn ask(&mut self, id: &TicketId, marked: &str, keys: Vec<String>, ours: &str) -> Result<Fate> {
        let config = &self.project.config;
        let title = title(id, ours, config);
        let mut life = None;
        let mut failed = None;
        let chosen = choose(marked, |hunk| {
            if failed.is_some() {
                return None;
            }
            let keys = hunk.keys();
            let is_life = !keys.is_empty() && keys.iter().all(|key| LIFE.contains(key));
            if is_life && life.is_some() {
                return life;
            }
            let question = Question {
                id,
                title: &title,
                hunk: Some(*hunk),
                deleted_by: None,
            };
            let answer = (self.answer)(&question).unwrap_or_else(|error| {
                failed = Some(error);
                None
            });
            if is_life {
                life = answer;
            }
            answer
        });
        if let Some(error) = failed {
            return Err(error);
        }
        if chosen.lines().any(is_marker) {
            let what = if keys.is_empty() {
                "the sides differ".to_owned()
            } else {
                format!("both sides changed {}", keys.join(", "))
            };
            return Ok(Fate::Open {
                text: Some(chosen),
                keys,
                message: what,
            });
        }
        match format::parse(id, &chosen, config) {
            Ok(_) => Ok(Fate::Text(chosen, Resolution::Merged)),
            Err(error) => Ok(Fate::Open {
                text: None,
                keys,
                message: format!("what was chosen together is no ticket: {error}"),
            }),
        }
    }

    /// One side deleted the ticket, and the other has changed it to `text`.
    fn one_sided(&mut self, id: &TicketId, text: &str, deleted_by: Choice) -> Result<Fate> {
        let title = title(id, text, &self.project.config);
        let answer = (self.answer)(&Question {
            id,
            title: &title,
            hunk: None,
            deleted_by: Some(deleted_by),
        })?;
        Ok(match answer {
            None => Fate::Open {
                text: None,
                keys: Vec::new(),
                message: match deleted_by {
                    Choice::Ours => "ours deleted it, and theirs changed it".to_owned(),
                    Choice::Theirs => "theirs deleted it, and ours changed it".to_owned(),
                },
            },
            Some(choice) if choice == deleted_by => Fate::Gone,
            Some(_) => Fate::Text(text.to_owned(), Resolution::Kept),
        })
    }

    /// Two tickets of one id: the later one gets another.
    fn split(
        &mut self,
        id: &TicketId,
        ours: &str,
        theirs: &str,
        told: &mut ResolvedTicket,
    ) -> Result<Fate> {
        let config = &self.project.config;
        let made = |text: &str| format::parse_any(id, text, config).ok()?.created_at;
        let (side, stays, moves) = if made(ours) > made(theirs) {
            (Choice::Ours, theirs, ours)
        } else {
            (Choice::Theirs, ours, theirs)
        };
        let mut taken = self.tickets().ids()?;
        taken.extend(self.project.store.ids()?);
        taken.extend(self.moved.iter().map(|moved| moved.new.clone()));
        let new = store::mint(self.context, taken.len(), |id| taken.contains(id));
        let path = TicksPath::of_ticket(&new);
        self.written.push((path.clone(), moves.to_owned()));
        self.settled.push(path);
        told.new_id = Some(new.to_string());
        self.moved.push(Moved {
            old: id.clone(),
            new,
            side,
        });
        Ok(Fate::Text(stays.to_owned(), Resolution::Split))
    }

    /// A ticket that git took for another one renamed: the sides are of two tickets, and what
    /// became of the other one is settled for itself.
    fn unmix(
        &mut self,
        id: &TicketId,
        file: &Unmerged,
        [base, ours, theirs]: [&str; 3],
    ) -> Result<std::result::Result<Fate, String>> {
        let config = &self.project.config;
        let made = |text: &str| format::parse_any(id, text, config).ok()?.created_at;
        let (own, other, stage, commit, deleted_by) = if made(theirs) == made(base) {
            (ours, theirs, &file.theirs, self.incoming, Choice::Ours)
        } else if made(ours) == made(base) {
            let head = self.git.commit_of("HEAD")?;
            (theirs, ours, &file.ours, head, Choice::Theirs)
        } else {
            return Ok(Err(
                "the sides are three tickets: settle it with `tk edit`".to_owned()
            ));
        };
        let old = match (stage, commit) {
            (Some(stage), Some(commit)) => self.git.ticket_of(commit, stage)?,
            _ => None,
        };
        let Some(old) = old.filter(|old| old != id) else {
            return Ok(Err(
                "the sides are two tickets: settle it with `tk edit`".to_owned()
            ));
        };
        match self.one_sided(&old, other, deleted_by)? {
            Fate::Text(text, _) => {
                let path = TicksPath::of_ticket(&old);
                self.written.push((path.clone(), text));
                self.settled.push(path);
            }
            Fate::Open { message, .. } => return Ok(Err(format!("`{old}`: {message}"))),
            Fate::Gone | Fate::Stays => {}
        }
        Ok(Ok(Fate::Text(own.to_owned(), Resolution::Merged)))
    }

    /// The tickets of the working tree in which the merge is.
    fn tickets(&self) -> Store {
        let folder: PathBuf = self.root.join(crate::git::TICKS);
        Store::open(folder, self.project.store.local_dir())
    }
}

fn title(id: &TicketId, text: &str, config: &Config) -> String {
    let read = format::parse_any(id, text, config);
    read.map(|ticket| ticket.title).unwrap_or_default()
}

fn put(path: &Path, text: &str) -> Result<()> {
    store::write_atomic(path, text.as_bytes()).map_err(|error| {
        Error::new(
            ErrorCode::Failed,
            format!("cannot write `{}`: {error}", path.display()),
        )
    })
}
