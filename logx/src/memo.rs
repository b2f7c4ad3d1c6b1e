//! Something worked out once for each format, and kept as long as its owner.

use std::sync::OnceLock;

/// A list that only grows: one node for each format that was ever in force. Reading it takes no lock and no count.
#[derive(Debug)]
pub(crate) struct Memo<T>(OnceLock<Box<Node<T>>>);

#[derive(Debug)]
struct Node<T> {
    format: u32,
    value: T,
    next: Memo<T>,
}

impl<T> Memo<T> {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The value for the format of that id; made by `make` when it is asked for the first time.
    #[inline]
    pub(crate) fn get(&self, format: u32, make: impl FnOnce() -> T) -> &T {
        match self.0.get() {
            Some(node) if node.format == format => &node.value,
            _ => self.find(format, make),
        }
    }

    #[cold]
    fn find(&self, format: u32, make: impl FnOnce() -> T) -> &T {
        let mut make = Some(make);
        let mut memo = self;
        loop {
            let node = memo.0.get_or_init(|| {
                let value = make.take().map(|make| make());
                Box::new(Node { format, value: value.unwrap_or_else(|| unreachable!("taken once")), next: Self::new() })
            });
            if node.format == format {
                return &node.value;
            }
            memo = &node.next;
        }
    }
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self::new()
    }
}
