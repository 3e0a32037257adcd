//! Order in bounded memory: of everything that is offered, the first so many after what was handed out before.

use std::collections::BTreeMap;

/// What is next, in order; whoever wants more than its size offers everything again.
pub(super) struct Window<K, V> {
    size: usize,
    after: Option<K>,
    held: BTreeMap<K, V>,
    more: bool,
}

impl<K: Ord + Clone, V> Window<K, V> {
    pub(super) fn new(size: usize) -> Self {
        Self { size: size.max(1), after: None, held: BTreeMap::new(), more: false }
    }

    /// Takes one in, if it is among the next.
    pub(super) fn offer(&mut self, key: K, value: V) {
        if self.after.as_ref().is_some_and(|after| key <= *after) {
            return;
        }
        self.held.insert(key, value);
        if self.held.len() > self.size {
            self.held.pop_last();
            self.more = true;
        }
    }

    /// Hands out the next; whether there are more after them.
    pub(super) fn next(&mut self) -> (impl Iterator<Item = V> + use<K, V>, bool) {
        let held = std::mem::take(&mut self.held);
        if let Some((last, _)) = held.last_key_value() {
            self.after = Some(last.clone());
        }
        (held.into_values(), std::mem::take(&mut self.more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_comes_once_and_in_order_whatever_the_size() {
        let numbers: Vec<u32> = (0..100).map(|it| it * 37 % 101).collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        for size in [0, 1, 7, 99, 100, 1000] {
            let (mut window, mut told) = (Window::new(size), Vec::new());
            loop {
                for number in &numbers {
                    window.offer(*number, *number);
                }
                let (next, more) = window.next();
                told.extend(next);
                assert!(window.held.is_empty());
                if !more {
                    break;
                }
            }
            assert_eq!(told, sorted, "{size}");
        }
    }
}
