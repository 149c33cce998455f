//! Files in `.ticks/` that cannot be used: tickets, the configuration, agents.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::found::Found;
use super::unsettled::{self, Unsettled};
use super::{Exam, conflicts, misnamed};
use crate::config::origins;
use crate::merge;
use crate::model::{AgentConfig, TicketId, some_of};
use crate::ops::Result;
use crate::ops::causes::remedy;
use crate::ops::template::template_trouble;
use crate::store::{StoreError, is_not_regular};
use crate::wire::{FindingKind, Severity};

/// How long a file that may be of a writer without the lock is given to go away.
const PATIENCE: Duration = Duration::from_millis(200);

/// So many of the files that a killed writer has left are named.
const NAMED: usize = 3;

/// Why a file cannot be used.
enum Cause {
    /// It has a name that no such file can have.
    Name,
    /// Something else is in its place: a folder, a link.
    NoFile,
    /// What it says, or that it cannot be read.
    Content,
}

/// A file that cannot be used: where it is, and why.
struct Wrong {
    cause: Cause,
    /// Relative to `.ticks/`.
    name: String,
    line: usize,
    message: String,
    /// What was probably meant, or could be.
    hint: Option<String>,
}

/// Files that cannot be read as what they should be, merges that are not settled, and agents
/// that do not exist.
pub(super) fn examine<'a>(exam: &Exam<'a>, trouble: Option<&StoreError>) -> Result<Vec<Found<'a>>> {
    let store = &exam.project.store;
    let mut unmerged = unsettled::files(exam)?;
    let mut found = Vec::new();
    for file in &exam.loaded.invalid {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        let cause = match (&file.id, store.part(name)) {
            (None, _) => Cause::Name,
            (Some(_), Err(error)) => cause_of(&error),
            (Some(_), Ok(_)) => Cause::Content,
        };
        let wrong = Wrong {
            cause,
            name: name.to_owned(),
            line: file.line,
            message: file.message.clone(),
            hint: None,
        };
        let misnamed = exam.misnamed.iter().find(|file| file.name == name);
        if let Some(misnamed) = misnamed.filter(|misnamed| misnamed.is_free) {
            let message = format!("{}: {}", wrong.message, misnamed::proper(exam, misnamed));
            let invalid = Found::new(FindingKind::InvalidTicket, Severity::Error, message);
            let invalid = invalid.path(store.shown(name)).line(wrong.line);
            found.push(misnamed::mended(exam, invalid, misnamed));
            continue;
        }
        let mut invalid = unusable(exam, FindingKind::InvalidTicket, wrong, &mut unmerged)?;
        if let Some(id) = &file.id {
            invalid = invalid.ticket(id);
        }
        found.push(invalid);
    }
    if let Some(trouble) = trouble {
        let wrong = of_error("config.toml", trouble);
        found.push(unusable(
            exam,
            FindingKind::InvalidConfig,
            wrong,
            &mut unmerged,
        )?);
    }
    let (usable, unusable_agents) = agents(exam);
    for wrong in unusable_agents {
        found.push(unusable(
            exam,
            FindingKind::InvalidAgent,
            wrong,
            &mut unmerged,
        )?);
    }
    for wrong in templates(exam) {
        let kind = FindingKind::InvalidTemplate;
        found.push(unusable(exam, kind, wrong, &mut unmerged)?);
    }
    let left = unmerged.into_iter();
    found.extend(left.map(|(path, file)| unsettled::found(exam, path, file)));
    found.extend(unknown_agents(exam, &usable));
    Ok(found)
}

/// A file that cannot be used; a conflict, if the marks of one are in it, or keys twice.
fn unusable<'a>(
    exam: &Exam<'a>,
    kind: FindingKind,
    wrong: Wrong,
    unmerged: &mut Unsettled,
) -> Result<Found<'a>> {
    let store = &exam.project.store;
    let path = store.shown(&wrong.name);
    let part = store.part(&wrong.name);
    let remedy = match &part {
        Err(StoreError::Io { source, .. }) => remedy(source),
        _ => None,
    };
    let text = part.ok().flatten().unwrap_or_default();
    if let Some(line) = merge::first_mark(&text) {
        let is_unmerged = unmerged.remove(&path).is_some();
        let found = Found::new(
            FindingKind::Conflict,
            Severity::Error,
            "a merge has left both sides in it, between conflict marks",
        );
        let found = found.path(path).line(line);
        return Ok(match of_ticket(&wrong) {
            Some(id) if is_unmerged => found.hint(format!(
                "`{} resolve {id}` merges its keys; `-i` asks about the rest",
                exam.there("tk")
            )),
            // git takes it for settled, so that nothing but the file tells the sides.
            Some(id) => match conflicts::settled(exam, &id, &text) {
                Some(mend) => mend(found),
                None => found.hint(format!(
                    "`{} resolve {id} -i` asks what no rule settles; or settle the marked lines \
                     with `tk edit {id}`, then `git add` the file",
                    exam.there("tk")
                )),
            },
            None => found.hint("settle the marked lines in an editor, then `git add` the file"),
        });
    }
    if let Some(id) = of_ticket(&wrong).filter(|_| !unmerged.contains_key(&path))
        && let Some(found) = conflicts::doubled(exam, &id, &text)?
    {
        return Ok(found.path(path));
    }
    let hint = match (&wrong.cause, remedy, of_ticket(&wrong)) {
        (Cause::Name, ..) if kind == FindingKind::InvalidTicket => {
            format!("give it another name, such as `{}`", exam.free_name())
        }
        (Cause::Name, ..) => "give it a name of that form, which is free".to_owned(),
        (Cause::NoFile, ..) => "put the file itself in its place".to_owned(),
        (Cause::Content, Some(remedy), _) => remedy.to_owned(),
        (Cause::Content, None, Some(id)) if !text.is_empty() => {
            format!("correct it with `tk edit {id}`")
        }
        (Cause::Content, None, _) => {
            let known = wrong.hint.map(|hint| format!(": {hint}"));
            format!("correct it in an editor{}", known.unwrap_or_default())
        }
    };
    Ok(Found::new(kind, Severity::Error, wrong.message)
        .path(path)
        .line(wrong.line)
        .hint(hint))
}

/// The ticket whose file it would be.
fn of_ticket(wrong: &Wrong) -> Option<TicketId> {
    let name = wrong.name.strip_suffix(".toml")?;
    TicketId::parse(name).ok()
}

fn of_error(name: &str, error: &StoreError) -> Wrong {
    let hint = match error {
        StoreError::Config(error) => error.hint.clone(),
        _ => None,
    };
    let (line, message) = match error {
        StoreError::Config(error) => (error.line, error.message.clone()),
        StoreError::Io { source, .. } => (1, source.to_string()),
        StoreError::NoAgent { .. } => (1, misnamed_as("an agent's")),
        other => (1, other.to_string()),
    };
    Wrong {
        cause: cause_of(error),
        name: name.to_owned(),
        line,
        message,
        hint,
    }
}

fn cause_of(error: &StoreError) -> Cause {
    match error {
        StoreError::NoAgent { .. } => Cause::Name,
        StoreError::Io { source, .. } if is_not_regular(source) => Cause::NoFile,
        _ => Cause::Content,
    }
}

/// That a file's name cannot be whose it should be.
fn misnamed_as(whose: &str) -> String {
    format!(
        "the file's name cannot be {whose}: expected letters, digits, `_` and `-`, then `.toml`"
    )
}

/// The names of the agents that can be used, and what is wrong with the others.
fn agents(exam: &Exam<'_>) -> (BTreeSet<String>, Vec<Wrong>) {
    let store = &exam.project.store;
    let names = match store.agent_names() {
        Ok(names) => names,
        Err(error) => return (BTreeSet::new(), vec![of_error("agents", &error)]),
    };
    let (mut usable, mut wrong) = (BTreeSet::new(), Vec::new());
    for name in names {
        let file = format!("agents/{name}.toml");
        match store.agent(&name) {
            Ok(agent) => {
                wrong.extend(missing_parts(exam, &file, &agent));
                usable.insert(name);
            }
            Err(error) => wrong.push(of_error(&file, &error)),
        }
    }
    (usable, wrong)
}

/// What is wrong with templates.
fn templates(exam: &Exam<'_>) -> Vec<Wrong> {
    let store = &exam.project.store;
    let names = store.template_names().and_then(|names| {
        let misnamed = store.misnamed_templates()?;
        Ok((names, misnamed))
    });
    let (names, misnamed) = match names {
        Ok(names) => names,
        Err(error) => return vec![of_error("templates", &error)],
    };
    let misnamed = misnamed.into_iter().map(|name| Wrong {
        cause: Cause::Name,
        name: format!("templates/{name}.toml"),
        line: 1,
        message: misnamed_as("a template's"),
        hint: None,
    });
    let wrong = names.into_iter().filter_map(|name| {
        let file = format!("templates/{name}.toml");
        match store.template(&name) {
            Err(error) => Some(of_error(&file, &error)),
            Ok(None) => None,
            Ok(Some((path, text))) => {
                let index = exam.configured.then_some(exam.loaded);
                let (line, message) = template_trouble(exam.project, index, path, &text)?;
                let name = file;
                Some(Wrong {
                    cause: Cause::Content,
                    name,
                    line,
                    message,
                    hint: None,
                })
            }
        }
    });
    wrong.chain(misnamed).collect()
}

/// Files that an agent names and that are not there.
fn missing_parts(exam: &Exam<'_>, file: &str, agent: &AgentConfig) -> Vec<Wrong> {
    let store = &exam.project.store;
    let text = store.part(file).ok().flatten().unwrap_or_default();
    let lines = origins(&text);
    let system = agent.system.iter().map(|part| ("system", part));
    let servers = agent.mcp_servers.iter().map(|part| ("mcp_servers", part));
    let parts = system.chain(servers);
    let wrong = parts.filter_map(|(key, part)| {
        let message = match store.part(part) {
            Ok(Some(_)) => return None,
            Ok(None) => format!("`{key}` names `{part}`, which is not there"),
            Err(error) => format!("`{key}`: {error}"),
        };
        Some(Wrong {
            cause: Cause::Content,
            name: file.to_owned(),
            line: lines.get(key).copied().unwrap_or(1),
            message,
            hint: None,
        })
    });
    wrong.collect()
}

/// Open tickets, and the configuration, that name an agent there is no file of.
fn unknown_agents<'a>(exam: &Exam<'a>, usable: &BTreeSet<String>) -> Vec<Found<'a>> {
    let store = &exam.project.store;
    let mut known: BTreeMap<&str, bool> = BTreeMap::new();
    let mut found = Vec::new();
    let mut unknown = |name: &'a str| {
        // One whose file cannot be used is found as such.
        *known.entry(name).or_insert_with(|| {
            let absent = || matches!(store.agent(name), Err(StoreError::NoAgent { .. }));
            !usable.contains(name) && absent()
        })
    };
    let by_default = &exam.project.config.run.agent;
    if exam.configured && unknown(by_default) {
        let text = store.part("config.toml").ok().flatten();
        let line = origins(&text.unwrap_or_default()).get("run.agent").copied();
        let message = format!("`run.agent` names `{by_default}`, of which there is no file");
        let agent = Found::new(FindingKind::UnknownAgent, Severity::Error, message)
            .path(store.shown("config.toml"))
            .hint(format!(
                "make `{}`, or name another",
                file_of(exam, by_default)
            ));
        found.push(match line {
            Some(line) => agent.line(line),
            None => agent,
        });
    }
    for ticket in &exam.loaded.tickets {
        let Some(name) = ticket.agent() else {
            continue;
        };
        if exam.is_open(ticket.id.as_str()) && unknown(name) {
            let command = format!("tk update {} --agent ''", ticket.id);
            let file = file_of(exam, name);
            let message = format!("`agent` names `{name}`, of which there is no file");
            found.push(
                Found::new(FindingKind::UnknownAgent, Severity::Error, message)
                    .ticket(&ticket.id)
                    .command(&command)
                    .hint(format!("make `{file}`, or `{command}`")),
            );
        }
    }
    found
}

fn file_of(exam: &Exam<'_>, agent: &str) -> String {
    exam.project.store.shown(&format!("agents/{agent}.toml"))
}

/// Those of the unfinished files seen before that are there still.
pub(super) fn unfinished<'a>(exam: &Exam<'a>, seen: &[PathBuf]) -> Result<Vec<Found<'a>>> {
    let store = &exam.project.store;
    if seen.is_empty() {
        return Ok(Vec::new());
    }
    // One without the lock is done with its file in less than that.
    std::thread::sleep(PATIENCE);
    if store.is_locked() {
        // They may be of who is at work, and what was left is there afterwards.
        return Ok(Vec::new());
    }
    let still = store.unfinished()?;
    let seen: BTreeSet<&PathBuf> = seen.iter().collect();
    let mut left: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for path in still.into_iter().filter(|path| seen.contains(path)) {
        let folder = path.parent().unwrap_or(&path).to_owned();
        left.entry(folder).or_default().push(path);
    }
    let found = left
        .into_iter()
        .map(|(folder, paths)| left_in(exam, &folder, paths));
    Ok(found.collect())
}

/// The files that killed writers have left in the folder: one that changed many tickets leaves as
/// many, and they are one thing to mend.
fn left_in<'a>(exam: &Exam<'a>, folder: &Path, paths: Vec<PathBuf>) -> Found<'a> {
    let shown: Vec<String> = paths.iter().map(|path| exam.shown(path)).collect();
    let made = |message| Found::new(FindingKind::UnfinishedFile, Severity::Warning, message);
    let mut found = match shown.as_slice() {
        [one] => made("a writer that was killed has left it".to_owned()).path(one),
        _ => {
            let names = paths.iter().filter_map(|path| path.file_name());
            let names: Vec<String> = names.map(|name| format!("`{}`", name.display())).collect();
            let (count, named) = (paths.len(), some_of(names.iter(), NAMED));
            made(format!(
                "a writer that was killed has left {count} files: {named}"
            ))
            .path(exam.shown(folder))
            .paths(shown)
        }
    };
    for path in &paths {
        found = found.changes(path);
    }
    let store = &exam.project.store;
    found.mended_by(move || Ok(store.lock()?.remove_unfinished(&paths)?))
}
