//! What every command has: the options before and after its name, and the world around it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum, ValueHint};

use super::{Failure, Outcome};
use crate::context::Context;
use crate::ops::{Error, ErrorCode, Notice, Project};
use crate::run::process::is_descendant_of_shim;
use crate::store::StoreError;
use crate::ui::screen::{Colour, Screen};

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// Work in that folder
    #[arg(short = 'C', value_name = "DIR", value_hint = ValueHint::DirPath, global = true)]
    dir: Option<PathBuf>,
    /// Answer with one JSON document
    #[arg(long, global = true)]
    json: bool,
    /// No hints and confirmations
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    color: When,
    /// Act as that person; else TK_ACTOR, else git's user.email
    #[arg(long = "as", value_name = "ACTOR", global = true)]
    actor: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

impl Globals {
    /// Where to write, by the options.
    pub(super) fn screen(&self) -> Screen {
        let colour = match self.color {
            When::Auto => Colour::Auto,
            When::Always => Colour::Always,
            When::Never => Colour::Never,
        };
        Screen::new(self.json, self.quiet, colour)
    }
}

/// A command's surroundings.
pub(crate) struct Session {
    /// Time, randomness, environment, and the folder to work in.
    pub(crate) context: Arc<Context>,
    /// Where to write.
    pub(crate) screen: Screen,
    globals: Globals,
    /// The words of the command, without the program's name.
    words: Vec<String>,
}

impl Session {
    /// The surroundings of the process, in the folder that `-C` names.
    pub(super) fn new(
        globals: Globals,
        screen: Screen,
        args: &[OsString],
    ) -> Result<Self, Failure> {
        let words = args.iter().skip(1);
        let words = words.map(|word| word.to_string_lossy().into_owned());
        let failed = |error: &dyn std::error::Error| {
            Failure::Error(Error::new(ErrorCode::Failed, error.to_string()))
        };
        let mut context = Context::from_process().map_err(|error| failed(&error))?;
        if let Some(dir) = &globals.dir {
            context.cwd.push(dir);
            if !context.cwd.is_dir() {
                let message = format!("`{}` is not a folder", dir.display());
                return Err(Error::new(ErrorCode::InvalidArgument, message).into());
            }
        }
        Ok(Self {
            context: Arc::new(context),
            screen,
            globals,
            words: words.collect(),
        })
    }

    /// Whether to say more than usual.
    pub(crate) const fn verbose(&self) -> bool {
        self.globals.verbose
    }

    /// Opens the project, does something in it, and tells what there is to tell besides.
    pub(crate) fn in_project(&self, act: impl FnOnce(&Project) -> Outcome) -> Outcome {
        let project = Project::open(&self.context, self.globals.actor.as_deref())?;
        self.within(project, act)
    }

    /// Like [`Session::in_project`], with the project as it was at a revision, if one is named.
    pub(crate) fn in_project_at(
        &self,
        revision: Option<&str>,
        act: impl FnOnce(&Project) -> Outcome,
    ) -> Outcome {
        let project = match revision {
            Some(revision) => self.of_commits()?.seen_at(revision)?,
            None => Project::open(&self.context, self.globals.actor.as_deref())?,
        };
        self.within(project, act)
    }

    /// Like [`Session::in_project`], of what is told of commits alone: these have configurations of
    /// their own, and that of today, if it cannot be used, is warned of.
    pub(crate) fn in_project_of_commits(&self, act: impl FnOnce(&Project) -> Outcome) -> Outcome {
        let project = self.of_commits()?;
        self.within(project, act)
    }

    fn of_commits(&self) -> crate::ops::Result<Project> {
        let actor = self.globals.actor.as_deref();
        let (project, trouble) = Project::open_anyway(&self.context, actor)?;
        if let Some(trouble) = trouble {
            project.warn(format!(
                "{trouble}; what is told is by the configuration of the commits"
            ));
        }
        Ok(project)
    }

    /// Like [`Session::in_project`], also where the configuration cannot be used: `act` gets
    /// what is wrong with it, and a project with the defaults.
    pub(crate) fn in_project_anyway(
        &self,
        act: impl FnOnce(&Project, Option<StoreError>) -> Outcome,
    ) -> Outcome {
        let actor = self.globals.actor.as_deref();
        let (project, trouble) = Project::open_anyway(&self.context, actor)?;
        self.within(project, |project| act(project, trouble))
    }

    /// Like [`Session::in_project`], also where git has left the merge of the configuration: then
    /// the checked-out branch's counts.
    pub(crate) fn in_project_amid_merge(&self, act: impl FnOnce(&Project) -> Outcome) -> Outcome {
        let actor = self.globals.actor.as_deref();
        let project = match Project::open_anyway(&self.context, actor)? {
            (project, None) => project,
            (project, Some(trouble)) => project.amid_merge(trouble)?,
        };
        self.within(project, act)
    }

    fn within(&self, project: Project, act: impl FnOnce(&Project) -> Outcome) -> Outcome {
        let project = project.seen_below_worker(is_descendant_of_shim);
        let ended = act(&project);
        project.give_back();
        if let Err(Failure::Error(error)) = &ended
            && error.code == ErrorCode::HumansOnly
            && let Err(unwritable) = project.record_refusal(error, &self.words)
        {
            project.warn(format!("the refusal is not recorded: {unwritable}"));
        }
        let mut notices = project.take_notices();
        if let Err(Failure::Error(error)) = &ended {
            // What ends the command is told once.
            notices.retain(|notice| *notice != Notice::Warning(error.message.clone()));
        }
        let told = self.screen.notices(&notices);
        let code = ended?;
        told?;
        Ok(code)
    }
}
