//! `tk demo --prepare-only`; the run of the sample is tested among the runs.

use insta::assert_snapshot;

use crate::support::Sandbox;

#[test]
fn what_is_only_prepared_is_told_in_one_document() {
    let sandbox = Sandbox::without_repository();
    let prepare = |dir, how: &[&str]| {
        let args = [&["demo", "--prepare-only", "--dir", dir][..], how].concat();
        sandbox.tk(args)
    };
    assert_snapshot!(prepare("one", &["--json"]), @r#"{"schema":"tk.demo.v1","path":"$ROOT/repo/one"}"#);
    assert_snapshot!(prepare("two", &[]), @"$ROOT/repo/two");
    assert!(sandbox.path().join("one/.ticks/uni.toml").exists());
}
