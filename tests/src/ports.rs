//! Free ports below the ephemeral range, so that no outgoing connection takes one between the look and the use.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};

const RANGE: Range<u16> = 15_000..32_000;

/// Ports given out by this process; none is given out twice.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// `N` ports that are free at this moment. Another process may still take one: whoever starts a server on it tries again.
///
/// # Errors
/// There are not so many free ports.
pub fn free<const N: usize>() -> Result<[u16; N]> {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let span = RANGE.end - RANGE.start;
    // Processes that run side by side begin at different places.
    let first = (std::process::id() as u16).wrapping_mul(61) % span;
    let mut found = Vec::with_capacity(N);
    for step in 0..span {
        if found.len() == N {
            break;
        }
        let port = RANGE.start + (first + step) % span;
        if !given.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            given.insert(port);
            found.push(port);
        }
    }
    let count = found.len();
    ensure!(count == N, "only {count} free ports");
    Ok(std::array::from_fn(|i| found[i]))
}
