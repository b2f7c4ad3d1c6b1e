//! What logx is to reach, and whether it did.

use std::fmt;

/// One figure beside its target.
pub struct Verdict {
    what: String,
    got: f64,
    bound: Bound,
}

/// The target of a figure.
#[derive(Clone, Copy)]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Verdict {
    pub fn new(what: impl Into<String>, got: f64, bound: Bound) -> Self {
        Self { what: what.into(), got, bound }
    }

    pub fn met(&self) -> bool {
        match self.bound {
            Bound::AtMost(limit) => self.got <= limit,
            Bound::AtLeast(limit) => self.got >= limit,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, limit) = match self.bound {
            Bound::AtMost(limit) => ("<=", limit),
            Bound::AtLeast(limit) => (">=", limit),
        };
        write!(f, "{}: {:.2} (target {sign} {limit}): ", self.what, self.got)?;
        if self.met() {
            return f.write_str("met");
        }
        let missed = (self.got - limit).abs();
        if limit == 0.0 {
            write!(f, "missed by {missed:.2}")
        } else {
            write!(f, "missed by {missed:.2} ({:.0} %)", missed / limit * 100.0)
        }
    }
}
