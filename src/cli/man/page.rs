//! A page of the manual: what the help says, then what there is room for only here.

use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::wire::SchemaEntry;

/// A session from an empty repository to a closed ticket; a test runs it.
const SESSION: &str = include_str!("session.txt");

/// Every exit code and what it means.
const EXIT_CODES: &[(u8, &str)] = &[
    (0, "It worked; also where nothing had to be changed."),
    (1, "It did not work, or the answer is no."),
    (2, "Wrong usage, or a value that cannot be."),
    (3, "No such ticket or run, or more than one fits."),
    (
        4,
        "Not allowed, or invalid: a ticket's file, the configuration, a cycle, a transition.",
    ),
    (
        5,
        "Held by another: the store's lock, a ticket, a run; or no longer what --if-match names.",
    ),
    (6, "Git: no repository, no .ticks folder, or git refused."),
    (7, "The run is over and some tickets failed."),
    (8, "The run was stopped."),
    (
        9,
        "The run waits for somebody, a person or who holds a ticket, or for work outside of it.",
    ),
    (10, "The run reached its budget."),
    (70, "A bug in tk."),
    (130, "Interrupted by Ctrl-C."),
];

/// Commands that work without a project.
const ANYWHERE: &[&str] = &["completions", "man", "schema"];

/// Commands that change nothing, and so are never held up.
const READING: &[&str] = &[
    "blocked", "config", "export", "graph", "list", "log", "next", "prime", "prompt", "ready",
    "runs", "search", "show",
];

/// Commands that run tickets.
const RUNNING: &[&str] = &["demo", "land", "run"];

/// Files and what is in them.
const FILES: &[(&str, &str)] = &[
    (
        ".ticks/<id>.toml",
        "A ticket; tk schema ticket says what may be in it.",
    ),
    (".ticks/config.toml", "The configuration; tk schema config."),
    (".ticks/agents/<name>.toml", "An agent; tk schema agent."),
    (
        ".git/tk/",
        "What belongs to this clone only: the lock, claims, runs, and what they cost; edits/ has \
         what tk edit refused, refused.jsonl what agents were refused, undo.json what tk undo \
         takes back.",
    ),
];

/// Variables and what they do.
const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "TK_ACTOR",
        "Who acts, where --as does not say; else git's user.email.",
    ),
    (
        "TK_DIR",
        "The folder of the tickets, in place of .ticks in the main working tree; git merges what \
         is in another one as any text.",
    ),
    (
        "VISUAL, EDITOR",
        "The editor of tk edit; else git's: GIT_EDITOR, core.editor; else vi.",
    ),
    ("NO_COLOR", "No colours, where --color does not say."),
];

/// Every page as its file's name and text.
pub(super) fn all(mut command: Command) -> Vec<(String, String)> {
    command.build();
    let mut pages = vec![("tk.1".to_owned(), main_page(&command))];
    let shown = |sub: &&Command| !sub.is_hide_set() && sub.get_name() != "help";
    for sub in command.get_subcommands().filter(shown) {
        let name = format!("tk-{}", sub.get_name());
        pages.push((format!("{name}.1"), command_page(sub, &name)));
    }
    pages
}

fn main_page(command: &Command) -> String {
    let man = titled(command, "tk");
    let mut page = Page(String::new());
    page.part(|out| man.render_title(out));
    page.part(|out| man.render_name_section(out));
    page.part(|out| man.render_synopsis_section(out));
    page.part(|out| man.render_description_section(out));
    page.part(|out| man.render_options_section(out));
    page.commands(command);
    page.block("A SESSION", SESSION);
    page.terms("FILES", FILES.iter().copied());
    page.terms("ENVIRONMENT", ENVIRONMENT.iter().copied());
    page.exit_codes(|_| true);
    page.paragraph(
        "LIMITS",
        "A title has at most 500 characters, any other line 4,000; a description or a note 1 MiB; \
         a ticket's file, and one of new tickets, 16 MiB. What is larger is refused, and no more \
         of it is read.",
    );
    page.paragraph(
        "JSON",
        "With --json every command answers with one object on one line, and tk run and tk log \
         with one object a line. Its key schema names its shape, which tk schema prints. Errors \
         are one object on one line of standard error, tk.error.v1, with a stable code, what \
         is wrong, a hint, and whether the same command may work later.",
    );
    page.0
}

fn command_page(command: &Command, name: &str) -> String {
    let man = titled(command, name);
    let word = command.get_name();
    let mut page = Page(String::new());
    page.part(|out| man.render_title(out));
    page.part(|out| man.render_name_section(out));
    page.part(|out| man.render_synopsis_section(out));
    page.part(|out| man.render_description_section(out));
    page.part(|out| man.render_options_section(out));
    page.after_help(command);
    page.exit_codes(|code| ends_with(command, code));
    let document =
        format!("the answer is a document tk.{word}.v1, which tk schema {word} describes");
    let events = "each event is an object on a line of its own, which tk schema event describes";
    let told = match word {
        "config" => None,
        "run" | "log" => Some(events.to_owned()),
        "demo" => Some(format!("{events}; with --prepare-only {document}")),
        _ => SchemaEntry::find(word).map(|_| document),
    };
    if let Some(told) = told {
        page.paragraph("JSON", &format!("With --json {told}."));
    }
    page.paragraph("SEE ALSO", "tk(1)");
    page.0
}

fn titled(command: &Command, name: &str) -> Man {
    // Built without its parent, the page would be named after the word alone.
    let command = command
        .clone()
        .display_name(name.to_owned())
        .bin_name(name.replacen('-', " ", 1));
    Man::new(command)
        .title(name.to_uppercase())
        .section("1")
        // Not the day of the build: the same source gives the same page.
        .date(" ")
        .source(concat!("tk ", env!("CARGO_PKG_VERSION")))
        .manual("Tickets that run themselves")
}

/// Whether the command can end with that code.
fn ends_with(command: &Command, code: u8) -> bool {
    let name = command.get_name();
    let ids = |arg: &Arg| {
        let names = arg.get_value_names().unwrap_or_default();
        let is_id = |name: &str| {
            name.split('|')
                .any(|part| matches!(part, "ID" | "EPIC" | "TICKET" | "RUN" | "BLOCKER"))
        };
        names.iter().any(|name| is_id(name))
    };
    let anywhere = ANYWHERE.contains(&name);
    match code {
        3 => command.get_arguments().any(ids),
        4 | 6 => !anywhere,
        5 => !anywhere && !READING.contains(&name),
        7..=10 => RUNNING.contains(&name),
        130 => false,
        _ => true,
    }
}

/// A page being written.
struct Page(String);

impl Page {
    fn part(&mut self, write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) {
        let mut text = Vec::new();
        // Memory takes everything, and what is rendered is text.
        if write(&mut text).is_ok() {
            let text = String::from_utf8_lossy(&text);
            // What makes quotes look right where fonts allow is needed once.
            let again = text.find(".TH ").or_else(|| text.find(".SH "));
            match again {
                Some(start) if !self.0.is_empty() => self.0.push_str(&text[start..]),
                _ => self.0.push_str(&text),
            }
        }
    }

    fn roff(&mut self, roff: &Roff) {
        self.part(|out| roff.to_writer(out));
    }

    fn paragraph(&mut self, title: &str, text: &str) {
        let mut roff = Roff::new();
        roff.control("SH", [title]).text([roman(text)]);
        self.roff(&roff);
    }

    /// Lines as they stand.
    fn block(&mut self, title: &str, text: &str) {
        let mut roff = Roff::new();
        roff.control("SH", [title]).control("nf", []);
        for line in text.lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
        self.roff(&roff);
    }

    fn terms<'t>(&mut self, title: &str, terms: impl Iterator<Item = (&'t str, &'t str)>) {
        let mut roff = Roff::new();
        roff.control("SH", [title]);
        for (term, meaning) in terms {
            roff.control("TP", [])
                .text([bold(term)])
                .text([roman(meaning)]);
        }
        self.roff(&roff);
    }

    fn exit_codes(&mut self, wanted: impl Fn(u8) -> bool) {
        let codes: Vec<(String, &str)> = EXIT_CODES
            .iter()
            .filter(|(code, _)| wanted(*code))
            .map(|(code, meaning)| (code.to_string(), *meaning))
            .collect();
        let terms = codes
            .iter()
            .map(|(code, meaning)| (code.as_str(), *meaning));
        self.terms("EXIT STATUS", terms);
    }

    fn commands(&mut self, command: &Command) {
        let shown = |sub: &&Command| !sub.is_hide_set() && sub.get_name() != "help";
        let rows: Vec<(String, String)> = command
            .get_subcommands()
            .filter(shown)
            .map(|sub| {
                let about = sub.get_about().map(ToString::to_string);
                (
                    format!("tk-{}(1)", sub.get_name()),
                    about.unwrap_or_default(),
                )
            })
            .collect();
        let terms = rows
            .iter()
            .map(|(name, about)| (name.as_str(), about.as_str()));
        self.terms("COMMANDS", terms);
    }

    /// The paragraphs after the help: the examples, and whatever else is said there.
    fn after_help(&mut self, command: &Command) {
        let after = command.get_after_long_help().or(command.get_after_help());
        let after = after.map(ToString::to_string).unwrap_or_default();
        for paragraph in after.split("\n\n") {
            match paragraph.split_once('\n') {
                Some(("Examples:", lines)) => {
                    let lines: Vec<&str> = lines.lines().map(str::trim).collect();
                    self.block("EXAMPLES", &lines.join("\n"));
                }
                _ if paragraph.trim().is_empty() => {}
                _ => self.paragraph("NOTES", &paragraph.replace('\n', " ")),
            }
        }
    }
}
