//! Many registrations at once, every tenth refused; and the same one several times.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::thread;

use tests::build::Features;
use tests::inspect;
use tests::rows::Rows;
use tests::system::{Shape, System};

fn size() -> usize {
    if std::env::var("SCENARIO_SIZE").is_ok_and(|size| size == "full") { 2_000 } else { 200 }
}

#[test]
fn concurrent_registrations_are_all_answered_and_every_user_has_points_once() {
    let count = size();
    let system = System::start(Shape::Stack, Features::Default).unwrap();
    let one = &|i: usize| {
        let code = (i % 10 == 9).then_some("NOBODY");
        // Under load the wait may end before the saga does: asking again with the same key tells how it ended.
        let key = format!("load-{i}");
        for _ in 0..20 {
            let reply = system.register(&format!("user {i}"), code, &[("Idempotency-Key", &key)]).unwrap();
            if reply.status != 202 {
                return reply.status;
            }
        }
        202
    };
    let mut statuses = Vec::new();
    for first in (0..count).step_by(200) {
        let batch = first..(first + 200).min(count);
        thread::scope(|scope| {
            let threads: Vec<_> = batch.map(|i| scope.spawn(move || one(i))).collect();
            statuses.extend(threads.into_iter().map(|t| t.join().unwrap()));
        });
    }
    let of = |status: u16| statuses.iter().filter(|s| **s == status).count();
    assert_eq!((of(200), of(409)), (count / 10 * 9, count / 10), "{statuses:?}");

    let rows = Rows::read(system.dir()).unwrap();
    rows.check().unwrap();
    assert_eq!(rows.users.len(), count / 10 * 9);
    assert!(rows.scores.iter().all(|(_, score)| *score == 10));

    // A refusal is no error of the service, and neither is a slow call; a loaded machine has some.
    let stack = system.stop().unwrap().remove("stack").unwrap();
    inspect::keeps(inspect::SERVICES, "stack", &stack).unwrap();
}

#[test]
fn the_same_key_gives_the_same_user_once() {
    let system = System::start(Shape::Stack, Features::Default).unwrap();
    let key = [("Idempotency-Key", "the-same")];
    let replies: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| system.register("Ada", None, &key).unwrap())).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let later = system.register("Ada", None, &key).unwrap();
    assert_eq!(later.status, 200, "{later:?}");
    for reply in &replies {
        assert_eq!((reply.status, &reply.body), (200, &later.body));
    }
    let other = system.register("Bea", None, &key).unwrap();
    assert_eq!((other.status, other.json().unwrap()["reason"].as_str()), (422, Some("key_reused")), "{other:?}");
    let rows = Rows::read(system.dir()).unwrap();
    rows.check().unwrap();
    assert_eq!(rows.users.len(), 1);
    system.stop().unwrap();
}
