//! The sample repository.

use std::fs;
use std::path::{Path, PathBuf};

use super::sample::{self, EPIC, SampleTicket};
use crate::context::Context;
use crate::format;
use crate::git::Git;
use crate::model::{Awaiting, Gate, Span, StatusId, Ticket, TicketId};
use crate::ops::{Error, ErrorCode, Result};
use crate::run::RunOutcome;
use crate::store::write_atomic;
use crate::wire::{EventKind, RunEnd};

/// A sample repository, ready to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoRepository {
    /// Its folder.
    pub path: PathBuf,
    /// Its epic.
    pub epic: &'static str,
}

/// The folder for a sample: `wanted`, made if it is not there and refused if it is not empty,
/// else a new temporary one, which stays.
///
/// # Errors
/// When it cannot be made, or holds something.
pub fn folder(ctx: &Context, wanted: Option<&Path>) -> Result<PathBuf> {
    let failed = |path: &Path, error: &std::io::Error| {
        Error::new(
            ErrorCode::Failed,
            format!("cannot make `{}`: {error}", path.display()),
        )
    };
    let Some(wanted) = wanted else {
        let made = tempfile::Builder::new().prefix("tk-demo-").tempdir();
        let made = made.map_err(|error| failed(&std::env::temp_dir(), &error))?;
        return Ok(made.keep());
    };
    let path = ctx.cwd.join(wanted);
    fs::create_dir_all(&path).map_err(|error| failed(&path, &error))?;
    let mut entries = fs::read_dir(&path).map_err(|error| failed(&path, &error))?;
    if entries.next().is_some() {
        let message = format!(
            "`{}` is not empty: expected a new or empty folder",
            path.display()
        );
        return Err(Error::new(ErrorCode::InvalidArgument, message));
    }
    path.canonicalize().map_err(|error| failed(&path, &error))
}

/// The argv of the scripted worker: this very program.
///
/// # Errors
/// When the program does not know where it is.
pub fn worker_argv() -> Result<Vec<String>> {
    let own = std::env::current_exe().map_err(|error| {
        Error::new(
            ErrorCode::Failed,
            format!("cannot tell where `tk` itself is: {error}"),
        )
    })?;
    Ok(vec![
        own.display().to_string(),
        super::WORKER_COMMAND.to_owned(),
    ])
}

/// Whether the sample's run ended as it should: everything landed but what people are owed.
///
/// # Errors
/// [`ErrorCode::RunStopped`] when it was stopped; or when it ended in another way.
pub fn expected(outcome: &RunOutcome) -> Result<()> {
    let EventKind::RunFinished {
        outcome,
        failed,
        unstarted,
        ..
    } = &outcome.finished
    else {
        return Err(Error::new(
            ErrorCode::Failed,
            "the sample's run did not end",
        ));
    };
    if *outcome == RunEnd::Stopped {
        let hint = format!("`tk run {EPIC}` in its folder goes on");
        return Err(Error::new(ErrorCode::RunStopped, "the sample was stopped").hint(hint));
    }
    if *outcome == RunEnd::Waiting && failed.is_empty() && unstarted.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the sample did not end as it should, waiting for people alone: {}; failed: {}; \
         not started: {}",
        outcome.as_str(),
        listed(failed),
        listed(unstarted)
    );
    Err(Error::new(ErrorCode::Failed, message))
}

fn listed(ids: &[String]) -> String {
    match ids {
        [] => "none".to_owned(),
        ids => ids.join(", "),
    }
}

/// Makes the sample repository in `path`, a folder that is there and empty. `worker` is the
/// argv of the scripted worker; without it the tickets are for `claude`.
///
/// The tickets are left uncommitted and a file of the user's is left changed, as people leave
/// them: a run copes with both.
///
/// # Errors
/// When a file cannot be written or git refuses.
pub fn make(ctx: &Context, path: &Path, worker: Option<&[String]>) -> Result<DemoRepository> {
    let git = Git::new(path);
    // As git makes one by itself, whatever the user has set up for new ones.
    git.clone()
        .env("GIT_DEFAULT_HASH", "sha1")
        .env("GIT_DEFAULT_REF_FORMAT", "files")
        .run(["init", "--quiet", "--initial-branch=main", "--template="])?;
    // The sample must work where git knows no user, and must not change who that is; nor sign
    // anything, or have a line end otherwise than the sample does.
    for (key, value) in [
        ("user.name", "Sample"),
        ("user.email", "sample@example.com"),
        ("commit.gpgSign", "false"),
        ("core.autocrlf", "false"),
        ("core.excludesFile", "/dev/null"),
        ("core.attributesFile", "/dev/null"),
    ] {
        git.run(["config", "--local", key, value])?;
    }
    let within = ctx
        .within(path)
        .map_err(|error| Error::caused(ErrorCode::Failed, error))?;
    crate::ops::init(&within)?;
    let ticks = path.join(".ticks");
    let mut config = String::from("[run]\nparallel = 3\n");
    if let Some(argv) = worker {
        let argv = toml::Value::Array(argv.iter().cloned().map(toml::Value::String).collect());
        let agent = format!(
            "# The scripted worker of `tk demo`: it follows a table and calls no model.\n\
             kind = \"command\"\ncommand = {argv}\n"
        );
        write(&ticks.join("agents/scripted.toml"), &agent)?;
        config.push_str("agent = \"scripted\"\n");
    }
    write(&ticks.join("config.toml"), &config)?;
    write(
        &path.join("README.md"),
        "# Units\n\nConverts units of measurement.\n",
    )?;
    write(&path.join("TODO.txt"), "Think of a name.\n")?;
    git.run(["add", "--all"])?;
    git.run(["commit", "--quiet", "-m", "Begin"])?;
    for sample in sample::TICKETS {
        let ticket = ticket(ctx, sample)?;
        let file = ticks.join(format!("{}.toml", ticket.id));
        write(&file, &format::print(&ticket))?;
    }
    write(
        &path.join("TODO.txt"),
        "Think of a name.\nThe user was in the middle of this.\n",
    )?;
    Ok(DemoRepository {
        path: path.to_owned(),
        epic: EPIC,
    })
}

fn ticket(ctx: &Context, sample: &SampleTicket) -> Result<Ticket> {
    let id =
        |text: &str| TicketId::parse(text).map_err(|error| Error::caused(ErrorCode::Bug, error));
    let mut ticket = Ticket::new(
        id(sample.id)?,
        sample.title.to_owned(),
        sample.kind.to_owned(),
        StatusId::new("open"),
    );
    ticket.parent = sample.parent.map(id).transpose()?;
    ticket.blocked_by = sample
        .blocked_by
        .iter()
        .map(|blocker| id(blocker))
        .collect::<Result<_>>()?;
    ticket.estimate = (sample.kind != "epic").then(|| Span::from_minutes(sample.minutes));
    ticket.description = sample.description.trim_end().to_owned();
    ticket.checks = sample.check.iter().map(|&check| check.to_owned()).collect();
    ticket.requires = sample.requires_review.then_some(Gate::Review);
    ticket.awaiting = sample.awaits_work.then_some(Awaiting::Work);
    ticket.created_at = Some(ctx.now());
    ticket.created_by = Some("sample@example.com".to_owned());
    Ok(ticket)
}

fn write(path: &Path, content: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| write_atomic(path, content.as_bytes()))
        .map_err(|error| {
            Error::new(
                ErrorCode::Failed,
                format!("cannot write `{}`: {error}", path.display()),
            )
        })
}
