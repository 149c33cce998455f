//! Work spread over the machine's cores.

use std::num::NonZero;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{OnceLock, mpsc};
use std::thread;

/// A thread that makes parts waits while so many of its own are ready to be asked for.
const AHEAD: usize = 2;

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

/// Hands what `work` makes of parts of `part` items to `tell`, in their order and one after the
/// other, so that not all of it is there at once: where there are fewer items than `many`, made when
/// it is asked for, else by as many threads as there are cores, in turn and a little ahead of that.
/// What is not asked for may not be made.
///
/// # Panics
/// As `work` and `tell` do.
pub(crate) fn stream<T: Sync, R: Send, A>(
    items: &[T],
    part: usize,
    many: usize,
    work: impl Fn(&[T]) -> R + Sync,
    tell: impl FnOnce(&mut dyn Iterator<Item = R>) -> A,
) -> A {
    let parts: Vec<&[T]> = items.chunks(part.max(1)).collect();
    if items.len() < many || count() == 1 {
        return tell(&mut parts.into_iter().map(work));
    }
    let threads = count().min(parts.len());
    let (parts, work) = (&parts, &work);
    thread::scope(|scope| {
        // Gone at the end of this, before the threads are waited for: none waits to send then.
        let ready: Vec<_> = (0..threads)
            .map(|first| {
                let (done, ready) = mpsc::sync_channel(AHEAD);
                let own = parts.iter().skip(first).step_by(threads);
                // A panic is handed over like what was made, to go on where that is asked for.
                let mut made = own.map(|part| panic::catch_unwind(AssertUnwindSafe(|| work(part))));
                scope.spawn(move || made.try_for_each(|made| done.send(made)));
                ready
            })
            .collect();
        // Whoever has a part to make sends it.
        let part = |place: usize| ready[place % threads].recv().ok().map(made);
        tell(&mut (0..parts.len()).map_while(part))
    })
}

#[cfg(test)]
mod tests {
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
