//! One case: the call and how it is made.

use anyhow::{Context as _, Result, bail};
use logx::{Context, Field, Kind, Log, OwnedField, OwnedValue};
use serde::Deserialize;

use super::value::Held;

/// A call and the object that go-zero printed for it.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Its name, for messages.
    pub name: String,
    /// What is logged.
    pub call: Call,
    /// What go-zero printed, without the timestamp.
    pub want: serde_json::Value,
}

/// A logging call.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    kind: String,
    form: String,
    content: Held,
    #[serde(default)]
    fields: Vec<(String, Held)>,
    #[serde(default)]
    logger_fields: Vec<(String, Held)>,
    #[serde(default)]
    context_fields: Vec<(String, Held)>,
    trace: Option<String>,
    span: Option<String>,
    with_duration_ns: Option<String>,
    /// The limit in force for this call, in bytes.
    pub max_content_length: Option<u32>,
}

impl Call {
    /// Makes the call through the process's writer.
    ///
    /// # Errors
    /// The case names a kind, form or number that does not exist.
    pub fn perform(&self) -> Result<()> {
        let log = self.logger()?;
        let lists: Vec<_> = self.fields.iter().map(|(_, held)| held.items()).collect();
        let fields: Vec<_> =
            self.fields.iter().zip(&lists).map(|((key, held), list)| Field::new(key, held.value(list))).collect();
        match self.form.as_str() {
            "w" => self.message(&log, &fields),
            "v" => {
                let list = self.content.items();
                log.log_value(self.kind()?, self.content.value(&list), &[]);
                Ok(())
            }
            other => bail!("unknown form {other:?}"),
        }
    }

    fn message(&self, log: &Log, fields: &[Field<'_>]) -> Result<()> {
        let text = self.content.text().context("the content of form w is text")?;
        match self.kind()? {
            Kind::Debug => log.debugw(text, fields),
            Kind::Info => log.infow(text, fields),
            Kind::Error => log.errorw(text, fields),
            _ => log.sloww(text, fields),
        }
        Ok(())
    }

    fn kind(&self) -> Result<Kind> {
        Ok(match self.kind.as_str() {
            "debug" => Kind::Debug,
            "info" => Kind::Info,
            "error" => Kind::Error,
            "slow" => Kind::Slow,
            other => bail!("unknown kind {other:?}"),
        })
    }

    fn logger(&self) -> Result<Log> {
        let mut context = Context::new().with_fields(owned(&self.context_fields));
        if let Some(trace) = &self.trace {
            context = context.with_trace(trace.as_str());
        }
        if let Some(span) = &self.span {
            context = context.with_span(span.as_str());
        }
        let mut log = logx::logger().with_fields(owned(&self.logger_fields)).with_context(&context);
        if let Some(nanos) = &self.with_duration_ns {
            log = log.with_duration_nanos(nanos.parse().context("with_duration_ns")?);
        }
        Ok(log)
    }
}

fn owned(fields: &[(String, Held)]) -> Vec<OwnedField> {
    fields
        .iter()
        .map(|(key, held)| OwnedField::new(key.as_str(), OwnedValue::from_value(held.value(&held.items()))))
        .collect()
}
