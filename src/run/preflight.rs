//! What must be so before a run changes anything.

use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::Access;
use wait_timeout::ChildExt;

use super::ledger::{self, Ledger};
use super::options::{Options, RunRequest};
use super::survey::Survey;
use crate::context::Context;
use crate::git::{BranchName, CommitId, Version, WorkBranch};
use crate::graph::PlanEntry;
use crate::model::{AgentConfig, AgentKind, Category, TicketId};
use crate::ops::{Error, ErrorCode, Project, Result, expect_as_they_stand, expect_tracked};

/// What a worktree may take beside a copy of the files: some room for what a worker builds.
const ROOM: u64 = 64 * 1024 * 1024;

/// How long the worker program may take to tell its version.
const ANSWER: Duration = Duration::from_secs(20);

/// Where a run stands.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    /// The version of git.
    pub git: Version,
    /// The main working tree.
    pub root: PathBuf,
    /// The folder of its tickets, where that is not found from the worktrees of a run: `TK_DIR`
    /// for whoever works there.
    pub tickets: Option<PathBuf>,
    /// The branch it lands on.
    pub onto: BranchName,
    /// That branch's tip when the run began.
    pub base: CommitId,
    /// The run's branch.
    pub run_branch: BranchName,
    /// The folder of worktrees.
    pub worktrees: PathBuf,
    /// The worktree in which branches are merged.
    pub integration: PathBuf,
    /// The `claude` program.
    pub client: String,
}

impl Ground {
    /// The worktree of an attempt at a ticket.
    pub(super) fn worktree_of(&self, ticket: &TicketId, attempt: u32) -> PathBuf {
        self.worktrees.join(WorkBranch::folder(ticket, attempt))
    }
}

/// Under a cap, that all that was spent is known; else what is not is a warning.
fn whole_ledger(project: &Project, options: &Options) -> Result<()> {
    let path = project.store.ledger_path();
    let Some(damage) = Ledger::damage(&path)? else {
        return Ok(());
    };
    let damage = format!("`{}`: {damage}", path.display());
    let caps = [
        options.max_cost,
        options.daily_budget,
        options.max_ticket_cost,
    ];
    if caps.iter().all(Option::is_none) && options.max_tokens.is_none() {
        project.warn(damage);
        return Ok(());
    }
    Err(Error::new(ErrorCode::Failed, damage).hint(ledger::MEND))
}

/// Checks everything, changes nothing; `lacking` decides about what this machine lacks for the run.
pub(super) fn check(
    ctx: &Context,
    project: &Project,
    request: &RunRequest,
    options: &Options,
    survey: &Survey,
    lacking: &dyn Fn(Error) -> Result<()>,
) -> Result<Ground> {
    let repo = &project.repo;
    if let (Some(epic), true, false) = (&survey.epic, survey.is_empty, request.only_land) {
        let message = format!("nothing to run: `{}` has no tickets", epic.id);
        let hint = format!("`tk new TITLE --parent {}` files one", epic.id);
        return Err(Error::new(ErrorCode::No, message).hint(hint));
    }
    paths_are_text([repo.home(), &project.store.ledger_path()])?;
    let git = repo.home_git();
    let version = git.expect_minimum()?;
    if git.committer()?.is_none() {
        return Err(Error::new(ErrorCode::Git, "git does not know who commits")
            .hint("`git config user.name NAME` and `git config user.email ADDRESS`"));
    }
    if let Some(branch) = git.branch_in_the_way(survey.key.as_str())? {
        return Err(Error::new(
            ErrorCode::Git,
            format!("the branch `{branch}` keeps git from making the run's branches below `tk/`"),
        )
        .hint(format!(
            "give it another name: `git branch -m {branch} NEW-NAME`"
        )));
    }
    git.can_sign()?;
    if let Some(id) = survey.files.first() {
        // Its commits hold the tickets.
        expect_tracked(repo, project.store.ticks_dir(), id.as_str())?;
        expect_as_they_stand(repo, project.store.ticks_dir(), &survey.files)?;
    }
    let onto = match &request.onto {
        Some(name) => branch(name)?,
        None => repo.head()?.branch.ok_or_else(|| {
            Error::new(
                ErrorCode::Git,
                "no branch is checked out here: HEAD is detached",
            )
            .hint("check one out, or name the branch to land on with `--onto BRANCH`")
        })?,
    };
    let base = repo.branch_tip(&onto)?.ok_or_else(|| {
        Error::new(
            ErrorCode::Git,
            format!("there is no branch `{onto}`, or no commit on it yet"),
        )
        .hint("a run starts from a commit: make a first one, or name another branch with `--onto`")
    })?;
    let root = repo.home().to_owned();
    let dir = Path::new(&project.config.worktree.dir);
    let worktrees = root.join(dir);
    if git.tracks(dir)? {
        let message = format!(
            "`worktree.dir` in `.ticks/config.toml` is `{}`, in which git tracks files: the folder \
             of worktrees is ignored, and new files of the project in it would be lost",
            dir.display()
        );
        return Err(Error::new(ErrorCode::InvalidConfig, message)
            .hint("name a folder that is for worktrees alone, such as `.worktrees`"));
    }
    let client = if request.only_land {
        String::new()
    } else {
        agents(ctx, project, base, (options, survey), lacking)?
    };
    if !request.only_land {
        room(
            &root,
            options
                .parallel
                .unwrap_or(survey.plan.max_parallel.clamp(1, 4)),
        )
        .or_else(lacking)?;
        whole_ledger(project, options).or_else(lacking)?;
    }
    let tickets = (!repo.home_is_told()?).then(|| project.store.ticks_dir().to_owned());
    Ok(Ground {
        git: version,
        tickets,
        run_branch: branch(&survey.key.run_branch())?,
        integration: worktrees.join(survey.key.as_str()),
        worktrees,
        root,
        onto,
        base,
        client,
    })
}

/// What a worker is to be started with is written down as JSON, its folders among it.
fn paths_are_text(paths: [&Path; 2]) -> Result<()> {
    let Some(path) = paths.into_iter().find(|path| path.to_str().is_none()) else {
        return Ok(());
    };
    let message = format!(
        "the path `{}` is not UTF-8: no worker can be started there",
        path.display()
    );
    Err(Error::new(ErrorCode::Failed, message)
        .hint("give the folder another name, or clone the repository to another place"))
}

fn branch(name: &str) -> Result<BranchName> {
    BranchName::parse(name).map_err(|error| Error::caused(ErrorCode::InvalidArgument, error))
}

/// The agents of the tickets that may run, those that an interrupted runner left in progress
/// among them, and the programs they need; the `claude` program.
fn agents(
    ctx: &Context,
    project: &Project,
    base: CommitId,
    (options, survey): (&Options, &Survey),
    lacking: &dyn Fn(Error) -> Result<()>,
) -> Result<String> {
    let mut client = String::new();
    let entries = survey.plan.entries.iter();
    let statuses = &project.config.statuses;
    // A ticket in progress that awaits somebody may have a worker that asked, and goes on.
    let goes_on = |entry: &&PlanEntry| {
        entry.awaiting.is_none() || statuses.category(&entry.status) == Category::Active
    };
    let runnable = entries
        .filter(|entry| entry.runnable)
        .filter(goes_on)
        .filter_map(|entry| survey.tickets.get(&entry.id));
    let mut names: Vec<&str> = runnable
        .map(|ticket| ticket.agent.as_deref().unwrap_or(&options.agent))
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let agent = project.store.agent(name)?;
        match agent.kind {
            AgentKind::Claude => {
                client = match find_client(ctx) {
                    Ok(client) => client,
                    Err(error) => lacking(error).map(|()| String::new())?,
                };
                permission_mode(&agent)?;
            }
            AgentKind::Command => command(ctx, project, base, &agent).or_else(lacking)?,
        }
    }
    Ok(client)
}

/// The `claude` program: what `TK_CLAUDE` names, else the first in `PATH`; that it answers.
fn find_client(ctx: &Context) -> Result<String> {
    let wanted = ctx.var("TK_CLAUDE").unwrap_or("claude");
    let missing =
        |why: &str| {
            Error::new(ErrorCode::Failed, format!("the worker program `{wanted}` {why}")).hint(
            "install it with `npm install -g @anthropic-ai/claude-code`, name it in `TK_CLAUDE`, \
             or run with another agent: `--agent NAME`",
        )
        };
    let nowhere = if wanted.contains('/') {
        "is not there"
    } else {
        "is not in `PATH`"
    };
    let path = in_path(ctx, wanted).ok_or_else(|| missing(nowhere))?;
    let cannot = |error: std::io::Error| missing(&format!("cannot be started: {error}"));
    let mut child = Command::new(&path)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(cannot)?;
    let limit = ctx.answer_wait().unwrap_or(ANSWER);
    let Some(status) = child.wait_timeout(limit).map_err(cannot)? else {
        child.kill().and_then(|()| child.wait()).map_err(cannot)?;
        let limit = limit.as_secs_f64();
        let why = format!("does not tell its version within {limit:.0} s");
        return Err(missing(&why));
    };
    if !status.success() {
        return Err(missing("does not tell its version"));
    }
    Ok(path.display().to_string())
}

/// The client refuses this mode to root, with one line on standard error and no result
/// (observed on 2.1.197).
fn permission_mode(agent: &AgentConfig) -> Result<()> {
    if agent.permission_mode == "bypassPermissions" && rustix::process::geteuid().is_root() {
        return Err(Error::new(
            ErrorCode::InvalidConfig,
            format!("agent `{}` has `permission_mode = \"bypassPermissions\"`, which the client refuses to root", agent.name),
        )
        .hint("use `acceptEdits` with `allowed_tools`"));
    }
    Ok(())
}

/// A command that is not a path of the worktree must be there now; one that is, in the commit that
/// worktrees are made from, unless setting them up may make it.
fn command(ctx: &Context, project: &Project, base: CommitId, agent: &AgentConfig) -> Result<()> {
    let Some(program) = agent.command.first() else {
        return Err(Error::new(
            ErrorCode::InvalidConfig,
            format!("agent `{}` has no `command`", agent.name),
        ));
    };
    let inside = program.contains('/') && !Path::new(program).is_absolute();
    let leaves = |part: Component<'_>| part == Component::ParentDir;
    let is_tracked = inside && !Path::new(program).components().any(leaves);
    if is_tracked && project.config.worktree.setup.is_empty() {
        let git = project.repo.home_git();
        if git.has_program_at(base, Path::new(program))? {
            return Ok(());
        }
        let message = format!(
            "the program `{program}` of agent `{}` is not in commit {base}, which the worktrees of \
             workers are made from, or may not be executed there",
            agent.name
        );
        return Err(Error::new(ErrorCode::Failed, message).hint(format!(
            "commit it, after `git add --chmod=+x {program}`, or have `setup` in `[worktree]` of \
             `.ticks/config.toml` make it"
        )));
    }
    let there = if inside {
        project.repo.home().join(program).exists()
    } else {
        in_path(ctx, program).is_some()
    };
    if there {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::Failed,
        format!(
            "the program `{program}` of agent `{}` is not there",
            agent.name
        ),
    )
    .hint(format!("see `.ticks/agents/{}.toml`", agent.name)))
}

fn in_path(ctx: &Context, program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        let path = ctx.cwd.join(program);
        return can_run(&path).then_some(path);
    }
    let folders = std::env::split_paths(ctx.var("PATH").unwrap_or_default()).collect::<Vec<_>>();
    folders
        .into_iter()
        .map(|folder| folder.join(program))
        .find(|path| can_run(path))
}

/// Whether it is a program that this user may start.
fn can_run(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, Access::EXEC_OK).is_ok()
}

/// What is free on the disk, if it tells.
pub(super) fn free_bytes(root: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(root).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Whether the disk holds that many worktrees.
fn room(root: &Path, places: usize) -> Result<()> {
    // A file system that does not tell is not a reason to refuse.
    let Some(free) = free_bytes(root) else {
        return Ok(());
    };
    let needed = ROOM.saturating_mul(places as u64 + 1);
    if free >= needed {
        return Ok(());
    }
    let mib = |bytes: u64| bytes / (1024 * 1024);
    // The run's own beside those of the workers.
    let worktrees = places + 1;
    Err(Error::new(
        ErrorCode::Failed,
        format!(
            "{} MiB are free on the disk of `{}`: {} MiB are needed for {worktrees} worktrees",
            mib(free),
            root.display(),
            mib(needed)
        ),
    )
    .hint("free some, or run fewer at once with `-j`"))
}
