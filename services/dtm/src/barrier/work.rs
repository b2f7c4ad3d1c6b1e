use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use super::Fault;

/// What a branch does inside its barrier: a boxed future that may borrow the connection (`'c`) and the caller's variables (`'e`).
///
/// An async closure would be shorter to write, but its future cannot be shown to be `Send` in the handler of a server.
pub struct Work<'c, 'e: 'c, T>(
    pub(super) Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'c>>,
    PhantomData<&'e ()>,
);

/// Makes a [`Work`] of a future.
pub fn work<'c, 'e: 'c, T>(future: impl Future<Output = Result<T, Fault>> + Send + 'c) -> Work<'c, 'e, T> {
    Work(Box::pin(future), PhantomData)
}

impl<T> fmt::Debug for Work<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Work")
    }
}
