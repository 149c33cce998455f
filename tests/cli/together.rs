//! Many at once, and what is killed in between.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::Sandbox;

#[test]
fn of_many_writers_nothing_is_lost() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"Shared\"\n");
    for number in 0..6 {
        sandbox.ticket(&format!("b{number}"), "title = \"x\"\n");
    }
    std::thread::scope(|scope| {
        for number in 0..6 {
            let sandbox = &sandbox;
            let run = move |args: [&str; 4]| sandbox.tk(args).ok();
            scope.spawn(move || run(["update", "abc", "--add-label", &format!("l{number}")]));
            scope.spawn(move || run(["note", "abc", &format!("note {number}"), "--quiet"]));
            scope.spawn(move || run(["block", "abc", &format!("b{number}"), "--quiet"]));
            // A reader never sees a part of a file.
            scope.spawn(move || {
                let output = sandbox.tk(["show", "abc", "--json"]);
                assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
            });
        }
    });
    let shown = sandbox.tk(["show", "abc", "--json"]).json()["tickets"][0].clone();
    for key in ["labels", "notes", "blocked_by"] {
        assert_eq!(shown[key].as_array().unwrap().len(), 6, "{key}: {shown}");
    }
}

#[test]
fn new_tickets_at_once_have_different_ids() {
    let sandbox = Sandbox::initialised();
    let ids: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
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
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"x\"\n");
    let lock = sandbox.path().join(".git/tk/lock");
    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
    std::fs::write(&lock, "").unwrap();
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
    // Reading needs no lock.
    sandbox.tk(["list"]).ok();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| sandbox.tk(["note", "abc", "waited"]));
        holder.kill().unwrap();
        holder.wait().unwrap();
        writer.join().unwrap().ok();
    });
}
