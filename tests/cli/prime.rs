use insta::assert_snapshot;

use crate::support::Sandbox;

#[test]
fn few_words_the_rules_first() {
    let sandbox = Sandbox::initialised();
    let text = sandbox.tk(["prime"]).ok();
    assert_snapshot!(text, @r"
    Work is tracked with `tk` here.

    - Tickets are files in .ticks/: change them with `tk` only, never by hand.
    - Agents set TK_ACTOR=agent:NAME. They may read, file, note, ask, claim, release and tick acceptance. Only people close, approve, answer, block, delete and run.
    - If TK_TICKET is set, a run started you for that ticket: commit your work; the run checks, merges and closes.
    - Unsure? `tk ask`, don't guess.
    - --json everywhere. Exit 0 ok, 1 no, 2 usage, 3 no such id, 4 not allowed, 5 held.

    tk next --claim --json      take the ticket to do now
    tk show ID --json           everything about a ticket
    tk ready, tk blocked        what can be done, what cannot and why
    tk list --parent EPIC       filter (-s -t -l -o --awaiting)
    tk search WORDS             find tickets, closed ones too
    tk note ID TEXT             say what you found; `-` reads stdin
    tk ask ID TEXT              ask a person; the ticket waits
    tk new TITLE -d TEXT -b ID  file what you find
    tk update ID --met N        tick acceptance item N
    tk release ID               give it back
    ");
    assert_eq!(sandbox.tk(["prime"]).ok(), text);
    let json = sandbox.tk(["prime", "--json"]).ok();
    assert!(
        text.len() < 1500 && json.len() < 1500,
        "{} {}",
        text.len(),
        json.len()
    );
}

#[test]
fn nothing_outside_a_project() {
    for sandbox in [Sandbox::without_repository(), Sandbox::new()] {
        for args in [&["prime"][..], &["prime", "--json"]] {
            let output = sandbox.tk(args);
            assert_eq!((output.code, output.to_string().as_str()), (0, ""));
        }
    }
}

#[test]
fn other_statuses_are_named() {
    let sandbox = Sandbox::initialised();
    sandbox.write(".ticks/config.toml", crate::statuses::BOARD);
    let text = sandbox.tk(["prime"]).ok();
    assert!(
        text.contains("Statuses: backlog, building, built, testing, done."),
        "{text}"
    );
}
