//! `tk demo`

use std::path::PathBuf;
use std::sync::Arc;

use clap::{ValueEnum, ValueHint};

use super::{Outcome, Session, run as run_command};
use crate::ops::{Error, ErrorCode, Project};
use crate::run::{self, RunRequest, demo};
use crate::wire::DemoDocument;

/// Make a sample repository and run its epic
///
/// The worker is scripted: it follows a table, calls no model, and costs nothing; the figures
/// only show how the account is kept. With `--agent claude` it is the real client, with your
/// account. The sample stays for you to look at.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk demo
  tk demo --dir sample
  tk demo --agent claude --max-cost 5")]
pub(super) struct Args {
    /// The folder to make it in, new or empty [default: a temporary one]
    #[arg(long = "dir", value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: Option<PathBuf>,
    /// Who works at the tickets
    #[arg(long, value_enum, default_value_t = Agent::Scripted)]
    agent: Agent,
    /// Never spend more than that
    #[arg(
        long,
        value_name = "USD",
        default_value = "5",
        allow_negative_numbers = true
    )]
    max_cost: crate::model::Usd,
    /// Make the sample, and do not run it
    #[arg(long)]
    prepare_only: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Agent {
    /// A table, built in
    Scripted,
    /// The real client
    Claude,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let dir = demo::folder(&session.context, self.folder.as_deref())?;
        let worker = match self.agent {
            Agent::Scripted => Some(demo::worker_argv()?),
            Agent::Claude => None,
        };
        let sample = demo::make(&session.context, &dir, worker.as_deref())?;
        if self.prepare_only {
            let path = dir.display().to_string();
            match session.screen.is_json() {
                true => session.screen.document(&DemoDocument {
                    schema: "tk.demo.v1",
                    path,
                })?,
                false => session.screen.text(&format!("{path}\n"))?,
            }
            return Ok(0);
        }
        if !session.screen.is_json() {
            session
                .screen
                .confirm(&intro(&dir.display().to_string(), self.agent))?;
        }
        let context = session
            .context
            .within(&dir)
            .map_err(|error| Error::new(ErrorCode::Failed, error.to_string()))?;
        let context = Arc::new(context);
        let project = Project::open(&context, Some("sample@example.com"))?;
        let request = RunRequest {
            targets: vec![sample.epic.to_owned()],
            max_cost: Some(self.max_cost),
            ..RunRequest::default()
        };
        let outcome = run::run(
            &context,
            &project,
            &request,
            run_command::reporter(session, &project),
        )?;
        run_command::tell(session, &outcome)?;
        if !session.screen.is_json() {
            session.screen.confirm(&outro(&dir.display().to_string()))?;
        }
        demo::expected(&outcome)?;
        Ok(0)
    }
}

fn intro(dir: &str, agent: Agent) -> String {
    let worker = match agent {
        Agent::Scripted => {
            "Its worker is scripted: it follows a table, calls no model and costs nothing;\n\
             the costs below are made up, to show how they are kept."
        }
        Agent::Claude => "Its workers are the real `claude`, with your account.",
    };
    format!(
        "A sample repository is in {dir}\n\
         Its epic is a unit converter: 9 tickets, 3 at once, in 4 waves.\n\
         {worker}\n\
         Watch: one check fails and is mended; one ticket waits for your review, one is yours\n\
         to do, and one claims to be done but changed nothing.\n\n"
    )
}

fn outro(dir: &str) -> String {
    format!(
        "\nLook around:\n  \
         cd {dir}\n  \
         git log --graph --oneline         one merge a ticket, its file closed in the same commit\n  \
         tk list --all                     the tickets\n  \
         tk graph uni                      what is left\n  \
         tk log tmp                        how the failed check was mended\n  \
         tk approve faq && tk land faq     pass the review\n"
    )
}
