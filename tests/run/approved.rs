//! What a run has kept and a person has approved: it lands as what it is, the work of whoever
//! made it.

use serde_json::json;

use crate::rig::Rig;

#[test]
fn what_is_landed_is_the_work_of_whoever_made_it() {
    let rig = Rig::new(&[
        ("one", "requires = \"review\"\nchecks = [\"test ! -e bad\"]"),
        ("two", "requires = \"review\""),
    ]);
    rig.command_agent("scribe", "");
    rig.script(json!({"two": [[{"report": {"status": "done", "summary": "it was there"}}]]}));
    rig.run(["--agent", "scribe"]).expect(9);
    rig.sandbox.write("bad", "");
    rig.sandbox.git(["add", "bad"]);
    rig.sandbox.git(["commit", "--quiet", "--message=bad"]);
    rig.sandbox.tk(["approve", "one"]).ok();
    assert_eq!(rig.sandbox.tk(["land", "one"]).code, 9);
    let notes = rig.show("one")["notes"].clone();
    let notes = notes.as_array().unwrap();
    assert_eq!(notes.last().unwrap()["by"], "agent:scribe", "{notes:?}");

    rig.sandbox.git(["rm", "--quiet", "bad"]);
    rig.sandbox.git(["commit", "--quiet", "--message=mended"]);
    rig.sandbox.tk(["approve", "one", "two"]).ok();
    let plan = rig.sandbox.tk(["run", "epic", "--plan", "--json"]).json();
    for start in plan["starts"].as_array().unwrap() {
        assert_eq!(start["agent"], "scribe", "{plan}");
    }
    for id in ["one", "two"] {
        rig.sandbox.tk(["land", id]).ok();
        let ticket = rig.show(id);
        assert_eq!(ticket["closed_by"], "agent:scribe", "{ticket}");
        let commits = format!("--grep=^Land {id}:");
        let format = "--format=%an <%ae>";
        let author = rig.sandbox.git(["log", &commits, format]);
        assert_eq!(author, "scribe <scribe@agents.invalid>\n", "{id}");
    }
    assert_eq!(rig.settled().len(), 2, "no worker but the first two");
}
