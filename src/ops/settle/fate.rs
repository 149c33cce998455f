//! What is to become of a file: by the rules, or as somebody chooses.

use std::collections::BTreeMap;

use super::case::Case;
use super::typed::Typed;
use super::{Question, Result, Table};
use crate::format::{self, ParseError};
use crate::git::{TicksPath, Unmerged};
use crate::merge::{
    Choice, Hunk, Merged, choose, difference, entangled, hunks, is_of_both, is_told,
};
use crate::model::{Config, Ticket, TicketId};
use crate::wire::{Resolution, ResolvedTicket};

/// The keys that belong together: whoever chooses a status chooses the rest with it.
const LIFE: [&str; 6] = [
    "status",
    "started_at",
    "closed_at",
    "closed_by",
    "reason",
    "verdict",
];

/// Why nothing is done where nobody can tell where each of them belongs.
const TWO: &str = "the sides are two tickets: settle it with `tk edit`";

/// Why nothing is done to what somebody has begun to settle.
const AMID: &str = "it is edited amid the marks: settle the rest with `tk edit`, or `git checkout \
                    --merge` it to begin again";

/// What a file is to become.
pub(super) enum Fate {
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
    /// What is to become of the file, or why that cannot be said.
    pub(super) fn fate(
        &mut self,
        case: &Case,
        told: &mut ResolvedTicket,
    ) -> Result<std::result::Result<Fate, String>> {
        let id = &case.id;
        let (sides, there) = match (&case.sides, &case.there) {
            (Ok(sides), Ok(there)) => (sides, there),
            (Err(why), _) | (_, Err(why)) => return Ok(Err(why.clone())),
        };
        let [base, ours, theirs] = sides;
        let mut partly = None;
        match (case.typed, there) {
            (Typed::Nothing, _) | (_, None) => {
                if ours.is_some() && theirs.is_some() {
                    self.followed.insert(case.path.clone());
                }
            }
            (Typed::Partly, Some(text)) => partly = Some(text.as_str()),
            (Typed::Whole, Some(text)) => {
                let read = format::parse_any(id, text, &self.project.config);
                let read = read.map_err(|error| format!("it is edited, and no ticket: {error}"));
                return Ok(
                    read.and_then(|ticket| match self.mistyped(case, text, &ticket) {
                        Some(error) => {
                            Err(format!("it is edited, and wrong: {}, {error}", case.path))
                        }
                        None => Ok(Fate::Stays),
                    }),
                );
            }
            (Typed::Amid, _) => return Ok(Err(AMID.to_owned())),
        }
        match (&case.merged, ours, theirs) {
            (Some(Merged::Clean(text)), ..) => Ok(Ok(Fate::Text(text.clone(), Resolution::Merged))),
            (
                Some(Merged::Conflict {
                    text,
                    keys,
                    choices,
                }),
                Some(ours),
                Some(theirs),
            ) => {
                let marked = partly.unwrap_or(text);
                let is_told = is_told(marked, [ours.as_str(), theirs]);
                told.keys.clone_from(keys);
                let mut fate = match partly {
                    _ if is_told => self.ask(id, marked, keys.clone(), ours)?,
                    None => self.ask_at_once(id, text.clone(), keys.clone(), choices)?,
                    Some(_) => return Ok(Err(AMID.to_owned())),
                };
                // Where a side is no ticket, both whole ones between marks say no more than there is.
                if let Fate::Open { text: left, .. } = &mut fate
                    && case.unmerged.is_none()
                    && keys.is_empty()
                    && left.as_ref() == Some(text)
                {
                    *left = None;
                }
                Ok(Ok(fate))
            }
            (Some(Merged::TwoTickets { .. }), ..) if partly.is_some() => Ok(Err(AMID.to_owned())),
            (Some(Merged::TwoTickets { .. }), Some(ours), Some(theirs)) => {
                let base = base.as_deref();
                match (&case.unmerged, &case.apart, base) {
                    (Some(_), Some(Ok(apart)), _) => {
                        let (own, other) = match apart.side {
                            Choice::Ours => (theirs, ours),
                            Choice::Theirs => (ours, theirs),
                        };
                        let put = self.put_apart(apart, base, other)?;
                        told.new_id = put.is_ok().then(|| apart.new.to_string());
                        Ok(put.map(|()| Fate::Text(own.clone(), Resolution::Split)))
                    }
                    (Some(_), Some(Err(why)), _) => Ok(Err(why.clone())),
                    (Some(file), None, Some(base)) => self.unmix(case, file, [base, ours, theirs]),
                    _ => Ok(Err(TWO.to_owned())),
                }
            }
            (None, Some(text), None) => self.alone(case, base.as_deref(), text, Choice::Theirs),
            (None, None, Some(text)) => self.alone(case, base.as_deref(), text, Choice::Ours),
            _ => Ok(Ok(Fate::Gone)),
        }
    }

    /// What is wrong with a status or type that somebody has typed: the configuration of the working
    /// tree does not know it, and no side has it. Nothing where that cannot be used, as where it is
    /// unmerged itself: then nobody knows which there are.
    fn mistyped(&self, case: &Case, text: &str, ticket: &Ticket) -> Option<ParseError> {
        let config = self.tickets().config().ok()?;
        let error = format::parse(&case.id, text, &config).err()?;
        let sides = case.sides.iter().flatten().flatten();
        let read = |side: &String| format::parse_any(&case.id, side, &config).ok();
        let is_known = sides
            .filter_map(read)
            .any(|side| match error.key.as_deref() {
                Some("status") => side.status == ticket.status,
                _ => side.kind == ticket.kind,
            });
        (!is_known).then_some(error)
    }

    /// Each key that both sides gave a value, in a text that tells them apart.
    pub(super) fn ask(
        &mut self,
        id: &TicketId,
        marked: &str,
        keys: Vec<String>,
        ours: &str,
    ) -> Result<Fate> {
        let config = &self.project.config;
        let title = title(id, ours, config);
        let all: Vec<Hunk<'_>> = hunks(marked).collect();
        let groups = groups(&all, &entangled(id, marked, config));
        let mut answers: BTreeMap<usize, Option<Choice>> = BTreeMap::new();
        let mut failed = None;
        let mut places = groups.iter();
        let chosen = choose(marked, |hunk| {
            let group = places.next()?;
            if failed.is_some() {
                return None;
            }
            if let Some(answer) = answers.get(group) {
                return *answer;
            }
            let of_group = || all.iter().zip(&groups).filter(|(_, of)| *of == group);
            let lines = |side: fn(&Hunk<'_>) -> String| -> String {
                of_group().map(|(hunk, _)| side(hunk)).collect()
            };
            let (ours, theirs) = (
                lines(|hunk| hunk.ours.to_owned()),
                lines(|hunk| hunk.theirs.to_owned()),
            );
            let mut keys = hunk.keys.clone();
            for key in of_group().flat_map(|(hunk, _)| &hunk.keys) {
                if !keys.contains(key) {
                    keys.push(key.clone());
                }
            }
            let question = Question {
                id,
                title: &title,
                hunk: Some(Hunk {
                    ours: &ours,
                    theirs: &theirs,
                    keys,
                }),
                deleted_by: None,
            };
            let answer = (self.answer)(&question).unwrap_or_else(|error| {
                failed = Some(error);
                None
            });
            answers.insert(*group, answer);
            answer
        });
        if let Some(error) = failed {
            return Err(error);
        }
        let left: Vec<Vec<String>> = hunks(&chosen).map(|hunk| hunk.keys).collect();
        if !left.is_empty() {
            let mut keys = keys;
            // What hangs on an element of a list comes with its path.
            let is_of = |key: &String, it: &String| key == it || key.starts_with(&format!("{it}["));
            let is_left = |key: &String| left.iter().flatten().any(|it| is_of(key, it));
            if keys.iter().any(is_left) && left.iter().all(|keys| !keys.is_empty()) {
                keys.retain(is_left);
            }
            return Ok(open(chosen, keys));
        }
        let sides = [Choice::Ours, Choice::Theirs].map(|side| choose(marked, |_| Some(side)));
        let are_tickets = sides
            .iter()
            .all(|side| format::parse_any(id, side, config).is_ok());
        if are_tickets && !sides.contains(&chosen) && !is_of_both(id, &chosen, &sides, config) {
            return Ok(Fate::Open {
                text: None,
                keys,
                message: "what was chosen together has something twice, or nowhere: choose one \
                          side of all that is about it"
                    .to_owned(),
            });
        }
        Ok(chosen_of(id, chosen, keys, config))
    }

    /// All of them at once, where a side has lines like the marks of a merge, so that the marked
    /// text does not tell them apart: one of the two `choices`.
    pub(super) fn ask_at_once(
        &mut self,
        id: &TicketId,
        marked: String,
        keys: Vec<String>,
        choices: &[String; 2],
    ) -> Result<Fate> {
        let [ours, theirs] = choices;
        let config = &self.project.config;
        let title = title(id, ours, config);
        let answer = (self.answer)(&Question {
            id,
            title: &title,
            hunk: Some(difference([ours, theirs])),
            deleted_by: None,
        })?;
        let chosen = match answer {
            None => return Ok(open(marked, keys)),
            Some(Choice::Ours) => ours.clone(),
            Some(Choice::Theirs) => theirs.clone(),
        };
        Ok(chosen_of(id, chosen, keys, config))
    }

    /// Only one side has the file: of a ticket that the other deleted, or of one that it never had,
    /// where git took the file for another one under a new name.
    fn alone(
        &mut self,
        case: &Case,
        base: Option<&str>,
        text: &str,
        without: Choice,
    ) -> Result<std::result::Result<Fate, String>> {
        let id = &case.id;
        let side = match without {
            Choice::Ours => Choice::Theirs,
            Choice::Theirs => Choice::Ours,
        };
        let is_marked = |text: &str| text.lines().any(|line| line.starts_with("<<<<<<<"));
        let mut text = text.to_owned();
        if base.is_none() || is_marked(&text) {
            // Of two new names for one file, git gives each what was made of both.
            let own = match self.commit_of(side)? {
                Some(commit) => self.git.file_at(commit, &case.path)?,
                None => None,
            };
            let own = own.and_then(|bytes| String::from_utf8(bytes).ok());
            // Marks in what somebody has committed as a ticket are text.
            let config = &self.project.config;
            let is_whole = |text: &String| format::parse_any(id, text, config).is_ok();
            let is_quoted = own.as_ref().is_some_and(is_whole);
            text = own.unwrap_or(text);
            if is_marked(&text) && !is_quoted {
                let why = "the only side has marks of a merge: settle it with `tk edit`";
                return Ok(Err(why.to_owned()));
            }
        }
        let config = &self.project.config;
        if base.is_none_or(|base| case.is_another(base, side, &text, config)) {
            return Ok(Ok(Fate::Text(text, Resolution::Kept)));
        }
        self.one_sided(id, &text, without).map(Ok)
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

    /// A ticket that git took for another one renamed: the sides are of two tickets, and what
    /// became of the other one is settled for itself.
    fn unmix(
        &mut self,
        case: &Case,
        file: &Unmerged,
        [base, ours, theirs]: [&str; 3],
    ) -> Result<std::result::Result<Fate, String>> {
        let id = &case.id;
        let config = &self.project.config;
        let is_another = |side, text| case.is_another(base, side, text, config);
        let others = (
            is_another(Choice::Ours, ours),
            is_another(Choice::Theirs, theirs),
        );
        let (own, other, stage, commit, deleted_by) = match others {
            (true, false) => {
                let commit = self.commit_of(Choice::Theirs)?;
                (ours, theirs, &file.theirs, commit, Choice::Ours)
            }
            (false, true) => {
                let commit = self.commit_of(Choice::Ours)?;
                (theirs, ours, &file.ours, commit, Choice::Theirs)
            }
            _ => {
                let why = "the sides are three tickets: settle it with `tk edit`";
                return Ok(Err(why.to_owned()));
            }
        };
        let old = match (stage, commit, &file.base) {
            (Some(stage), Some(commit), _) => self.git.ticket_of(commit, stage)?,
            // Nobody tells what comes in; some commit has had the ticket.
            (_, None, Some(base)) => {
                let mut named = self.git.tickets_that_were(base)?.into_iter();
                named.find(|old| old != id)
            }
            _ => None,
        };
        let Some(old) = old.filter(|old| old != id) else {
            return Ok(Err(TWO.to_owned()));
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
}

/// Which differences are asked about as one: those that are of where a ticket stands, those that go
/// together, and each of the others by itself.
fn groups(all: &[Hunk<'_>], entangled: &[bool]) -> Vec<usize> {
    let is_of_life = |key: &String| LIFE.contains(&key.as_str());
    let is_life = |hunk: &Hunk<'_>| !hunk.keys.is_empty() && hunk.keys.iter().all(is_of_life);
    let both = || all.iter().zip(entangled);
    // Some of both have all of them go together.
    let are_one = both().any(|(hunk, together)| *together && is_life(hunk));
    let group =
        |(at, (hunk, together)): (usize, (&Hunk<'_>, &bool))| match (together, is_life(hunk)) {
            (true, _) => 0,
            (false, true) if are_one => 0,
            (false, true) => 1,
            (false, false) => at + 2,
        };
    both().enumerate().map(group).collect()
}

/// Nobody has said which value of these keys is right.
fn open(marked: String, keys: Vec<String>) -> Fate {
    let message = if keys.is_empty() {
        "the sides differ".to_owned()
    } else {
        format!("both sides changed {}", keys.join(", "))
    };
    Fate::Open {
        text: Some(marked),
        keys,
        message,
    }
}

/// What was chosen, if it is a ticket.
fn chosen_of(id: &TicketId, chosen: String, keys: Vec<String>, config: &Config) -> Fate {
    match format::parse_any(id, &chosen, config) {
        Ok(_) => Fate::Text(chosen, Resolution::Merged),
        Err(error) => Fate::Open {
            text: None,
            keys,
            message: format!("what was chosen together is no ticket: {error}"),
        },
    }
}

fn title(id: &TicketId, text: &str, config: &Config) -> String {
    let read = format::parse_any(id, text, config);
    read.map(|ticket| ticket.title).unwrap_or_default()
}
