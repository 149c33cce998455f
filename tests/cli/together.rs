//! Many at once, and what is killed in between.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::Sandbox;

#[test]
fn of_64_writers_on_one_ticket_nothing_is_lost() {
    const EACH: usize = 16;
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"Shared\"\n");
    for number in 0..EACH {
        sandbox.ticket(&format!("b{number}"), "title = \"x\"\n");
    }
    std::thread::scope(|scope| {
        for number in 0..EACH {
            let sandbox = &sandbox;
            let run = move |args: &[&str]| sandbox.tk(args).ok();
            scope.spawn(move || run(&["update", "abc", "--add-label", &format!("l{number}")]));
            scope.spawn(move || run(&["note", "abc", &format!("note {number}"), "--quiet"]));
            scope.spawn(move || run(&["block", "abc", &format!("b{number}"), "--quiet"]));
            let status = ["open", "in_progress"][number % 2];
            scope.spawn(move || run(&["update", "abc", "--status", status, "--quiet"]));
        }
    });
    let shown = sandbox.tk(["show", "abc", "--json"]).json()["tickets"][0].clone();
    for (key, prefix) in [("labels", "l"), ("blocked_by", "b")] {
        let named = (0..EACH).map(|number| format!("{prefix}{number}"));
        let named: BTreeSet<String> = named.collect();
        let there = shown[key].as_array().unwrap().iter();
        let there = there.map(|value| value.as_str().unwrap().to_owned());
        assert_eq!(there.collect::<BTreeSet<_>>(), named, "{shown}");
    }
    let notes = shown["notes"].as_array().unwrap().iter();
    let notes = notes.map(|note| note["text"].as_str().unwrap().to_owned());
    let wanted = (0..EACH).map(|number| format!("note {number}"));
    let (notes, wanted): (BTreeSet<_>, BTreeSet<_>) = (notes.collect(), wanted.collect());
    assert_eq!(notes, wanted);
}

/// Every reading command, over and over while tickets are written, made and deleted.
#[test]
fn a_reader_sees_whole_files_only() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"Shared\"\n");
    sandbox.ticket("def", "title = \"y\"\nblocked_by = [\"abc\"]\n");
    let writing = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let (sandbox, writing) = (&sandbox, &writing);
        let writer = scope.spawn(move || {
            for number in 0..40 {
                let long = format!("{number} ").repeat(2000);
                sandbox.tk(["update", "abc", "-d", &long]).ok();
                sandbox.tk(["note", "abc", &long]).ok();
                let id = sandbox.file(["x"]);
                sandbox.tk(["block", &id, "abc"]).ok();
                sandbox.tk(["delete", &id]).ok();
            }
        });
        for readers in [
            [
                &["list", "--json"][..],
                &["show", "abc", "--json"],
                &["blocked", "--json"],
            ],
            [
                &["graph", "--json"],
                &["next", "--json"],
                &["ready", "--json"],
            ],
        ] {
            scope.spawn(move || {
                while writing.load(Ordering::Relaxed) {
                    for args in readers {
                        let output = sandbox.tk(args);
                        let said = (output.code, output.stderr.as_str());
                        assert_eq!(said, (0, ""), "{args:?} {output}");
                        let document = output.json();
                        assert!(document["schema"].is_string(), "{args:?} {output}");
                    }
                }
            });
        }
        let written = writer.join();
        writing.store(false, Ordering::Relaxed);
        written.unwrap();
    });
}

#[test]
fn of_1000_writes_from_8_processes_none_is_lost() {
    const EACH: usize = 125;
    let sandbox = Sandbox::initialised();
    for number in 0..4 {
        sandbox.ticket(&format!("n{number}"), "title = \"Shared\"\n");
    }
    // Every process draws the same random numbers, so they want the same ids.
    let made: Vec<String> = std::thread::scope(|scope| {
        let process = |number: usize| {
            let sandbox = &sandbox;
            scope.spawn(move || {
                let mut made = Vec::new();
                for turn in 0..EACH {
                    if turn % 5 == 0 {
                        made.push(sandbox.file([&format!("of {number} {turn}")]));
                    } else {
                        let text = format!("of {number} {turn}");
                        let shared = format!("n{}", turn % 4);
                        sandbox.tk(["note", &shared, &text, "--quiet"]).ok();
                    }
                }
                made
            })
        };
        let threads: Vec<_> = (0..8).map(process).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Vec<String>>| thread.join().unwrap();
        threads.into_iter().flat_map(join).collect()
    });
    let distinct: BTreeSet<&String> = made.iter().collect();
    assert_eq!((made.len(), distinct.len()), (200, 200));
    let shown = sandbox
        .tk(["show", "n0", "n1", "n2", "n3", "--json"])
        .json();
    let tickets = shown["tickets"].as_array().unwrap().iter();
    let notes = tickets.flat_map(|ticket| ticket["notes"].as_array().unwrap());
    let texts: BTreeSet<&str> = notes.map(|note| note["text"].as_str().unwrap()).collect();
    assert_eq!(texts.len(), 800);
    let listed = sandbox.tk(["list", "--json", "--fields", "id"]).json();
    assert_eq!(listed["total"], 204);
    for entry in std::fs::read_dir(sandbox.path().join(".ticks")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with('.'), "{name} is left over");
    }
}

/// A change of a scalar leaves every other byte as it was, in a file laid out by hand.
#[test]
fn a_scalar_changes_alone() {
    let rest = "# mine\nlabels   = [ \"b\",\"a\" ]  # in my order\nblocked_by = ['def',]\n\n\n\
                estimate = '1h'   # odd\n[[notes]]\n  text = 'kept'\n  by='me'\n\
                at = 2026-11-20T09:02:11.5+01:00\n# the end";
    for (option, value, line) in [
        ("--title", "new", "title = \"new\""),
        ("--priority", "0", "priority = 0"),
        ("--type", "bug", "type = \"bug\""),
        ("--owner", "ann", "owner = \"ann\""),
    ] {
        let sandbox = Sandbox::initialised();
        sandbox.ticket("def", "title = \"y\"\n");
        let head = |title: &str, priority: &str, kind: &str, owner: &str| {
            format!("{title}\n{priority}\n{kind}\n{owner}\n{rest}")
        };
        let old = [
            "title = \"old\"",
            "priority = 3",
            "type = \"task\"",
            "owner = \"bob\"",
        ];
        sandbox.ticket("abc", &head(old[0], old[1], old[2], old[3]));
        sandbox.tk(["update", "abc", option, value]).ok();
        let key = line.split(' ').next().unwrap();
        let new = old.map(|old| if old.starts_with(key) { line } else { old });
        assert_eq!(
            sandbox.read(".ticks/abc.toml"),
            head(new[0], new[1], new[2], new[3]),
            "{option}"
        );
    }
}

#[test]
fn new_tickets_at_once_have_different_ids() {
    let sandbox = Sandbox::initialised();
    let ids: BTreeSet<String> = std::thread::scope(|scope| {
        // All of them draw the same random numbers.
        let threads: Vec<_> = (0..12)
            .map(|_| scope.spawn(|| sandbox.file(["x"])))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(ids.len(), 12);
}

#[test]
fn the_lock_of_a_killed_process_is_free() {
    let sandbox = Sandbox::initialised().with_env("TK_TEST_LOCK_WAIT", "0");
    sandbox.ticket("abc", "title = \"x\"\n");
    let lock = sandbox.path().join(".git/tk/lock");
    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
    std::fs::write(&lock, "process 12 (`tk note`)\n").unwrap();
    let script = "exec 9<>\"$0\"; flock 9; echo held; exec sleep 600";
    let mut command = sandbox.command("bash");
    command
        .arg("-c")
        .arg(script)
        .arg(&lock)
        .stdout(Stdio::piped());
    let mut holder = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "held\n");
    // Who waits in vain is told who has it, and to try again; nothing is changed.
    let before = crate::probes::tree(&sandbox);
    let said = "error: the store is locked by process 12 (`tk note`)\n\
                hint: try again; the lock goes away with the process that holds it\n";
    for args in [
        &["note", "abc", "x"][..],
        &["new", "x"],
        &["claim", "abc"],
        &["next", "--claim"],
        &["delete", "abc"],
    ] {
        let output = sandbox.tk(args);
        assert_eq!((output.code, output.stderr.as_str()), (5, said), "{args:?}");
    }
    let output = sandbox.tk(["note", "abc", "x", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&output.stderr).unwrap();
    assert_eq!(error["error"]["code"], "LOCKED");
    assert_eq!(error["error"]["retryable"], true);
    assert_eq!(
        error["error"]["context"]["holder"],
        "process 12 (`tk note`)"
    );
    assert_eq!(crate::probes::tree(&sandbox), before);
    // Reading needs no lock.
    sandbox.tk(["list"]).ok();
    holder.kill().unwrap();
    holder.wait().unwrap();
    sandbox.tk(["note", "abc", "at once"]).ok();
}

/// Killed at moments all over its work, a writer leaves whole files and a free lock behind, and
/// what it has not finished goes away with the next ticket that is made.
#[test]
fn a_writer_that_is_killed_leaves_nothing_behind() {
    let sandbox = Sandbox::initialised().with_env("TK_TEST_LOCK_WAIT", "0");
    sandbox.ticket("abc", "title = \"x\"\n");
    let begun = std::time::Instant::now();
    sandbox
        .tk(["new", "whole", "-d", &"x".repeat(100_000)])
        .ok();
    let whole = begun.elapsed();
    for turn in 0..40 {
        let mut command = sandbox.tk_command();
        command.args(["new", "killed", "-d", &"x".repeat(100_000)]);
        let begun = std::time::Instant::now();
        let mut writer = command.stdout(Stdio::null()).spawn().unwrap();
        while begun.elapsed() < whole * turn / 40 {
            std::hint::spin_loop();
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        let output = sandbox.tk(["list", "--fields", "title"]);
        assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
        sandbox.tk(["note", "abc", &format!("after {turn}")]).ok();
    }
    sandbox.tk(["new", "last"]).ok();
    for entry in std::fs::read_dir(sandbox.path().join(".ticks")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with('.'), "{name} is left over");
    }
    let notes = sandbox.tk(["show", "abc", "--json"]).json();
    assert_eq!(notes["tickets"][0]["note_count"], 40);
}
