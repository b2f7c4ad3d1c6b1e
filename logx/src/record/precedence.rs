//! Which of a line's fields are printed, and under which names: every key once, go-zero's precedence, logx's own keys kept.

use std::borrow::Cow;

use super::Record;
use crate::context::Context;
use crate::field::{Key, keys};
use crate::owned::OwnedField;
use crate::site::signature;
use crate::value::Value;

/// A field after precedence and renaming.
pub(crate) struct Entry<'a> {
    pub(super) key: Key<'a>,
    pub(crate) value: Value<'a>,
    /// One of logx's own keys; printed under `fields.`.
    pub(super) renamed: bool,
    pub(crate) masked: bool,
}

impl<'a> Entry<'a> {
    /// The key as it is printed.
    pub(crate) fn name(&self) -> Cow<'a, str> {
        if self.renamed {
            Cow::Owned(format!("{}{}", keys::RENAMED_PREFIX, self.key.as_str()))
        } else {
            Cow::Borrowed(self.key.as_str())
        }
    }
}

impl<'a> Record<'a> {
    pub(super) fn call_keys(&self) -> impl Iterator<Item = Key<'a>> {
        let of_site = self.call.site.map_or(&[][..], |s| s.keys).iter().map(|k| Key::Static(k));
        of_site.take(self.call.values.len()).chain(self.call.fields.iter().map(|f| f.key))
    }

    /// Whether no key comes twice and none is one of logx's own, so that the sources can be printed one after another.
    pub(crate) fn is_simple(&self) -> bool {
        let format = self.format;
        let mut sources: [&[u32]; 3] = [&[]; 3];
        let lists = [
            self.call.kind.has_caller().then_some(self.globals),
            self.call.log.map(|log| &log.fields),
            self.context.map(Context::fields),
        ];
        for (slot, list) in sources.iter_mut().zip(lists) {
            if let Some(list) = list.filter(|l| !l.is_empty()) {
                let encoded = list.encoded(format);
                if !encoded.simple {
                    return false;
                }
                *slot = &encoded.sigs;
            }
        }
        let call: &[u32] = match self.call.site {
            Some(site) if !self.call.values.is_empty() => {
                let shape = site.shape(format);
                if !shape.simple {
                    return false;
                }
                &shape.sigs
            }
            _ => &[],
        };
        let [globals, logger, context] = sources;
        disjoint(globals, logger)
            && disjoint(globals, context)
            && disjoint(logger, context)
            && (disjoint(call, globals) && disjoint(call, logger) && disjoint(call, context))
            && self.run_time_keys_are_simple([globals, logger, context, call])
    }

    /// Whether there is nothing behind the content but the values of the call-site.
    #[inline(always)]
    pub(crate) fn has_own_values_only(&self) -> bool {
        let call = self.call;
        call.log.is_none()
            & self.context.is_none()
            & self.ids.is_none()
            & self.globals.is_empty()
            & call.fields.is_empty()
    }

    fn run_time_keys_are_simple(&self, others: [&[u32]; 4]) -> bool {
        const FEW: usize = 32;
        if self.call.fields.is_empty() {
            return true;
        }
        let mut sigs = [0; FEW];
        let Some(sigs) = sigs.get_mut(..self.call.fields.len()) else {
            return false;
        };
        for (i, field) in self.call.fields.iter().enumerate() {
            let key = field.key.as_str();
            let sig = signature(key);
            let earlier = sigs[..i].contains(&sig) || others.iter().any(|o| o.contains(&sig));
            if earlier || self.format.is_builtin(key) {
                return false;
            }
            sigs[i] = sig;
        }
        true
    }

    /// Every source's fields one after another; of the global ones those that `keeps` keeps.
    pub(super) fn all_fields(&self, keeps: impl Fn(&str) -> bool) -> impl Iterator<Item = (Key<'a>, Value<'a>)> {
        let from_list = |f: &'a OwnedField| (Key::Dyn(&f.key), f.value.as_value());
        let of_site = self
            .call
            .site
            .map_or(&[][..], |s| s.keys)
            .iter()
            .map(|k| Key::Static(k))
            .zip(self.call.values.iter().copied());
        let globals = self.global_fields().iter().filter(move |f| keeps(&f.key)).map(from_list);
        globals
            .chain(self.logger_fields().iter().map(from_list))
            .chain(of_site)
            .chain(self.call.fields.iter().map(|f| (f.key, f.value)))
            .chain(self.context_fields().iter().map(from_list))
    }

    /// The user's fields after precedence (global, logger, call, context: the last one wins) and renaming.
    pub(crate) fn entries(&self) -> Vec<Entry<'a>> {
        let duration = &*self.format.keys.duration;
        // A logger's duration replaces a global field of that name.
        let has_duration = self.call.log.is_some_and(|log| log.duration.is_some());
        let all = self.all_fields(|key| !(has_duration && key == duration));
        let mut entries: Vec<Entry<'a>> = Vec::with_capacity(self.call.values.len() + self.call.fields.len() + 8);
        for (key, value) in all {
            let name = key.as_str();
            let renamed = name != duration && self.format.is_builtin(name);
            entries.push(Entry { key, value, renamed, masked: self.format.masks.covers(name) });
        }
        keep_last(entries)
    }
}

#[inline]
fn disjoint(a: &[u32], b: &[u32]) -> bool {
    a.is_empty() || b.is_empty() || !a.iter().any(|sig| b.contains(sig))
}

/// Of entries with one name the last one stays, at its own place.
fn keep_last(mut entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    let mut seen = std::collections::HashSet::with_capacity(entries.len());
    let mut keep: Vec<bool> = entries.iter().rev().map(|e| seen.insert(e.name())).collect();
    keep.reverse();
    drop(seen);
    let mut keep = keep.into_iter();
    entries.retain(|_| keep.next().unwrap_or(true));
    entries
}
