//! Which known key an unknown one may have been meant to be.

/// The known key that is nearest to `unknown`, if one is near enough to be a slip of the pen.
pub(super) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let lower = unknown.to_lowercase().replace(['_', '-'], "");
    known
        .iter()
        .map(|k| (distance(&lower, &k.to_lowercase()), *k))
        .filter(|(d, k)| *d <= 1 + k.len() / 4)
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognized_and_strangers_are_not() {
        let known = ["Telemetry", "Prometheus", "Port", "ListenOn"];
        assert_eq!(nearest("Telemetery", &known), Some("Telemetry"));
        assert_eq!(nearest("listen_on", &known), Some("ListenOn"));
        assert_eq!(nearest("Prot", &known), Some("Port"));
        assert_eq!(nearest("Ports", &known), Some("Port"));
        assert_eq!(nearest("Kafka", &known), None);
    }
}
