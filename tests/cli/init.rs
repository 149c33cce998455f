use insta::assert_snapshot;

use crate::support::Sandbox;

#[test]
fn sets_the_repository_up_once() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.tk(["init"]), @r"
    made  .ticks/
    made  .ticks/config.toml
    made  .gitattributes
    made  merge driver in the clone's git configuration
    ");
    assert_snapshot!(sandbox.tk(["init"]), @r"
    kept  .ticks/
    kept  .ticks/config.toml
    kept  .gitattributes
    kept  merge driver in the clone's git configuration
    ");
    assert_snapshot!(sandbox.tk(["init", "--json"]), @r#"{"schema":"tk.init.v1","changed":false,"path":"$ROOT/repo/.ticks","steps":[{"what":".ticks/","changed":false},{"what":".ticks/config.toml","changed":false},{"what":".gitattributes","changed":false},{"what":"merge driver in the clone's git configuration","changed":false}]}"#);
    assert_snapshot!(sandbox.read(".gitattributes"), @r"
    .ticks/*.toml merge=ticks text eol=lf
    .ticks/config.toml !merge
    ");
    assert_snapshot!(sandbox.git(["config", "--get-regexp", "^merge\\."]), @r#"
    merge.ticks.name tk: tickets, key by key
    merge.ticks.driver tk merge-driver %O %A %B %P %S %X %Y >/dev/null; case $? in 119) exit 0;; 120) exit 120;; *) exec git merge-file -L ours -L base -L theirs %A %O %B;; esac
    "#);
}

#[test]
fn keeps_what_is_there() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitattributes", "*.png binary");
    sandbox.write(".ticks/config.toml", "[run]\nparallel = 3\n");
    assert_snapshot!(sandbox.tk(["init"]), @r"
    kept  .ticks/
    kept  .ticks/config.toml
    made  .gitattributes
    made  merge driver in the clone's git configuration
    ");
    assert_snapshot!(sandbox.read(".gitattributes"), @r"
    *.png binary
    .ticks/*.toml merge=ticks text eol=lf
    .ticks/config.toml !merge
    ");
    assert_eq!(sandbox.read(".ticks/config.toml"), "[run]\nparallel = 3\n");
}

#[test]
fn needs_a_working_tree() {
    let sandbox = Sandbox::without_repository();
    assert_snapshot!(sandbox.tk(["init"]), @r"
    --- stderr
    error: `$ROOT/repo` is not in a git repository
    hint: tickets live in a git repository: `git init`, then `tk init`
    --- exit 6
    ");
    assert_snapshot!(sandbox.tk(["list", "--json"]), @r#"
    --- stderr
    {"schema":"tk.error.v1","error":{"code":"NO_REPOSITORY","message":"`$ROOT/repo` is not in a git repository","hint":"tickets live in a git repository: `git init`, then `tk init`","retryable":false,"exit_code":6,"context":{}}}
    --- exit 6
    "#);
    let mut command = sandbox.tk_command();
    let named = command.env("GIT_DIR", "elsewhere.git").arg("init");
    assert_snapshot!(sandbox.run(named, None), @r"
    --- stderr
    error: `$ROOT/repo` is not in a git repository
    hint: `GIT_DIR` is set and does not count: `tk` goes by the folder that it is started in
    --- exit 6
    ");
    sandbox.git(["init", "--quiet", "--bare", "."]);
    assert_snapshot!(sandbox.tk(["init"]), @r"
    --- stderr
    error: `$ROOT/repo` is a bare repository: there is no working tree here
    hint: run `tk` in a working tree of it
    --- exit 6
    ");
}

#[test]
fn works_from_a_linked_worktree_on_the_main_one() {
    let sandbox = Sandbox::new();
    sandbox.git(["worktree", "add", "--quiet", "../other"]);
    let elsewhere = sandbox.root().join("other");
    let elsewhere = elsewhere.to_str().unwrap();
    sandbox.tk(["-C", elsewhere, "init"]).ok();
    sandbox.tk(["-C", elsewhere, "new", "Here"]).ok();
    assert!(sandbox.path().join(".ticks/config.toml").exists());
    assert_eq!(sandbox.tk(["list", "--json"]).json()["total"], 1);
    assert!(!sandbox.root().join("other/.ticks").exists());
}

#[test]
fn a_clone_merges_tickets_without_the_driver() {
    let sandbox = Sandbox::initialised();
    let id = sandbox.tk(["new", "One"]).ok();
    let id = id.trim();
    sandbox.git(["add", "."]);
    sandbox.git(["commit", "--quiet", "--message=tickets"]);
    sandbox.git(["switch", "--quiet", "--create=side"]);
    sandbox.tk(["update", id, "--owner", "ann"]).ok();
    sandbox.git(["commit", "--quiet", "--all", "--message=owner"]);
    sandbox.git(["switch", "--quiet", "main"]);
    sandbox.tk(["update", id, "--priority", "0"]).ok();
    sandbox.git(["commit", "--quiet", "--all", "--message=priority"]);
    // `tk` is not on the path, then another program of that name is, then this one, which
    // does not know the command yet: each time git's own merge does it.
    let path = std::env::var("PATH").unwrap();
    let bin = sandbox.root().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let with = format!("{}:{path}", bin.display());
    let merge = |path: &str| {
        let mut git = sandbox.command("git");
        git.env("PATH", path)
            .args(["merge", "--quiet", "--no-edit", "side"]);
        let output = sandbox.run(&mut git, None);
        assert_eq!(output.code, 0, "{output}");
        let text = sandbox.read(format!(".ticks/{id}.toml"));
        assert!(
            text.contains("owner = \"ann\"") && text.contains("priority = 0"),
            "{text}"
        );
        sandbox.git(["reset", "--quiet", "--hard", "HEAD~1"]);
    };
    merge(&path);
    std::os::unix::fs::symlink("/bin/false", bin.join("tk")).unwrap();
    merge(&with);
    std::fs::remove_file(bin.join("tk")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tk"), bin.join("tk")).unwrap();
    merge(&with);
}

#[test]
fn the_folder_of_the_tickets_can_be_named() {
    let sandbox = Sandbox::initialised();
    sandbox.tk(["new", "One"]).ok();
    let ticks = sandbox.path().join(".ticks");
    let sandbox = sandbox.with_env("TK_DIR", ticks.to_str().unwrap());
    let outside = sandbox.root().to_owned();
    let output = sandbox.tk(["-C", outside.to_str().unwrap(), "list", "--json"]);
    assert_eq!(output.json()["total"], 1);
}

/// What no command can read is not kept as a configuration.
#[test]
fn what_is_no_file_is_no_configuration() {
    let sandbox = Sandbox::initialised();
    let config = sandbox.path().join(".ticks/config.toml");
    std::fs::remove_file(&config).unwrap();
    std::os::unix::fs::symlink("nowhere", &config).unwrap();
    assert_snapshot!(sandbox.tk(["init"]), @r"
    --- stderr
    error: cannot read `$ROOT/repo/.ticks/config.toml`: it is a symbolic link: expected a regular file
    --- exit 1
    ");
}
