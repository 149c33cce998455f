//! What `tk run` and `tk log` print for people: colours, lengths, and where a reason is found.

use serde_json::json;

use crate::rig::Rig;

/// What the command shows on a terminal of that many columns.
fn on_terminal(rig: &Rig, columns: usize, words: &str, variables: &[(&str, &str)]) -> String {
    let tk = env!("CARGO_BIN_EXE_tk");
    let mut command = rig.sandbox.command("script");
    let words = format!("stty rows 24 cols {columns}; {tk} {words}");
    command.args(["--quiet", "--command", &words, "/dev/null"]);
    command.env("TERM", "xterm");
    for (name, value) in variables {
        command.env(name, value);
    }
    rig.sandbox.run(&mut command, None).stdout
}

/// Whether anything in it is coloured.
fn is_coloured(text: &str) -> bool {
    text.contains("\u{1b}[32m") || text.contains("\u{1b}[31m")
}

#[test]
fn a_live_run_has_colours_only_where_they_are_wanted() {
    for (more, variables, expected) in [
        ("", &[][..], true),
        ("--color never", &[], false),
        ("", &[("NO_COLOR", "1")], false),
    ] {
        let rig = Rig::new(&[("one", "")]);
        let shown = on_terminal(&rig, 100, &format!("run epic {more}"), variables);
        assert!(shown.contains("landed"), "{shown}");
        assert_eq!(
            is_coloured(&shown),
            expected,
            "{more} {variables:?} {shown:?}"
        );
        let help = on_terminal(&rig, 100, &format!("run --help {more}"), variables);
        assert!(help.contains("Usage:"), "{help}");
        assert_eq!(
            help.contains('\u{1b}'),
            expected,
            "{more} {variables:?} {help:?}"
        );
    }
}

/// A ticket whose check prints much, the last of it being what matters.
fn red() -> Rig {
    let says = "printf '\\033[31mwrong\\033[0m\\n'; echo the-cause; exit 1";
    let much = "x".repeat(150);
    let check = format!("true {much} && sh -c {says:?}");
    let rig = Rig::new(&[("one", &format!("checks = [{check:?}]"))]);
    rig.sandbox
        .write(".ticks/config.toml", "[run]\nfix_rounds = 0\n");
    rig
}

#[test]
fn reasons_are_not_cut_where_there_is_no_terminal() {
    let rig = red();
    let output = rig.sandbox.tk(["run", "epic"]);
    assert_eq!(output.code, 7, "{output}");
    let log = rig.sandbox.tk(["log", "one"]).ok();
    for told in [&output.stderr, &log] {
        let red = told.lines().find(|line| line.contains("  red  ")).unwrap();
        assert!(red.ends_with(": exit code 1"), "{red}");
        assert!(!told.contains('…'), "{told}");
    }
}

#[test]
fn on_a_terminal_a_line_is_as_wide_as_that() {
    for (columns, more) in [(60, ""), (120, ""), (60, "-v")] {
        let rig = red();
        let words = format!("run epic --color never {more}");
        let shown = on_terminal(&rig, columns, &words, &[]);
        let (_, red) = shown.split_once("  one    red  ").unwrap();
        if more == "-v" {
            assert!(red.contains(": exit code 1"), "{shown:?}");
            continue;
        }
        // The bar follows it.
        let red = red.split(['█', '░', '\r', '\n']).next().unwrap().trim_end();
        assert!(red.ends_with('…'), "{shown:?}");
        // The time and what was cut off before take these columns.
        assert_eq!(
            red.chars().count() + "09:47:27Z  one    red  ".len(),
            columns
        );
    }
}

#[test]
fn what_a_red_check_printed_is_in_the_log_that_the_end_names() {
    let rig = red();
    let output = rig.sandbox.tk(["run", "epic"]);
    assert!(output.stdout.contains("`tk log ID -v`"), "{output}");
    let plain = rig.sandbox.tk(["log", "one"]).ok();
    assert!(!plain.contains("\n    "), "{plain}");
    let log = rig.sandbox.tk(["log", "one", "-v"]).ok();
    let printed = "    \\u{1b}[31mwrong\\u{1b}[0m\n    the-cause\n";
    assert!(log.contains(printed), "{log}");
}

#[test]
fn what_a_crashed_program_wrote_to_its_errors_is_in_the_log() {
    let rig = Rig::new(&[("one", "agent = \"loud\"")]);
    let agent = json!({"kind": "command", "command": ["sh", "-c", "echo first >&2; echo cause >&2; exit 7"]});
    let agent = toml::to_string(&agent).unwrap();
    rig.sandbox.write(".ticks/agents/loud.toml", &agent);
    rig.run(["--retries", "0"]).expect(7);
    let log = rig.sandbox.tk(["log", "one", "-v"]).ok();
    assert!(
        log.contains("crash: exit code 7\n    first\n    cause\n"),
        "{log}"
    );
}

#[test]
fn reasons_are_in_plain_words() {
    let rig = Rig::new(&[("one", "checks = [\"sleep 60\"]")]);
    rig.sandbox.write(
        ".ticks/config.toml",
        "[run]\nfix_rounds = 0\ncheck_time = \"1s\"\n",
    );
    let ended = rig.run([]).expect(7);
    let failed = ended.of("one", "failed")[0]["reason"].as_str().unwrap();
    assert!(
        failed.contains("ended with no result within its time limit of 1s"),
        "{failed}"
    );
}

/// A terminal that is closed fails every write like this; so does memory that is not there.
#[test]
fn a_run_whose_terminal_is_gone_ends_as_it_ended() {
    let rig = Rig::new(&[("one", "")]);
    let script = "exec 3>/proc/self/mem; \"$0\" run epic >&3; exit $?";
    let mut command = rig.sandbox.command("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_tk")]);
    let output = rig.sandbox.run(&mut command, None);
    assert_eq!(output.code, 0, "{output}");
    assert_eq!(rig.show("one")["status"], "closed");
}
