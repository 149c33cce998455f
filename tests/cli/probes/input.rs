//! Bad input: what is wrong, where, what was expected; and nothing changed.

use super::{row, tree};
use crate::support::Sandbox;

/// Runs the command, which must end so, and change nothing; as text, and as JSON.
#[track_caller]
fn refused(sandbox: &Sandbox, command: &str, code: i32, stderr: &str, json: &str) {
    let before = tree(sandbox);
    let output = sandbox.tk(super::words(command));
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (code, ""),
        "{command}\n{output}"
    );
    assert_eq!(output.stderr, stderr, "{command}");
    let output = sandbox.tk(super::words(command)
        .into_iter()
        .chain(["--json".to_owned()]));
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (code, ""),
        "{command}\n{output}"
    );
    let error = output.stderr.lines().last().unwrap_or_default();
    assert_eq!(error, json, "{command}");
    assert_eq!(tree(sandbox), before, "{command}");
}

/// The JSON of an error.
fn error(code: &str, message: &str, hint: Option<&str>, exit_code: i32, context: &str) -> String {
    let (message, hint) = (serde_json::json!(message), serde_json::json!(hint));
    format!(
        "{{\"schema\":\"tk.error.v1\",\"error\":{{\"code\":\"{code}\",\"message\":{message},\
         \"hint\":{hint},\"retryable\":false,\"exit_code\":{exit_code},\"context\":{context}}}}}"
    )
}

/// As [`refused`], by the parts of the error: code, exit code, message, hint, context.
#[track_caller]
fn refused_with(sandbox: &Sandbox, command: &str, said: (&str, i32, &str, &str, &str)) {
    let (code, exit_code, message, hint, context) = said;
    let hint = (!hint.is_empty()).then_some(hint);
    let mut text = format!("error: {message}\n");
    for line in hint.iter().flat_map(|hint| hint.lines()) {
        text.push_str(&format!("hint: {line}\n"));
    }
    let json = error(code, message, hint, exit_code, context);
    refused(sandbox, command, exit_code, &text, &json);
}

/// Commands that read and commands that write.
const SOME: &[&str] = &[
    "list",
    "show abc",
    "ready",
    "graph",
    "new x",
    "note abc x",
    "claim abc",
];

#[test]
fn no_place_for_tickets() {
    let sandbox = Sandbox::without_repository();
    for command in SOME.iter().copied().chain(["init", "config"]) {
        refused_with(
            &sandbox,
            command,
            (
                "NO_REPOSITORY",
                6,
                "`$ROOT/repo` is not in a git repository",
                "tickets live in a git repository: `git init`, then `tk init`",
                "{}",
            ),
        );
    }
    sandbox.git(["init", "--quiet", "--bare", "."]);
    for command in SOME.iter().copied().chain(["init", "config"]) {
        refused_with(
            &sandbox,
            command,
            (
                "NO_REPOSITORY",
                6,
                "`$ROOT/repo` is a bare repository: there is no working tree here",
                "run `tk` in a working tree of it",
                "{}",
            ),
        );
    }
    let sandbox = Sandbox::new();
    for command in SOME.iter().copied().chain(["config"]) {
        refused_with(
            &sandbox,
            command,
            (
                "NOT_INITIALISED",
                6,
                "there is no `$ROOT/repo/.ticks`",
                "`tk init` sets the repository up",
                "{}",
            ),
        );
    }
    assert!(!sandbox.path().join(".git/tk").exists());
    // Agents everywhere may ask what they need to know.
    assert_eq!(sandbox.tk(["prime"]).ok(), "");
}

#[test]
fn what_is_no_folder_of_tickets() {
    let sandbox = Sandbox::new();
    sandbox.write("../elsewhere/abc.toml", "title = \"x\"\n");
    let ticks = sandbox.path().join(".ticks");
    std::os::unix::fs::symlink("../elsewhere", &ticks).unwrap();
    for command in SOME.iter().copied().chain(["init"]) {
        refused_with(
            &sandbox,
            command,
            (
                "NOT_INITIALISED",
                6,
                "`$ROOT/repo/.ticks` is a symbolic link: expected a folder",
                "the variable TK_DIR names a folder that is somewhere else",
                "{}",
            ),
        );
    }
    let elsewhere = sandbox.root().join("elsewhere");
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 1);
    // What a person names may be a link.
    let sandbox = Sandbox::new().with_env("TK_DIR", "link");
    sandbox.write("kept/abc.toml", "title = \"x\"\n");
    std::os::unix::fs::symlink("kept", sandbox.path().join("link")).unwrap();
    assert_eq!(sandbox.tk(["list"]).ok(), "abc  P2  open  task  x\n");
    let sandbox = Sandbox::new();
    sandbox.write(".ticks", "");
    for command in SOME.iter().copied().chain(["init"]) {
        refused_with(
            &sandbox,
            command,
            (
                "NOT_INITIALISED",
                6,
                "`$ROOT/repo/.ticks` is a file: expected a folder",
                "",
                "{}",
            ),
        );
    }
}

#[test]
fn ids() {
    let sandbox = Sandbox::initialised();
    for id in ["abc", "abd", "xyz"] {
        sandbox.ticket(id, "title = \"T\"\n");
    }
    for (command, given) in [
        ("show zzz", "zzz"),
        ("note ../abc x", "../abc"),
        ("delete ../../etc/passwd", "../../etc/passwd"),
        ("block abc /etc", "/etc"),
    ] {
        refused_with(
            &sandbox,
            command,
            (
                "TICKET_NOT_FOUND",
                3,
                &format!("no ticket `{given}`"),
                "`tk list --all` shows every ticket",
                &format!("{{\"given\":\"{given}\",\"near\":[]}}"),
            ),
        );
    }
    row(
        "an id that is a path?",
        "is none, whatever the path leads to",
    )
    .given("abc", "title = \"x\"\n")
    .ends("show ./abc", 3, "no ticket `./abc`")
    .ends("note abc.toml x", 3, "no ticket `abc.toml`")
    .ends("update .ticks/abc.toml --title y", 3, "no ticket")
    .ends("delete ../.ticks/abc", 3, "no ticket")
    .ends("new x --parent ../abc", 3, "no ticket `../abc`");
    refused_with(
        &sandbox,
        "note ab x",
        (
            "AMBIGUOUS_ID",
            3,
            "`ab` fits 2 tickets:\n  abc  T\n  abd  T",
            "use more of the id",
            r#"{"given":"ab","matches":[{"id":"abc","title":"T"},{"id":"abd","title":"T"}]}"#,
        ),
    );
    refused_with(
        &sandbox,
        "block abc abc",
        (
            "CYCLE",
            4,
            "`abc` cannot be blocked by itself",
            "",
            r#"{"cycle":["abc"]}"#,
        ),
    );
    row("an id that is an option?", "is one, unless behind `--`")
        .given("abc", "title = \"x\"\n")
        .says("note --help", "Usage: tk note")
        .lacks("abc", "notes")
        .ends("note -- --help x", 3, "no ticket `--help`")
        .ends("show -- -C", 3, "no ticket `-C`")
        .ends("delete -- --force", 3, "no ticket `--force`");
}

#[test]
fn settings() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"x\"\n");
    sandbox.write(".ticks/config.toml", "[tickets]\ndefault_typ = \"bug\"\n");
    for command in SOME {
        refused_with(
            &sandbox,
            command,
            (
                "INVALID_CONFIG",
                4,
                ".ticks/config.toml:2: unknown key `default_typ` in `tickets`",
                "did you mean `default_type`?",
                r#"{"path":".ticks/config.toml","line":2,"key":"tickets.default_typ"}"#,
            ),
        );
    }
    sandbox.write(".ticks/config.toml", "[tickets]\n\n[tickets\n");
    let output = sandbox.tk(["list"]);
    assert_eq!(output.code, 4, "{output}");
    assert!(
        output.stderr.starts_with("error: .ticks/config.toml:3: "),
        "{output}"
    );
    let config = sandbox.path().join(".ticks/config.toml");
    std::fs::write(&config, b"[run]\n# \xff\n").unwrap();
    refused_with(
        &sandbox,
        "list",
        (
            "FAILED",
            1,
            "cannot read `$ROOT/repo/.ticks/config.toml`: line 2 is not UTF-8 text",
            "",
            "{}",
        ),
    );
    std::fs::remove_file(&config).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &config).unwrap();
    refused_with(
        &sandbox,
        "new x",
        (
            "FAILED",
            1,
            "cannot read `$ROOT/repo/.ticks/config.toml`: it is a symbolic link: expected a regular file",
            "",
            "{}",
        ),
    );
    std::fs::remove_file(&config).unwrap();
    sandbox.write(
        ".ticks/agents/mine.toml",
        "kind = \"claude\"\nmodle = \"x\"\n",
    );
    refused_with(
        &sandbox,
        "update abc --agent mine",
        (
            "INVALID_CONFIG",
            4,
            ".ticks/agents/mine.toml:2: unknown key `modle`",
            "did you mean `model`?",
            r#"{"path":".ticks/agents/mine.toml","line":2,"key":"modle"}"#,
        ),
    );
    let agents = sandbox.path().join(".ticks/agents");
    std::fs::rename(&agents, sandbox.root().join("agents")).unwrap();
    std::os::unix::fs::symlink("../../agents", &agents).unwrap();
    refused_with(
        &sandbox,
        "update abc --agent mine",
        (
            "FAILED",
            1,
            "cannot read `$ROOT/repo/.ticks/agents`: it is a symbolic link: expected a regular file",
            "",
            "{}",
        ),
    );
}

/// What is no ticket, by its file: how it is made, and what is said of it.
const NO_TICKETS: &[(&str, &str, &str)] = &[
    (
        "brk",
        "true",
        // Then the library's own words.
        ".ticks/brk.toml:2: not TOML: ",
    ),
    (
        "utf",
        "printf 'title = \"x\"\\n# \\377\\n' > utf.toml",
        ".ticks/utf.toml:1: line 2 is not UTF-8 text",
    ),
    (
        "lnk",
        "ln -s ../../outside.toml lnk.toml",
        ".ticks/lnk.toml:1: it is a symbolic link: expected a regular file",
    ),
    (
        "fif",
        "mkfifo fif.toml",
        ".ticks/fif.toml:1: it is a pipe or device: expected a regular file",
    ),
    (
        "dir",
        "mkdir dir.toml",
        ".ticks/dir.toml:1: it is a folder: expected a regular file",
    ),
];

#[test]
fn files_that_are_no_tickets() {
    for (id, make, said) in NO_TICKETS {
        let sandbox = Sandbox::initialised();
        sandbox.ticket("abc", "title = \"x\"\n");
        sandbox.write("../outside.toml", "title = \"outside\"\n");
        let mut shell = sandbox.command("bash");
        shell
            .args(["-c", make])
            .current_dir(sandbox.path().join(".ticks"));
        sandbox.run(&mut shell, None).ok();
        if *id == "brk" {
            sandbox.ticket(id, "title = \"x\"\n[[notes]\n");
        }
        // The others are not taken down.
        let listed = sandbox.tk(["list"]);
        assert_eq!(
            (listed.code, listed.stdout.as_str()),
            (0, "abc  P2  open  task  x\n")
        );
        let message = listed.stderr.strip_prefix("warning: ").unwrap().trim_end();
        assert!(message.starts_with(said), "{message}");
        sandbox.tk(["note", "abc", "x"]).ok();
        let place = message.split(": ").next().unwrap();
        let (path, line) = place.rsplit_once(':').unwrap();
        let context = format!("{{\"path\":\"{path}\",\"line\":{line}}}");
        for command in [
            format!("show {id}"),
            format!("note {id} x"),
            format!("update {id} --title y"),
            format!("close {id}"),
            format!("claim {id}"),
            format!("delete {id} --force"),
            format!("block abc {id}"),
        ] {
            refused_with(
                &sandbox,
                &command,
                (
                    "INVALID_TICKET",
                    4,
                    message,
                    "`tk doctor` says how to mend it",
                    &context,
                ),
            );
        }
        let outside = std::fs::read_to_string(sandbox.root().join("outside.toml"));
        assert_eq!(outside.unwrap(), "title = \"outside\"\n");
    }
}

#[test]
fn capitals() {
    row("an id in capitals?", "is the id: ids are lower case only")
        .given("abc", "title = \"x\"\n")
        .says("show ABC", "abc  x")
        .prints("note Abc y", "abc  noted  x\n");
    row(
        "a file whose name differs from an id by case only?",
        "is no ticket and is named, so no two ids are one file where case does not count",
    )
    .given("ABC", "title = \"x\"\n")
    .says(
        "list",
        ".ticks/ABC.toml:1: the file's name must be an id: `ABC` is not a ticket id",
    )
    .ends("show abc", 3, "no ticket `abc`")
    .ends("show ABC", 3, "no ticket `ABC`");
}
