//! The session in the manual is what happens.

use crate::support::Sandbox;

#[test]
fn the_session_of_the_manual_goes_as_printed() {
    let printed = include_str!("../../src/cli/man/session.txt");
    let sandbox = Sandbox::new();
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_tk"));
    let folder = folder.parent().unwrap().display();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    let mut seen = String::new();
    for line in printed.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let mut command = sandbox.command("sh");
        command.args(["-c", line]).env("PATH", &path);
        let output = sandbox.run(&mut command, None);
        assert_eq!(output.code, 0, "{line}: {output}");
        seen.push_str(&format!("$ {line}\n{}{}", output.stdout, output.stderr));
    }
    assert_eq!(seen, printed);
}

#[test]
fn pages_are_written_where_they_are_wanted() {
    let sandbox = Sandbox::without_repository();
    let said = sandbox.tk(["man", "share/man1", "--json"]);
    assert_eq!(said.code, 0, "{said}");
    let files = said.json()["files"].as_array().unwrap().len();
    let folder = sandbox.path().join("share/man1");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), files);
    let page = sandbox.read("share/man1/tk-close.1");
    for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES"] {
        assert!(
            page.contains(&format!(".SH {section}\n")),
            "{section}:\n{page}"
        );
    }
    assert!(
        page.contains(".SH \"EXIT STATUS\"\n.TP\n\\fB0\\fR\n"),
        "{page}"
    );
    assert!(!folder.join("tk-worker-shim.1").exists());
    // A file in the way is told, and stays.
    sandbox.write("taken", "mine");
    let refused = sandbox.tk(["man", "taken"]);
    assert_eq!(refused.code, 1, "{refused}");
    assert_eq!(sandbox.read("taken"), "mine");
}
