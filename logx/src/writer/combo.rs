//! Several writers at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Writer;
use crate::encode::guard;
use crate::error::WriteError;
use crate::record::Record;

/// Hands every line to each of its writers, in order, and joins their errors.
struct Combo(Vec<Arc<dyn Writer>>);

/// Both writers, one after the other.
pub(crate) fn join(first: Arc<dyn Writer>, second: Arc<dyn Writer>) -> Arc<dyn Writer> {
    Arc::new(Combo(vec![first, second]))
}

impl Combo {
    /// Calls each writer, whatever the others do; one that panics has failed.
    fn each(&self, call: impl Fn(&dyn Writer) -> Result<(), WriteError>) -> Result<(), WriteError> {
        let errors = self.0.iter().filter_map(|writer| {
            guard::writer(|| call(&**writer))
                .unwrap_or_else(|panic| Err(WriteError::other(format!("the writer panicked: {panic}"))))
                .err()
        });
        let errors: Vec<WriteError> = errors.collect();
        // Only when all are closed is the combination closed; else a line would come twice to those that are not.
        if errors.len() == self.0.len() && errors.iter().all(|e| matches!(e, WriteError::Closed)) {
            return Err(WriteError::Closed);
        }
        WriteError::join(errors)
    }
}

impl Writer for Combo {
    fn write(&self, record: &Record<'_>) -> Result<(), WriteError> {
        self.each(|writer| record.deliver(writer))
    }

    fn flush(&self) -> Result<(), WriteError> {
        self.each(|writer| writer.flush())
    }

    fn close(&self, deadline: Duration) -> Result<(), WriteError> {
        let end = Instant::now() + deadline;
        self.each(|writer| writer.close(end.saturating_duration_since(Instant::now())))
    }
}
