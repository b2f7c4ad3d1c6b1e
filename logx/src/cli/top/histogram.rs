//! Durations in buckets: percentiles within 1.6 % at constant memory.

use std::collections::BTreeMap;

/// Buckets to each doubling.
const SUB_BITS: u32 = 5;

/// Counts durations by size.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    buckets: BTreeMap<u32, u64>,
    count: u64,
    max: i64,
}

impl Histogram {
    /// Adds a duration in nanoseconds; a negative one counts as zero.
    pub(crate) fn add(&mut self, nanos: i64) {
        let nanos = nanos.max(0);
        *self.buckets.entry(bucket(nanos.unsigned_abs())).or_default() += 1;
        self.count += 1;
        self.max = self.max.max(nanos);
    }

    /// How many were added.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The largest, exactly.
    pub(crate) fn max(&self) -> i64 {
        self.max
    }

    /// The duration that `share` (0 to 1) of all do not exceed, in nanoseconds.
    pub(crate) fn percentile(&self, share: f64) -> i64 {
        let rank = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in &self.buckets {
            seen += count;
            if seen >= rank {
                return middle(*bucket).min(self.max);
            }
        }
        self.max
    }
}

/// Up to 2^(SUB_BITS+1) one bucket a value, then 2^SUB_BITS buckets a doubling.
fn bucket(value: u64) -> u32 {
    let bits = 64 - value.leading_zeros();
    if bits <= SUB_BITS + 1 {
        return value as u32;
    }
    let shift = bits - SUB_BITS - 1;
    (shift << SUB_BITS) + (value >> shift) as u32
}

fn middle(bucket: u32) -> i64 {
    let shift = (bucket >> SUB_BITS).saturating_sub(1);
    let top = u64::from(bucket - (shift << SUB_BITS));
    let low = top << shift;
    (low + (1u64 << shift) / 2) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_two_percent() {
        let mut histogram = Histogram::default();
        let mut all = Vec::new();
        let mut x = 7u64;
        for _ in 0..20_000 {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let value = ((x >> 33) % 1000 + 1) as i64 * ((x >> 20) % 100_000) as i64;
            all.push(value);
            histogram.add(value);
        }
        all.sort_unstable();
        for share in [0.5, 0.9, 0.99, 0.999] {
            let exact = all[(all.len() as f64 * share).ceil() as usize - 1] as f64;
            let got = histogram.percentile(share) as f64;
            assert!((got - exact).abs() <= exact * 0.02 + 1.0, "{share}: {got} for {exact}");
        }
        assert_eq!(histogram.percentile(1.0), *all.last().unwrap());
    }
}
