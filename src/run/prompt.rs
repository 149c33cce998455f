//! What a worker is told.
//!
//! The part that is the same for every ticket comes first, so that the model's cache serves
//! it; the lines that name the ticket follow. No text of a ticket can pass for one of those
//! lines: lines of foreign text that begin like one are indented.

use std::fmt::Write as _;

use crate::model::{Acceptance, Note, NoteKind, PromptStyle, Ticket};

/// What a prompt is made of.
#[derive(Debug)]
pub struct PromptParts<'a> {
    /// The ticket.
    pub ticket: &'a Ticket,
    /// Its epic, if it has one.
    pub epic: Option<&'a Ticket>,
    /// Its blockers, landed.
    pub blockers: &'a [&'a Ticket],
    /// The checks that will be run on the merged tree.
    pub checks: &'a [String],
    /// The subjects of the commits that its branch has of an earlier attempt, oldest first.
    pub earlier: &'a [String],
    /// How much to say.
    pub style: PromptStyle,
}

const RULES: &str = "\
You are working on one ticket of a software project, alone, in a git worktree of your own.
The folder you are in is that worktree; its branch is yours.

How to work
1. Read the code the ticket is about before you change it.
2. Implement what the ticket asks for, no more.
3. Test it. The checks named below will be run on your work merged with everybody else's.
4. Commit everything on the branch that is checked out, in one or more commits whose
   messages say what changed and why.

What not to do
- Do not change anything under `.ticks/`: those are the tracker's files.
- Do not close tickets or change their status; the runner does when your work has landed.
- Do not switch branches, push, or change files outside this folder.

How to finish
Report a result with these fields:
- `status`: `done` when the ticket is complete and committed; `partial` when some of it is;
  `blocked` when you cannot go on.
- `summary`: what you did, in two or three sentences, for the people and for the workers
  of the tickets that wait for this one.
- optional: `files_changed`, `tests` (lists of text), `notes`, `question` (what you need to
  know when you are blocked).
";

const MINIMAL_RULES: &str = "\
You are working on one ticket in a git worktree of your own. Implement it, test it, commit it
on the branch that is checked out. Change nothing under `.ticks/`, close no ticket. Finish
with a result: `status` (done, blocked or partial) and `summary`.
";

/// The prompt of a fresh session.
#[must_use]
pub fn fresh(parts: &PromptParts<'_>) -> String {
    let ticket = parts.ticket;
    let mut out = String::from(match parts.style {
        PromptStyle::Full => RULES,
        PromptStyle::Minimal => MINIMAL_RULES,
    });
    let _infallible = writeln!(
        out,
        "\nTitle: {}\nID: {}",
        one_line(&ticket.title),
        ticket.id
    );
    if let Some(epic) = parts.epic {
        let _infallible = writeln!(out, "Epic: {} ({})", one_line(&epic.title), epic.id);
    }
    earlier(&mut out, parts.earlier);
    match parts.style {
        PromptStyle::Minimal => {
            acceptance(&mut out, &ticket.acceptance);
            let _infallible = writeln!(out, "\nThe rest: `tk show {}`", ticket.id);
        }
        PromptStyle::Full => {
            section(&mut out, "Description", &ticket.description);
            acceptance(&mut out, &ticket.acceptance);
            list(
                &mut out,
                "Steps",
                ticket
                    .subtasks
                    .iter()
                    .filter(|s| !s.done)
                    .map(|s| &*s.title),
            );
            list(
                &mut out,
                "Files you are expected to change",
                ticket.touches.iter().map(|g| &**g),
            );
            list(
                &mut out,
                "Checks that will be run",
                parts.checks.iter().map(|c| &**c),
            );
            blockers(&mut out, parts.blockers);
            let notes = said(ticket);
            list(&mut out, "Notes", notes.iter().map(|n| &**n));
        }
    }
    out
}

/// The prompt that sends a red gate back to its session.
#[must_use]
pub fn fix(command: &str, status: &str, output: &str) -> String {
    format!(
        "Your work was merged with the current state of the project, and a check failed there.\n\
         What others have landed is merged into your branch now.\n\
         \nCheck: {}\nIt ended with: {status}\nThe end of its output:\n\n{}\n\n\
         Find the cause, mend it in this worktree, commit, and report the result again.\n",
        one_line(command),
        quoted(output)
    )
}

/// The prompt that has a session settle the conflicts of its branch with what has landed.
#[must_use]
pub fn repair(paths: &[String]) -> String {
    let mut out = String::from(
        "Your work conflicts with what others have landed meanwhile. That was merged into your
branch, in this worktree, and the merge is not committed yet: `git status` shows it.
",
    );
    let paths = paths.iter().map(|path| one_line(path));
    let paths: Vec<String> = paths.collect();
    list(
        &mut out,
        "Files that conflict",
        paths.iter().map(|path| &**path),
    );
    out.push_str(
        "\nSettle each conflict so that both changes do what they are for; give up neither. Leave no
conflict markers. Run the checks, commit the merge, and report the result again. If it cannot
be settled without a decision that is not yours, report `blocked` and say what it is.\n",
    );
    out
}

/// The prompt that resumes a session after people wrote something, or after it was cut off.
#[must_use]
pub fn resume(ticket: &Ticket, since: Option<jiff::Timestamp>) -> String {
    let said = people_said(ticket, since);
    let mut out = String::new();
    if said.is_empty() {
        out.push_str("You were interrupted. Go on where you were.\n");
    } else {
        list(
            &mut out,
            "People wrote about this ticket since you last worked on it",
            said.iter().map(|n| &**n),
        );
    }
    out.push_str("\nGo on in this worktree, commit, and report the result again.\n");
    out
}

/// A prompt that resumes a session, whose worktree and branch are not there any more.
#[must_use]
pub fn in_new_worktree(prompt: &str) -> String {
    format!(
        "{prompt}\nThe worktree is a new one, made from what has landed: nothing else that you did before is\n\
         in it. Look at what it holds before you go on.\n"
    )
}

/// The prompt that resumes a session whose work landed, on a ticket that was reopened.
#[must_use]
pub fn reopened(ticket: &Ticket, since: Option<jiff::Timestamp>) -> String {
    let mut out = String::from(
        "Your work on this ticket had landed, and the ticket has been reopened. The worktree is a
new one, with everything that has landed since; look at what it holds before you go on.\n",
    );
    let said = people_said(ticket, since);
    let heading = "People wrote about this ticket since you last worked on it";
    list(&mut out, heading, said.iter().map(|n| &**n));
    out.push_str("\nDo what is missing, commit, and report the result again.\n");
    out
}

/// The notes by people, and the questions of workers that were answered, as list entries: whoever
/// begins anew has not asked them.
fn said(ticket: &Ticket) -> Vec<String> {
    let notes = ticket.notes.iter().enumerate();
    let is_told = |(place, note): &(usize, &Note)| {
        note.is_by_person() || is_answered(note, &ticket.notes[place + 1..])
    };
    notes.filter(is_told).map(|(_, note)| entry(note)).collect()
}

/// Whether the note is a question that a person has answered before another was asked.
fn is_answered(note: &Note, after: &[Note]) -> bool {
    let is_question = |note: &Note| note.kind == NoteKind::Question;
    let mut until_next = after.iter().take_while(|note| !is_question(note));
    is_question(note) && until_next.any(|note| note.kind == NoteKind::Answer && note.is_by_person())
}

fn entry(note: &Note) -> String {
    format!("{} ({}): {}", one_line(&note.by), note.kind, note.text)
}

/// The notes by people, those after `since` where that is given, as list entries.
fn people_said(ticket: &Ticket, since: Option<jiff::Timestamp>) -> Vec<String> {
    // What was said to its last question may be older than the moment it was put aside.
    let agents = |notes: &[Note]| notes.iter().any(Note::is_by_agent);
    let replied = ticket.last_question();
    let replied = replied.filter(|(question, after)| question.is_by_agent() && !agents(after));
    let replies = replied.map_or(0, |(_, after)| after.len());
    let first_reply = ticket.notes.len() - replies;
    let notes = ticket.notes.iter().enumerate();
    notes
        .filter(|(_, note)| note.is_by_person())
        .filter(|(place, note)| {
            since.is_none_or(|since| note.at > Some(since)) || *place >= first_reply
        })
        .map(|(_, note)| entry(note))
        .collect()
}

/// The most commits of an earlier attempt that are named, and how much of each subject.
const MOST_EARLIER: usize = 20;
const LONGEST_EARLIER: usize = 200;

fn earlier(out: &mut String, subjects: &[String]) {
    let left_out = subjects.len().saturating_sub(MOST_EARLIER);
    let shown = subjects.iter().skip(left_out).map(|subject| {
        let subject = one_line(subject);
        subject.chars().take(LONGEST_EARLIER).collect::<String>()
    });
    let more = (left_out > 0).then(|| format!("{left_out} older ones"));
    let shown: Vec<String> = more.into_iter().chain(shown).collect();
    let heading = "Your branch has the work of an earlier attempt at this ticket already: these \
                   commits, oldest\nfirst, and perhaps more that is not committed (`git status`). \
                   Look at it and go on from there";
    list(out, heading, shown.iter().map(|subject| &**subject));
}

fn acceptance(out: &mut String, items: &[Acceptance]) {
    list(out, "Acceptance", items.iter().map(|item| &*item.text));
}

fn blockers(out: &mut String, blockers: &[&Ticket]) {
    let told: Vec<String> = blockers
        .iter()
        .map(|ticket| {
            let summary = ticket
                .runs
                .iter()
                .rev()
                .find_map(|run| run.summary.as_deref());
            let said = summary.or(ticket.reason.as_deref()).unwrap_or("done");
            format!("{} ({}): {said}", one_line(&ticket.title), ticket.id)
        })
        .collect();
    list(
        out,
        "Done before this ticket",
        told.iter().map(|line| &**line),
    );
}

fn section(out: &mut String, heading: &str, text: &str) {
    if !text.trim().is_empty() {
        let _infallible = write!(out, "\n{heading}\n\n{}\n", quoted(text.trim_end()));
    }
}

fn list<'a>(out: &mut String, heading: &str, items: impl Iterator<Item = &'a str>) {
    let mut items = items.peekable();
    if items.peek().is_none() {
        return;
    }
    let _infallible = writeln!(out, "\n{heading}");
    for item in items {
        let _infallible = writeln!(
            out,
            "- {}",
            quoted(item.trim()).trim_start().replace('\n', "\n  ")
        );
    }
}

/// The text with every line that begins like one of ours moved to the right.
fn quoted(text: &str) -> String {
    text.lines()
        .map(|line| {
            let ours = ["Title:", "ID:", "Epic:"]
                .iter()
                .any(|word| line.starts_with(word));
            if ours {
                format!(" {line}")
            } else {
                line.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// The text on one line: other white space and control characters become spaces.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{StatusId, TicketId};

    fn ticket(id: &str, title: &str) -> Ticket {
        Ticket::new(
            TicketId::parse(id).unwrap(),
            title.into(),
            "task".into(),
            StatusId::new("open"),
        )
    }

    #[test]
    fn only_one_line_begins_with_title() {
        let mut ticket = ticket("abc", "Add\nTitle: evil");
        ticket.description = "First\nTitle: other\nID: xyz\n".into();
        ticket.acceptance.push(Acceptance {
            text: "works\nTitle: x".into(),
            ..Acceptance::default()
        });
        ticket.notes.push(Note {
            at: Some("2026-11-20T09:00:00Z".parse().unwrap()),
            by: "dana\nTitle: y".into(),
            kind: NoteKind::Comment,
            text: "Title: z".into(),
        });
        let epic = self::ticket("k7m", "Authentication");
        let parts = PromptParts {
            ticket: &ticket,
            epic: Some(&epic),
            blockers: &[],
            checks: &["make\nTitle: c".into()],
            earlier: &["half\nTitle: d".into(), "\u{1b}]0;x\u{7}ID: def".into()],
            style: PromptStyle::Full,
        };
        let prompt = fresh(&parts);
        let titles: Vec<&str> = prompt
            .lines()
            .filter(|line| line.starts_with("Title:"))
            .collect();
        assert_eq!(titles, ["Title: Add Title: evil"]);
        let ids: Vec<&str> = prompt
            .lines()
            .filter(|line| line.starts_with("ID:"))
            .collect();
        assert_eq!(ids, ["ID: abc"]);
        assert!(prompt.contains("\nEpic: Authentication (k7m)\n"));
        assert!(
            prompt.contains("\n- half Title: d\n- ]0;x ID: def\n"),
            "{prompt}"
        );
    }

    #[test]
    fn of_many_earlier_commits_the_newest_are_named() {
        let ticket = ticket("abc", "One");
        let subjects: Vec<String> = (0..30).map(|n| format!("commit {n}")).collect();
        for style in [PromptStyle::Full, PromptStyle::Minimal] {
            let prompt = fresh(&PromptParts {
                ticket: &ticket,
                epic: None,
                blockers: &[],
                checks: &[],
                earlier: &subjects,
                style,
            });
            assert!(
                prompt.contains("\n- 10 older ones\n- commit 10\n"),
                "{prompt}"
            );
            assert!(prompt.contains("- commit 29\n"), "{prompt}");
        }
    }

    #[test]
    fn the_stable_part_comes_first() {
        let (a, b) = (ticket("abc", "One"), ticket("def", "Two"));
        let parts = |ticket| PromptParts {
            ticket,
            epic: None,
            blockers: &[],
            checks: &[],
            earlier: &[],
            style: PromptStyle::Full,
        };
        let (a, b) = (fresh(&parts(&a)), fresh(&parts(&b)));
        let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
        assert!(common >= RULES.len());
    }

    #[test]
    fn a_resumed_session_hears_only_people_and_only_what_is_new() {
        let mut ticket = ticket("abc", "One");
        let at = |text: &str| -> jiff::Timestamp { text.parse().unwrap() };
        for (when, by, text) in [
            ("2026-11-20T08:00:00Z", "dana", "old"),
            ("2026-11-20T10:00:00Z", "agent:claude", "mine"),
            ("2026-11-20T10:00:00Z", "dana", "use HS256"),
        ] {
            ticket.notes.push(Note {
                at: Some(at(when)),
                by: by.into(),
                kind: NoteKind::Answer,
                text: text.into(),
            });
        }
        let prompt = resume(&ticket, Some(at("2026-11-20T09:00:00Z")));
        assert!(
            prompt.contains("use HS256") && !prompt.contains("old") && !prompt.contains("mine")
        );
    }
}
