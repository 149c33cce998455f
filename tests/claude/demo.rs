//! `tk demo --agent claude`.

use crate::model_endpoint::ModelEndpoint;
use crate::stage::{Stage, sample_work, turns};

#[test]
fn the_demo_is_the_real_thing_when_asked() {
    let mut stage = Stage::without_repository(ModelEndpoint::start());
    for ticket in sample_work() {
        let script = turns(ticket, &stage.worktree(ticket.id));
        stage.endpoint = stage.endpoint.on(&format!("ID: {}", ticket.id), script);
    }
    let output = stage
        .sandbox
        .tk(["demo", "--agent", "claude", "--dir", "."]);
    assert_eq!(output.code, 0, "{output}");
    let said = format!("{}{}", output.stdout, output.stderr);
    assert!(
        said.contains("the real `claude`, with your account"),
        "{said}"
    );
    assert_eq!(stage.show("rel")["status"], "closed");
    assert_eq!(stage.show("faq")["awaiting"], "review");
}
