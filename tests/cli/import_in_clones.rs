//! One archive that was imported on two branches: each of its tickets is one once they meet.

use insta::assert_snapshot;

use crate::support::Sandbox;

/// Ids that none here can have, one that another ticket has here, and one that stays.
const ARCHIVE: &str = r#"{"id":"No Id!","title":"First","status":"open","created_at":"2026-01-01T00:00:00Z"}
{"id":"bd-1","title":"Second","dependencies":[{"issue_id":"bd-1","depends_on_id":"No Id!","type":"blocks"}]}
{"id":"bd-2","title":"Third"}
"#;

fn commit(sandbox: &Sandbox, message: &str) {
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--allow-empty", "-m", message]);
}

fn import(sandbox: &Sandbox) {
    sandbox
        .tk_with_input(["import", "beads", "-"], ARCHIVE)
        .ok();
}

/// The archive imported on `main` and on `side`, where there are more tickets.
fn two_branches() -> Sandbox {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("bd-1", "title = \"Another\"\n");
    commit(&sandbox, "Begin");
    sandbox.git(["checkout", "--quiet", "-b", "side"]);
    for _ in 0..20 {
        sandbox.tk(["new", "More"]).ok();
    }
    import(&sandbox);
    commit(&sandbox, "Import on the side");
    sandbox.git(["checkout", "--quiet", "main"]);
    import(&sandbox);
    sandbox
}

/// The titles, of those that come from the archive.
fn titles(sandbox: &Sandbox) -> Vec<String> {
    let listed = sandbox.tk(["list", "--json"]).json();
    let tickets = listed["tickets"].as_array().unwrap().iter();
    let titles = tickets.map(|ticket| ticket["title"].as_str().unwrap().to_owned());
    let mut titles: Vec<String> = titles.filter(|title| title != "More").collect();
    titles.sort();
    titles
}

#[test]
fn new_ids_are_the_same_in_both() {
    let sandbox = two_branches();
    commit(&sandbox, "Import");
    sandbox.git(["merge", "--quiet", "-m", "Merge", "side"]);
    assert_eq!(titles(&sandbox), ["Another", "First", "Second", "Third"]);
    assert_eq!(sandbox.tk(["doctor"]).code, 0);
    import(&sandbox);
    assert_eq!(titles(&sandbox).len(), 4);
}

/// Nothing tells when it was made, and one branch has given it another title.
#[test]
fn what_comes_from_one_place_is_one_ticket() {
    let sandbox = two_branches();
    sandbox.tk(["update", "bd-2", "--title", "Other"]).ok();
    commit(&sandbox, "Import");
    let merged = sandbox.run(sandbox.command("git").args(["merge", "side"]), None);
    assert_eq!(merged.code, 1, "{merged}");
    sandbox.tk(["resolve", "--ours"]).ok();
    assert_eq!(titles(&sandbox), ["Another", "First", "Other", "Second"]);
}

#[test]
fn the_doctor_names_two_of_one_place() {
    let sandbox = Sandbox::initialised();
    let imported = "\n[[imported]]\norigin = \"beads:bd-9\"\nfiled_at = \"2026-01-01T00:00:00Z\"\n";
    for id in ["aaa", "bbb"] {
        sandbox.ticket(id, &format!("title = \"{id}\"\n{imported}"));
    }
    // Filed at another time, and so of another repository.
    let other = imported.replace("2026", "2025");
    sandbox.ticket("ccc", &format!("title = \"c\"\n{other}"));
    let found = sandbox.tk(["doctor"]);
    assert_eq!(found.code, 1, "{found}");
    assert_snapshot!(found.stdout, @r"
    Tickets
      warning   .ticks/bbb.toml: it was imported from `beads:bd-9`, as `aaa` was
                `tk update bbb --duplicate-of aaa` says that they are one
    1 thing wrong: 3 tickets checked
    ");
    sandbox.tk(["update", "bbb", "--duplicate-of", "aaa"]).ok();
    assert_eq!(sandbox.tk(["doctor"]).code, 0);
}
