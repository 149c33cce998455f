//! Commits that the user has signed: what git says of them beside what it is asked, and a
//! signature that cannot be made in the middle of a run.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::json;

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

#[test]
fn what_cannot_be_signed_lands_when_it_can() {
    for batch in ["1", "2"] {
        let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
        let config = format!("[run]\nbatch = {batch}\n");
        rig.sandbox.write(".ticks/config.toml", &config);
        let broken = signed(&rig);
        let breaks = format!("touch {}", broken.display());
        rig.script(json!({"one": [[
            {"run": "echo done > one.txt"}, {"commit": "work"}, {"run": breaks},
        ]]}));
        let ended = rig.run([]).expect(8);
        assert_eq!(ended.last()["outcome"], "stopped");
        assert!(ended.of("one", "failed").is_empty(), "{:#?}", ended.events);
        let told = "no worker can go on: signing: a commit could not be signed";
        let warnings = ended.warnings();
        let of_signing = warnings.iter().filter(|text| text.starts_with(told));
        let of_signing: Vec<_> = of_signing.collect();
        assert_eq!(of_signing.len(), 1, "{warnings:#?}");
        assert!(of_signing[0].contains("signing failed: Timeout"));
        assert_eq!(rig.show("one")["status"], "open");
        let notes = rig.notes("one");
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(
            notes[0].starts_with("Done, and stopped before it had landed"),
            "{notes:?}"
        );

        // As long as it cannot, nothing begins.
        let refused = rig.run([]).expect(6);
        assert!(
            refused.stderr.contains("see that git can sign"),
            "{}",
            refused.stderr
        );
        std::fs::remove_file(&broken).unwrap();
        let ended = rig.run([]).expect(0);
        assert_eq!(ended.ids("landed"), ["one", "two"]);
        assert_eq!(rig.rounds("one"), 1, "its work is not paid for again");
        assert_eq!(rig.notes("one").len(), 1);
        rig.assert_tidy();
    }
}

#[test]
fn what_was_approved_and_cannot_be_signed_stays_approved() {
    let rig = Rig::new(&[("one", "")]);
    let broken = signed(&rig);
    let approved = rig.sandbox.root().join("approved");
    let check = format!(
        "test ! -e {} || touch {}",
        approved.display(),
        broken.display()
    );
    rig.sandbox.ticket(
        "one",
        &format!(
            "title = \"One\"\nparent = \"epic\"\nrequires = \"review\"\nchecks = [\"{check}\"]\n"
        ),
    );
    rig.run([]).expect(9);
    rig.sandbox.tk(["approve", "one"]).ok();
    std::fs::write(&approved, "").unwrap();
    let ticket = rig.show("one");
    assert_eq!(rig.sandbox.tk(["land", "one"]).code, 8);
    assert_eq!(rig.show("one"), ticket);
    std::fs::remove_file(&approved).unwrap();
    std::fs::remove_file(&broken).unwrap();
    rig.sandbox.tk(["land", "one"]).ok();
    assert_eq!(rig.show("one")["status"], "closed");
    assert_eq!(rig.rounds("one"), 1);
    rig.assert_tidy();
}
