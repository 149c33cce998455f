//! Work spread over the machine's cores.

use std::num::NonZero;
use std::sync::OnceLock;
use std::thread;

/// How many of them this process may use. Asked once: the system answers from several files.
fn count() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// What `work` makes of all of `items`, in their order: in one piece where they are fewer than
/// `many`, else in as many as there are cores. The calling thread does the first of them.
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
    let mut pieces = items.chunks(items.len().div_ceil(count()).max(1));
    let first = pieces.next().unwrap_or_default();
    thread::scope(|scope| {
        let others: Vec<_> = pieces
            .map(|piece| scope.spawn(move || work(piece)))
            .collect();
        let mut done = vec![work(first)];
        for other in others {
            match other.join() {
                Ok(part) => done.push(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
