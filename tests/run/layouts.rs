//! Repositories whose folder of git's is not in the main working tree: from the worktrees of a run
//! the tickets are found all the same, and what it made lands.

use serde_json::json;

use crate::rig::Rig;

/// A rig that was made something else of.
type Make = fn(&Rig);

/// As `git init --separate-git-dir` makes it.
fn separate(rig: &Rig) {
    rig.sandbox
        .git(["init", "--quiet", "--separate-git-dir", "../elsewhere"]);
}

/// A submodule of the folder that it is in.
fn submodule(rig: &Rig) {
    let git = |args: &[&str]| {
        let mut git = rig.sandbox.command("git");
        let git = git.current_dir(rig.sandbox.root()).args(args);
        rig.sandbox.run(git, None).ok()
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["submodule", "--quiet", "add", "./repo", "repo"]);
    git(&["submodule", "--quiet", "absorbgitdirs"]);
    git(&["commit", "--quiet", "--message=submodule"]);
}

/// A worktree of a bare repository.
fn of_bare(rig: &Rig) {
    let path = rig.sandbox.path();
    let bare = rig.sandbox.root().join("bare.git");
    rig.sandbox.git(["config", "core.bare", "true"]);
    std::fs::rename(path.join(".git"), &bare).unwrap();
    std::fs::remove_dir_all(&path).unwrap();
    let mut git = rig.sandbox.command("git");
    git.current_dir(&bare)
        .args(["worktree", "add", "--quiet", "../repo", "main"]);
    rig.sandbox.run(&mut git, None).ok();
}

#[test]
fn workers_find_the_tickets_and_their_work_lands() {
    let layouts: [(&str, Make); 3] = [
        ("separate", separate),
        ("submodule", submodule),
        ("of a bare one", of_bare),
    ];
    for (name, make) in layouts {
        let rig = Rig::new(&[("one", "")]);
        rig.sandbox.git(["add", "--all"]);
        rig.sandbox.git(["commit", "--quiet", "--message=tickets"]);
        make(&rig);
        let tk = env!("CARGO_BIN_EXE_tk");
        let note = format!("{tk} note one 'half of it' >&2 && {tk} new 'Found a bug' >&2");
        rig.script(json!({"one": [[
            {"run": note}, {"run": "echo done > one.txt"}, {"commit": "work"},
        ]]}));
        let check = format!("{tk} show one | grep -q 'half of it'");
        let ended = rig.run(["--max-cost", "5", "--check", &check]).expect(0);
        assert_eq!(ended.ids("landed"), ["one"], "{name}");
        assert_eq!(ended.warnings(), [""; 0], "{name}");
        assert_eq!(rig.notes("one"), ["half of it"], "{name}");
        let listed = rig.sandbox.tk(["list", "--fields", "title"]).ok();
        assert!(listed.contains("Found a bug"), "{name}: {listed}");
        assert_eq!(rig.sandbox.read("one.txt"), "done\n", "{name}");
        assert_eq!(rig.landings("one", "main"), 1, "{name}");
        let worktrees = if name == "of a bare one" { 2 } else { 1 };
        assert_eq!(rig.worktrees(), worktrees, "{name}");
    }
}
