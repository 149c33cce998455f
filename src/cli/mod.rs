//! Commands: arguments in, exit code out.
//!
//! One file a command: its `Args`, whose documentation is the help, and `run`, which calls
//! one function of `ops` or `run` and chooses how to show the outcome. A new command is a
//! file and a line of `commands!`.

mod answer;
mod approve;
mod ask;
mod block;
mod blocked;
mod changed;
mod claim;
mod close;
mod complete;
mod completions;
mod config;
mod delete;
mod demo;
mod demo_worker;
mod diff;
mod doctor;
mod edit;
mod export;
mod failure;
mod formats;
mod graph;
mod heard;
mod history;
mod import;
mod init;
mod land;
mod list;
mod log;
mod man;
mod merge_driver;
mod merge_strategy;
mod new;
mod new_file;
mod next;
mod note;
mod prime;
mod prompt;
mod query;
mod ready;
mod reject;
mod release;
mod reopen;
mod resolve;
mod restore;
mod retry;
mod run;
mod runs;
mod schema;
mod search;
mod session;
mod show;
mod stats;
mod stop;
mod sync;
mod targets;
mod text;
mod unblock;
mod undo;
mod update;
mod worker_shim;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Command as Program, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::ops::{self, Error, ErrorCode};
use crate::store::report_size_limit;
use crate::ui::screen::{Colour, Screen};

pub(crate) use failure::{Failure, Outcome};
pub(crate) use session::{Globals, Session};
pub(crate) use targets::TargetArgs;

/// The exit code of a program that a broken pipe ends.
const BROKEN_PIPE: u8 = 141;

/// Tickets that run themselves
///
/// tk keeps tickets as TOML files in `.ticks/` of the repository they are about, works out
/// what can be done now and what everything else waits for, and runs an epic: a worker a
/// ticket, each in a git worktree of its own, merged, checked and closed.
///
/// Data goes to standard output and everything else to standard error. Exit codes: 0 fine,
/// 1 failed or the answer is no, 2 wrong usage, 3 no such ticket, 4 not allowed or invalid,
/// 5 held by another, 6 git; of a run: 7 tickets failed, 8 stopped, 9 waits for somebody or for
/// other work, 10 budget reached; 70 a bug.
#[derive(Debug, Parser)]
#[command(name = "tk", version, max_term_width = 100)]
#[command(after_help = "Examples:
  tk init                               # set a repository up, once
  tk new \"Authentication\" -t epic       # then tickets, with --parent and --blocked-by
  tk run auth --plan                    # what a run would do
  tk run auth -j 4 --max-cost 20        # run it
  tk demo                               # all of that, in a sample repository")]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// Declares the commands, each with the type of what it takes and with attributes for clap.
macro_rules! commands {
    ($($(#[$attribute:meta])* $command:ident($args:ty),)*) => {
        /// What to do.
        ///
        /// What a command takes is described only once it is asked for: all of them together are
        /// thousands of pieces, which every call would put together for one.
        #[derive(Debug, Subcommand)]
        #[command(defer = true)]
        enum Command {
            $($(#[$attribute])* $command($args),)*
        }

        impl Command {
            fn run(self, session: &Session) -> Outcome {
                match self {
                    $(Self::$command(args) => args.run(session),)*
                }
            }

            /// What the command of that one word takes; `None` of what is none, or another
            /// name of one.
            fn alone(word: &str) -> Option<Program> {
                let command = Program::new(word.to_owned());
                match word {
                    $(_ if is_name(word, stringify!($command)) => {
                        Some(<$args as Args>::augment_args(command))
                    })*
                    _ => None,
                }
            }
        }
    };
}

/// Whether a command is called so, of that variant, where its name is the variant's word.
fn is_name(word: &str, variant: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_lowercase()) && word.eq_ignore_ascii_case(variant)
}

commands! {
    Init(init::Args),
    #[command(visible_alias = "create")]
    New(Box<new::Args>),
    #[command(visible_alias = "ls")]
    List(list::Args),
    Search(search::Args),
    Show(show::Args),
    Update(Box<update::Args>),
    Edit(edit::Args),
    Note(note::Args),
    Block(block::Args),
    Unblock(unblock::Args),
    Close(close::Args),
    Reopen(reopen::Args),
    Delete(delete::Args),
    Undo(undo::Args),
    Ready(ready::Args),
    Blocked(blocked::Args),
    Next(next::Args),
    Claim(claim::Args),
    Release(release::Args),
    Sync(sync::Args),
    Graph(graph::Args),
    History(history::Args),
    Diff(diff::Args),
    Approve(approve::Args),
    Reject(reject::Args),
    Answer(answer::Args),
    Ask(ask::Args),
    Run(Box<run::Args>),
    Runs(runs::Args),
    Stats(stats::Args),
    Log(log::Args),
    Stop(stop::Args),
    Retry(retry::Args),
    Restore(restore::Args),
    Land(land::Args),
    Prompt(prompt::Args),
    Demo(demo::Args),
    Schema(schema::Args),
    Completions(completions::Args),
    Man(man::Args),
    Config(config::Args),
    Doctor(doctor::Args),
    Resolve(resolve::Args),
    Import(import::Args),
    Export(export::Args),
    Prime(prime::Args),
    #[command(name = crate::run::process::SHIM_COMMAND, hide = true)]
    WorkerShim(worker_shim::Args),
    #[command(hide = true)]
    MergeDriver(merge_driver::Args),
    #[command(name = crate::run::demo::WORKER_COMMAND, hide = true)]
    DemoWorker(demo_worker::Args),
}

/// Runs the program with the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    report_size_limit();
    let ended = catch_unwind(AssertUnwindSafe(|| run(&args)));
    ExitCode::from(ended.unwrap_or_else(|_| bug(&args)))
}

fn run(args: &[OsString]) -> u8 {
    if let Some(code) = complete::answer(args, described) {
        return code;
    }
    if let Some(asked) = merge_strategy::asked(args) {
        let screen = Screen::new(false, false, Colour::Auto);
        // For git, a failure is no conflict.
        return match merge_strategy::merge(asked, &screen) {
            Ok(code) => code,
            failed => code(&screen, failed).max(ops::UNDONE),
        };
    }
    if let Some(args) = merge_driver::Args::by_git(args) {
        let screen = Screen::new(false, false, Colour::Auto);
        return code(&screen, args.merge(Path::new(""), &screen));
    }
    let parsed = parse_quickly(args).or_else(|error| match error.kind() {
        ErrorKind::DisplayVersion => Err(error),
        // Who is refused, or asks for help, has to hear of the other commands.
        _ => parse_described(args),
    });
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage(args, &error),
    };
    let screen = cli.globals.screen();
    let session = Session::new(cli.globals, screen.clone(), args);
    code(
        &screen,
        session.and_then(|session| cli.command.run(&session)),
    )
}

/// The exit code, after a word about what went wrong.
fn code(screen: &Screen, ended: Outcome) -> u8 {
    match ended {
        Ok(code) => code,
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            BROKEN_PIPE
        }
        Err(Failure::Output(error)) => {
            let message = format!("cannot write: {error}");
            tell(screen, &Error::of_system(message, &error))
        }
        Err(Failure::Error(error)) => tell(screen, &error),
    }
}

/// The program with all that every command takes.
fn described() -> Program {
    let mut command = Cli::command();
    command.build();
    command
}

/// What is asked for, with no more described than that takes: where the first argument is a
/// command, that one. What is said of what is wrong is for nobody to read.
fn parse_quickly(args: &[OsString]) -> Result<Cli, clap::Error> {
    let first = args.get(1).and_then(|word| word.to_str());
    let Some(command) = first.and_then(Command::alone) else {
        return Cli::try_parse_from(args);
    };
    let program = Globals::augment_args(Program::new("tk"));
    let program = program.disable_help_subcommand(true).subcommand(command);
    Cli::from_arg_matches_mut(&mut program.try_get_matches_from(args)?)
}

fn parse_described(args: &[OsString]) -> Result<Cli, clap::Error> {
    let mut command = described();
    let mut matches = command.try_get_matches_from_mut(args)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// Help, the version, or what is wrong with the arguments.
fn usage(args: &[OsString], error: &clap::Error) -> u8 {
    let asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let is_json = wants_json(args);
    // What clap prints by itself has its colours by this, too.
    let screen = Screen::new(is_json, false, colour(args));
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand && !is_json {
        // Nothing that was typed is wrong. That standard error is gone changes nothing.
        let _ = error.print();
        return ErrorCode::InvalidArgument.exit_code();
    }
    // What clap says of this one lists the commands that are for nobody, too.
    if !asked && (is_json || error.kind() == ErrorKind::MissingSubcommand) {
        let error = usage_error(error);
        return tell(&screen, &error);
    }
    if !asked {
        // What was typed is in it. That standard error is gone changes nothing about that.
        let _ = screen.usage(&error.render().to_string());
        return ErrorCode::InvalidArgument.exit_code();
    }
    match error.print() {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => BROKEN_PIPE,
        _ => 0,
    }
}

/// What clap prints in paragraphs, as one of ours: the first says what is wrong.
fn usage_error(error: &clap::Error) -> Error {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand
    ) {
        let told = Error::new(ErrorCode::InvalidArgument, "a command is missing");
        return told.hint("`--help` lists what there is");
    }
    let rendered = error.render().to_string();
    let (first, rest) = rendered.split_once("\n\n").unwrap_or((&rendered, ""));
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let lines = first.lines().map(str::trim);
    // The values that would do are listed below what is wrong.
    let (message, mut hint): (Vec<&str>, Vec<&str>) =
        lines.partition(|line| !line.starts_with('['));
    let rest = rest.lines().map(str::trim);
    hint.extend(rest.filter(|line| !line.is_empty()));
    let known = |kinds: &[ContextKind]| {
        let mut found = kinds.iter().filter_map(|kind| error.get(*kind));
        match found.next() {
            Some(ContextValue::String(word)) => vec![word.clone()],
            Some(ContextValue::Strings(words)) => words.clone(),
            _ => Vec::new(),
        }
    };
    let given = known(&[
        ContextKind::InvalidSubcommand,
        ContextKind::InvalidValue,
        ContextKind::InvalidArg,
    ]);
    let near = known(&[
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
        ContextKind::SuggestedArg,
    ]);
    let told = Error::new(ErrorCode::InvalidArgument, message.join(" ")).hint(hint.join("\n"));
    if error.kind() == ErrorKind::MissingRequiredArgument {
        // What is named there was not given.
        return told;
    }
    told.with("given", given.join(" ")).with("near", near)
}

fn tell(screen: &Screen, error: &Error) -> u8 {
    // Nobody is left to be told that standard error is gone.
    let _ = screen.error(error);
    error.code.exit_code()
}

/// The panic itself has been printed by then.
fn bug(args: &[OsString]) -> u8 {
    let screen = Screen::new(wants_json(args), false, Colour::Auto);
    let error = Error::new(
        ErrorCode::Bug,
        "a bug in tk ended it; nothing was half written",
    )
    .hint("please report it with the command and the lines above");
    tell(&screen, &error)
}

/// What `--color` says, where the arguments could not be understood.
fn colour(args: &[OsString]) -> Colour {
    let said = |word: &str| {
        let mut pairs = args.windows(2);
        let joined = format!("--color={word}");
        args.iter().any(|arg| **arg == *joined)
            || pairs.any(|pair| pair[0] == "--color" && pair[1] == *word)
    };
    match (said("always"), said("never")) {
        (true, _) => Colour::Always,
        (_, true) => Colour::Never,
        _ => Colour::Auto,
    }
}

fn wants_json(args: &[OsString]) -> bool {
    let mut options = args.iter().skip(1).take_while(|arg| *arg != "--");
    options.any(|arg| arg == "--json")
}
