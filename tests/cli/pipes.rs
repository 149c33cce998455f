//! Output that nobody reads to its end.

use std::fmt::Write;
use std::process::Stdio;

use crate::support::Sandbox;

#[test]
fn a_broken_pipe_is_silent_for_every_command() {
    let sandbox = Sandbox::initialised();
    for number in 0..20 {
        let title = "x".repeat(4000);
        sandbox.ticket(&format!("t{number}"), &format!("title = \"{title}\"\n"));
    }
    let agent = "kind = \"command\"\ncommand = [\"true\"]\n";
    sandbox.write(".ticks/agents/sh.toml", agent);
    // A run to replay.
    let run = ".git/tk/runs/01KAG24YB0QF7XJ7W0X1T1S5E7";
    sandbox.write(
        format!("{run}/run.json"),
        r#"{"run":"01KAG24YB0QF7XJ7W0X1T1S5E7","key":"t0","title":"t0","epic":null,"tickets":["t0"],"started_at":"2026-11-20T08:38:50Z","onto":"main","branch":"tk/run/t0"}"#,
    );
    let mut journal = String::new();
    for seq in 0..400 {
        let event = format!(
            r#"{{"seq":{seq},"at":"2026-11-20T08:38:50Z","run":"01KAG24YB0QF7XJ7W0X1T1S5E7","ticket":null,"wave":null,"kind":"warning","text":"long"}}"#
        );
        writeln!(journal, "{event}").unwrap();
    }
    sandbox.write(format!("{run}/journal.jsonl"), &journal);
    assert!(sandbox.tk(["log", "01KAG24YB0QF7XJ7W0X1T1S5E7"]).ok().len() > 1000);
    for args in [
        &["list"][..],
        &["list", "--json"],
        &["list", "--full", "--json"],
        &["ready"],
        &["ready", "--json"],
        &["blocked", "--json"],
        &["next"],
        &["next", "--json"],
        &["show", "t0", "t1"],
        &["show", "t0", "--json"],
        &["graph"],
        &["graph", "--json"],
        &["graph", "--dot"],
        &["graph", "--mermaid"],
        &["new", "x"],
        &["new", "x", "--json"],
        &["update", "t0", "-p", "1"],
        &["note", "t0", "x", "--json"],
        &["init"],
        &["init", "--json"],
        &["prime"],
        &["config"],
        &["config", "--json"],
        &["schema"],
        &["schema", "ticket"],
        &["completions", "bash"],
        &["completions", "zsh"],
        &["runs", "--json"],
        &["log", "01KAG24YB0QF7XJ7W0X1T1S5E7"],
        &["log", "01KAG24YB0QF7XJ7W0X1T1S5E7", "--json"],
        &["run", "t0", "--plan", "--agent", "sh"],
        &["--help"],
        &["help"],
        &["list", "--help"],
        &["--version"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = sandbox.tk_command();
        command.args(args).stdout(writer).stderr(Stdio::piped());
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), said.as_str()),
            (Some(141), ""),
            "{args:?}"
        );
    }
}

#[test]
fn a_full_disk_behind_standard_output_is_told() {
    if !std::path::Path::new("/dev/full").exists() {
        crate::untried::could_not("there is no /dev/full");
        return;
    }
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"x\"\n");
    for args in [&["list"][..], &["list", "--json"], &["schema", "ticket"]] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let mut command = sandbox.tk_command();
        command
            .args(args)
            .stdout(full.unwrap())
            .stderr(Stdio::piped());
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(
            said.contains("cannot write: No space left on device"),
            "{said}"
        );
    }
}

#[test]
fn an_archive_comes_from_standard_input_where_it_is_one_file() {
    let line = "{\"id\":\"abc\",\"title\":\"One\"}\n";
    for path in ["-", "/dev/stdin", "/dev/fd/0"] {
        let sandbox = Sandbox::initialised();
        let told = sandbox.tk_with_input(["import", "jsonl", path], line).ok();
        assert_eq!(told, "imported 1 ticket (1 task)\n", "{path}");
        let refused = sandbox.tk_with_input(["import", "jsonl", path], "no");
        let name = if path == "-" { "standard input" } else { path };
        let expected = format!("error: {name}:1: not a JSON object");
        assert!(refused.stderr.starts_with(&expected), "{refused}");
        for format in ["ticks", "ticket", "backlog"] {
            let refused = sandbox.tk_with_input(["import", format, path], line);
            assert_eq!(refused.code, 2, "{refused}");
            assert_eq!(
                refused.stderr,
                format!(
                    "error: {name} is no archive of `{format}`, which is a folder of files\n\
                     hint: expected the path of that folder, or of the repository it is in\n"
                )
            );
        }
    }
}

#[test]
fn an_export_goes_to_standard_output_by_name_too() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"One\"\n");
    let text = sandbox.tk(["export"]).ok();
    assert_eq!(sandbox.tk(["export", "-o", "-"]).ok(), text);
    assert!(!sandbox.path().join("-").exists());
    let told = sandbox.tk(["export", "-o", "-", "--json"]).json();
    assert_eq!(told, sandbox.tk(["export", "--json"]).json());
}
