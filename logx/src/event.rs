//! Lines that come from elsewhere: bridges say everything about them themselves.

use std::time::SystemTime;

use crate::caller::Caller;
use crate::context::Context;
use crate::dispatch::{Call, dispatch, dispatch_to};
use crate::field::Field;
use crate::global;
use crate::level::Kind;
use crate::logger::Log;
use crate::site::Site;
use crate::value::Value;
use crate::writer::Writer;

/// A line that another logging library made; for bridges into logx.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    kind: Kind,
    content: Value<'a>,
    site: Option<&'static Site>,
    values: &'a [Value<'a>],
    fields: &'a [Field<'a>],
    caller: Option<Caller<'a>>,
    target: Option<&'a str>,
    time: Option<SystemTime>,
    context: Option<&'a Context>,
    log: Option<&'a Log>,
}

impl<'a> Event<'a> {
    /// A line of a kind with a content.
    #[must_use]
    pub fn new(kind: Kind, content: Value<'a>) -> Self {
        Self {
            kind,
            content,
            site: None,
            values: &[],
            fields: &[],
            caller: Some(Caller::UNKNOWN),
            target: Some(""),
            time: None,
            context: None,
            log: None,
        }
    }

    /// A line of a call-site that a bridge made of another library's: kind, place, target and keys are the site's, and
    /// are encoded once. There is one value for each of its keys, in their order; further ones are left out.
    #[must_use]
    pub fn at(site: &'static Site, content: Value<'a>, values: &'a [Value<'a>]) -> Self {
        Self { site: Some(site), values, caller: None, target: None, ..Self::new(site.kind(), content) }
    }

    /// The fields; of equal keys the last one is printed.
    #[must_use]
    pub fn fields(mut self, fields: &'a [Field<'a>]) -> Self {
        self.fields = fields;
        self
    }

    /// Where it was logged.
    #[must_use]
    pub fn caller(mut self, caller: Caller<'a>) -> Self {
        self.caller = Some(caller);
        self
    }

    /// The library's own target, which levels of targets go by.
    #[must_use]
    pub fn target(mut self, target: &'a str) -> Self {
        self.target = Some(target);
        self
    }

    /// When it was logged; now by default.
    #[must_use]
    pub fn time(mut self, time: SystemTime) -> Self {
        self.time = Some(time);
        self
    }

    /// A context that wins over the thread's frame.
    #[must_use]
    pub fn context(mut self, context: &'a Context) -> Self {
        self.context = Some(context);
        self
    }

    /// A logger whose fields and context the line has too; the line's own fields win over them.
    #[must_use]
    pub fn logger(mut self, log: &'a Log) -> Self {
        self.log = Some(log);
        self
    }

    /// Whether the line passes.
    #[must_use]
    pub fn enabled(&self) -> bool {
        let of_site = || self.site.map_or("", Site::target);
        global::enabled(self.kind, self.target.unwrap_or_else(of_site))
    }

    /// Logs the line, if it passes.
    pub fn log(&self) {
        if self.enabled() {
            dispatch(&self.call());
        }
    }

    /// Hands the line to `writer` instead of the process's, whatever the levels say, with the key names and limits in
    /// force. A writer that fails is counted and the line shown on stderr, as for any other line.
    pub fn write_to(&self, writer: &dyn Writer) {
        dispatch_to(&self.call(), writer);
    }

    fn call(&self) -> Call<'a> {
        Call {
            kind: self.kind,
            content: self.content,
            literal: None,
            site: self.site,
            values: self.values,
            fields: self.fields,
            log: self.log.and_then(Log::inner),
            caller: self.caller,
            target: self.target,
            time: self.time,
            context: self.context,
        }
    }
}
