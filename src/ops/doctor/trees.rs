//! Branches and worktrees that runs have left.

use std::path::Path;
use std::rc::Rc;

use super::Exam;
use super::found::Found;
use super::runs::{KnownRun, KnownRuns};
use crate::git::{GitError, Leftover, Leftovers, Moved, Repo, Unsaved, Worktree};
use crate::model::{Awaiting, Outcome, TicketId, is_shell_word};
use crate::ops::{Error, ErrorCode, Result};
use crate::wire::{FindingKind, Severity};

/// Branches below `tk/` and worktrees that belong to no live run: those in which nothing is
/// that is not elsewhere may go, the others are named.
pub(super) fn examine<'a>(exam: &Exam<'a>) -> Result<Vec<Found<'a>>> {
    let repo = &exam.project.repo;
    let folder = repo.home().join(&exam.project.config.worktree.dir);
    let all = Rc::new(repo.leftovers(&folder)?);
    let mut found = Vec::new();
    for leftover in &all.found {
        let owner = Owner::of(leftover);
        if owner.is_at_work(exam.runs) {
            continue;
        }
        // Asked last: it costs a look at every file of a worktree.
        let unsaved = all.unsaved(repo, leftover);
        let unsaved = unsaved.unwrap_or_else(|error| Unsaved::InUse(error.to_string()));
        match (unsaved, followed(exam, leftover)) {
            (Unsaved::Nothing, _) => found.extend(nothing_lost(exam, &all, leftover, owner)),
            (Unsaved::Commits(count), Some(past)) => {
                let said = (format!("{}, and {}", past.why, commits(count)), "log");
                found.push(superseded(exam, &all, leftover, owner, said));
            }
            (Unsaved::Files(files), Some(past)) if past.is_followed => {
                let said = (
                    format!("{}, and {}", past.why, uncommitted(&files)),
                    "status",
                );
                found.push(superseded(exam, &all, leftover, owner, said));
            }
            (unsaved, _) => found.push(with_work(exam, leftover, &owner, &unsaved)),
        }
    }
    found.extend(all.moved.iter().filter_map(|there| moved(exam, there)));
    found.extend(all.unborn.iter().filter_map(|there| unborn(exam, there)));
    for path in &all.strangers {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !Owner::of_folder(&name).is_at_work(exam.runs) {
            let message = "git knows no worktree there, and what is in it is not tk's to judge";
            let hint = "look at what is in it; if it was a worktree, `git worktree repair PATH`";
            found.push(
                Found::new(FindingKind::UnknownFolder, Severity::Warning, message)
                    .path(exam.shown(path))
                    .hint(hint),
            );
        }
    }
    Ok(found)
}

/// A worktree that git looks for where it is no more; nothing to find where a run works at it.
fn moved<'a>(exam: &Exam<'a>, there: &Moved) -> Option<Found<'a>> {
    let name = there.path.file_name().unwrap_or_default();
    let owner = Owner::of_folder(&name.to_string_lossy());
    if owner.is_at_work(exam.runs) {
        return None;
    }
    let message = format!(
        "it was moved, and git looks for it at `{}`",
        there.worktree.shown()
    );
    let place = exam.shown(&there.path);
    let mut found = Found::new(FindingKind::MissingWorktree, Severity::Warning, message);
    if let Some(branch) = &there.worktree.branch {
        found = found.branch(branch.as_str());
    }
    if is_shell_word(&place) {
        found = found.command(format!("git worktree repair {place}"));
    }
    let (project, path) = (exam.project, there.path.clone());
    let mend = move || {
        let _locked = project.store.lock()?;
        Ok(project.repo.worktrees().repair(&path)?)
    };
    Some(found.path(place).mended_by(mend))
}

/// A worktree whose branch is gone, and with it perhaps the only name of what was committed in it;
/// nothing to find where a run works at it.
fn unborn<'a>(exam: &Exam<'a>, there: &Worktree) -> Option<Found<'a>> {
    let name = there.path.file_name().unwrap_or_default();
    let owner = Owner::of_folder(&name.to_string_lossy());
    let branch = there.branch.as_ref()?.as_str();
    if owner.is_at_work(exam.runs) {
        return None;
    }
    let message = format!("the branch that is checked out in it, `{branch}`, is gone");
    let found = Found::new(FindingKind::MissingBranch, Severity::Warning, message);
    let found = found.branch(branch).path(exam.shown(&there.path));
    Some(found.hint(
        "make it anew at its last commit, which the `logs/HEAD` of git's folder of the worktree \
         names; or move what you want out of it, then `git worktree remove` takes it away",
    ))
}

/// Whose a branch or worktree is, by its name.
#[derive(Clone, Debug, Default)]
struct Owner {
    key: Option<String>,
    ticket: Option<TicketId>,
}

impl Owner {
    fn of(leftover: &Leftover) -> Self {
        if let Some(branch) = &leftover.branch {
            return Self {
                key: branch.key.clone(),
                ticket: branch.ticket.clone(),
            };
        }
        let path = leftover.worktree.as_ref().map(|there| there.path.as_path());
        let name = path.and_then(Path::file_name).unwrap_or_default();
        Self::of_folder(&name.to_string_lossy())
    }

    /// A run's worktree has the name of its key, or of a ticket and perhaps `@` the attempt.
    fn of_folder(name: &str) -> Self {
        let stem = name.split('@').next().unwrap_or(name);
        Self {
            key: Some(name.to_owned()),
            ticket: TicketId::parse(stem).ok(),
        }
    }

    fn is_at_work(&self, runs: &KnownRuns) -> bool {
        runs.use_of(self.key.as_deref(), self.ticket.as_ref())
    }

    /// The newest run of that key.
    fn run<'r>(&self, runs: &'r KnownRuns) -> Option<&'r KnownRun> {
        runs.of_key(self.key.as_deref()?)
    }

    /// What a backup of it is named after.
    fn backup(&self) -> Option<TicketId> {
        let key = || TicketId::parse(self.key.as_deref()?).ok();
        self.ticket.clone().or_else(key)
    }
}

fn described<'a>(
    exam: &Exam<'a>,
    leftover: &Leftover,
    owner: &Owner,
    (kind, severity): (FindingKind, Severity),
    message: String,
) -> Found<'a> {
    let mut found = Found::new(kind, severity, message);
    if let Some(id) = &owner.ticket {
        found = found.ticket(id);
    }
    if let Some(run) = owner.run(exam.runs) {
        found = found.run(&run.run);
    }
    if let Some(branch) = &leftover.branch {
        found = found.branch(branch.name.as_str());
    }
    if let Some(worktree) = &leftover.worktree {
        found = found.path(exam.shown(&worktree.path));
    }
    found
}

/// One in which nothing is that is not elsewhere; nothing to find where a run is to go on with
/// it.
fn nothing_lost<'a>(
    exam: &Exam<'a>,
    all: &Rc<Leftovers>,
    leftover: &Leftover,
    owner: Owner,
) -> Option<Found<'a>> {
    if owner.run(exam.runs).is_some_and(|run| run.goes_on(exam)) {
        return None;
    }
    let missing = leftover
        .worktree
        .as_ref()
        .is_some_and(|there| there.missing);
    let (kind, message) = match (&leftover.worktree, &leftover.branch) {
        (Some(_), _) if missing => (
            FindingKind::MissingWorktree,
            "git knows a worktree there, and its folder is gone".to_owned(),
        ),
        (Some(_), _) => (
            FindingKind::LeakedWorktree,
            "it belongs to no run any more, and all of it is on another branch".to_owned(),
        ),
        (None, _) => (
            FindingKind::LeakedBranch,
            "it belongs to no run any more, and all of it is on another branch".to_owned(),
        ),
    };
    let found = described(exam, leftover, &owner, (kind, Severity::Warning), message);
    if !is_safe(exam) || owner.backup().is_none() {
        let see = "see what is in it with `git log`, and keep or remove it yourself";
        return Some(found.hint(see));
    }
    Some(removed(
        exam,
        all,
        leftover,
        owner,
        found,
        Leftovers::remove,
    ))
}

/// How one of them goes.
type Removing = fn(&Leftovers, &Repo, &Leftover, &TicketId) -> std::result::Result<(), GitError>;

/// Whether anything may go at all.
fn is_safe(exam: &Exam<'_>) -> bool {
    // Without its configuration, which folder is that of the worktrees is not known; and a
    // run that cannot be read may be alive.
    exam.configured && exam.runs.unreadable.is_empty()
}

/// With the way to have it go, as long as no run works at it.
fn removed<'a>(
    exam: &Exam<'a>,
    all: &Rc<Leftovers>,
    leftover: &Leftover,
    owner: Owner,
    found: Found<'a>,
    remove: Removing,
) -> Found<'a> {
    let Some(backup) = owner.backup() else {
        return found;
    };
    let (all, leftover) = (Rc::clone(all), leftover.clone());
    let (project, runs_now) = (exam.project, exam.runs_now);
    found.mended_by(move || {
        // Under the lock, under which runs begin.
        let _locked = project.store.lock()?;
        let runs = runs_now.standing()?;
        if owner.is_at_work(&runs) || !runs.unreadable.is_empty() {
            let message = "a run works at it by now";
            return Err(Error::new(ErrorCode::Held, message));
        }
        remove(&all, &project.repo, &leftover, &backup)?;
        if leftover.worktree.is_some() {
            let folder = project.repo.home().join(&project.config.worktree.dir);
            project.repo.worktrees().remove_empty_folder(&folder)?;
        }
        Ok(())
    })
}

/// An attempt that nothing goes on with.
struct Past {
    why: String,
    /// Whether another attempt came after it.
    is_followed: bool,
}

/// What came after the attempt whose branch that is, so that nothing goes on with it; nothing
/// where something may.
fn followed(exam: &Exam<'_>, leftover: &Leftover) -> Option<Past> {
    let branch = leftover.branch.as_ref()?;
    let (store, config) = (&exam.project.store, &exam.project.config);
    // Where it cannot be read, that is what is found.
    let ticket = store.read(branch.ticket.as_ref()?, config).ok()?.ticket;
    let is_open = !config.statuses.is_done(&ticket.status);
    let attempt = branch.attempt;
    let last = ticket.runs.iter().map(|run| run.attempt).max()?;
    let of_attempt = ticket.runs.iter().rfind(|run| run.attempt == attempt);
    let has_failed = of_attempt.is_some_and(|run| run.outcome == Some(Outcome::Failed));
    let is_followed = last > attempt;
    let why = if is_followed {
        format!("attempt {attempt} was followed by attempt {last}")
    } else if has_failed && !is_open && exam.configured {
        format!("attempt {attempt} failed, and its ticket is closed")
    } else {
        return None;
    };
    Some(Past { why, is_followed })
}

/// The branch or worktree of an attempt that nothing goes on with, and what is in it. It may go,
/// once that is in a backup. `said` is what is found, and the command of git that shows it.
fn superseded<'a>(
    exam: &Exam<'a>,
    all: &Rc<Leftovers>,
    leftover: &Leftover,
    owner: Owner,
    (message, shows): (String, &str),
) -> Found<'a> {
    let kind = (FindingKind::SupersededWork, Severity::Note);
    let found = described(exam, leftover, &owner, kind, message);
    let name = leftover.branch.as_ref().map(|branch| branch.name.as_str());
    let place = leftover.worktree.as_ref();
    let place = place.map(|there| exam.shown(&there.path));
    let see = match (place, name) {
        (Some(place), _) if shows == "status" && is_shell_word(&place) => {
            format!("`git -C {place} status` shows it")
        }
        (_, Some(name)) if shows == "log" && is_shell_word(name) => {
            format!("`git log {name}` shows it")
        }
        _ => format!("`git {shows}` shows it"),
    };
    match &owner.ticket {
        Some(id) if is_safe(exam) => {
            let hint = format!(
                "{see}; `tk doctor --fix` puts it away, and `tk restore {id}` brings it back"
            );
            let found = found.hint(hint);
            removed(exam, all, leftover, owner, found, Leftovers::put_away)
        }
        _ => found.hint(see),
    }
}

fn commits(count: usize) -> String {
    match count {
        1 => "1 commit on it is nowhere else".to_owned(),
        count => format!("{count} commits on it are nowhere else"),
    }
}

fn uncommitted(files: &[String]) -> String {
    format!("not committed in it: {}", files.join(", "))
}

/// One with work in it that is nowhere else. It is never removed.
fn with_work<'a>(
    exam: &Exam<'a>,
    leftover: &Leftover,
    owner: &Owner,
    unsaved: &Unsaved,
) -> Found<'a> {
    let what = match unsaved {
        Unsaved::Commits(count) => commits(*count),
        Unsaved::Files(files) => uncommitted(files),
        Unsaved::Repositories(reason) | Unsaved::InUse(reason) => reason.clone(),
        Unsaved::Nothing => String::new(),
    };
    let run = owner.run(exam.runs);
    let open = match &owner.ticket {
        // One that cannot be read may go on.
        Some(id) => exam.is_open(id.as_str()) || exam.loaded.invalid(id).is_some(),
        None => run.is_some_and(|run| run.goes_on(exam)),
    };
    let was_closed = matches!(unsaved, Unsaved::Commits(_)) && closed_at_work(exam, owner);
    let is_of_run = owner.ticket.is_none() && matches!(unsaved, Unsaved::Commits(_));
    let (kind, message) = match run {
        Some(_) if open => (
            (FindingKind::KeptWork, Severity::Note),
            format!("kept for its ticket: {what}"),
        ),
        // Whoever did that was told where its work is.
        Some(_) if was_closed => (
            (FindingKind::UnlandedWork, Severity::Note),
            format!("its ticket was closed while it was worked at: {what}"),
        ),
        // It may well be meant so, and `tk runs` tells it too.
        Some(_) if is_of_run => (
            (FindingKind::UnlandedWork, Severity::Note),
            format!("what has merged in its run has not landed: {what}"),
        ),
        _ => (
            (FindingKind::UnlandedWork, Severity::Warning),
            format!("it belongs to no run any more, and {what}"),
        ),
    };
    let found = described(exam, leftover, owner, kind, message);
    continued(exam, leftover, owner, unsaved, found)
}

/// With what to do about the work.
fn continued<'a>(
    exam: &Exam<'a>,
    leftover: &Leftover,
    owner: &Owner,
    unsaved: &Unsaved,
    found: Found<'a>,
) -> Found<'a> {
    let run = owner.run(exam.runs);
    let ticket = owner.ticket.as_ref();
    if ticket.is_some_and(|id| exam.loaded.invalid(id).is_some()) {
        return found.hint("mend its ticket's file: only that tells whether it goes on");
    }
    let ticket = ticket.and_then(|id| exam.loaded.get(id));
    let branch = leftover.branch.as_ref().map(|branch| branch.name.as_str());
    match (ticket, run, branch) {
        (Some(ticket), Some(run), _)
            if exam.is_open(ticket.id.as_str()) && ticket.awaiting().is_some() =>
        {
            found.hint(awaited(exam, &ticket.id, run))
        }
        (Some(ticket), Some(run), _) if exam.is_open(ticket.id.as_str()) => {
            let (id, resume) = (&ticket.id, &run.resume);
            let hint = match has_failed(exam, leftover) {
                true => format!(
                    "its attempt failed: `{resume}` begins anew, and goes on with it after \
                     `tk note {id} TEXT`"
                ),
                false => format!("`{resume}` goes on with it"),
            };
            found.command(resume).hint(hint)
        }
        (_, Some(run), Some(_)) if owner.ticket.is_none() => {
            let land = run.resume.replacen("tk run", "tk land", 1);
            let hint = format!("`{land}` lands it");
            found.command(land).hint(hint)
        }
        (_, _, Some(name)) if matches!(unsaved, Unsaved::Commits(_)) && is_shell_word(name) => {
            let hint = format!("`git log {name}` shows it, `git merge {name}` lands it");
            found.command(format!("git merge {name}")).hint(hint)
        }
        _ if matches!(unsaved, Unsaved::Repositories(_)) => found.hint(
            "push, move or delete what is in them; then `tk doctor --fix` removes the worktree",
        ),
        _ => {
            let path = leftover
                .worktree
                .as_ref()
                .map(|there| exam.shown(&there.path));
            let path = path.filter(|path| is_shell_word(path));
            let place = path.map_or_else(String::new, |path| format!("-C {path} "));
            found.hint(format!(
                "`git {place}status` shows it; commit or move what you want"
            ))
        }
    }
}

/// Whether a person closed the ticket while it was worked at, which stopped its last attempt.
fn closed_at_work(exam: &Exam<'_>, owner: &Owner) -> bool {
    let (store, config) = (&exam.project.store, &exam.project.config);
    // Where it cannot be read, that is what is found.
    let stored = owner.ticket.as_ref().map(|id| store.read(id, config));
    let Some(Ok(ticket)) = stored.map(|stored| stored.map(|stored| stored.ticket)) else {
        return false;
    };
    let last = ticket.runs.last();
    last.is_some_and(|last| {
        last.outcome == Some(Outcome::Stopped)
            && ticket.closed_at.is_some()
            && last.ended_at >= ticket.closed_at
    })
}

/// How people give the ticket what it awaits, and what then goes on with its work.
fn awaited(exam: &Exam<'_>, id: &TicketId, run: &KnownRun) -> String {
    let show = format!("`tk show {id}` tells what it awaits");
    let stored = exam.project.store.read(id, &exam.project.config);
    // Where it cannot be read any more, that is what is found the next time.
    let Some((awaiting, ticket)) = stored
        .ok()
        .and_then(|stored| Some((stored.ticket.awaiting?, stored.ticket)))
    else {
        return show;
    };
    let command = ticket.owed_command(awaiting);
    match awaiting {
        Awaiting::Input => format!("{show}; `{command}`, then `{}` goes on with it", run.resume),
        Awaiting::Work => format!("{show}; `{command}`"),
        Awaiting::Escalation => {
            format!("{show}; `{command}`, then `{}` goes on with it", run.resume)
        }
        _ => format!("{show}; `{command}`, then `tk land {id}`"),
    }
}

/// Whether the attempt whose branch that is was the last one and failed, and no person wrote
/// about it since: the next run begins anew.
fn has_failed(exam: &Exam<'_>, leftover: &Leftover) -> bool {
    let (store, config) = (&exam.project.store, &exam.project.config);
    let branch = leftover.branch.as_ref();
    let id = branch.and_then(|branch| branch.ticket.as_ref());
    // Where it cannot be read, that is what is found.
    let ticket = id.and_then(|id| Some(store.read(id, config).ok()?.ticket));
    ticket.is_some_and(|ticket| {
        ticket.runs.last().is_some_and(|last| {
            last.outcome == Some(Outcome::Failed)
                && branch.is_some_and(|branch| branch.attempt == last.attempt)
                && !ticket.has_feedback_since(last)
        })
    })
}
