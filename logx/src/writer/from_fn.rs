//! A writer made of a closure.

use std::fmt;

use super::Writer;
use crate::error::WriteError;
use crate::record::Record;

/// A writer made of a closure; see [`from_fn`].
pub struct FromFn<F>(F);

/// Makes a writer of a closure.
///
/// ```
/// logx::set_writer(logx::from_fn(|record: &logx::Record<'_>| {
///     assert_eq!(record.kind(), logx::Kind::Info);
///     Ok(())
/// }));
/// logx::info!("hello");
/// ```
pub fn from_fn<F>(write: F) -> FromFn<F>
where
    F: Fn(&Record<'_>) -> Result<(), WriteError> + Send + Sync,
{
    FromFn(write)
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn")
    }
}

impl<F> Writer for FromFn<F>
where
    F: Fn(&Record<'_>) -> Result<(), WriteError> + Send + Sync,
{
    fn write(&self, record: &Record<'_>) -> Result<(), WriteError> {
        (self.0)(record)
    }
}
