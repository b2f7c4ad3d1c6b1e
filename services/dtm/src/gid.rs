//! Global transaction ids.

/// The digits of a gid, in byte order, without the ones that people confuse.
const DIGITS: &[u8; 57] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const LENGTH: usize = 22;

/// A new gid: 22 characters, unique without asking anyone.
///
/// Ids made later sort later, which keeps the stores' indexes local however much history they hold.
pub fn new() -> String {
    let mut rest = uuid::Uuid::now_v7().as_u128();
    let mut digits = [DIGITS[0]; LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[usize::try_from(rest % 57).unwrap_or_default()];
        rest /= 57;
    }
    digits.iter().map(|&digit| char::from(digit)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn gids_are_unique_and_sort_by_time() {
        let made: Vec<String> = (0..10_000).map(|_| super::new()).collect();
        assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), made.len());
        assert!(made.iter().all(|gid| gid.len() == super::LENGTH));
        assert!(made.is_sorted());
    }
}
