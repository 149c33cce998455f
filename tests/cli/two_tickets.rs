//! One id that two branches gave to two tickets, settled: what each side said of its own stays so.

use std::collections::BTreeSet;

use tk::model::{Ticket, TicketId};

use crate::merge_driver::{change, commit, file, note, notes, read, repository};
use crate::support::Sandbox;

fn id(text: &str) -> TicketId {
    TicketId::parse(text).unwrap()
}

fn ids<const N: usize>(texts: [&str; N]) -> BTreeSet<TicketId> {
    texts.map(id).into()
}

/// Two branches of a base with ticket `def`: on `one` and, a day later, on `two` there is a new
/// ticket `xyz`, and what these do besides. `two` is checked out.
fn two_branches(one: impl FnOnce(&Sandbox), two: impl FnOnce(&Sandbox)) -> Sandbox {
    let sandbox = repository(&["def"]).without_env("TK_TEST_SEED");
    sandbox.git(["checkout", "--quiet", "-b", "one", "main"]);
    file(&sandbox, "xyz");
    one(&sandbox);
    commit(&sandbox, "one");
    sandbox.git(["checkout", "--quiet", "-b", "two", "main"]);
    let sandbox = sandbox.with_env("TK_TEST_NOW", "2026-11-22T08:00:00Z");
    titled(&sandbox, "xyz", "Later");
    two(&sandbox);
    commit(&sandbox, "two");
    sandbox
}

/// A new ticket of that title.
fn titled(sandbox: &Sandbox, id: &str, title: &str) {
    file(sandbox, id);
    change(sandbox, id, |ticket| ticket.title = title.to_owned());
}

/// Has git do what leaves a conflict.
#[track_caller]
fn leave<const N: usize>(sandbox: &Sandbox, args: [&str; N]) {
    let ended = sandbox.run(sandbox.command("git").args(args), None);
    assert_eq!(ended.code, 1, "{ended}");
}

/// The new id that `tk resolve` with these arguments gives for that one.
#[track_caller]
fn new_id<const N: usize>(sandbox: &Sandbox, old: &str, args: [&str; N]) -> String {
    let told = sandbox.tk([&["resolve", "--json"][..], &args].concat());
    let told = told.json();
    let tickets = told["tickets"].as_array().unwrap();
    let ticket = tickets.iter().find(|ticket| ticket["id"] == old);
    let new = ticket.and_then(|ticket| ticket["new_id"].as_str());
    new.unwrap_or_else(|| panic!("{told:#}")).to_owned()
}

#[track_caller]
fn conclude(sandbox: &Sandbox) {
    sandbox.git(["commit", "--quiet", "--no-edit"]);
    assert_eq!(sandbox.git(["status", "--porcelain"]), "");
}

/// What refers to the moved ticket and is in conflict itself follows once it is settled.
#[test]
fn what_is_settled_later_follows() {
    let both = |title: &'static str| {
        move |ticket: &mut Ticket| {
            ticket.title = title.to_owned();
            ticket.blocked_by.insert(id("xyz"));
        }
    };
    for first in [&[][..], &["xyz"]] {
        for (choice, title) in [("--ours", "Two"), ("--theirs", "One")] {
            let sandbox = two_branches(
                |sandbox| change(sandbox, "def", |ticket| ticket.title = "One".to_owned()),
                |sandbox| change(sandbox, "def", both("Two")),
            );
            leave(&sandbox, ["merge", "--quiet", "one"]);
            let told = sandbox.tk([&["resolve", "--json"], first].concat()).json();
            let later = told["tickets"].as_array().unwrap().last().unwrap()["new_id"].clone();
            let later = later.as_str().unwrap();
            sandbox.tk(["resolve", choice]).ok();
            let def = read(&sandbox, "def");
            assert_eq!((def.title.as_str(), def.blocked_by), (title, ids([later])));
            conclude(&sandbox);
        }
    }
    // Both sides refer to their own.
    let sandbox = two_branches(
        |sandbox| change(sandbox, "def", both("One")),
        |sandbox| change(sandbox, "def", both("Two")),
    );
    leave(&sandbox, ["merge", "--quiet", "one"]);
    let later = new_id(&sandbox, "xyz", ["xyz"]);
    sandbox.tk(["resolve", "--ours"]).ok();
    assert_eq!(read(&sandbox, "def").blocked_by, ids(["xyz", &later]));
    conclude(&sandbox);
}

/// A reference that both sides changed is asked for with the ids that there are now.
#[test]
fn a_reference_in_conflict_follows() {
    for choice in ["--ours", "--theirs"] {
        let sandbox = two_branches(
            |sandbox| change(sandbox, "def", |ticket| ticket.parent = Some(id("xyz"))),
            |sandbox| {
                change(sandbox, "def", |ticket| {
                    ticket.parent = Some(id("xyz"));
                    ticket.title = "Two".to_owned();
                });
            },
        );
        sandbox.git(["checkout", "--quiet", "one"]);
        change(&sandbox, "def", |ticket| ticket.title = "One".to_owned());
        commit(&sandbox, "title");
        sandbox.git(["checkout", "--quiet", "two"]);
        leave(&sandbox, ["merge", "--quiet", "one"]);
        let later = new_id(&sandbox, "xyz", []);
        let text = sandbox.read(".ticks/def.toml");
        let marked = format!("parent = \"{later}\"\n=======\n");
        assert!(text.contains(&marked), "{text}");
        sandbox.tk(["resolve", choice]).ok();
        let own = if choice == "--ours" { &later } else { "xyz" };
        assert_eq!(read(&sandbox, "def").parent, Some(id(own)));
        conclude(&sandbox);
    }
}

/// A ticket that one side deleted is not settled because it refers to one that has moved.
#[test]
fn what_refers_and_was_deleted_on_one_side_is_still_asked_for() {
    let sandbox = two_branches(
        |sandbox| {
            sandbox.git(["rm", "--quiet", ".ticks/def.toml"]);
            // So that to git it is not `def` under another name.
            let text = "Not alike.\n".repeat(100);
            change(sandbox, "xyz", |ticket| ticket.description = text);
        },
        |sandbox| {
            change(sandbox, "def", |ticket| {
                ticket.after.insert(id("xyz"));
            });
        },
    );
    leave(&sandbox, ["merge", "--quiet", "one"]);
    let told = sandbox.tk(["resolve", "--json"]).json();
    assert_eq!(told["remaining"], 1, "{told:#}");
    assert_eq!(
        sandbox.git(["diff", "--name-only", "--diff-filter=U"]),
        ".ticks/def.toml\n"
    );
    sandbox.tk(["resolve", "--ours"]).ok();
    let later = told["tickets"][1]["new_id"].as_str().unwrap();
    assert_eq!(read(&sandbox, "def").after, ids([later]));
    conclude(&sandbox);
}

/// Two pairs at once, of which each side's refer to each other.
#[test]
fn tickets_that_move_together_refer_to_their_own() {
    let pair = |sandbox: &Sandbox| {
        change(sandbox, "xyz", |ticket| {
            ticket.blocked_by.insert(id("uvw"));
        });
        change(sandbox, "uvw", |ticket| ticket.parent = Some(id("xyz")));
    };
    let sandbox = two_branches(
        |sandbox| {
            file(sandbox, "uvw");
            pair(sandbox);
        },
        |sandbox| {
            titled(sandbox, "uvw", "Later one");
            pair(sandbox);
        },
    );
    leave(&sandbox, ["merge", "--quiet", "one"]);
    let told = sandbox.tk(["resolve", "--json"]).json();
    let new = |nth: usize| told["tickets"][nth]["new_id"].as_str().unwrap().to_owned();
    let (uvw, xyz) = (new(0), new(1));
    assert_eq!(read(&sandbox, "xyz").blocked_by, ids(["uvw"]));
    assert_eq!(read(&sandbox, "uvw").parent, Some(id("xyz")));
    assert_eq!(read(&sandbox, &xyz).blocked_by, ids([&uvw]));
    assert_eq!(read(&sandbox, &uvw).parent, Some(id(&xyz)));
    conclude(&sandbox);
}

/// Of one pair ours is the later one, of the other theirs.
#[test]
fn tickets_that_move_from_both_sides_refer_to_their_own() {
    let refer = |sandbox: &Sandbox| {
        change(sandbox, "xyz", |ticket| {
            ticket.blocked_by.insert(id("uvw"));
        });
        change(sandbox, "uvw", |ticket| {
            ticket.related.insert(id("xyz"));
        });
    };
    let made = |day: u8| {
        move |ticket: &mut Ticket| {
            ticket.created_at = format!("2026-11-{day}T00:00:00Z").parse().ok();
        }
    };
    let sandbox = two_branches(
        |sandbox| {
            titled(sandbox, "uvw", "Of one");
            change(sandbox, "uvw", made(27));
            refer(sandbox);
        },
        |sandbox| {
            titled(sandbox, "uvw", "Of two");
            change(sandbox, "uvw", made(25));
            refer(sandbox);
        },
    );
    leave(&sandbox, ["merge", "--quiet", "one"]);
    let told = sandbox.tk(["resolve", "--json"]).json();
    let new = |nth: usize| told["tickets"][nth]["new_id"].as_str().unwrap().to_owned();
    let (uvw, xyz) = (new(0), new(1));
    assert_eq!(read(&sandbox, &uvw).title, "Of one");
    assert_eq!(read(&sandbox, "xyz").blocked_by, ids([&uvw]));
    assert_eq!(read(&sandbox, &xyz).blocked_by, ids(["uvw"]));
    assert_eq!(read(&sandbox, "uvw").related, ids([&xyz]));
    assert_eq!(read(&sandbox, &uvw).related, ids(["xyz"]));
    conclude(&sandbox);
}

/// Whoever merges the two branches, in whichever direction, gets the same tickets.
#[test]
fn whoever_settles_it_makes_the_same_tickets() {
    for same_time in [false, true] {
        let sandbox = two_branches(
            |_| {},
            |sandbox| {
                if same_time {
                    change(sandbox, "xyz", |ticket| {
                        ticket.created_at = Some("2026-11-20T08:38:50Z".parse().unwrap());
                        ticket.created_by = Some("eve".to_owned());
                    });
                }
                change(sandbox, "def", |ticket| {
                    ticket.blocked_by.insert(id("xyz"));
                });
            },
        );
        if same_time {
            sandbox.git(["checkout", "--quiet", "one"]);
            change(&sandbox, "xyz", |ticket| note(ticket, 1));
            change(&sandbox, "xyz", |ticket| {
                ticket.created_at = Some("2026-11-20T08:38:50Z".parse().unwrap());
            });
            commit(&sandbox, "the same time");
        }
        let mut trees = BTreeSet::new();
        for (name, from, other) in [
            ("a", "one", "two"),
            ("b", "two", "one"),
            ("c", "two", "one"),
        ] {
            sandbox.git(["checkout", "--quiet", "-b", name, from]);
            leave(&sandbox, ["merge", "--quiet", other]);
            sandbox.tk(["resolve"]).ok();
            conclude(&sandbox);
            trees.insert(sandbox.git(["rev-parse", "HEAD:.ticks"]));
        }
        assert_eq!(trees.len(), 1);
        // And so these merge.
        sandbox.git(["merge", "--quiet", "--no-edit", "a"]);
    }
}

/// A new id that another ticket has is not taken, and not overwritten.
#[test]
fn an_id_that_is_taken_is_not_given() {
    let sandbox = two_branches(|_| {}, |_| {});
    leave(&sandbox, ["merge", "--quiet", "one"]);
    let first = new_id(&sandbox, "xyz", []);
    sandbox.git(["reset", "--quiet", "--hard"]);
    titled(&sandbox, &first, "In the way");
    change(&sandbox, &first, |ticket| {
        ticket.created_by = Some("eve".to_owned());
    });
    commit(&sandbox, "in the way");
    leave(&sandbox, ["merge", "--quiet", "one"]);
    let second = new_id(&sandbox, "xyz", []);
    assert_ne!(first, second);
    assert_eq!(read(&sandbox, &first).title, "In the way");
    assert_eq!(read(&sandbox, &second).title, "Later");
    conclude(&sandbox);
}

/// What a later commit of a rebase says of the ticket that was moved gets into that ticket.
#[test]
fn later_commits_of_a_rebase_change_the_moved_ticket() {
    let sandbox = two_branches(|_| {}, |_| {});
    change(&sandbox, "xyz", |ticket| note(ticket, 1));
    file(&sandbox, "low");
    change(&sandbox, "low", |ticket| {
        ticket.after.insert(id("xyz"));
    });
    commit(&sandbox, "note");
    leave(&sandbox, ["rebase", "--quiet", "one"]);
    let later = new_id(&sandbox, "xyz", []);
    let go_on = ["-c", "core.editor=true", "rebase", "--continue"];
    leave(&sandbox, go_on);
    assert_eq!(new_id(&sandbox, "xyz", []), later);
    assert_eq!(read(&sandbox, "xyz").title, "Ticket xyz");
    assert!(notes(&sandbox, "xyz").is_empty());
    assert_eq!(read(&sandbox, &later).title, "Later");
    assert_eq!(notes(&sandbox, &later), ["note 1"]);
    assert_eq!(read(&sandbox, "low").after, ids([&later]));
    sandbox.git(go_on);
    assert_eq!(sandbox.git(["status", "--porcelain"]), "");
}

/// So does what its branch says of it after the merge that moved it; whoever merges.
#[test]
fn a_branch_that_goes_on_changes_the_moved_ticket() {
    for from in ["merged", "two"] {
        let sandbox = two_branches(|_| {}, |_| {});
        sandbox.git(["checkout", "--quiet", "-b", "merged", "one"]);
        leave(&sandbox, ["merge", "--quiet", "two"]);
        let later = new_id(&sandbox, "xyz", []);
        change(&sandbox, &later, |ticket| {
            note(ticket, 1);
            ticket.title = "Title one".to_owned();
        });
        conclude_all(&sandbox, "on");
        sandbox.git(["checkout", "--quiet", "two"]);
        change(&sandbox, "xyz", |ticket| {
            note(ticket, 2);
            ticket.title = "Title two".to_owned();
        });
        commit(&sandbox, "on, too");
        sandbox.git(["checkout", "--quiet", from]);
        let other = if from == "two" { "merged" } else { "two" };
        leave(&sandbox, ["merge", "--quiet", other]);
        // What both changed differently is asked for.
        let left = sandbox.tk(["resolve"]);
        let told = format!("xyz  left: `{later}`: both sides changed title\n");
        assert_eq!((left.code, left.stdout), (1, told));
        assert_eq!(new_id(&sandbox, "xyz", ["--theirs"]), later);
        assert_eq!(notes(&sandbox, &later), ["note 1", "note 2"]);
        let theirs = if from == "two" { "one" } else { "two" };
        assert_eq!(read(&sandbox, &later).title, format!("Title {theirs}"));
        assert_eq!(read(&sandbox, "xyz").title, "Ticket xyz");
        assert!(notes(&sandbox, "xyz").is_empty());
        conclude(&sandbox);
    }
}

fn conclude_all(sandbox: &Sandbox, message: &str) {
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message", message]);
}

/// Where the moved ticket is not there any more, nothing is guessed.
#[test]
fn a_moved_ticket_that_is_gone_is_named() {
    let sandbox = two_branches(|_| {}, |_| {});
    sandbox.git(["checkout", "--quiet", "-b", "merged", "one"]);
    leave(&sandbox, ["merge", "--quiet", "two"]);
    let later = new_id(&sandbox, "xyz", []);
    conclude(&sandbox);
    sandbox.git(["rm", "--quiet", &format!(".ticks/{later}.toml")]);
    commit(&sandbox, "without it");
    sandbox.git(["checkout", "--quiet", "two"]);
    change(&sandbox, "xyz", |ticket| note(ticket, 2));
    commit(&sandbox, "on");
    sandbox.git(["checkout", "--quiet", "merged"]);
    leave(&sandbox, ["merge", "--quiet", "two"]);
    let left = sandbox.tk(["resolve", "--ours"]);
    let told = format!(
        "xyz  left: the sides are two tickets, and theirs is not there as `{later}`: settle it \
         with `tk edit`\n"
    );
    assert_eq!((left.code, left.stdout), (1, told));
    sandbox.git(["merge", "--abort"]);
}

/// Has git take what branch `one` did since `main` into the tree of `two`, without a commit of
/// both, and leave a conflict.
pub(crate) fn leave_unnamed(sandbox: &Sandbox, how: &str) {
    match how {
        "stash" => {
            sandbox.git(["checkout", "--quiet", "--detach", "one"]);
            sandbox.git(["reset", "--quiet", "--soft", "main"]);
            sandbox.git(["stash", "--quiet"]);
            sandbox.git(["checkout", "--quiet", "two"]);
            leave(sandbox, ["stash", "pop"]);
        }
        "am" => {
            let patch = sandbox.git(["format-patch", "--stdout", "main..one"]);
            let args = ["am", "--quiet", "-3"];
            let ended = sandbox.run(sandbox.command("git").args(args), Some(&patch));
            assert_ne!(ended.code, 0, "{ended}");
        }
        "squash" => leave(sandbox, ["merge", "--squash", "one"]),
        _ => leave(sandbox, ["cherry-pick", "--no-commit", "one"]),
    }
}

/// Both sides refer to their own, and git names no commit that comes in.
#[test]
fn a_reference_of_each_side_stays_whatever_comes_in() {
    let blocked = |sandbox: &Sandbox| {
        change(sandbox, "def", |ticket| {
            ticket.blocked_by.insert(id("xyz"));
            ticket.parent = Some(id("xyz"));
        });
    };
    for how in ["squash", "stash", "cherry-pick", "am"] {
        for is_turned in [false, true] {
            let sandbox = two_branches(blocked, blocked);
            if is_turned {
                for names in [["two", "three"], ["one", "two"], ["three", "one"]] {
                    sandbox.git(["branch", "--quiet", "--move", names[0], names[1]]);
                }
                sandbox.git(["checkout", "--quiet", "two"]);
            }
            leave_unnamed(&sandbox, how);
            let later = new_id(&sandbox, "xyz", []);
            let def = read(&sandbox, "def");
            assert_eq!(def.blocked_by, ids(["xyz", &later]), "{how} {is_turned}");
            let own = if is_turned { "xyz" } else { &later };
            let parent = def.parent.unwrap();
            match how {
                "squash" | "stash" => assert_eq!(parent, id("xyz")),
                _ => assert_eq!(parent, id(own)),
            }
        }
    }
}

/// Only one side refers to it: where git tells what comes in, nothing is added; else a person is
/// told what is.
#[test]
fn a_reference_of_one_side_is_only_its_own_where_git_tells() {
    for (how, is_told) in [
        ("squash", true),
        ("stash", true),
        ("cherry-pick", false),
        ("am", false),
    ] {
        let sandbox = two_branches(
            |_| {},
            |sandbox| {
                change(sandbox, "def", |ticket| {
                    ticket.blocked_by.insert(id("xyz"));
                });
            },
        );
        // Something else that is stashed is not what comes in.
        if how != "stash" {
            change(&sandbox, "def", |ticket| note(ticket, 1));
            sandbox.git(["stash", "--quiet"]);
        }
        leave_unnamed(&sandbox, how);
        let told = sandbox.tk(["resolve"]);
        assert_eq!(told.code, 0, "{told}");
        let def = read(&sandbox, "def");
        let later = def
            .blocked_by
            .iter()
            .find(|it| it.as_str() != "xyz")
            .unwrap();
        let warning = format!(
            "warning: `def` names both `xyz` and `{later}` now: git does not tell which of them \
             theirs means\n"
        );
        assert_eq!(told.stderr.contains(&warning), !is_told, "{how}: {told}");
        assert_eq!(def.blocked_by.contains(&id("xyz")), !is_told, "{how}");
    }
}

/// Each side names its own ticket in one file, under another key, and that file merges cleanly.
#[test]
fn a_reference_of_each_side_follows_under_its_key() {
    for is_turned in [false, true] {
        let parent = |sandbox: &Sandbox| {
            change(sandbox, "def", |ticket| ticket.parent = Some(id("xyz")));
        };
        let related = |sandbox: &Sandbox| {
            change(sandbox, "def", |ticket| {
                ticket.related.insert(id("xyz"));
            });
        };
        let sandbox = match is_turned {
            false => two_branches(parent, related),
            true => two_branches(related, parent),
        };
        leave(&sandbox, ["merge", "--quiet", "one"]);
        let later = new_id(&sandbox, "xyz", []);
        let (of_parent, of_related) = match is_turned {
            false => ("xyz", later.as_str()),
            true => (later.as_str(), "xyz"),
        };
        let def = read(&sandbox, "def");
        assert_eq!(def.parent, Some(id(of_parent)));
        assert_eq!(def.related, ids([of_related]));
        conclude(&sandbox);
    }
}

/// What git settles by itself as the same was settled before is settled all the same: neither ticket
/// is lost.
#[test]
fn what_git_settled_again_is_two_tickets() {
    let sandbox = two_branches(
        |sandbox| {
            change(sandbox, "def", |ticket| {
                ticket.blocked_by.insert(id("xyz"));
            });
        },
        |_| {},
    );
    sandbox.git(["config", "rerere.enabled", "true"]);
    sandbox.git(["config", "rerere.autoUpdate", "true"]);
    leave(&sandbox, ["merge", "--quiet", "one"]);
    let first = new_id(&sandbox, "xyz", []);
    conclude(&sandbox);
    sandbox.git(["reset", "--quiet", "--hard", "HEAD~1"]);
    leave(&sandbox, ["merge", "--quiet", "one"]);
    assert_eq!(sandbox.git(["ls-files", "-u"]), "");
    assert_eq!(new_id(&sandbox, "xyz", []), first);
    assert_eq!(read(&sandbox, "xyz").title, "Ticket xyz");
    assert_eq!(read(&sandbox, &first).title, "Later");
    assert_eq!(read(&sandbox, "def").blocked_by, ids(["xyz"]));
    assert_eq!(sandbox.tk(["resolve"]).ok(), "nothing is unmerged\n");
    conclude(&sandbox);
}
