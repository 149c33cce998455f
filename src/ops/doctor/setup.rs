//! What git has to be told of the tickets and of what runs make.

use std::path::Path;

use super::Exam;
use super::found::Found;
use crate::git::{TICKS, TicksPath};
use crate::model::some_of;
use crate::ops::ticks_folder::{ignoring, is_at_top};
use crate::ops::{Error, ErrorCode, Result, attributes, init, merge_driver};
use crate::store;
use crate::wire::{FindingKind, Severity};

/// Attributes, the merge driver, and what git tracks and ignores.
pub(super) fn examine<'a>(exam: &Exam<'a>) -> Result<Vec<Found<'a>>> {
    let mut found: Vec<Found<'a>> = Vec::new();
    let ticks = exam.project.store.ticks_dir();
    if is_at_top(&exam.project.repo, ticks) {
        found.extend(attributes(exam)?);
        found.extend(driver(exam)?);
        found.extend(rerere(exam)?);
        found.extend(unfinished(exam)?);
        found.extend(unwatched(exam)?);
    } else {
        let folder = exam.shown(ticks);
        let note = init::merged_as_text(&folder);
        let note = Found::new(FindingKind::Attributes, Severity::Note, note).path(folder);
        found.push(note.hint("`git diff` shows what a merge has left marked; settle it by hand"));
    }
    found.extend(exclude(exam)?);
    found.extend(ignored(exam)?);
    found.extend(tracked(exam)?);
    Ok(found)
}

/// What git is not told of tickets, or takes otherwise all the same.
fn attributes<'a>(exam: &Exam<'a>) -> Result<Vec<Found<'a>>> {
    let repo = &exam.project.repo;
    let made = |message: String| Found::new(FindingKind::Attributes, Severity::Warning, message);
    let missing = match attributes::missing(repo) {
        Ok(missing) => missing,
        Err(error) => {
            let found = made(error.message).path(attributes::FILE);
            return Ok(vec![
                found.hint("it must be a text file of the repository's"),
            ]);
        }
    };
    let id = exam.loaded.tickets.first();
    let id = id.map_or_else(|| "k7m".to_owned(), |ticket| ticket.id.to_string());
    if missing.lines.is_empty() {
        let otherwise = attributes::otherwise(repo, &id)?.into_iter();
        let found = otherwise.map(|one| {
            let found = made(one.message).path(one.file).hint(one.hint);
            match one.line {
                Some(line) => found.line(line),
                None => found,
            }
        });
        return Ok(found.collect());
    }
    if missing.is_left_out {
        let error = attributes::left_out(&missing);
        let hint = error.hints.join("; ");
        return Ok(vec![made(error.message).path(attributes::FILE).hint(hint)]);
    }
    let message = format!(
        "git merges tickets as any text: {} missing",
        attributes::quoted(&missing.lines)
    );
    let found = made(message).path(attributes::FILE);
    let found = found.changes(attributes::file(repo));
    Ok(vec![found.mended_by(move || {
        attributes::write(repo)?;
        match attributes::otherwise(repo, &id)?.into_iter().next() {
            Some(one) => {
                let message = format!("`{}` says otherwise: {}", one.file, one.message);
                Err(Error::new(ErrorCode::Git, message).hint(one.hint))
            }
            None => Ok(()),
        }
    })])
}

fn driver<'a>(exam: &Exam<'a>) -> Result<Option<Found<'a>>> {
    let repo = &exam.project.repo;
    let differing = merge_driver::differing(repo)?;
    let Some(first) = differing.first() else {
        return Ok(None);
    };
    let made = |message: String| Found::new(FindingKind::MergeDriver, Severity::Warning, message);
    if first.is_set(repo)? {
        let error = first.overruled();
        let hint = error.hints.join("; ");
        return Ok(Some(made(error.message).hint(hint)));
    }
    let key = first.key;
    let found = made(match first.there {
        None => format!("the merge driver is not configured: `{key}` is not set"),
        Some(_) => format!("the merge driver is another one: `{key}` differs"),
    });
    let found = found.changes(repo.common_dir().join("config"));
    let mended = || merge_driver::configure(repo)?.overruled.map_or(Ok(()), Err);
    Ok(Some(found.mended_by(mended)))
}

/// That what was chosen for one ticket may be taken for another one, in which nobody chose.
fn rerere<'a>(exam: &Exam<'a>) -> Result<Option<Found<'a>>> {
    if !exam.project.repo.settles_again()? {
        return Ok(None);
    }
    let message = "git settles a conflict of one ticket as an equal one of another was settled \
                   before, and says so in one line only: `rerere.autoUpdate` is set";
    let note = Found::new(FindingKind::MergeDriver, Severity::Note, message);
    Ok(Some(note.hint(
        "`git config rerere.autoUpdate false` leaves the file unmerged, for you to look at",
    )))
}

/// What writers are at, if git would show it.
fn unfinished<'a>(exam: &Exam<'a>) -> Result<Option<Found<'a>>> {
    let repo = &exam.project.repo;
    let name = store::unfinished_names().replace('*', "a");
    if repo.home_git().ignore_rule(&name)?.is_some() {
        return Ok(None);
    }
    let message = "git takes what is being written for files of yours, and `git add` fails or adds \
                   half of it: they are not in `info/exclude`";
    let found = Found::new(FindingKind::Exclude, Severity::Warning, message);
    let found = found.changes(repo.common_dir().join("info/exclude"));
    Ok(Some(found.mended_by(move || {
        merge_driver::exclude_unfinished(repo).map(drop)
    })))
}

/// The folder of the worktrees, if it is there and git would show what is in it.
fn exclude<'a>(exam: &Exam<'a>) -> Result<Option<Found<'a>>> {
    let repo = &exam.project.repo;
    let dir = &exam.project.config.worktree.dir;
    if !exam.configured || !repo.home().join(dir).is_dir() {
        return Ok(None);
    }
    if repo.home_git().ignore_rule(&format!("{dir}/"))?.is_some() {
        return Ok(None);
    }
    let message = "git shows the worktrees of runs as files of yours: \
                   they are not in `info/exclude`";
    let found = Found::new(FindingKind::Exclude, Severity::Warning, message).path(dir.clone());
    let found = found.changes(repo.common_dir().join("info/exclude"));
    Ok(Some(found.mended_by(move || {
        Ok(repo.worktrees().exclude(dir).map(drop)?)
    })))
}

/// Rules that keep git from tracking tickets or the configuration.
fn ignored<'a>(exam: &Exam<'a>) -> Result<Vec<Found<'a>>> {
    let project = exam.project;
    let first = exam.loaded.tickets.first();
    let ticket = first.map_or("k7m", |ticket| ticket.id.as_str());
    let rules = ignoring(&project.repo, project.store.ticks_dir(), ticket)?;
    let found = rules.into_iter().map(|found| {
        Found::new(FindingKind::IgnoredTickets, Severity::Error, found.message)
            .path(found.rule.file)
            .line(found.rule.line)
            .hint(found.hint)
    });
    Ok(found.collect())
}

/// Tickets whose files git does not look at, so that nothing of what is done to them is ever in a
/// commit.
fn unwatched<'a>(exam: &Exam<'a>) -> Result<Option<Found<'a>>> {
    let git = exam.project.repo.home_git();
    let mut files = git.unwatched(TICKS)?;
    files.retain(|path| TicksPath::parse(path).is_ok_and(|path| path.ticket().is_some()));
    if files.is_empty() {
        return Ok(None);
    }
    let message = format!(
        "git is told not to look at {}, and shows and commits no change of them: \
         `--skip-worktree` or `--assume-unchanged` is set",
        some_of(files.iter(), 3)
    );
    let found = Found::new(FindingKind::UnwatchedTickets, Severity::Warning, message);
    let found = found.path(TICKS).paths(files.clone());
    Ok(Some(found.mended_by(move || Ok(git.watch(&files)?))))
}

/// What is of this clone alone, and in the index all the same.
fn tracked<'a>(exam: &Exam<'a>) -> Result<Vec<Found<'a>>> {
    let git = exam.project.repo.home_git();
    let local = inside(exam, exam.project.store.local_dir());
    let local = local.filter(|path| !path.starts_with(".git/"));
    let dir = exam
        .configured
        .then(|| exam.project.config.worktree.dir.clone());
    let mut found = Vec::new();
    for path in dir.into_iter().chain(local) {
        if git.tracks(Path::new(&path))? {
            let message = format!("git tracks what is in `{path}/`, which is of this clone alone");
            let hint = "take it out of git's index, the files stay: `git rm -r --cached PATH`";
            found.push(
                Found::new(FindingKind::TrackedLocal, Severity::Warning, message)
                    .path(path)
                    .hint(hint),
            );
        }
    }
    Ok(found)
}

/// The path relative to the main working tree, where it is in it.
fn inside(exam: &Exam<'_>, path: &Path) -> Option<String> {
    let relative = path.strip_prefix(exam.project.repo.home()).ok()?;
    Some(relative.to_str()?.to_owned())
}
