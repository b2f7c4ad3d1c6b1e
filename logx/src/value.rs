//! A borrowed value: what a field or the content of a line holds. Building one never allocates.

use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::encode::Encode;
use crate::field::Field;
use crate::owned::{OwnedField, OwnedValue};
use crate::sensitive::Sensitive;

/// A field's or a content's value, by reference.
///
/// Encodings follow go-zero: an error is its text (with its causes, where the text does not hold them already),
/// a duration is Go's duration text, a time is RFC 3339, bytes are base64.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Value<'a> {
    /// JSON `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A double; NaN and the infinities print as `"!error: NaN"` and the like.
    F64(f64),
    /// A single-precision float, printed with its own shortest digits.
    F32(f32),
    /// Text.
    Str(&'a str),
    /// Bytes, printed as base64.
    Bytes(&'a [u8]),
    /// A signed duration in nanoseconds.
    Duration(i64),
    /// A point in time with the offset in which it is shown.
    Time(Time),
    /// A list of values.
    List(&'a [Value<'a>]),
    /// Nested fields.
    Object(&'a [Field<'a>]),
    /// A list that somebody owns.
    OwnedList(&'a [OwnedValue]),
    /// Nested fields that somebody owns.
    OwnedObject(&'a [OwnedField]),
    /// Text still to be formatted.
    Fmt(fmt::Arguments<'a>),
    /// An error: its text and its causes.
    Error(&'a (dyn Error + 'a)),
    /// Text by `Display`.
    Display(&'a dyn fmt::Display),
    /// Text by `Debug`.
    Debug(&'a dyn fmt::Debug),
    /// Anything serializable, as JSON.
    Encode(&'a dyn Encode),
    /// JSON text that is known to be valid and on one line.
    Json(&'a str),
    /// Text that is cut already, if it had to be; whether it was. A stack behind a text stays whole that way.
    Cut(&'a str, bool),
    /// A value that shows only its mask.
    Masked(&'a dyn Sensitive),
}

impl<'a> Value<'a> {
    /// Any serializable value, as JSON.
    pub fn serde<T: Serialize>(value: &'a T) -> Self {
        Self::Encode(value)
    }

    /// An error: its text and its causes.
    pub fn error(err: &'a (dyn Error + 'a)) -> Self {
        Self::Error(err)
    }

    /// Text by `Display`.
    pub fn display(value: &'a dyn fmt::Display) -> Self {
        Self::Display(value)
    }

    /// Text by `Debug`.
    pub fn debug(value: &'a dyn fmt::Debug) -> Self {
        Self::Debug(value)
    }

    /// A value that shows only its mask.
    pub fn masked(value: &'a dyn Sensitive) -> Self {
        Self::Masked(value)
    }

    /// Bytes, printed as base64.
    pub fn bytes(bytes: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self::Bytes(bytes.as_ref())
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::encode::json::to_string(*self))
    }
}

/// A point in time with the offset in which it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub secs: i64,
    /// Nanoseconds of the second, 0 to 999,999,999.
    pub nanos: u32,
    /// Seconds east of UTC.
    pub offset: i32,
}

impl Time {
    /// A point in time from nanoseconds since the epoch, shown at `offset` seconds east of UTC.
    #[must_use]
    pub fn from_unix_nanos(unix_ns: i128, offset: i32) -> Self {
        const SECOND: i128 = 1_000_000_000;
        let secs = unix_ns.div_euclid(SECOND);
        Self {
            secs: i64::try_from(secs).unwrap_or(if secs < 0 { i64::MIN } else { i64::MAX }),
            nanos: unix_ns.rem_euclid(SECOND) as u32,
            offset,
        }
    }

    /// The given time in the local zone.
    #[must_use]
    pub fn local(time: SystemTime) -> Self {
        let (secs, nanos) = unix_parts(time);
        Self { secs, nanos, offset: crate::encode::time::local_offset(secs) }
    }
}

/// Seconds and nanoseconds since the epoch; the seconds are negative before it.
pub(crate) fn unix_parts(time: SystemTime) -> (i64, u32) {
    match time.duration_since(UNIX_EPOCH) {
        Ok(d) => (d.as_secs() as i64, d.subsec_nanos()),
        Err(before) => {
            let d = before.duration();
            let secs = -(d.as_secs() as i64);
            match d.subsec_nanos() {
                0 => (secs, 0),
                n => (secs - 1, 1_000_000_000 - n),
            }
        }
    }
}

/// Nanoseconds of a duration, saturating at 292 years as Go's do.
pub(crate) fn nanos(d: Duration) -> i64 {
    i64::try_from(d.as_nanos()).unwrap_or(i64::MAX)
}

macro_rules! from_scalar {
    ($($t:ty => $variant:ident as $wide:ty),* $(,)?) => { $(
        impl From<$t> for Value<'_> {
            #[inline]
            fn from(v: $t) -> Self { Self::$variant(<$wide>::from(v)) }
        }
    )* };
}
from_scalar!(bool => Bool as bool, i8 => I64 as i64, i16 => I64 as i64, i32 => I64 as i64, i64 => I64 as i64,
    u8 => U64 as u64, u16 => U64 as u64, u32 => U64 as u64, u64 => U64 as u64, f32 => F32 as f32, f64 => F64 as f64);

impl From<usize> for Value<'_> {
    #[inline]
    fn from(v: usize) -> Self {
        Self::U64(v as u64)
    }
}

impl From<isize> for Value<'_> {
    #[inline]
    fn from(v: isize) -> Self {
        Self::I64(v as i64)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    #[inline]
    fn from(v: &'a str) -> Self {
        Self::Str(v)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    #[inline]
    fn from(v: &'a String) -> Self {
        Self::Str(v)
    }
}

impl<'a> From<&'a OwnedValue> for Value<'a> {
    fn from(v: &'a OwnedValue) -> Self {
        v.as_value()
    }
}

impl From<Duration> for Value<'_> {
    #[inline]
    fn from(v: Duration) -> Self {
        Self::Duration(nanos(v))
    }
}

impl From<SystemTime> for Value<'_> {
    fn from(v: SystemTime) -> Self {
        Self::Time(Time::local(v))
    }
}

impl From<Time> for Value<'_> {
    fn from(v: Time) -> Self {
        Self::Time(v)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::Null, Into::into)
    }
}

/// What a macro's `key = expression` accepts: scalars, text, durations, times, options, lists, maps and values.
///
/// Anything else is said with its way of printing: `key:serde`, `key:display`, `key:debug`, `key:err`, `key:mask`.
pub trait ToValue {
    /// The value, by reference.
    fn to_value(&self) -> Value<'_>;
}

macro_rules! to_value_copy {
    ($($t:ty),*) => { $(
        impl ToValue for $t {
            #[inline]
            fn to_value(&self) -> Value<'_> { Value::from(*self) }
        }
    )* };
}
to_value_copy!(bool, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f32, f64, Duration, SystemTime, Time);

macro_rules! to_value_serde {
    ($([$($g:ident)?] $t:ty),*) => { $(
        impl$(<$g: Serialize>)? ToValue for $t {
            fn to_value(&self) -> Value<'_> { Value::Encode(self) }
        }
    )* };
}
to_value_serde!([] i128, [] u128, [] char, [] (), [] serde_json::Value,
    [T] Vec<T>, [T] std::collections::VecDeque<T>, [T] std::collections::BTreeSet<T>, [T] &[T]);

impl<T: Serialize, const N: usize> ToValue for [T; N]
where
    [T; N]: Serialize,
{
    fn to_value(&self) -> Value<'_> {
        Value::Encode(self)
    }
}

impl<K: Serialize, V: Serialize, S> ToValue for std::collections::HashMap<K, V, S> {
    fn to_value(&self) -> Value<'_> {
        Value::Encode(self)
    }
}

impl<K: Serialize, V: Serialize> ToValue for std::collections::BTreeMap<K, V> {
    fn to_value(&self) -> Value<'_> {
        Value::Encode(self)
    }
}

impl ToValue for str {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value::Str(self)
    }
}

impl ToValue for String {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value::Str(self)
    }
}

impl ToValue for std::borrow::Cow<'_, str> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value::Str(self)
    }
}

impl ToValue for fmt::Arguments<'_> {
    fn to_value(&self) -> Value<'_> {
        Value::Fmt(*self)
    }
}

impl ToValue for Value<'_> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        *self
    }
}

impl ToValue for OwnedValue {
    fn to_value(&self) -> Value<'_> {
        self.as_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, ToValue::to_value)
    }
}

impl<T: Sensitive> ToValue for crate::sensitive::Masked<T> {
    fn to_value(&self) -> Value<'_> {
        Value::Masked(self)
    }
}

macro_rules! to_value_deref {
    ($($t:ty),*) => { $(
        impl<T: ToValue + ?Sized> ToValue for $t {
            #[inline]
            fn to_value(&self) -> Value<'_> { (**self).to_value() }
        }
    )* };
}
to_value_deref!(&T, &mut T, Box<T>, std::rc::Rc<T>, std::sync::Arc<T>);
