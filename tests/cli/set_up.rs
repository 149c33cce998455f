//! What git is told of tickets, and whether it goes by that.

use crate::support::Sandbox;

#[test]
fn objects_that_are_named_by_sha_256() {
    let sandbox = Sandbox::without_repository();
    sandbox.git(["init", "--quiet", "--object-format=sha256", "."]);
    for args in [&["init"][..], &["list"]] {
        let output = sandbox.tk(args);
        assert_eq!(output.code, 6, "{output}");
        assert_eq!(
            output.stderr,
            "error: the repository of `$ROOT/repo` names its objects by SHA-256: expected SHA-1\n\
             hint: such repositories cannot be used yet; `git init --object-format=sha1` makes \
             one that can\n"
        );
    }
}
