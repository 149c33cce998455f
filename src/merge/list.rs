//! The merge of lists, element by element.

use jiff::Timestamp;

use crate::model::{Acceptance, Note, RunRecord, Subtask, Ticket};

use super::fields::Merger;

/// What becomes of an element that one side removed and the other changed.
enum Removed {
    /// It stays as it was changed.
    Stays,
    /// It is a conflict of that key.
    Conflicts(&'static str),
}

/// An element's place in its list's order of identities: the identity, and how many equal
/// ones stand before it.
pub(super) type Slot<K> = (K, usize);

pub(super) fn slots<T, K: PartialEq>(list: &[T], identity: impl Fn(&T) -> K) -> Vec<Slot<K>> {
    let mut out: Vec<Slot<K>> = Vec::with_capacity(list.len());
    for item in list {
        let key = identity(item);
        let before = out.iter().filter(|(other, _)| *other == key).count();
        out.push((key, before));
    }
    out
}

/// The slots of both sides: ours in their order, and what theirs alone has after what it stands
/// behind there. What each side added at one place stays together, the smaller before the other,
/// whichever side is ours.
fn order<K: Clone + Ord>(ours: &[Slot<K>], theirs: &[Slot<K>]) -> Vec<Slot<K>> {
    let mut all = ours.to_vec();
    let mut at = 0;
    let mut is_first = true;
    for slot in theirs {
        if let Some(place) = all.iter().position(|other| other == slot) {
            at = place + 1;
            is_first = true;
            continue;
        }
        let added = all[at..].iter().take_while(|other| !theirs.contains(other));
        if std::mem::take(&mut is_first) && all.get(at).is_some_and(|other| other < slot) {
            at += added.count();
        }
        all.insert(at, slot.clone());
        at += 1;
    }
    all
}

/// As [`order`], in the order of the side that put the base's elements into another one, where
/// only one did.
pub(super) fn order_against<K: Clone + Ord>(
    base: &[Slot<K>],
    ours: &[Slot<K>],
    theirs: &[Slot<K>],
) -> Vec<Slot<K>> {
    let of = |side: &[Slot<K>]| -> Vec<Slot<K>> {
        let all = [base, ours, theirs];
        let is_common = |slot: &&Slot<K>| all.iter().all(|list| list.contains(*slot));
        side.iter().filter(is_common).cloned().collect()
    };
    let was = of(base);
    match of(ours) == was && of(theirs) != was {
        true => order(theirs, ours),
        false => order(ours, theirs),
    }
}

/// Three-way, by identity. `mend` merges an element that both sides have and changed
/// differently; its base is `None` where both added it.
fn by_identity<T, K>(
    merger: &mut Merger,
    (base, ours, theirs): (&[T], &[T], &[T]),
    identity: impl Fn(&T) -> K,
    removed: &Removed,
    mut mend: impl FnMut(&mut Merger, Option<&T>, &T, &T) -> T,
) -> Vec<T>
where
    T: Clone + PartialEq,
    K: Clone + Ord,
{
    if ours == theirs || base == theirs {
        return ours.to_vec();
    }
    if base == ours {
        return theirs.to_vec();
    }
    let lists = [base, ours, theirs].map(|list| slots(list, &identity));
    let mut out = Vec::new();
    for slot in order_against(&lists[0], &lists[1], &lists[2]) {
        let find = |slots: &[Slot<K>]| slots.iter().position(|other| *other == slot);
        let was = find(&lists[0]).map(|index| &base[index]);
        let mine = find(&lists[1]).map(|index| &ours[index]);
        let other = find(&lists[2]).map(|index| &theirs[index]);
        let item = match (was, mine, other) {
            (_, Some(mine), Some(other)) if mine == other => Some(mine.clone()),
            (Some(was), Some(mine), Some(other)) if was == mine => Some(other.clone()),
            (Some(was), Some(mine), Some(other)) if was == other => Some(mine.clone()),
            (was, Some(mine), Some(other)) => Some(mend(merger, was, mine, other)),
            (None, one, another) => one.or(another).cloned(),
            (Some(was), one, another) => {
                let left = one.or(another);
                match removed {
                    _ if left == Some(was) => None,
                    Removed::Stays => left.cloned(),
                    Removed::Conflicts(key) => {
                        merger.conflict(key, Some(was), one, another).cloned()
                    }
                }
            }
        };
        out.extend(item);
    }
    out
}

/// Strings whose order means something.
pub(super) fn strings(base: &[String], ours: &[String], theirs: &[String]) -> Vec<String> {
    let lists = (base, ours, theirs);
    // Equal strings are equal elements: nothing is left to be merged within one.
    let mut merger = Merger::silent();
    let mend = |_: &mut Merger, _: Option<&String>, mine: &String, _: &String| mine.clone();
    by_identity(&mut merger, lists, String::clone, &Removed::Stays, mend)
}

pub(super) fn acceptance(
    merger: &mut Merger,
    base: &Ticket,
    ours: &Ticket,
    theirs: &Ticket,
) -> Vec<Acceptance> {
    let lists = (&*base.acceptance, &*ours.acceptance, &*theirs.acceptance);
    let removed = Removed::Conflicts("acceptance");
    let identity = |item: &Acceptance| item.text.clone();
    by_identity(
        merger,
        lists,
        identity,
        &removed,
        |merger, was, mine, other| {
            let none = Acceptance::default();
            let was = was.unwrap_or(&none);
            Acceptance {
                text: mine.text.clone(),
                check: merger.scalar("acceptance", &was.check, &mine.check, &other.check),
                met: merger.scalar("acceptance", &was.met, &mine.met, &other.met),
            }
        },
    )
}

pub(super) fn subtasks(
    merger: &mut Merger,
    base: &Ticket,
    ours: &Ticket,
    theirs: &Ticket,
) -> Vec<Subtask> {
    let lists = (&*base.subtasks, &*ours.subtasks, &*theirs.subtasks);
    let removed = Removed::Conflicts("subtasks");
    let identity = |item: &Subtask| item.title.clone();
    by_identity(
        merger,
        lists,
        identity,
        &removed,
        |merger, was, mine, other| {
            let was = was.is_some_and(|was| was.done);
            Subtask {
                title: mine.title.clone(),
                done: merger.scalar("subtasks", &was, &mine.done, &other.done),
            }
        },
    )
}

pub(super) fn notes(
    merger: &mut Merger,
    base: &Ticket,
    ours: &Ticket,
    theirs: &Ticket,
) -> Vec<Note> {
    let lists = (&*base.notes, &*ours.notes, &*theirs.notes);
    let identity = |item: &Note| (item.at, item.by.clone(), item.text.clone());
    let mut notes = by_identity(
        merger,
        lists,
        identity,
        &Removed::Stays,
        |merger, was, mine, other| {
            // Two sides that add one note with two kinds have no base to tell who is right.
            let was = was.unwrap_or(mine);
            let mut note = mine.clone();
            note.kind = merger.scalar("notes", &was.kind, &mine.kind, &other.kind);
            note
        },
    );
    if is_new(lists, &notes) {
        notes.sort_by_key(|note| note.at);
    }
    notes
}

pub(super) fn runs(
    merger: &mut Merger,
    base: &Ticket,
    ours: &Ticket,
    theirs: &Ticket,
) -> Vec<RunRecord> {
    let lists = (&*base.runs, &*ours.runs, &*theirs.runs);
    let identity = |item: &RunRecord| (item.run.clone(), item.attempt);
    let mut runs = by_identity(merger, lists, identity, &Removed::Stays, run);
    if is_new(lists, &runs) {
        runs.sort_by_key(began);
    }
    runs
}

/// Whether a merge made a list that no side has.
fn is_new<T: PartialEq>((_, ours, theirs): (&[T], &[T], &[T]), merged: &[T]) -> bool {
    merged != ours && merged != theirs
}

fn began(run: &RunRecord) -> Option<Timestamp> {
    run.started_at.or(run.ended_at)
}

/// An attempt that both sides wrote into: what each of them knows.
fn run(
    merger: &mut Merger,
    was: Option<&RunRecord>,
    mine: &RunRecord,
    other: &RunRecord,
) -> RunRecord {
    let nothing = RunRecord {
        run: mine.run.clone(),
        attempt: mine.attempt,
        agent: String::new(),
        model: None,
        session: None,
        started_at: None,
        ended_at: None,
        outcome: None,
        summary: None,
        cost_usd: None,
        input_tokens: None,
        output_tokens: None,
        turns: None,
    };
    let was = was.unwrap_or(&nothing);
    let mut out = mine.clone();
    macro_rules! scalars {
        ($($field:ident),+ $(,)?) => {
            $(out.$field = merger.scalar("runs", &was.$field, &mine.$field, &other.$field);)+
        };
    }
    scalars!(
        agent,
        model,
        session,
        started_at,
        ended_at,
        outcome,
        summary,
        cost_usd,
        input_tokens,
        output_tokens,
        turns,
    );
    out
}
