//! Work on several threads whose outcome does not show how many there were: what comes of it is handed on in the order
//! in which it was given, and no more than a few pieces are on their way at once.
//!
//! Knows nothing of what the work is.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Pieces on their way, for each thread: one in work, one waiting, one done too early.
const ON_THEIR_WAY: usize = 3;

/// How a piece of work is done: by a worker of its thread, which remembers what it wants from piece to piece.
pub(crate) struct Work<'w, W, I, O, E> {
    /// Makes the worker of a thread.
    pub(crate) begin: &'w (dyn Fn() -> W + Sync),
    /// Does a piece of work.
    pub(crate) piece: &'w (dyn Fn(&mut W, I) -> O + Sync),
    /// What is left of a worker in the end.
    pub(crate) end: &'w (dyn Fn(W) -> E + Sync),
}

/// Gives pieces of work, one after the other.
pub(crate) type Give<'g, I> = &'g mut dyn FnMut(&mut dyn FnMut(I));

/// Does what `give` gives, on so many threads, and hands on what comes of it in that order.
///
/// With one thread nothing is started, and every piece is done before the next is given. What is left of the workers
/// comes in no order that means anything.
pub(crate) fn in_order<W, I: Send, O: Send, E: Send>(
    threads: usize,
    work: &Work<'_, W, I, O, E>,
    give: Give<'_, I>,
    done: &mut dyn FnMut(O),
) -> Vec<E> {
    if threads <= 1 {
        let mut worker = (work.begin)();
        give(&mut |piece| done((work.piece)(&mut worker, piece)));
        return vec![(work.end)(worker)];
    }
    let (sender, receiver) = sync_channel::<(u64, I)>(threads);
    let receiver = &Mutex::new(receiver);
    thread::scope(|scope| {
        let (done_sender, done_receiver) = channel::<(u64, O)>();
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let done_sender = done_sender.clone();
                scope.spawn(move || {
                    let mut worker = (work.begin)();
                    while let Some((number, piece)) = next(receiver) {
                        if done_sender.send((number, (work.piece)(&mut worker, piece))).is_err() {
                            break;
                        }
                    }
                    (work.end)(worker)
                })
            })
            .collect();
        drop(done_sender);
        let mut line = Line { given: 0, received: 0, next: 0, early: BTreeMap::new(), done };
        give(&mut |piece| {
            while line.given - line.received >= (threads * ON_THEIR_WAY) as u64
                && line.receive(&done_receiver)
            {}
            // Nobody receives only where every worker has panicked, which joining them tells.
            if sender.send((line.given, piece)).is_ok() {
                line.given += 1;
            }
        });
        drop(sender);
        while line.receive(&done_receiver) {}
        let left = workers.into_iter().map(|it| match it.join() {
            Ok(left) => left,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        left.collect()
    })
}

fn next<I>(receiver: &Mutex<Receiver<(u64, I)>>) -> Option<(u64, I)> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// Where done pieces wait for those before them.
struct Line<'d, O> {
    given: u64,
    received: u64,
    next: u64,
    early: BTreeMap<u64, O>,
    done: &'d mut dyn FnMut(O),
}

impl<O> Line<'_, O> {
    /// Waits for a piece; false if there will be no more.
    fn receive(&mut self, receiver: &Receiver<(u64, O)>) -> bool {
        let Ok((number, piece)) = receiver.recv() else {
            return false;
        };
        self.received += 1;
        self.early.insert(number, piece);
        while let Some(piece) = self.early.remove(&self.next) {
            (self.done)(piece);
            self.next += 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_giving_whatever_the_number_of_threads() {
        for threads in [0, 1, 2, 3, 7] {
            let work = Work {
                begin: &|| 0_u64,
                piece: &|count: &mut u64, piece: u64| {
                    *count += 1;
                    // Later pieces are often done sooner.
                    (0..(piece * 7_919) % 5_000).fold(piece, |sum, it| std::hint::black_box(sum ^ it ^ it))
                },
                end: &|count| count,
            };
            let mut done = Vec::new();
            let counts =
                in_order(threads, &work, &mut |give| (0..1_000).for_each(give), &mut |it| done.push(it));
            assert_eq!(done, (0..1_000).collect::<Vec<u64>>(), "{threads} threads");
            assert_eq!(counts.iter().sum::<u64>(), 1_000);
            assert_eq!(counts.len(), threads.max(1));
        }
    }
}
