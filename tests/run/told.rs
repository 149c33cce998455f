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
