//! The same questions to every shell.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::Sandbox;

/// A project with an epic and tickets that have what a stranger may put into one.
fn project() -> Sandbox {
    let sandbox = with_tk_on_the_path(Sandbox::initialised());
    sandbox.ticket("k7m", "title = \"Authentication\"\ntype = \"epic\"\n");
    sandbox.ticket(
        "abc",
        "title = \"Add login: the user's $(touch pwned) `x` 100%\"\n\
         labels = [\"api\", \"$(touch pwned)\", \"two words\", \"ui/web\"]\n",
    );
    sandbox.ticket("abd", "title = \"Done already\"\nstatus = \"closed\"\n");
    sandbox.write(".ticks/agents/reviewer.toml", "model = \"sonnet\"\n");
    sandbox
}

pub(crate) fn with_tk_on_the_path(sandbox: Sandbox) -> Sandbox {
    let folder = Path::new(env!("CARGO_BIN_EXE_tk")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    sandbox.with_env("PATH", &format!("{}:{path}", folder.display()))
}

pub(crate) fn script(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    folder.join(name).to_str().unwrap().to_owned()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Elvish,
    /// No registry that is used here has a PowerShell: `tk` is asked as its script asks it.
    Pwsh,
}

const SHELLS: [Shell; 5] = [
    Shell::Bash,
    Shell::Zsh,
    Shell::Fish,
    Shell::Elvish,
    Shell::Pwsh,
];

impl Shell {
    /// What it offers where the last of the words is being typed: the word, and what it says
    /// about it.
    fn offers(self, sandbox: &Sandbox, words: &[&str]) -> Vec<(String, String)> {
        let (answer, between) = match self {
            Self::Bash | Self::Zsh => (self.asked_in_a_script(sandbox, words), ':'),
            Self::Fish => (self.asked_in_a_script(sandbox, words), '\t'),
            Self::Elvish => (asked_in_elvish(sandbox, words), '\t'),
            Self::Pwsh => (asked_as_powershell_asks(sandbox, words), '\t'),
        };
        let pair = |line: &str| {
            let (word, about) = line.split_once(between).unwrap_or((line, ""));
            (word.to_owned(), about.to_owned())
        };
        answer.lines().map(pair).collect()
    }

    fn asked_in_a_script(self, sandbox: &Sandbox, words: &[&str]) -> String {
        let (program, options, text) = match self {
            Self::Bash => (
                "bash",
                vec!["--norc", "-c"],
                "source \"$1\"; shift\n\
                 COMP_LINE=\"$*\"; COMP_POINT=${#COMP_LINE}\n\
                 _clap_complete_tk tk \"${!#}\" ''\n\
                 for word in \"${COMPREPLY[@]}\"; do printf '%s\\n' \"$word\"; done",
            ),
            // The function that shows is replaced by one that tells.
            Self::Zsh => (
                "zsh",
                vec!["-f", "-c"],
                "compdef() { }\n\
                 _describe() { print -rl -- \"${(@P)3}\" }\n\
                 source \"$1\"; shift\n\
                 words=(\"$@\"); CURRENT=$#\n\
                 _clap_dynamic_completer_tk",
            ),
            _ => (
                "fish",
                vec!["--no-config", "-c"],
                "source $argv[1]; complete -C \"$argv[2..-1]\"",
            ),
        };
        let file = script(match self {
            Self::Bash => "tk.bash",
            Self::Zsh => "_tk",
            _ => "tk.fish",
        });
        let mut command = sandbox.command(program);
        command.args(options).arg(text);
        if self != Self::Fish {
            command.arg(program);
        }
        let output = sandbox.run(command.arg(file).args(words), None);
        assert_eq!(output.stderr, "", "{self:?} {words:?}");
        output.stdout
    }

    fn words(self, sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
        let offers = self.offers(sandbox, words);
        offers.into_iter().map(|(word, _)| word).collect()
    }
}

/// Elvish loads what completes only where somebody types, so it is started in a terminal, and
/// its own start-up file asks and leaves.
fn asked_in_elvish(sandbox: &Sandbox, words: &[&str]) -> String {
    let quoted = |word: &&str| format!("'{}'", word.replace('\'', "''"));
    let words: Vec<String> = words.iter().map(quoted).collect();
    let folder = tempfile::tempdir_in(sandbox.root()).unwrap();
    let (start, answer) = (folder.path().join("rc.elv"), folder.path().join("answer"));
    // What it shows begins with the word itself, and with how it looks.
    let text = format!(
        "use str\n\
         eval (slurp < {script})\n\
         {{\n\
         \x20 for it [($edit:completion:arg-completer[tk] {words})] {{\n\
         \x20   var shown = (str:trim-prefix (to-string $it[display]) \"\\e[m\")\n\
         \x20   echo $it[stem]\"\\t\"(str:trim-prefix (str:trim-prefix $shown $it[stem]) '  ')\n\
         \x20 }}\n\
         \x20 echo end\n\
         }} > {answer}\n\
         exit\n",
        script = script("tk.elv"),
        words = words.join(" "),
        answer = answer.display(),
    );
    std::fs::write(&start, text).unwrap();
    let mut command = elvish(sandbox, &format!("-rc {}", start.display()));
    let said = sandbox.run(&mut command, None).stdout;
    let answer = std::fs::read_to_string(&answer).unwrap_or_default();
    let Some(answer) = answer.strip_suffix("end\n") else {
        panic!("{words:?}: {said}");
    };
    answer.to_owned()
}

/// Elvish in a terminal of its own, without the service that remembers what was typed.
fn elvish(sandbox: &Sandbox, options: &str) -> std::process::Command {
    let mut command = sandbox.command("timeout");
    command.args(["30", "script", "--quiet", "--command"]);
    command.arg(format!("stty rows 24 cols 100; elvish {options}"));
    command.arg("/dev/null");
    command.env("XDG_STATE_HOME", "/dev/null");
    command.env("TERM", "xterm");
    command
}

fn asked_as_powershell_asks(sandbox: &Sandbox, words: &[&str]) -> String {
    let (typed, before) = words.split_last().unwrap();
    let mut command = sandbox.tk_command();
    command.env("TK_COMPLETE", "powershell");
    command.env("_CLAP_COMPLETE_INDEX", before.len().to_string());
    // An empty word may get lost on the way to a program.
    let typed = Some(typed).filter(|word| !word.is_empty());
    let output = sandbox.run(command.arg("--").args(before).args(typed), None);
    assert_eq!(output.stderr, "", "{words:?}");
    output.ok()
}

#[test]
fn ids_come_with_their_titles_open_ones_first() {
    let sandbox = project();
    for shell in SHELLS {
        let offers = shell.offers(&sandbox, &["tk", "show", ""]);
        let (ids, titles): (Vec<String>, Vec<String>) = offers.into_iter().unzip();
        assert_eq!(ids, ["abc", "k7m", "abd"], "{shell:?}");
        // Bash shows words only.
        if shell != Shell::Bash {
            assert_eq!(
                titles,
                [
                    "Add login: the user's $(touch pwned) `x` 100%",
                    "Authentication",
                    "Done already [closed]"
                ],
                "{shell:?}"
            );
        }
        assert_eq!(
            shell.words(&sandbox, &["tk", "close", "abc", "ab"]),
            ["abc", "abd"]
        );
        assert_eq!(
            shell.words(&sandbox, &["tk", "update", "--parent", "k"]),
            ["k7m"]
        );
        assert_eq!(shell.words(&sandbox, &["tk", "run", "k"]), ["k7m"]);
        assert_eq!(shell.words(&sandbox, &["tk", "graph", "k"]), ["k7m"]);
        assert_eq!(shell.words(&sandbox, &["tk", "block", "abc", "k"]), ["k7m"]);
    }
    assert!(!sandbox.path().join("pwned").exists());
}

#[test]
fn labels_statuses_types_and_agents_are_those_of_the_project() {
    let sandbox = project();
    for shell in SHELLS {
        // What a shell would take for more than a word is not offered.
        let labels = shell.words(&sandbox, &["tk", "list", "-l", ""]);
        assert_eq!(labels, ["api", "ui/web"], "{shell:?}");
        let second = shell.words(&sandbox, &["tk", "list", "-l", "api,u"]);
        assert_eq!(second, ["api,ui/web"], "{shell:?}");
        let statuses = shell.words(&sandbox, &["tk", "update", "abc", "--status", ""]);
        assert_eq!(statuses, ["open", "in_progress", "closed"], "{shell:?}");
        let types = shell.words(&sandbox, &["tk", "new", "--type", "f"]);
        assert_eq!(types, ["feature"], "{shell:?}");
        let agents = shell.words(&sandbox, &["tk", "run", "k7m", "--agent", ""]);
        assert_eq!(agents, ["claude", "reviewer"], "{shell:?}");
        for name in ["upstream", "mirror"] {
            sandbox.git(["config", &format!("remote.{name}.url"), "../x"]);
        }
        let remotes = shell.words(&sandbox, &["tk", "sync", ""]);
        assert_eq!(remotes, ["mirror", "upstream"], "{shell:?}");
        let remote = shell.words(&sandbox, &["tk", "next", "--claim", "--remote=u"]);
        assert_eq!(remote, ["--remote=upstream"], "{shell:?}");
        let gates = shell.words(&sandbox, &["tk", "new", "--requires", ""]);
        assert_eq!(gates, ["approval", "review", "content"], "{shell:?}");
    }
}

#[test]
fn commands_are_offered_once_and_options_to_who_begins_one() {
    let sandbox = project();
    for shell in SHELLS {
        let commands = shell.words(&sandbox, &["tk", ""]);
        assert!(
            commands.contains(&"new".to_owned()),
            "{shell:?} {commands:?}"
        );
        assert!(!commands.contains(&"create".to_owned()), "{shell:?}");
        assert!(
            !commands.iter().any(|word| word.starts_with('-')),
            "{shell:?}"
        );
        assert!(!commands.contains(&"worker-shim".to_owned()), "{shell:?}");
        let options = shell.words(&sandbox, &["tk", "new", "--desc"]);
        assert_eq!(options, ["--description"], "{shell:?}");
        assert_eq!(
            shell.words(&sandbox, &["tk", "ls", "--parent", "k"]),
            ["k7m"]
        );
        assert_eq!(
            shell.words(&sandbox, &["tk", "completions", "e"]),
            ["elvish"]
        );
    }
}

#[test]
fn outside_a_project_and_with_a_broken_one_there_is_silence() {
    let outside = with_tk_on_the_path(Sandbox::without_repository());
    let good = project();
    let good_path = good.path();
    let broken = project();
    broken.write(".ticks/config.toml", "not toml");
    broken.write(".ticks/bad.toml", "not toml");
    for shell in SHELLS {
        for sandbox in [&outside, &broken] {
            // No id, no message: what is left to offer are options.
            let words = shell.words(sandbox, &["tk", "show", ""]);
            assert!(words.iter().all(|word| word.starts_with('-')), "{words:?}");
            assert!(shell.words(sandbox, &["tk", "show", "a"]).is_empty());
        }
        // Another folder is asked where the line names one.
        let there = ["tk", "-C", good_path.to_str().unwrap(), "show", "k"];
        assert_eq!(shell.words(&outside, &there), ["k7m"], "{shell:?}");
    }
}

#[test]
fn files_and_folders_complete_where_an_option_takes_one() {
    let sandbox = project();
    sandbox.write("inner/notes.toml", "");
    sandbox.write("inner/notes\ntouch pwned", "");
    for shell in SHELLS {
        for words in [&["tk", "-C", "inn"][..], &["tk", "demo", "--dir", "inn"]] {
            let folders = shell.words(&sandbox, words);
            assert_eq!(folders.len(), 1, "{shell:?} {folders:?}");
            assert_eq!(folders[0].trim_end_matches('/'), "inner", "{shell:?}");
        }
        let there = ["tk", "-C", "inner", "new", "--file", "no"];
        assert_eq!(shell.words(&sandbox, &there), ["notes.toml"], "{shell:?}");
    }
}

#[test]
fn a_file_that_is_no_ticket_is_left_out() {
    let sandbox = project();
    sandbox.write(".ticks/abe.toml", "not toml");
    for shell in SHELLS {
        assert_eq!(shell.words(&sandbox, &["tk", "show", "ab"]), ["abc", "abd"]);
    }
}

#[test]
fn zsh_finds_the_file_by_itself_and_completes_the_first_time() {
    let sandbox = project();
    let folder = script("");
    // A terminal of its own, in which `tk show k<tab><enter>` is typed.
    let text = "zmodload zsh/zpty\n\
                zpty inner zsh -f -i\n\
                zpty -w inner \"fpath=($1 \\$fpath); autoload -U compinit; compinit -u -D; print set-up'-'done\"\n\
                zpty -r -m inner said '*set-up-done*'\n\
                zpty -w inner $'tk show k\\t'\n\
                zpty -r -m inner said '*Authentication*'\n\
                print -r -- found";
    let mut command = sandbox.command("timeout");
    command.args(["30", "zsh", "-f", "-c", text, "zsh", &folder]);
    command.env("TERM", "dumb");
    assert_eq!(sandbox.run(&mut command, None).ok(), "found\n");
}

#[test]
fn elvish_shows_what_it_offers_to_who_types() {
    let sandbox = project();
    let start = sandbox.root().join("rc.elv");
    let text = "set edit:prompt = { put 'ready: ' }\nset edit:rprompt = { }\n";
    let text = format!("{text}eval (slurp < {})\n", script("tk.elv"));
    std::fs::write(&start, text).unwrap();
    let inner = format!("stty rows 24 cols 100; elvish -rc {}", start.display());
    let text = "zmodload zsh/zpty\n\
                zpty inner \"$1\"\n\
                zpty -r -m inner said '*ready:*'\n\
                zpty -n -w inner $'tk show \\t'\n\
                zpty -r -m inner said '*COMPLETING*Authentication*'\n\
                zpty -n -w inner $'\\e[B\\r'\n\
                zpty -r -m inner said '*abd*'\n\
                print -r -- found";
    let mut command = sandbox.command("timeout");
    command.args(["30", "zsh", "-f", "-c", text, "zsh", &inner]);
    command.env("XDG_STATE_HOME", "/dev/null");
    command.env("TERM", "xterm");
    assert_eq!(sandbox.run(&mut command, None).ok(), "found\n");
}

#[test]
fn powershell_never_runs_what_is_typed() {
    let text = std::fs::read_to_string(script("tk.ps1")).unwrap();
    assert!(text.contains("CommandElements"));
    assert!(!text.contains("Invoke-Expression"));
    // Nor what is offered.
    assert!(text.contains("EscapeSingleQuotedStringContent"));
}

#[test]
fn ten_thousand_tickets_do_not_keep_anybody_waiting() {
    let sandbox = with_tk_on_the_path(Sandbox::initialised());
    let ticks = sandbox.path().join(".ticks");
    for number in 0..10_000 {
        let text = format!(
            "title = \"Ticket {number}\"\nlabels = [\"l{}\"]\n",
            number % 50
        );
        std::fs::write(ticks.join(format!("t{number:05}.toml")), text).unwrap();
    }
    // A reader notices a third of a second; ten times that is a mistake, not a busy machine.
    let limit = Duration::from_secs(3);
    for words in [
        ["tk", "show", ""],
        ["tk", "show", "t0001"],
        ["tk", "list", "-l"],
    ] {
        let started = Instant::now();
        let mut words = words.to_vec();
        if words.last() == Some(&"-l") {
            words.push("");
        }
        let offers = Shell::Bash.words(&sandbox, &words);
        assert!(
            started.elapsed() < limit,
            "{words:?}: {:?}",
            started.elapsed()
        );
        assert!(
            !offers.is_empty() && offers.len() <= 200,
            "{words:?}: {}",
            offers.len()
        );
    }
    assert_eq!(
        Shell::Bash.words(&sandbox, &["tk", "show", "t0001"]).len(),
        10
    );
}
