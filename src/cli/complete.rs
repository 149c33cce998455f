//! Words for the shells: what `tk completions` installs asks here while somebody types.
//!
//! The scripts call `TK_COMPLETE=<shell> tk -- <words>`. Whatever goes wrong, the answer is
//! silence: a message in the middle of a command line helps nobody.

mod bash;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::StyledStr;
use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter, complete,
};
use clap_complete::env::{EnvCompleter, Shells};

use crate::context::Context;
use crate::model::{Awaiting, Gate};
use crate::ops::{self, Project, SORT_KEYS, Wanted};
use crate::query::{Expected, Field, conditions, unfinished};
use crate::ui::screen::{Colour, Screen};
use crate::ui::terminal::safe;
use crate::wire::{EventKind, SCHEMAS, TicketRecord};

/// The variable by which a script says that it asks, and for which shell.
const ASKING: &str = "TK_COMPLETE";

/// The variable by which some scripts say which word is being typed.
const PLACE: &str = "_CLAP_COMPLETE_INDEX";

/// What the names of files are tagged with among what is offered.
const FILES: &str = "files";

/// For elvish, with what the words are about.
const ELVISH: &str = include_str!("complete/tk.elv");

/// For PowerShell, without running what is typed.
const POWERSHELL: &str = include_str!("complete/tk.ps1");

/// The script that makes the shell ask.
pub(super) fn script(shell: &str) -> Option<String> {
    match shell {
        "bash" => return Some(bash::SCRIPT.to_owned()),
        "elvish" => return Some(ELVISH.to_owned()),
        "powershell" => return Some(POWERSHELL.to_owned()),
        _ => {}
    }
    let shells = Shells::builtins();
    let shell = shells.completer(shell)?;
    let mut script = Vec::new();
    shell
        .write_registration(ASKING, "tk", "tk", "tk", &mut script)
        .ok()?;
    let mut script = String::from_utf8(script).ok()?.trim().to_owned();
    script.push('\n');
    if shell.name() == "zsh" {
        // A file of `fpath` is read when it is first needed, and has to answer at once.
        script.push_str("\nif [[ $funcstack[1] == _tk ]]; then\n");
        script.push_str("    _clap_dynamic_completer_tk \"$@\"\nfi\n");
    }
    Some(script)
}

/// Answers a shell that asks; `None` where no shell does.
pub(super) fn answer(args: &[OsString], command: fn() -> Command) -> Option<u8> {
    let shell = std::env::var(ASKING).ok().filter(|name| !name.is_empty())?;
    let asked = args.iter().position(|arg| arg == "--")?;
    let words = args.get(asked + 1..)?.to_vec();
    let found = words_for(&shell, words, command()).unwrap_or_default();
    // Silence, also where nobody listens.
    let _unheard = Screen::new(false, false, Colour::Never).raw(&found);
    Some(0)
}

fn words_for(shell: &str, mut words: Vec<OsString>, command: Command) -> Option<String> {
    if shell == "bash" {
        let [line, piece] = words.as_slice() else {
            return None;
        };
        let line = bash::Line::read(line.to_str()?, piece.to_str()?)?;
        let words: Vec<OsString> = line.words.iter().map(OsString::from).collect();
        let place = words.len().checked_sub(1)?;
        let (mut command, cwd) = prepared(command, &words, place)?;
        let found = complete(&mut command, words, place, Some(&cwd)).ok()?;
        return line.answer(&found, FILES);
    }
    let shells = Shells::builtins();
    // The script for elvish reads lines as fish does: a word, a tab, what it is about.
    let shell = if shell == "elvish" { "fish" } else { shell };
    let shell: &dyn EnvCompleter = shells.completer(shell)?;
    let place = std::env::var(PLACE)
        .ok()
        .and_then(|place| place.parse::<usize>().ok());
    if place == Some(words.len()) {
        words.push(OsString::new());
    }
    let place = place.unwrap_or(words.len().saturating_sub(1));
    let (mut command, cwd) = prepared(command, &words, place)?;
    let mut answer = Vec::new();
    let written = shell.write_complete(&mut command, words, Some(&cwd), &mut answer);
    written.ok()?;
    String::from_utf8(answer).ok()
}

/// The command that knows what it can offer where the word at `place` is being typed, and the
/// folder in which it looks.
fn prepared(command: Command, words: &[OsString], place: usize) -> Option<(Command, PathBuf)> {
    let mut context = Context::from_process().ok()?;
    context.cwd.push(folder(words.get(..place)?));
    let typed_option = words
        .get(place)
        .is_some_and(|word| word.to_string_lossy().starts_with('-'));
    let cwd = context.cwd.clone();
    let command = completing(command, &Arc::new(context), typed_option);
    Some((command, cwd))
}

/// The folders that `-C` names in the words before.
fn folder(words: &[OsString]) -> PathBuf {
    let mut folder = PathBuf::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.to_string_lossy().strip_prefix("-C") {
            Some("") => folder.extend(words.next()),
            Some(dir) => folder.push(dir),
            None => {}
        }
    }
    folder
}

/// The command with sources for the values of its arguments. Options are offered only to who
/// has begun one: beside tickets they are noise.
fn completing(command: Command, context: &Arc<Context>, options: bool) -> Command {
    let see_to = |arg: Arg, command: &str| {
        let arg = match source(&arg, command) {
            Some(Source::Files(files)) => {
                let files = files().current_dir(&context.cwd);
                arg.add(ArgValueCompleter::new(move |begun: &OsStr| {
                    named(&files, begun)
                }))
            }
            Some(source) => {
                let context = Arc::clone(context);
                arg.add(ArgValueCompleter::new(move |begun: &OsStr| {
                    candidates(&context, source, begun)
                }))
            }
            None => arg,
        };
        let hide = !options && !arg.is_positional();
        if hide { arg.hide(true) } else { arg }
    };
    let see_to_all = |command: Command| {
        // Other names are understood and not offered: one thing is offered once.
        let names: Vec<String> = command.get_all_aliases().map(str::to_owned).collect();
        let name = command.get_name().to_owned();
        command
            .mut_args(|arg| see_to(arg, &name))
            .disable_help_flag(!options)
            .disable_version_flag(!options)
            .visible_alias(None)
            .aliases(names)
    };
    see_to_all(command).mut_subcommands(see_to_all)
}

/// Where the words for an argument come from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// The project.
    Project(Wanted),
    /// A closed set.
    Words(fn() -> Vec<String>),
    /// The language of queries.
    Query,
    /// The names of files or folders.
    Files(fn() -> PathCompleter),
}

/// By the name that the help gives to the value, which says what it is.
fn source(arg: &Arg, command: &str) -> Option<Source> {
    match arg.get_value_hint() {
        ValueHint::Unknown => {}
        ValueHint::AnyPath => return Some(Source::Files(PathCompleter::any)),
        ValueHint::FilePath => return Some(Source::Files(PathCompleter::file)),
        ValueHint::DirPath => return Some(Source::Files(PathCompleter::dir)),
        _ => return None,
    }
    let name = arg.get_value_names()?.first()?.as_str();
    let wanted = match (arg.get_id().as_str(), name) {
        (_, "EXPR") => return Some(Source::Query),
        (_, "ID") if command == "reopen" => Wanted::Closed,
        (_, "ID" | "BLOCKER" | "EPIC" | "EPIC|TICKET" | "EPIC|ID" | "RUN|ID") => Wanted::Ticket,
        (_, "LABEL") => Wanted::Label,
        (_, "OWNER") => Wanted::Owner,
        (_, "STATUS") => Wanted::Status,
        (_, "TYPE") => Wanted::Type,
        ("agent", _) => Wanted::Agent,
        (_, "TEMPLATE") => Wanted::Template,
        (_, "REMOTE") => Wanted::Remote,
        (_, "REV") => Wanted::Revision,
        _ => return closed_set(arg, name).map(Source::Words),
    };
    Some(Source::Project(wanted))
}

fn closed_set(arg: &Arg, name: &str) -> Option<fn() -> Vec<String>> {
    match (arg.get_id().as_str(), name) {
        ("awaiting", "KIND") => Some(|| Awaiting::ALL.iter().map(ToString::to_string).collect()),
        ("kind", "KIND") => Some(EventKind::names),
        (_, "GATE") => Some(|| Gate::ALL.iter().map(ToString::to_string).collect()),
        ("name", "NAME") => Some(|| {
            SCHEMAS
                .iter()
                .map(|schema| schema.name.to_owned())
                .collect()
        }),
        ("sort", "KEY") => Some(|| SORT_KEYS.iter().map(ToString::to_string).collect()),
        (_, "KEYS") => Some(TicketRecord::keys),
        (_, "PRIORITY") => Some(|| (0..=4).map(|number| number.to_string()).collect()),
        _ => None,
    }
}

/// The files that complete what was begun, but for names that do not fit on a line.
fn named(files: &PathCompleter, begun: &OsStr) -> Vec<CompletionCandidate> {
    let mut found = files.complete(begun);
    found.retain(|file| {
        let name = file.get_value().to_str();
        name.is_some_and(|name| !name.contains(char::is_control))
    });
    let tagged = |file: CompletionCandidate| file.tag(Some(FILES.into()));
    found.into_iter().map(tagged).collect()
}

/// The words that complete what was begun; of a list with commas, its last.
fn candidates(context: &Context, source: Source, begun: &OsStr) -> Vec<CompletionCandidate> {
    let Some(begun) = begun.to_str() else {
        return Vec::new();
    };
    let (before, found) = match source {
        Source::Query => {
            // Some shells hand on the quote that a word begins with, and keep it by themselves.
            let text = begun.strip_prefix(['\'', '"']).unwrap_or(begun);
            let Some((start, expected)) = unfinished(text) else {
                return Vec::new();
            };
            let (before, last) = text.split_at(start);
            (before, in_query(context, expected, last))
        }
        source => {
            let start = begun.rfind(',').map_or(0, |comma| comma + 1);
            let (before, last) = begun.split_at(start);
            let found = match source {
                Source::Project(wanted) => from_project(context, wanted, last),
                Source::Words(words) => Some(beginning(words(), last)),
                Source::Query | Source::Files(_) => None,
            };
            (before, found.unwrap_or_default())
        }
    };
    found
        .into_iter()
        .enumerate()
        .map(|(place, (word, about))| {
            CompletionCandidate::new(format!("{before}{word}"))
                .help(about.map(|about| StyledStr::from(safe(&about).into_owned())))
                .display_order(Some(place))
        })
        .collect()
}

/// Words, each with what it is about.
type Offers = Vec<(String, Option<String>)>;

fn beginning(words: Vec<String>, begun: &str) -> Offers {
    let fitting = words.into_iter().filter(|word| word.starts_with(begun));
    fitting.map(|word| (word, None)).collect()
}

/// What completes the last piece of an expression.
fn in_query(context: &Context, expected: Expected, begun: &str) -> Offers {
    let field = match expected {
        Expected::Condition => {
            let fitting = conditions().into_iter();
            let fitting = fitting.filter(|(word, _)| word.starts_with(begun));
            let about = |about: &str| (!about.is_empty()).then(|| about.to_owned());
            return fitting.map(|(word, text)| (word, about(text))).collect();
        }
        Expected::Field => {
            let names = Field::ALL.iter().map(|field| field.name().to_owned());
            return beginning(names.collect(), begun);
        }
        Expected::Value(field) => field,
    };
    let wanted = match field {
        Field::Status => Wanted::Status,
        Field::Type => Wanted::Type,
        Field::Label => Wanted::Label,
        Field::Owner => Wanted::Owner,
        Field::Agent => Wanted::Agent,
        field if field.names_tickets() => Wanted::Ticket,
        field => return beginning(field.words(), begun),
    };
    from_project(context, wanted, begun).unwrap_or_default()
}

fn from_project(context: &Context, wanted: Wanted, begun: &str) -> Option<Offers> {
    let project = Project::open(context, None).ok()?;
    let found = ops::suggest(&project, wanted, begun).ok()?;
    Some(found.into_iter().map(|it| (it.word, it.about)).collect())
}
