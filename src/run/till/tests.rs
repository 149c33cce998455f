//! Random runs against the till and its ledger, which is read back from the disk after every
//! kill of the runner.

use std::fs::File;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::run::ledger;

/// Workers at once, a ticket each.
const WORKERS: usize = 8;
/// The most that one request to the model costs.
const REQUEST: u64 = 100_000_000;

fn at(step: usize) -> Timestamp {
    let start: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
    start + i64::try_from(step).unwrap().seconds()
}

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// A worker is started, where the budget lets it.
    Start { known: Option<u64>, bounded: bool },
    /// A live worker asks the model something; it may die before the answer has come whole.
    Request { cost: u64, dies: bool },
    /// A live worker tells its cost and ends.
    End,
    /// A live worker dies without a word.
    Die,
    /// The runner is killed, its workers with it, some lines of the recovery later again.
    Kill { recovered: usize },
    /// The runner is killed in the middle of the line that it writes next.
    Tear { bytes: u64 },
}

fn steps() -> impl Strategy<Value = Vec<(usize, usize, Step)>> {
    let step = prop_oneof![
        5 => (prop::option::of(1..6 * REQUEST), any::<bool>())
            .prop_map(|(known, bounded)| Step::Start { known, bounded }),
        12 => (1..=REQUEST, prop::bool::weighted(0.05))
            .prop_map(|(cost, dies)| Step::Request { cost, dies }),
        2 => Just(Step::End),
        1 => Just(Step::Die),
        1 => (0..4_usize).prop_map(|recovered| Step::Kill { recovered }),
        1 => (1..400_u64).prop_map(|bytes| Step::Tear { bytes }),
    ];
    prop::collection::vec((0..2_usize, 0..WORKERS, step), 1..90)
}

/// A process: what it has been granted, and what it left in its attempt folder.
#[derive(Clone, Debug)]
struct Worker {
    payee: Payee,
    reservation: Option<Reservation>,
    /// What it really cost, requests in flight included.
    truth: Usd,
    /// What its answers so far came to.
    live: Usd,
    priced: bool,
}

impl Worker {
    fn bill(&self, reports: bool) -> Bill {
        Bill {
            reported: reports.then_some(self.truth),
            live: if self.priced { self.live } else { Usd::ZERO },
            turns: 1,
            ..Bill::default()
        }
    }

    fn charge(&self, bill: &Bill) -> Usd {
        let aside = self.reservation.map_or(Usd::ZERO, |r| r.amount);
        bill.reported.unwrap_or(bill.live.max(aside))
    }
}

/// A run of the simulation.
struct Run {
    name: &'static str,
    /// `None` while no runner is up.
    till: Option<Till>,
    live: BTreeMap<usize, Worker>,
    processes: [u32; WORKERS],
    /// What its ended processes were to be charged.
    charged: Usd,
    /// What they really cost.
    truth: Usd,
    /// How many died in the middle of a request, which nobody can know the price of.
    lost: u64,
    tear: Option<u64>,
}

struct World {
    path: PathBuf,
    caps: Caps,
    runs: Vec<Run>,
    now: Timestamp,
}

impl World {
    fn till(&self, name: &str) -> Till {
        Till::open(&self.path, (name, name), self.caps, self.now).unwrap()
    }

    fn step(
        &mut self,
        run: usize,
        seat: usize,
        step: &Step,
    ) -> std::result::Result<(), TestCaseError> {
        let run = run % self.runs.len();
        if self.runs[run].till.is_none() {
            let till = self.till(self.runs[run].name);
            self.runs[run].till = Some(till);
        }
        let seated = self.runs[run].live.contains_key(&seat);
        match step {
            Step::Start { known, bounded } if !seated => self.start(run, seat, *known, *bounded)?,
            Step::Request { cost, dies } if seated => self.request(run, seat, *cost, *dies),
            Step::End if seated => self.settle(run, seat, true),
            Step::Die if seated => self.settle(run, seat, false),
            Step::Kill { recovered } => self.kill(run, *recovered, true),
            Step::Tear { bytes } => self.runs[run].tear = Some(*bytes),
            Step::Start { .. } | Step::Request { .. } | Step::End | Step::Die => {}
        }
        self.check(run)
    }

    fn start(
        &mut self,
        run: usize,
        seat: usize,
        known: Option<u64>,
        bounded: bool,
    ) -> std::result::Result<(), TestCaseError> {
        let ticket = TicketId::parse(&format!("t{seat}")).unwrap();
        let places = WORKERS - self.runs[run].live.len();
        let others = self.runs.iter().enumerate();
        let others = others.filter(|(n, other)| *n != run && !other.live.is_empty());
        let others: Vec<&str> = others.map(|(_, other)| other.name).collect();
        let this = &mut self.runs[run];
        let till = this.till.as_mut().unwrap();
        let cap = Usd::from_nanos(30 * REQUEST);
        let cost = till
            .used(|entry| entry.ticket == ticket.as_str())
            .unwrap()
            .cost;
        let wish = Wish {
            wanted: known.map(Usd::from_nanos),
            at_most: bounded.then(|| cap.saturating_sub(cost)),
            shares: places,
            ..Wish::default()
        };
        let payee = Payee {
            process: till.last_process(&ticket, 1) + 1,
            ticket,
            attempt: 1,
            agent: "claude".into(),
            agent_kind: "claude".into(),
        };
        prop_assert!(payee.process > this.processes[seat], "a number given twice");
        let asked = till.reserve(self.now, &payee, wish, &|name| others.contains(&name));
        let granted = match asked.unwrap() {
            Ok(granted) => granted,
            Err(refusal) => {
                if refusal == Refusal::Reached {
                    // Nothing is live that could give money back, and what is left does not
                    // pay for two turns.
                    prop_assert!(this.live.is_empty());
                    prop_assert!(till.budget().free().unwrap().nanos() <= 2 * REQUEST);
                }
                if refusal == Refusal::Elsewhere {
                    prop_assert!(!others.is_empty() && this.live.is_empty());
                }
                return Ok(());
            }
        };
        if let Some(bytes) = this.tear.take() {
            // It was never granted: the runner died while it wrote it down.
            if self.tear(bytes) {
                self.kill(run, 0, false);
                return Ok(());
            }
        }
        let this = &mut self.runs[run];
        this.processes[seat] = payee.process;
        let worker = Worker {
            payee,
            reservation: granted,
            truth: Usd::ZERO,
            live: Usd::ZERO,
            priced: !seat.is_multiple_of(3),
        };
        this.live.insert(seat, worker);
        Ok(())
    }

    /// The client asks no more once its limit is reached: it ends then.
    fn request(&mut self, run: usize, seat: usize, cost: u64, dies: bool) {
        let this = &mut self.runs[run];
        let worker = this.live.get_mut(&seat).unwrap();
        let cost = Usd::from_nanos(cost);
        worker.truth += cost;
        if dies {
            this.lost += 1;
            return self.settle(run, seat, false);
        }
        worker.live += cost;
        let so_far = worker.priced.then_some(worker.live);
        let turn = if worker.priced { cost } else { Usd::ZERO };
        let limit = worker.reservation.map(|reservation| reservation.limit);
        let over = limit.is_some_and(|limit| worker.truth >= limit);
        let till = this.till.as_mut().unwrap();
        till.observe(&worker.payee.ticket, so_far, turn);
        let crossed = till.budget().crossed();
        if over {
            self.settle(run, seat, true);
        }
        if crossed {
            // Everybody is interrupted, and tells what it cost.
            let live: Vec<usize> = self.runs[run].live.keys().copied().collect();
            for seat in live {
                self.settle(run, seat, true);
            }
        }
    }

    fn settle(&mut self, run: usize, seat: usize, reports: bool) {
        let this = &mut self.runs[run];
        let Some(till) = this.till.as_mut() else {
            return;
        };
        let Some(worker) = this.live.remove(&seat) else {
            return;
        };
        let bill = worker.bill(reports);
        let (cost, _) = till
            .settle(self.now, &worker.payee, &bill, worker.reservation)
            .unwrap();
        assert_eq!(cost, worker.charge(&bill));
        if let Some(bytes) = self.runs[run].tear.take()
            && self.tear(bytes)
        {
            // Its end is in its attempt folder; the ledger does not know of it.
            self.runs[run].live.insert(seat, worker);
            return self.kill(run, 0, reports);
        }
        let this = &mut self.runs[run];
        this.charged += cost;
        this.truth += worker.truth;
    }

    /// Cuts the last line short; whether that took its meaning.
    fn tear(&self, bytes: u64) -> bool {
        let text = std::fs::read_to_string(&self.path).unwrap();
        let last = text.lines().last().unwrap().len() as u64;
        let file = File::options().write(true).open(&self.path).unwrap();
        let bytes = bytes.min(last + 1);
        file.set_len(text.len() as u64 - bytes).unwrap();
        // A line that lacks nothing but its end is whole.
        bytes > 1
    }

    /// The runner dies. Its workers end, and the next runner settles them by what they left;
    /// it is itself killed after some of them, once.
    fn kill(&mut self, run: usize, recovered: usize, reports: bool) {
        let this = &mut self.runs[run];
        this.till = None;
        this.tear = None;
        let left = std::mem::take(&mut this.live);
        let mut bills: BTreeMap<String, (Usd, Usd)> = BTreeMap::new();
        let bill_of = |entry: &Entry| {
            let worker = left.values().find(|w| {
                w.payee.ticket.as_str() == entry.ticket && w.payee.process == entry.process
            });
            // One that the ledger knows and nobody has seen was never started.
            let nothing = Bill {
                reported: Some(Usd::ZERO),
                ..Bill::default()
            };
            worker.map_or(nothing, |worker| worker.bill(reports))
        };
        let mut count = 0;
        let cut_off = settle_left(
            &self.path,
            this.name,
            self.now,
            |_| false,
            |entry| {
                count += 1;
                if count > recovered {
                    return Err(crate::ops::Error::new(
                        crate::ops::ErrorCode::Failed,
                        "killed",
                    ));
                }
                Ok(bill_of(entry))
            },
        );
        drop(cut_off);
        settle_left(
            &self.path,
            this.name,
            self.now,
            |_| false,
            |entry| Ok(bill_of(entry)),
        )
        .unwrap();
        for worker in left.values() {
            let charged = worker.charge(&worker.bill(reports));
            bills.insert(worker.payee.ticket.to_string(), (charged, worker.truth));
        }
        for (charged, truth) in bills.values() {
            this.charged += *charged;
            this.truth += *truth;
        }
    }

    fn check(&self, run: usize) -> std::result::Result<(), TestCaseError> {
        let this = &self.runs[run];
        let entries = Ledger::read(&self.path).unwrap();
        let aside = this.live.values().map(|worker| {
            let reservation = worker.reservation.map(|r| r.amount);
            reservation.unwrap_or_default()
        });
        let told = ledger::spent(&entries, |entry| entry.run == this.name).unwrap();
        prop_assert_eq!(told, this.charged + aside.sum(), "the ledger is exact");
        if let Some(till) = &this.till {
            prop_assert_eq!(till.budget().spent(), this.charged, "memory is the disk");
        }
        let truth = |run: &Run| run.truth + run.live.values().map(|worker| worker.truth).sum();
        let over = |conversations: u64, cap: Usd| cap + Usd::from_nanos(REQUEST) * conversations;
        if let Some(cap) = self.caps.run {
            prop_assert!(
                this.charged <= over(WORKERS as u64, cap),
                "the ledger's total"
            );
            prop_assert!(
                truth(this) <= over(WORKERS as u64 + this.lost, cap),
                "the truth"
            );
        }
        if let Some(day) = self.caps.day {
            let all = self.runs.len() as u64 * WORKERS as u64;
            let charged: Usd = self.runs.iter().map(|run| run.charged).sum();
            prop_assert!(charged <= over(all, day), "the ledger's day");
            let lost: u64 = self.runs.iter().map(|run| run.lost).sum();
            let truth: Usd = self.runs.iter().map(truth).sum();
            prop_assert!(truth <= over(all + lost, day), "the day");
        }
        Ok(())
    }
}

/// A thousand runs with eight workers, half of them two at once with a budget of the day:
/// whatever is killed wherever, no cap is crossed by more than a request of each conversation,
/// and the ledger says to the last cent what was charged.
#[test]
fn a_thousand_random_runs_keep_to_their_caps() {
    let mut runner = TestRunner::new(Config {
        cases: 1_000,
        failure_persistence: None,
        ..Config::default()
    });
    let cap = || 1..60 * REQUEST;
    let caps = prop_oneof![
        2 => cap().prop_map(|run| (Some(run), None)),
        1 => cap().prop_map(|day| (None, Some(day))),
        2 => (cap(), cap()).prop_map(|(run, day)| (Some(run), Some(day))),
        1 => Just((None, None)),
    ];
    let folder = tempfile::tempdir_in(memory()).unwrap();
    let cases = std::cell::Cell::new(0);
    let ran = runner.run(&(caps, steps()), |((run, day), steps)| {
        cases.set(cases.get() + 1);
        let names: &[&str] = if day.is_some() { &["A", "B"] } else { &["A"] };
        let new = |name: &&'static str| Run {
            name,
            till: None,
            live: BTreeMap::new(),
            processes: [0; WORKERS],
            charged: Usd::ZERO,
            truth: Usd::ZERO,
            lost: 0,
            tear: None,
        };
        let mut world = World {
            path: folder.path().join(format!("{}.jsonl", cases.get())),
            caps: Caps {
                run: run.map(Usd::from_nanos),
                day: day.map(Usd::from_nanos),
            },
            runs: names.iter().map(new).collect(),
            now: at(0),
        };
        for (n, (run, seat, step)) in steps.iter().enumerate() {
            world.now = at(n);
            world.step(*run, *seat, step)?;
        }
        for run in 0..world.runs.len() {
            world.kill(run, 1, true);
            world.check(run)?;
        }
        Ok(())
    });
    ran.unwrap();
    assert!(cases.get() >= 1_000);
}

/// Where what is made durable a hundred thousand times wears out no disk, if there is such a
/// place.
fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    }
}

#[test]
fn what_is_older_than_a_day_is_not_of_the_day() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let caps = Caps {
        run: None,
        day: Some(Usd::parse("1").unwrap()),
    };
    let payee = Payee {
        ticket: TicketId::parse("one").unwrap(),
        attempt: 1,
        process: 1,
        agent: "claude".into(),
        agent_kind: "claude".into(),
    };
    let wish = Wish {
        wanted: Usd::parse("1").ok(),
        shares: 1,
        ..Wish::default()
    };
    let mut first = Till::open(&path, ("A", "a"), caps, at(0)).unwrap();
    let granted = first.reserve(at(0), &payee, wish, &|_| true).unwrap();
    assert_eq!(granted.unwrap().unwrap().amount, Usd::parse("1").unwrap());
    let mut second = Till::open(&path, ("B", "b"), caps, at(1)).unwrap();
    let mut asked = |now, live: bool| second.reserve(now, &payee, wish, &move |_| live).unwrap();
    assert_eq!(asked(at(1), true), Err(Refusal::Elsewhere));
    // What a dead run had put aside comes back when it is recovered, and not before.
    assert_eq!(asked(at(1), false), Err(Refusal::Reached));
    assert!(asked(at(2) + 24.hours(), true).is_ok());
}
