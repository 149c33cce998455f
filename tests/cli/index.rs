//! The cache of what tickets say: nobody can tell that it is there, but by the clock.

use std::collections::BTreeSet;

use crate::project::worktrees_of_bare;
use crate::support::Sandbox;

/// Commands that look at all tickets, `ID` being one of them.
const READING: &[&str] = &[
    "list",
    "list --all",
    "list --all --json",
    "list --all --full --json",
    "list --json --fields id,updated_at,note_count,cost_usd,acceptance,description",
    "list --ready",
    "list --blocked --sort title",
    "list --overdue",
    "list --awaiting",
    "list -l api -o dana@example.com",
    "list -l nowhere",
    "list -s closed -t bug -p 0-2",
    "list --parent ID",
    "list --all --sort updated",
    "list --all --sort -due",
    "list --all --sort owner",
    "list --all --sort estimate --limit 7",
    "list --all --sort type",
    "list --all --sort status",
    "ready",
    "ready --json",
    "ready --full --json",
    "next",
    "next --json",
    "blocked",
    "blocked --json",
    "graph",
    "graph ID",
    "graph ID --json",
    "graph --json",
    "search number",
    "search nmber --json -n 3",
    "search title -s open -l api --full --json",
    "show ID",
    "show ID --json",
    "show id-that-is-none",
    "show t",
    "doctor --json",
    "stats --json",
];

fn said(sandbox: &Sandbox, line: &str, id: &str) -> String {
    let words = line
        .split(' ')
        .map(|word| if word == "ID" { id } else { word });
    let output = sandbox.tk(words);
    format!("{output}\n{}", output.code)
}

/// Runs every reading command without the cache, while it comes about, and with it.
#[track_caller]
fn same_both_ways(sandbox: Sandbox, ids: &[&str]) {
    let plain = sandbox.with_env("TK_TEST_INDEX", "off");
    let lines = || {
        READING
            .iter()
            .flat_map(|line| ids.iter().map(move |id| (*line, *id)))
    };
    let lines = || lines().filter(|(line, id)| line.contains("ID") || *id == ids[0]);
    let expected: Vec<String> = lines().map(|(line, id)| said(&plain, line, id)).collect();
    let cached = plain.with_env("TK_TEST_INDEX", "eager");
    assert!(!cached.path().join(".git/tk/index").exists());
    for round in 0..2 {
        for ((line, id), expected) in lines().zip(&expected) {
            assert_eq!(
                &said(&cached, line, id),
                expected,
                "{line} {id}, round {round}"
            );
        }
    }
    assert!(cached.path().join(".git/tk/index").exists());
}

/// Numbers that follow from the one before.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A ticket of any kind, with edges to others and to none.
fn any_ticket(number: u64, of: u64, random: &mut Numbers) -> String {
    let mut text = format!("title = \"Ticket {number} of Ärger\"\n");
    let mut sometimes = |one_in: u64, line: &dyn Fn(&mut Numbers) -> String| {
        if random.below(one_in) == 0 {
            text += &line(random);
            text.push('\n');
        }
    };
    sometimes(4, &|_| "type = \"epic\"".to_owned());
    sometimes(3, &|_| {
        "status = \"closed\"\nclosed_at = 2026-11-19T08:00:00Z".to_owned()
    });
    sometimes(2, &|r| format!("priority = {}", r.below(5)));
    sometimes(3, &|r| format!("parent = \"t{}\"", r.below(of)));
    sometimes(2, &|r| {
        format!(
            "blocked_by = [\"t{}\", \"t{}\"]",
            r.below(of),
            r.below(of + 9)
        )
    });
    sometimes(6, &|r| format!("after = [\"t{}\"]", r.below(of)));
    sometimes(9, &|r| format!("related = [\"t{}\"]", r.below(of)));
    sometimes(4, &|r| format!("labels = [\"api\", \"l{}\"]", r.below(4)));
    sometimes(4, &|_| "owner = \"dana@example.com\"".to_owned());
    sometimes(5, &|r| format!("estimate = \"{}m\"", 5 + r.below(500)));
    sometimes(7, &|r| format!("due = 2026-11-{:02}", 1 + r.below(30)));
    sometimes(9, &|r| {
        format!("defer_until = 2026-11-{:02}", 1 + r.below(30))
    });
    sometimes(9, &|_| "awaiting = \"input\"".to_owned());
    sometimes(9, &|_| "requires = \"review\"".to_owned());
    sometimes(3, &|r| {
        format!("created_at = 2026-11-{:02}T08:00:00Z", 1 + r.below(18))
    });
    sometimes(4, &|_| "description = \"\"\"\nLong\ntext\"\"\"".to_owned());
    sometimes(4, &|r| {
        let met = r.below(2) == 0;
        format!("[[acceptance]]\ntext = \"a\"\ncheck = \"true\"\nmet = {met}")
    });
    sometimes(4, &|r| {
        let day = 1 + r.below(19);
        format!("[[notes]]\nat = 2026-11-{day:02}T09:00:00.5Z\nby = \"ann\"\ntext = \"said\"")
    });
    sometimes(5, &|r| {
        let minute = r.below(60);
        format!(
            "[[runs]]\nrun = \"01KAGXJ0000000000000000000\"\nattempt = 1\nagent = \"claude\"\n\
             started_at = 2026-11-18T09:00:00Z\nended_at = 2026-11-18T10:{minute:02}:00Z\n\
             outcome = \"landed\"\ncost_usd = 0.{minute:02}"
        )
    });
    text
}

#[test]
fn reading_commands_say_the_same_of_any_tickets() {
    let sandbox = Sandbox::initialised();
    let mut random = Numbers(5);
    for number in 0..60 {
        sandbox.ticket(&format!("t{number}"), &any_ticket(number, 60, &mut random));
    }
    same_both_ways(sandbox, &["t1", "t7", "t30"]);
}

#[test]
fn reading_commands_say_the_same_of_files_written_by_hand() {
    let sandbox = Sandbox::initialised();
    let files = [
        ("ok1", "title = \"Fine\"\nunknown = [1, 2]\n# a comment\n"),
        ("ok2", "# only\ntitle = 'Literal'\r\nlabels = []\r\n"),
        (
            "ok3",
            "title = \"\"\"\nOver lines\"\"\"\nblocked_by = [\"no1\", \"ok3\"]\n",
        ),
        ("nw-5c46", "title = \"Imported\"\nparent = \"bd-a3f8.1\"\n"),
        ("bd-a3f8.1", "title = \"Parent\"\nparent = \"nw-5c46\"\n"),
        ("no1", "title = 3\n"),
        ("no2", "title = \"x\"\nstatus = \"unheard of\"\n"),
        (
            "no3",
            "title = \"x\"\n<<<<<<< ours\npriority = 1\n=======\n>>>>>>> theirs\n",
        ),
        ("no4", ""),
        ("no5", "title = \"x\"\npriority = 9\n"),
        ("no6", "title = \"x\"\ntitle = \"y\"\n"),
        ("No7", "title = \"capital\"\n"),
        ("-no8", "title = \"dash\"\n"),
    ];
    for (id, text) in files {
        sandbox.ticket(id, text);
    }
    let ticks = sandbox.path().join(".ticks");
    std::os::unix::fs::symlink("ok1.toml", ticks.join("li1.toml")).unwrap();
    std::fs::create_dir(ticks.join("fo1.toml")).unwrap();
    same_both_ways(sandbox, &["ok3", "nw-5c46", "no3"]);
}

/// The files of the folder that a command opens.
#[cfg(target_os = "linux")]
fn opened(sandbox: &Sandbox, args: &[&str]) -> BTreeSet<String> {
    opened_in(sandbox, ".", args)
}

/// The same, in that working tree.
#[cfg(target_os = "linux")]
fn opened_in(sandbox: &Sandbox, tree: &str, args: &[&str]) -> BTreeSet<String> {
    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

    let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
    let ticks = sandbox.path().join(tree).join(".ticks");
    inotify::add_watch(&watch, ticks, WatchFlags::OPEN).unwrap();
    let output = sandbox.tk(["-C", tree].iter().chain(args));
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
    let mut buffer = [std::mem::MaybeUninit::uninit(); 1 << 16];
    let mut events = inotify::Reader::new(&watch, &mut buffer);
    let mut names = BTreeSet::new();
    // Ends when there is nothing more to read.
    while let Ok(event) = events.next() {
        assert!(!event.events().contains(ReadFlags::QUEUE_OVERFLOW));
        names.extend(
            event
                .file_name()
                .map(|name| name.to_str().unwrap().to_owned()),
        );
    }
    names
}

#[cfg(target_os = "linux")]
#[test]
fn only_files_that_have_changed_are_opened() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("t0", "title = \"0\"\n");
    for number in 1..40 {
        let text = format!("title = \"{number}\"\nblocked_by = [\"t{}\"]\n", number - 1);
        sandbox.ticket(&format!("t{number}"), &text);
    }
    let begun = std::time::Instant::now();
    // The first looks are at files that are younger than a tick of the clock.
    while opened(&sandbox, &["list"]).len() > 1 {
        assert!(begun.elapsed().as_secs() < 30, "the cache is never used");
    }
    let config = "config.toml".to_owned();
    let files = |ids: &[&str]| -> BTreeSet<String> {
        let files = ids.iter().map(|id| format!("{id}.toml"));
        files.chain([config.clone()]).collect()
    };
    for reading in [
        &["list", "--json"][..],
        &["ready"],
        &["blocked"],
        &["graph"],
        &["next"],
    ] {
        assert_eq!(opened(&sandbox, reading), files(&[]), "{reading:?}");
    }
    assert_eq!(opened(&sandbox, &["show", "t5"]), files(&["t5"]));
    assert_eq!(
        opened(&sandbox, &["show", "t5", "t9", "--json"]),
        files(&["t5", "t9"])
    );
    let full = &["list", "-n", "2", "--sort", "id", "--full", "--json"];
    assert_eq!(opened(&sandbox, full), files(&["t0", "t1"]));
    // Changing one reads that one; and so does the next look.
    sandbox.tk(["note", "t7", "said"]).ok();
    assert!(opened(&sandbox, &["show", "t5"]).is_superset(&files(&["t5", "t7"])));
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message=all"]);
    sandbox.git(["switch", "--quiet", "--create=other"]);
    sandbox.ticket("t8", "title = \"On another branch\"\n");
    sandbox.git(["commit", "--quiet", "--all", "--message=other"]);
    let there = sandbox.tk(["list", "--json"]).json();
    sandbox.git(["switch", "--quiet", "main"]);
    let here = sandbox.tk(["show", "t8", "--json"]).json();
    assert_eq!(here["tickets"][0]["title"], "8");
    sandbox.git(["switch", "--quiet", "other"]);
    assert_eq!(sandbox.tk(["list", "--json"]).json(), there);
}

/// Worktrees of a bare repository have tickets of their own each, and caches, too.
#[cfg(target_os = "linux")]
#[test]
fn worktrees_with_tickets_of_their_own_leave_one_another_what_is_cached() {
    let sandbox = Sandbox::initialised();
    for number in 0..40 {
        sandbox.ticket(
            &format!("t{number}"),
            &format!("title = \"Ticket {number}\"\n"),
        );
    }
    worktrees_of_bare(&sandbox, &["one", "two"]);
    for number in 0..40 {
        let text = format!("title = \"Another ticket {number}\"\n");
        sandbox.write(format!("../two/.ticks/t{number}.toml"), &text);
    }
    let begun = std::time::Instant::now();
    // The configuration; and what is found, to be shown.
    let looks = [
        (&["list"][..], 1),
        (&["search", "ticket", "-n", "1", "-q"], 2),
    ];
    for (args, few) in looks {
        let opened = |tree| opened_in(&sandbox, tree, args).len();
        // The first looks are at files that are younger than a tick of the clock.
        while [opened("../one"), opened("../two")] != [few, few] {
            assert!(begun.elapsed().as_secs() < 30, "the caches are never used");
        }
    }
    for (args, few) in looks {
        for (dir, tree) in [("../two/.ticks", "../two"), ("../one/.ticks", "../one")] {
            let named = sandbox.tk_command().env("TK_DIR", dir).args(args).output();
            assert!(named.unwrap().status.success());
            assert_eq!(
                opened_in(&sandbox, tree, args).len(),
                few,
                "{tree} {args:?}"
            );
        }
    }
}

#[test]
fn only_a_worktree_with_tickets_of_its_own_has_caches_of_its_own() {
    let sandbox = Sandbox::initialised().with_env("TK_TEST_INDEX", "eager");
    sandbox.ticket("abc", "title = \"Any\"\n");
    worktrees_of_bare(&sandbox, &["one"]);
    sandbox.git(["worktree", "add", "--quiet", "../linked"]);
    let there = |path: &str| sandbox.path().join(path).exists();
    for tree in ["../one", "../linked"] {
        sandbox.tk(["-C", tree, "claim", "abc"]).ok();
        sandbox.tk(["-C", tree, "search", "any"]).ok();
    }
    for name in ["index", "search"] {
        assert!(there(&format!("../bare.git/worktrees/one/tk/{name}")));
        assert!(!there(&format!("../bare.git/tk/{name}")));
        assert!(there(&format!(".git/tk/{name}")));
    }
    // All else is of the clone.
    assert!(there("../bare.git/tk/claims/abc"));
    assert!(!there("../bare.git/worktrees/one/tk/claims"));
    assert!(!there(".git/worktrees/linked/tk"));
}
