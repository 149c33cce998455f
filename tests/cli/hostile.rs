//! Nothing that a ticket, a file's name or an argument says reaches a terminal as it is.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::project::files;
use crate::support::Sandbox;

/// Texts that do something to a terminal, a shell, a path or a command line.
const HOSTILE: &[&str] = &[
    "\u{1b}[5;41mred\u{1b}]0;title\u{7} bell\u{7}\u{8}\u{7f}",
    "csi \u{9b}5;41m \u{90}q\u{9c} over\rwritten",
    "two\nlines\u{b}\u{c}",
    "\u{202e}desrever\u{2066}\u{200b}un\u{feff}seen\u{e0041}",
    "../../etc/passwd",
    "a/b",
    "--help",
    "-",
    "$(touch pwned)`touch pwned`;touch pwned \"quoted\" 'text' \\ {} %s",
];

/// Arguments with `%` for the text.
const COMMANDS: &[&str] = &[
    "new -- %",
    "new x -l=%",
    "new x --description=%",
    "new x --owner=%",
    "new x --parent=%",
    "new x --blocked-by=%",
    "new x --agent=%",
    "new x --due=%",
    "new x --repeat=%",
    "new x --from=%",
    "new x -p=%",
    "new x -t=%",
    "new --file=%",
    "note abc -- %",
    "note abc @%",
    "note -- % text",
    "update abc --owner=%",
    "update abc --add-label=%",
    "update abc --lock=%",
    "update abc --acceptance=%",
    "update abc --check=%",
    "update abc --status=%",
    "update abc --defer=%",
    "update abc --if-match=%",
    "close abc --reason=%",
    "ask def -- %",
    "show -- %",
    "show -- abc,%",
    "edit -- %",
    "block abc -- %",
    "unblock abc -- %",
    "claim -- %",
    "claim def --lease=%",
    "claim def --as=%",
    "delete -- %",
    "list -s=%",
    "list --sort=%",
    "list --fields=%",
    "list -l=%",
    "list -n=%",
    "list --parent=%",
    "ready -- %",
    "next -- %",
    "graph -- %",
    "run --plan -- %",
    "log -- %",
    "history -- %",
    "diff -- %",
    "list --at=%",
    "graph --at=%",
    "stats -- %",
    "stats --since=%",
    "stop -- %",
    "prompt -- %",
    "schema -- %",
    "completions -- %",
    "config -- %",
    "list -C=%",
    "list --%",
    "%",
];

/// What shows everything there is.
const READS: &[&str] = &[
    "list --all",
    "list --all --full",
    "show abc def",
    "ready",
    "blocked",
    "next",
    "graph",
    "graph --dot",
    "graph --mermaid",
    "history abc",
    "diff",
    "list --at HEAD",
    "prime",
    "prompt abc",
    "config",
    "runs",
    "stats",
    "stats --runs",
    "log",
];

/// Fails where the command writes what does something; with its colours, `\x1b[…m`, aside.
#[track_caller]
fn check(sandbox: &Sandbox, args: &[String]) {
    for more in [&[][..], &["--color=always"], &["--json"]] {
        let mut command = sandbox.tk_command();
        // Options stand before the command: after it there may be a `--`.
        command.args(more).args(args);
        let output = command.output().unwrap();
        for bytes in [&output.stdout, &output.stderr] {
            let text = String::from_utf8(bytes.clone()).unwrap();
            let (plain, styles) = without_styles(&text);
            let unsafe_char = plain.chars().find(|c| {
                (c.is_control() && !matches!(c, '\n' | '\t'))
                    || matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0041}')
            });
            assert_eq!(unsafe_char, None, "{more:?} {args:?}\n{plain:?}");
            assert!(
                !styles.iter().any(|style| style == "5;41"),
                "{args:?} {text:?}"
            );
            let may_be_coloured = more.contains(&"--color=always");
            assert!(may_be_coloured || styles.is_empty(), "{args:?} {text:?}");
        }
        assert_ne!(output.status.code(), Some(70), "{more:?} {args:?}");
        assert!(output.status.code().is_some(), "{more:?} {args:?}");
    }
}

/// The text without styles, and the styles.
fn without_styles(text: &str) -> (String, Vec<String>) {
    let (mut plain, mut styles) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        let after = &rest[at + 2..];
        let end = after.find(|c: char| !c.is_ascii_digit() && c != ';');
        match end.filter(|end| after[*end..].starts_with('m')) {
            Some(end) => {
                plain.push_str(&rest[..at]);
                styles.push(after[..end].to_owned());
                rest = &after[end + 1..];
            }
            None => {
                plain.push_str(&rest[..at + 2]);
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    (plain, styles)
}

#[test]
fn arguments() {
    for text in HOSTILE {
        let sandbox = Sandbox::initialised();
        sandbox.ticket("abc", "title = \"One\"\n");
        sandbox.ticket("def", "title = \"Two\"\n");
        for command in COMMANDS {
            let args: Vec<String> = command
                .split(' ')
                .map(|word| word.replace('%', text))
                .collect();
            check(&sandbox, &args);
        }
        for read in READS {
            check(
                &sandbox,
                &read.split(' ').map(str::to_owned).collect::<Vec<_>>(),
            );
        }
        for folder in [sandbox.path(), sandbox.root().to_owned()] {
            assert!(!folder.join("pwned").exists(), "{text}");
        }
        let outside = std::fs::read_dir(sandbox.root()).unwrap().count();
        assert_eq!(
            outside, 2,
            "{text}: something was written outside the repository"
        );
    }
}

#[test]
fn files_and_their_names() {
    for text in HOSTILE {
        let sandbox = Sandbox::initialised();
        let toml = toml::Value::String((*text).to_owned()).to_string();
        sandbox.ticket("abc", &format!("title = \"One\"\ndescription = {toml}\nreason = {toml}\n[[notes]]\ntext = {toml}\n[[acceptance]]\ntext = {toml}\n[[subtasks]]\ntitle = {toml}\n"));
        sandbox.ticket("def", &format!("title = {toml}\n"));
        sandbox.ticket(
            "ghi",
            &format!("title = \"x\"\nlabels = [{toml}]\nowner = {toml}\n"),
        );
        sandbox.ticket("jkm", &format!("title = \"x\"\nstatus = {toml}\n"));
        sandbox.ticket(
            "npq",
            &format!("title = \"x\"\nparent = {toml}\nblocked_by = [{toml}]\n"),
        );
        sandbox.ticket("rst", &format!("{toml} = 1\n"));
        sandbox.ticket("uvw", &format!("title = \"{text}\n"));
        sandbox.write(".ticks/agents/bad.toml", &format!("kind = {toml}\n"));
        let name = text.replace('/', "_");
        std::fs::write(
            sandbox.path().join(format!(".ticks/{name}.toml")),
            "title = 1\n",
        )
        .unwrap();
        let bytes = OsStr::from_bytes(b".ticks/\xff\x1b[5;41m.toml");
        std::fs::write(sandbox.path().join(bytes), "title = 1\n").unwrap();
        for read in READS {
            check(
                &sandbox,
                &read.split(' ').map(str::to_owned).collect::<Vec<_>>(),
            );
        }
        for id in ["def", "ghi", "jkm", "npq", "rst", "uvw", name.as_str()] {
            check(
                &sandbox,
                &["show".to_owned(), "--".to_owned(), id.to_owned()],
            );
        }
        sandbox.write(
            ".ticks/config.toml",
            &format!("[tickets]\ndefault_type = {toml}\n"),
        );
        check(&sandbox, &["list".to_owned()]);
        sandbox.write(
            ".ticks/config.toml",
            &format!("[run]\nagent = {toml}\n{toml} = 1\n"),
        );
        check(&sandbox, &["config".to_owned()]);
        // Such names are none that the sandbox's own checks know.
        std::fs::remove_file(sandbox.path().join(bytes)).unwrap();
        std::fs::remove_file(sandbox.path().join(format!(".ticks/{name}.toml"))).unwrap();
    }
}

/// 50 MB by every way in: a clear error, nothing changed, nothing held in memory.
#[test]
fn fifty_megabytes() {
    let sandbox = Sandbox::initialised().with_env("EDITOR", "cat ../big >");
    sandbox.ticket("abc", "title = \"One\"\n");
    let big = sandbox.root().join("big");
    std::fs::write(&big, "x".repeat(1024).repeat(50 * 1024)).unwrap();
    let before = files(&sandbox);
    for (args, code, expected) in [
        (
            "new x -d @../big",
            2,
            "`../big` is larger than 1 MiB: expected at most that",
        ),
        ("new x -d -", 2, "standard input is larger than 1 MiB"),
        ("new --file ../big", 2, "`../big` is larger than 16 MiB"),
        ("new --file -", 2, "standard input is larger than 16 MiB"),
        ("note abc -", 2, "standard input is larger than 1 MiB"),
        ("note abc @../big", 2, "`../big` is larger than 1 MiB"),
        ("note abc @/dev/zero", 2, "`/dev/zero` is larger than 1 MiB"),
        (
            "update abc --note -",
            2,
            "standard input is larger than 1 MiB",
        ),
        ("update abc -d @../big", 2, "`../big` is larger than 1 MiB"),
        ("ask abc -", 2, "standard input is larger than 1 MiB"),
        ("show -", 2, "standard input is larger than 1 MiB"),
        (
            "edit abc",
            4,
            "/abc.toml:1: it is larger than 16 MiB: expected at most that",
        ),
    ] {
        let tk = env!("CARGO_BIN_EXE_tk");
        let mut command = sandbox.command("sh");
        // No more memory than for the program and the most that it may read, twice.
        let line = format!("ulimit -v 1000000; exec {tk} {args} <../big");
        let output = sandbox.run(command.args(["-c", &line]), None);
        assert_eq!(output.code, code, "{args}\n{output}");
        assert!(output.stderr.contains(expected), "{args}\n{output}");
        assert_eq!(files(&sandbox), before, "{args}");
    }
    // Written by hand, it is one invalid file among the others.
    std::fs::copy(&big, sandbox.path().join(".ticks/hug.toml")).unwrap();
    let output = sandbox.tk(["list", "--fields", "id"]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (0, "abc\n"),
        "{output}"
    );
    let expected = ".ticks/hug.toml:1: it is larger than 16 MiB: expected at most that";
    assert!(output.stderr.contains(expected), "{output}");
    assert_eq!(sandbox.tk(["note", "hug", "x"]).code, 4);
    std::fs::remove_file(sandbox.path().join(".ticks/hug.toml")).unwrap();
}

#[test]
fn how_long_things_may_be() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"One\"\n");
    let (title, line) = ("é".repeat(500), "é".repeat(4_000));
    sandbox.tk(["new", &title]).ok();
    sandbox.tk(["update", "abc", "--acceptance", &line]).ok();
    let before = files(&sandbox);
    for (args, expected) in [
        (
            ["new", &format!("{title}é"), "-q"],
            "the title has 501 characters: expected at most 500",
        ),
        (
            ["update", "abc", &format!("--title={title}é")],
            "the title has 501 characters",
        ),
        (
            ["update", "abc", &format!("--acceptance={line}é")],
            "has 4001 characters: expected at most 4000",
        ),
        (
            ["update", "abc", &format!("--add-label={line}é")],
            "the label has 4001 characters",
        ),
    ] {
        let output = sandbox.tk(args);
        assert_eq!(output.code, 2, "{output}");
        assert!(output.stderr.contains(expected), "{output}");
    }
    assert_eq!(files(&sandbox), before);
    // A file that could not be read any more is not written.
    let text = "x".repeat(1 << 20);
    let mut codes = Vec::new();
    while codes.len() < 17 && !codes.contains(&1) {
        codes.push(sandbox.tk_with_input(["note", "abc", "-"], &text).code);
    }
    assert_eq!((codes.len(), codes.last()), (16, Some(&1)), "{codes:?}");
    sandbox.tk(["show", "abc", "--json"]).ok();
}
