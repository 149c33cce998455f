//! A ticket's file that is to be settled: what each side says, and what the rules make of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::moved::{Moved, renamed};
use super::typed::{Typed, is_left, is_side, typed};
use super::{MANY, Result};
use crate::cores;
use crate::git::{Git, Stage, TicksPath, Unmerged};
use crate::merge::{
    self, Choice, Merged, is_another_ticket, is_of_another_time, merge_renamed, merge_ticket,
};
use crate::model::{Config, TicketId};
use crate::store;

/// A file to be settled.
pub(super) struct Case {
    pub(super) id: TicketId,
    pub(super) path: TicksPath,
    /// As git has it; none where the marks of a merge were committed, and the file alone tells
    /// the sides.
    pub(super) unmerged: Option<Unmerged>,
    /// Whether it has another name than the base's on ours, and on theirs.
    pub(super) renamed: [bool; 2],
    /// Base, ours and theirs, where there are such; or why nobody can tell.
    pub(super) sides: std::result::Result<[Option<String>; 3], String>,
    /// What the rules make of them; none where one side deleted it.
    pub(super) merged: Option<Merged>,
    /// Both as they were, where a side refers to a ticket that has another id now.
    pub(super) plain: Option<([Option<String>; 3], Option<Merged>)>,
    /// Where there are two tickets: where the one is to be, or why it cannot be there.
    pub(super) apart: Option<std::result::Result<Apart, String>>,
    /// Whether it is just as git itself left it: by its own text merge, in a clone without the
    /// driver, or as ours has it.
    pub(super) is_by_git: bool,
    /// What somebody has typed into it.
    pub(super) typed: Typed,
    /// The bytes that are there.
    pub(super) seen: Option<Vec<u8>>,
    /// What is there, where it is text; or why it cannot be read.
    pub(super) there: std::result::Result<Option<String>, String>,
}

/// The files that have another name than the base's.
pub(super) enum Renamed {
    /// Each with whether it has on ours, and on theirs.
    Told(BTreeMap<TicksPath, [bool; 2]>),
    /// Nobody tells what comes in, and only these are known: they have on theirs.
    Untold {
        /// Their paths.
        theirs: BTreeSet<TicksPath>,
    },
}

/// Where one of two tickets of one id is to be.
pub(super) struct Apart {
    /// Its id.
    pub(super) new: TicketId,
    /// Whose ticket it is.
    pub(super) side: Choice,
}

impl Case {
    /// The cases of what git has left, in the working tree with that top.
    pub(super) fn all_of(
        files: &[(TicketId, Unmerged)],
        renamed: &Renamed,
        root: &Path,
        config: &Config,
    ) -> Vec<Self> {
        let part = |files: &[(TicketId, Unmerged)]| -> Vec<Self> {
            let of = |(id, file): &(TicketId, Unmerged)| Self::of(id, file, renamed, root, config);
            files.iter().map(of).collect()
        };
        cores::spread(files, MANY, part)
            .into_iter()
            .flatten()
            .collect()
    }

    fn of(id: &TicketId, file: &Unmerged, renamed: &Renamed, root: &Path, config: &Config) -> Self {
        let text = |stage: &Option<Stage>| {
            let bytes = stage.as_ref().map(|stage| stage.bytes.clone());
            bytes.map(String::from_utf8).transpose()
        };
        let sides = match (text(&file.base), text(&file.ours), text(&file.theirs)) {
            (Ok(base), Ok(ours), Ok(theirs)) => Ok([base, ours, theirs]),
            _ => Err("a side is not UTF-8: settle it in an editor".to_owned()),
        };
        let renamed = match (renamed, &sides) {
            (Renamed::Told(told), _) => told.get(&file.path).copied().unwrap_or_default(),
            (Renamed::Untold { theirs }, _) if theirs.contains(&file.path) => [false, true],
            // One that was made at another time has hardly had the name.
            (Renamed::Untold { .. }, Ok([Some(base), Some(ours), _])) => {
                [is_of_another_time(id, base, ours, config), false]
            }
            (Renamed::Untold { .. }, _) => [false; 2],
        };
        let merged = sides
            .as_ref()
            .ok()
            .and_then(|sides| merged(id, sides, renamed, config));
        let seen = store::read_regular(&root.join(&file.path));
        let there = match &seen {
            Ok(bytes) => Ok(String::from_utf8(bytes.clone()).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("the file cannot be read: {error}")),
        };
        let mut case = Self {
            id: id.clone(),
            path: file.path.clone(),
            unmerged: Some(file.clone()),
            renamed,
            sides,
            merged,
            plain: None,
            apart: None,
            is_by_git: false,
            typed: Typed::Nothing,
            seen: seen.ok(),
            there,
        };
        case.typed = typed(&case);
        case
    }

    /// Finds out whether what looks like somebody's edit is what git itself has left.
    ///
    /// # Errors
    /// When git fails.
    pub(super) fn know_by_git(&mut self, git: &Git) -> Result<()> {
        let (Some(file), Ok(Some(text))) = (&self.unmerged, &self.there) else {
            return Ok(());
        };
        self.is_by_git = match (self.typed, &self.sides) {
            (Typed::Partly | Typed::Amid, _) => {
                let left = git.left_by_git(file)?;
                left.iter().any(|left| is_left(text, left))
            }
            // Ours, without a mark, git itself leaves where it is told not to merge the lines, or a
            // driver has failed.
            (Typed::Whole, Ok([_, Some(ours), _])) if is_side(text, ours) => {
                let left = git.remembered(file)?;
                left.is_none_or(|left| left == ours.as_bytes())
            }
            // Marks of another length than the usual one.
            (Typed::Whole, _) if merge::first_mark(text).is_some() => {
                let left = git.left_by_git(file)?;
                left.iter().any(|left| is_left(text, left))
            }
            _ => false,
        };
        if self.is_by_git {
            self.typed = Typed::Nothing;
        }
        Ok(())
    }

    /// Whether the text of that side cannot be what became of the base.
    pub(super) fn is_another(&self, base: &str, side: Choice, text: &str, config: &Config) -> bool {
        let [ours, theirs] = self.renamed;
        let is_renamed = if side == Choice::Ours { ours } else { theirs };
        is_another_ticket(&self.id, base, text, is_renamed, config)
    }

    /// Has each side's references to the tickets that moved on that side follow them. Only then
    /// can they be merged: one id may be of two tickets in the two.
    pub(super) fn follow(&mut self, moved: &[Moved], config: &Config) {
        let (Some(_), Ok(sides)) = (&self.unmerged, &self.sides) else {
            return;
        };
        let [base, Some(ours), Some(theirs)] = sides else {
            return;
        };
        let renamed = |text, side| renamed(&self.id, text, moved, side, config);
        let after = match (renamed(ours, Choice::Ours), renamed(theirs, Choice::Theirs)) {
            (Ok(ours), Ok(theirs)) => [base.clone(), Some(ours), Some(theirs)],
            (Err(why), _) | (_, Err(why)) => {
                self.sides = Err(why);
                return;
            }
        };
        if after != *sides {
            let merged = merged(&self.id, &after, self.renamed, config);
            self.plain = Some((sides.clone(), std::mem::replace(&mut self.merged, merged)));
            self.sides = Ok(after);
            self.typed = typed(self);
        }
    }

    /// The case of a file of that text, which has the marks of a merge in it that git takes for
    /// settled.
    pub(super) fn of_marked(id: &TicketId, text: String, config: &Config) -> Self {
        let told = merge::sides(&text);
        let merged = told.as_ref().map(|sides| sides.merge(id, config));
        let sides = told.map(|sides| [sides.base, Some(sides.ours), Some(sides.theirs)]);
        let why = "its marks do not tell the sides: settle it with `tk edit`";
        let sides = sides.ok_or_else(|| why.to_owned());
        Self::of_text(id, text, sides, merged)
    }

    /// The case of a file of that text, within whose texts those marks are, where nobody has named
    /// the ticket.
    pub(super) fn of_marked_texts(id: &TicketId, text: String) -> Self {
        let why = format!("the marks are in its texts: `tk resolve {id} -i` asks which to keep");
        Self::of_text(id, text, Err(why), None)
    }

    /// The case of a file of that text that git takes for settled.
    pub(super) fn of_text(
        id: &TicketId,
        text: String,
        sides: Result<[Option<String>; 3], String>,
        merged: Option<Merged>,
    ) -> Self {
        Self {
            id: id.clone(),
            path: TicksPath::of_ticket(id),
            unmerged: None,
            renamed: [false; 2],
            sides,
            merged,
            plain: None,
            apart: None,
            is_by_git: false,
            typed: Typed::Nothing,
            seen: Some(text.clone().into_bytes()),
            there: Ok(Some(text)),
        }
    }
}

/// What the rules make of base, ours and theirs.
pub(super) fn merged(
    id: &TicketId,
    sides: &[Option<String>; 3],
    renamed: [bool; 2],
    config: &Config,
) -> Option<Merged> {
    let [base, Some(ours), Some(theirs)] = sides else {
        return None;
    };
    Some(match base {
        Some(base) => merge_renamed(id, [base, ours, theirs], renamed, config),
        None => merge_ticket(id, None, ours, theirs, config),
    })
}
