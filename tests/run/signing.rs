//! Commits that the user has signed: what git says of them beside what it is asked.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::rig::{Live, Rig};

/// Signs as `gpg` does, as far as git looks, as long as there is no file `broken` beside it.
const SIGNER: &str = "#!/bin/sh
cat > /dev/null
case \"$*\" in
*--verify*) echo '[GNUPG:] GOODSIG 1 Dana'; echo 'gpg: Good signature' >&2; exit 0;;
esac
if test -e \"${0%/*}/broken\"; then echo 'gpg: signing failed: Timeout' >&2; exit 2; fi
printf '\\n[GNUPG:] SIG_CREATED D\\n' >&2
echo '-----BEGIN PGP SIGNATURE-----'
echo signed
echo '-----END PGP SIGNATURE-----'
";

/// Has all commits signed from now on; the file whose being there keeps them from that.
fn signed(rig: &Rig) -> PathBuf {
    let signer = rig.sandbox.root().join("signer");
    std::fs::write(&signer, SIGNER).unwrap();
    std::fs::set_permissions(&signer, std::fs::Permissions::from_mode(0o755)).unwrap();
    let git = |key: &str, value: &str| rig.sandbox.git(["config", key, value]);
    git("gpg.program", signer.to_str().unwrap());
    git("commit.gpgSign", "true");
    rig.sandbox.root().join("broken")
}

#[test]
fn what_git_says_of_signatures_is_no_answer() {
    let rig = Rig::new(&[("one", "")]);
    signed(&rig);
    rig.sandbox.git(["config", "log.showSignature", "true"]);
    let mut command = rig.sandbox.tk_command();
    command
        .args(["run", "epic", "--json"])
        .env("TK_TEST_DIE_AT", "landed:before");
    assert_eq!(Live::of(command).end().code, -1);
    rig.run([]).expect(0);
    assert_eq!(rig.show("one")["status"], "closed");
    assert_eq!((rig.rounds("one"), rig.landings("one", "main")), (1, 1));
    rig.sandbox.git(["config", "log.showSignature", "false"]);
    let landing = rig.sandbox.git(["log", "--format=%H", "--grep=^Land one"]);
    rig.sandbox
        .git(["revert", "--no-edit", "-m1", landing.trim()]);
    rig.sandbox.git(["config", "log.showSignature", "true"]);
    rig.sandbox.tk(["restore", "one"]).ok();
    assert_eq!(rig.sandbox.read("one.txt"), "done\n");
    rig.assert_tidy();
}
