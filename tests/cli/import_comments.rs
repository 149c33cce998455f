//! What comments say beside their text: what has no place in a note is kept, and told.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::Sandbox;

/// What an import of that text says, and what the ticket's file has kept.
fn imported(format: &str, text: &str, id: &str) -> (String, String) {
    let sandbox = Sandbox::initialised();
    let said = sandbox.tk_with_input(["import", format, "-"], text).ok();
    let file = sandbox.read(format!(".ticks/{id}.toml"));
    let kept = file.split_once("[[imported]]").unwrap().1.to_owned();
    (said, kept)
}

#[test]
fn of_github() {
    let comment = |more: serde_json::Value| {
        let mut comment = json!({"id": "IC_1", "author": {"login": "kim"}, "body": "Seen.",
            "createdAt": "2026-01-02T00:00:00Z", "includesCreatedEdit": false, "isMinimized": false,
            "minimizedReason": "", "reactionGroups": [], "viewerDidAuthor": false});
        let comment = comment.as_object_mut().unwrap();
        comment.extend(more.as_object().unwrap().clone());
        json!(comment)
    };
    let issues = json!([
        {"number": 1, "title": "x", "comments": [
            comment(json!({})),
            comment(json!({"isMinimized": true, "minimizedReason": "OUTDATED", "authorAssociation": "MEMBER",
                "reactionGroups": [{"content": "HEART", "users": {"totalCount": 2}}]})),
            comment(json!({"url": "https://github.com/o/r/issues/1#issuecomment-3"}))]},
        {"number": 2, "title": "x", "comments": [comment(json!({"url": "https://x/2"}))]},
        {"number": 3, "title": "x", "comments": [comment(json!({}))]},
    ]);
    let (said, kept) = imported("github", &issues.to_string(), "gh-1");
    assert_snapshot!(said, @r"
    imported 3 tickets (3 task)
    did not fit: field of 1 ticket
      gh-1: kept under `imported`: `authorAssociation`, `isMinimized`, `minimizedReason`, `reactionGroups` of `comments`
    ");
    assert_snapshot!(kept, @r#"
    origin = "github:1"
    comments = "[{\"id\":\"IC_1\",\"author\":{\"login\":\"kim\"},\"createdAt\":\"2026-01-02T00:00:00Z\",\"isMinimized\":true,\"minimizedReason\":\"OUTDATED\",\"reactionGroups\":[{\"content\":\"HEART\",\"users\":{\"totalCount\":2}}],\"authorAssociation\":\"MEMBER\"},{\"id\":\"IC_1\",\"author\":{\"login\":\"kim\"},\"createdAt\":\"2026-01-02T00:00:00Z\",\"url\":\"https://github.com/o/r/issues/1#issuecomment-3\"}]"
    "#);
    assert!(
        !imported("github", &issues.to_string(), "gh-3")
            .1
            .contains("comments")
    );
}

#[test]
fn of_beads() {
    let issue = json!({"id": "bd-1", "title": "x", "comments": [
        {"id": 1, "issue_id": "bd-1", "author": "kim", "text": "Yes.", "created_at": "2026-01-02T00:00:00Z"},
        {"id": 2, "issue_id": "bd-1", "author": {"name": "lee"}, "text": "No.", "created_at": "2026-01-03T00:00:00Z",
         "kind": "decision", "parent_id": 1}]});
    let (said, kept) = imported("beads", &issue.to_string(), "bd-1");
    assert_snapshot!(said, @r"
    imported 1 ticket (1 task)
    did not fit: field of 1 ticket
      bd-1: kept under `imported`: `author`, `kind`, `parent_id` of `comments`
    ");
    assert_snapshot!(kept, @r#"
    origin = "beads:bd-1"
    comments = "[{\"id\":2,\"issue_id\":\"bd-1\",\"author\":{\"name\":\"lee\"},\"created_at\":\"2026-01-03T00:00:00Z\",\"kind\":\"decision\",\"parent_id\":1}]"
    "#);
}

#[test]
fn of_taskwarrior() {
    let task = json!([{"uuid": "11111111-1111-4111-8111-111111111111", "description": "x",
        "entry": "20240301T100000Z", "annotations": [
        {"entry": "20240302T100000Z", "description": "good", "mood": "fine"}]}]);
    let (said, kept) = imported("taskwarrior", &task.to_string(), "11111111");
    assert_snapshot!(said, @r"
    imported 1 ticket (1 task)
    did not fit: field of 1 ticket
      11111111: kept under `imported`: `mood` of `annotations`
    ");
    assert_snapshot!(kept, @r#"
    origin = "taskwarrior:11111111-1111-4111-8111-111111111111"
    annotations = "[{\"entry\":\"20240302T100000Z\",\"mood\":\"fine\"}]"
    "#);
}

#[test]
fn of_backlog() {
    let sandbox = Sandbox::initialised();
    sandbox.write(
        "backlog/tasks/task-2 - Yes.md",
        "---\nid: TASK-2\ntitle: Yes\n---\n\n## Comments\n\n<!-- COMMENTS:BEGIN -->\n\
         author: @kim\ncreated: 2026-11-27 12:10\nindex: 3\n---\nHello\n---\n\n\
         author: @lee\ncreated: 2026-11-27 12:11\n---\nAgain\n---\n<!-- COMMENTS:END -->\n",
    );
    assert_snapshot!(sandbox.tk(["import", "backlog", "."]).ok(), @r"
    imported 1 ticket (1 task)
    did not fit: field of 1 ticket
      task-2: kept under `imported`: `index` of `comments`
    ");
    let file = sandbox.read(".ticks/task-2.toml");
    assert_snapshot!(file.split_once("[[imported]]").unwrap().1, @r#"
    origin = "backlog:task-2"
    comments = [
      "author: @kim\ncreated: 2026-11-27 12:10\nindex: 3",
    ]
    "#);
}

/// Of our own notes and criteria, what `tk` does not know is told when they go and when they come.
#[test]
fn of_our_own() {
    let sandbox = Sandbox::initialised();
    let note = "\n[[notes]]\nby = \"kim\"\ntext = \"y\"\nmood = \"fine\"\n";
    let text = format!("title = \"x\"\n\n[[acceptance]]\ntext = \"a\"\nwho = \"lee\"\n{note}");
    sandbox.ticket("k7m", &text);
    assert_snapshot!(sandbox.tk(["export"]).stderr, @r"
    warning: `k7m`: left behind is `mood` of `notes`, `who` of `acceptance`
    ");
    let line = r#"{"id":"abc","title":"x","notes":[{"by":"kim","text":"y","mood":"fine"}]}"#;
    let (said, kept) = imported("jsonl", line, "abc");
    assert_snapshot!(said, @r"
    imported 1 ticket (1 task)
    did not fit: field of 1 ticket
      abc: kept under `imported`: `mood` of `notes`
    ");
    assert_snapshot!(kept, @r#"
    origin = "tk:abc@0"
    notes = "[{\"by\":\"kim\",\"text\":\"y\",\"mood\":\"fine\"}]"
    "#);
}
