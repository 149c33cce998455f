//! Three clones that claim, close, reopen, merge, rebase, squash and throw away at random: never
//! do two hold a ticket, or does one begin what is closed in another and has not come here; and
//! nothing is refused without such a reason.

use std::collections::BTreeMap;

use crate::between_clones::Clones;
use crate::support::Output;

const CLONES: [&str; 3] = ["repo", "other", "third"];
const TICKETS: [&str; 2] = ["abc", "def"];

#[derive(Clone, Debug)]
struct Closing {
    by: &'static str,
    at: String,
    /// Whether it was opened again there.
    is_reopened: bool,
}

/// What nobody but the test knows: all clones at once.
struct World {
    clones: Clones,
    random: u64,
    /// The time, which no two steps have in common.
    now: u32,
    /// Who holds a ticket.
    holders: BTreeMap<&'static str, &'static str>,
    /// How the last holder has closed it.
    closings: BTreeMap<&'static str, Closing>,
    /// What was done, for when it goes wrong.
    told: Vec<String>,
}

impl World {
    fn new(seed: u64) -> Self {
        let clones = Clones::new();
        clones
            .sandbox
            .git(["clone", "--quiet", "../remote.git", "../third"]);
        Self {
            clones,
            random: seed,
            now: 0,
            holders: BTreeMap::new(),
            closings: BTreeMap::new(),
            told: vec![format!("seed {seed}")],
        }
    }

    /// A number below `end`; numbers of Steele and Vigna's SplitMix64.
    fn below(&mut self, end: usize) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    fn time(&self) -> String {
        format!("2026-11-20T09:{:02}:{:02}Z", self.now / 60, self.now % 60)
    }

    fn tk(&mut self, clone: &str, args: &[&str]) -> Output {
        self.now += 1;
        let mut command = self.clones.command(clone, args);
        command
            .args(["--as", clone])
            .env("TK_TEST_NOW", self.time());
        let output = self.clones.sandbox.run(&mut command, None);
        self.told.push(format!(
            "{} {clone}: tk {args:?}: {}",
            self.now, output.code
        ));
        output
    }

    fn git(&mut self, clone: &str, args: &[&str]) -> Output {
        let dir = format!("../{clone}");
        let mut command = self.clones.sandbox.command("git");
        command.args(["-C", &dir]).args(args);
        let output = self.clones.sandbox.run(&mut command, None);
        self.told
            .push(format!("{clone}: git {args:?}: {}", output.code));
        output
    }

    fn file(&self, clone: &str, ticket: &str) -> String {
        self.clones
            .sandbox
            .read(format!("../{clone}/.ticks/{ticket}.toml"))
    }

    /// Whether a closing of that time is in the clone's file, or in the history of these.
    fn has(&mut self, clone: &str, ticket: &str, at: &str, tips: &str) -> bool {
        let text = format!("closed_at = {at}");
        let (search, file) = (format!("-S{text}"), format!(".ticks/{ticket}.toml"));
        let log = ["log", "-m", "--full-history", "--format=%H", &search, tips];
        let log = self.git(clone, &[&log[..], &["--", &file]].concat());
        !log.stdout.is_empty() || self.file(clone, ticket).contains(&text)
    }

    fn commit(&mut self, clone: &str) {
        self.git(clone, &["commit", "--quiet", "--all", "--message=tickets"]);
    }

    /// Merges what others have pushed, and pushes the whole.
    fn merge(&mut self, clone: &str) {
        self.commit(clone);
        let pulled = self.git(clone, &["pull", "--quiet", "--no-rebase", "--no-edit"]);
        if pulled.code != 0 {
            self.git(clone, &["checkout", "--quiet", "--ours", ".ticks"]);
            self.git(clone, &["add", "--all"]);
            self.git(clone, &["commit", "--quiet", "--no-edit"]);
        }
        self.git(clone, &["push", "--quiet"]);
    }

    fn claim(&mut self, clone: &'static str, ticket: &'static str) {
        let closing = self.closings.get(ticket).cloned();
        let (mut knows, mut stands, mut is_news) = (true, false, false);
        if let Some(Closing {
            by,
            at,
            is_reopened,
        }) = &closing
        {
            knows = *by == clone || self.has(clone, ticket, at, "HEAD");
            stands = !is_reopened && self.has(by, ticket, at, "--all");
            // What can be fetched is fetched, also where it was opened again since.
            is_news = !knows && (!is_reopened || self.has(by, ticket, at, "@{upstream}"));
        }
        let holder = self.holders.get(ticket).copied();
        let is_free = holder.is_none_or(|holder| holder == clone);
        let output = self.tk(clone, &["claim", ticket, "--remote"]);
        let told = self.told.join("\n");
        match output.code {
            0 => {
                assert!(is_free, "{told}\n{holder:?} holds it");
                assert!(knows || !stands, "{told}\nit is closed: {closing:?}");
                self.holders.insert(ticket, clone);
                self.closings.remove(ticket);
            }
            4 => assert!(
                self.file(clone, ticket).contains("closed_at"),
                "{told}\n{output}"
            ),
            5 => assert!(!is_free || is_news, "{told}\n{output}"),
            _ => panic!("{told}\n{output}"),
        }
    }

    fn step(&mut self) {
        let clone = CLONES[self.below(CLONES.len())];
        let ticket = TICKETS[self.below(TICKETS.len())];
        let holds = self.holders.get(ticket) == Some(&clone);
        match self.below(12) {
            0..=2 => self.claim(clone, ticket),
            3..=4 if holds => {
                self.tk(clone, &["close", ticket]).ok();
                self.holders.remove(ticket);
                let closing = Closing {
                    by: clone,
                    at: self.time(),
                    is_reopened: false,
                };
                self.closings.insert(ticket, closing);
            }
            5 if holds => {
                self.tk(clone, &["release", ticket]).ok();
                self.holders.remove(ticket);
            }
            5..=6 if self.file(clone, ticket).contains("closed_at") => {
                self.tk(clone, &["reopen", ticket]).ok();
                let own = self.closings.get_mut(ticket);
                if let Some(own) = own.filter(|closing| closing.by == clone) {
                    own.is_reopened = true;
                }
            }
            7 => self.merge(clone),
            8 => {
                self.commit(clone);
                if self.git(clone, &["pull", "--quiet", "--rebase"]).code != 0 {
                    self.git(clone, &["rebase", "--abort"]);
                }
            }
            9 => {
                self.commit(clone);
                self.git(clone, &["reset", "--quiet", "--soft", "@{upstream}"]);
                self.commit(clone);
            }
            10 if !self.holders.values().any(|holder| *holder == clone) => {
                let what = ["HEAD", "@{upstream}"][self.below(2)];
                self.git(clone, &["reset", "--quiet", "--hard", what]);
            }
            11 => {
                self.tk(clone, &["sync"]).ok();
            }
            _ => self.commit(clone),
        }
    }

    /// When all have merged and seen everything, nothing is refused.
    fn end(&mut self) {
        for (ticket, holder) in std::mem::take(&mut self.holders) {
            self.tk(holder, &["release", ticket]).ok();
        }
        for clone in CLONES.into_iter().chain(CLONES) {
            self.merge(clone);
            self.tk(clone, &["sync"]).ok();
        }
        for (clone, ticket) in CLONES
            .into_iter()
            .flat_map(|clone| TICKETS.map(|ticket| (clone, ticket)))
        {
            if self.file(clone, ticket).contains("closed_at") {
                self.tk(clone, &["reopen", ticket]).ok();
            }
            // That it had been let go of may have been thrown away.
            let is_begun = self.file(clone, ticket).contains("in_progress");
            let listed = self.tk(clone, &["ready"]).ok();
            let told = self.told.join("\n");
            assert!(is_begun || listed.contains(ticket), "{told}\n{listed}");
            let claimed = self.tk(clone, &["claim", ticket, "--remote"]);
            assert_eq!(claimed.code, 0, "{}\n{claimed}", self.told.join("\n"));
            self.tk(clone, &["release", ticket]).ok();
        }
    }
}

#[test]
fn no_ticket_is_begun_twice_or_by_nobody() {
    let worlds = std::env::var("TK_TEST_ROUNDS").map_or(4, |worlds| worlds.parse().unwrap());
    for seed in (0..worlds).step_by(2) {
        std::thread::scope(|scope| {
            for seed in [seed, seed + 1] {
                scope.spawn(move || {
                    let mut world = World::new(seed);
                    for _ in 0..60 {
                        world.step();
                    }
                    world.end();
                });
            }
        });
    }
}
