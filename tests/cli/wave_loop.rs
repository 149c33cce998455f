//! A script that follows the waves works as it stands.

use insta::assert_snapshot;

use crate::project::authentication;

#[test]
fn from_the_first_wave_to_the_last() {
    let sandbox = authentication();
    let ids = |args: &[&str]| -> Vec<String> {
        let tickets = sandbox.tk(args).json()["tickets"]
            .as_array()
            .unwrap()
            .clone();
        tickets
            .iter()
            .map(|ticket| ticket["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let graph = sandbox.tk(["graph", "aut", "--json"]).json();
    assert_eq!(graph["max_parallel"], 2);
    let waves: Vec<Vec<String>> =
        serde_json::from_value::<Vec<Vec<serde_json::Value>>>(graph["waves"].clone())
            .unwrap()
            .iter()
            .map(|wave| {
                wave.iter()
                    .map(|ticket| ticket["id"].as_str().unwrap().to_owned())
                    .collect()
            })
            .collect();
    assert_eq!(waves, [vec!["abc"], vec!["def", "ghi"]]);
    assert_eq!(
        ids(&["list", "--parent", "aut", "--json"]),
        ["abc", "def", "ghi"]
    );
    for wave in &waves {
        for id in wave {
            sandbox.tk(["update", id, "--status", "in_progress"]).ok();
            sandbox.tk(["note", id, "Implemented the feature"]).ok();
        }
        for id in wave {
            sandbox
                .tk(["close", id, "--reason", "Completed by agent"])
                .ok();
        }
    }
    assert_eq!(
        ids(&["list", "--parent", "aut", "--awaiting", "--json"]),
        ["ghi"]
    );
    assert_eq!(
        ids(&["list", "--parent", "aut", "--status", "open", "--json"]),
        [""; 0]
    );
    sandbox.tk(["approve", "ghi"]).ok();
    sandbox.tk(["close", "ghi"]).ok();
    sandbox.tk(["update", "aut", "--awaiting", "approval"]).ok();
    assert_snapshot!(sandbox.tk(["list", "--all"]), @r"
    abc  P1  closed  task  First
    aut  P2  open    epic  Authentication  awaits approval
    def  P2  closed  task  Second  #api
    ghi  P2  closed  bug   Third
    ");
    assert_eq!(
        sandbox.tk(["graph", "aut", "--json"]).json()["waves"],
        serde_json::json!([])
    );
}
