//! Work spread over the machine's cores.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, OnceLock, mpsc};
use std::{iter, thread};

/// How many parts are made ahead of what is asked for, besides one a thread.
const AHEAD: usize = 4;

/// How many of them this process may use. Asked once: the system answers from several files.
fn count() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// What `work` makes of all of `items`, in their order: in one piece where they are fewer than
/// `many`, else in as many as there are cores, each in a thread of its own.
///
/// The calling thread only waits. Were it to work, too, a thread less would do; but the system puts
/// a new thread on the core of the one that began it as often as not, and for some milliseconds
/// leaves it to wait there.
///
/// # Panics
/// As `work` does.
pub(crate) fn spread<T: Sync, R: Send>(
    items: &[T],
    many: usize,
    work: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    if items.len() < many || count() == 1 {
        return vec![work(items)];
    }
    let work = &work;
    let pieces = items.chunks(items.len().div_ceil(count()).max(1));
    thread::scope(|scope| {
        let threads: Vec<_> = pieces
            .map(|piece| scope.spawn(move || work(piece)))
            .collect();
        let ended = threads.into_iter().map(thread::ScopedJoinHandle::join);
        ended.map(made).collect()
    })
}

/// What a thread made; a panic of it goes on here.
fn made<R>(ended: thread::Result<R>) -> R {
    ended.unwrap_or_else(|panic| panic::resume_unwind(panic))
}

/// Hands what `work` makes of parts of `size` items to `tell`, in their order and one after the
/// other, so that not all of it is there at once: where there are fewer items than `many`, made when
/// it is asked for, else by as many threads as there are cores, which begin no more than [`AHEAD`]
/// parts besides their own before one is asked for. What is not asked for may not be made.
///
/// # Panics
/// As `work` and `tell` do.
pub(crate) fn stream<T: Sync, R: Send, A>(
    items: &[T],
    size: usize,
    many: usize,
    work: impl Fn(&[T]) -> R + Sync,
    tell: impl FnOnce(&mut dyn Iterator<Item = R>) -> A,
) -> A {
    let parts: Vec<&[T]> = items.chunks(size.max(1)).collect();
    if items.len() < many || count() == 1 {
        return tell(&mut parts.into_iter().map(work));
    }
    let threads = count().min(parts.len());
    let (order, orders) = mpsc::channel::<usize>();
    let orders = Mutex::new(orders);
    let next = || orders.lock().ok()?.recv().ok();
    // A panic is handed over like what was made, to go on where that is asked for.
    let make = |place: usize| {
        let result = panic::catch_unwind(AssertUnwindSafe(|| work(parts[place])));
        (place, result)
    };
    let (next, make) = (&next, &make);
    thread::scope(|scope| {
        let (done, results) = mpsc::channel();
        for _ in 0..threads {
            let done = done.clone();
            scope.spawn(move || iter::from_fn(next).try_for_each(|nth| done.send(make(nth))));
        }
        drop(done);
        // Gone at the end of this, before the threads are waited for: none waits for orders then.
        let mut ordered =
            (0..parts.len()).map(move |nth| order.send(nth).expect("orders are kept till then"));
        ordered.by_ref().take(threads + AHEAD).for_each(drop);
        let mut early = BTreeMap::new();
        tell(&mut (0..parts.len()).map(|nth| {
            while !early.contains_key(&nth) {
                let (other, result) = results.recv().expect("what is ordered is made");
                early.insert(other, result);
            }
            ordered.next();
            made(early.remove(&nth).expect("it has come"))
        }))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn parts_come_in_order_and_may_be_left() {
        for len in [0, 1, 7, 1000] {
            let items: Vec<usize> = (0..len).collect();
            for (part, many) in [(1, 0), (3, 0), (64, 0), (2000, 0), (3, len + 1)] {
                let work = <[usize]>::to_vec;
                let all = stream(&items, part, many, work, |parts| parts.flatten().collect());
                let all: Vec<usize> = all;
                assert_eq!(all, items, "{len} in parts of {part} from {many}");
                let first = stream(&items, part, many, work, |parts| parts.next());
                assert_eq!(first, items.chunks(part).next().map(<[usize]>::to_vec));
            }
        }
    }

    #[test]
    fn a_panic_goes_on_where_its_part_is_asked_for() {
        let items: Vec<usize> = (0..64).collect();
        let work = |part: &[usize]| {
            assert!(part != [7], "this one");
            part[0]
        };
        let mut before = Vec::new();
        let all = || stream(&items, 1, 0, work, |parts| before.extend(parts));
        let panic = panic::catch_unwind(AssertUnwindSafe(all)).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"this one"));
        assert_eq!(before, items[..7]);
    }

    #[test]
    fn no_part_piles_up_behind_a_slow_one() {
        let items: Vec<usize> = (0..1000).collect();
        let most = count() + AHEAD;
        let begun = AtomicUsize::new(0);
        let work = |part: &[usize]| {
            begun.fetch_add(1, Ordering::SeqCst);
            // All the others that may be begun before it is there.
            while part == [0] && count() > 1 && begun.load(Ordering::SeqCst) < most {
                thread::yield_now();
            }
            for _ in 0..1000 {
                thread::yield_now();
            }
            begun.load(Ordering::SeqCst)
        };
        let first = stream(&items, 1, 0, work, |parts| parts.next());
        assert!(first.is_some_and(|begun| begun <= most), "{first:?}");
    }

    #[test]
    fn who_tells_may_panic() {
        let items: Vec<usize> = (0..1000).collect();
        let tell = |parts: &mut dyn Iterator<Item = usize>| -> usize {
            parts.next();
            panic!("told enough")
        };
        let all = || stream(&items, 1, 0, |part| part[0], tell);
        let panic = panic::catch_unwind(AssertUnwindSafe(all)).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"told enough"));
    }

    #[test]
    fn every_item_is_worked_at_once_and_in_order() {
        for len in [0, 1, 7, 1000] {
            let items: Vec<usize> = (0..len).collect();
            for many in [0, len, len + 1] {
                let done = spread(&items, many, <[usize]>::to_vec);
                assert_eq!(done.concat(), items, "{len} from {many}");
            }
        }
    }
}
