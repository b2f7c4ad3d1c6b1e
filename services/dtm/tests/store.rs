//! One suite for every store.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use dtm::Status;
use dtm::coordinator::machine::{Answer, Machine, Pace, State};
use dtm::coordinator::plan::{Options, Plan, Request, StepUrls};
use dtm::coordinator::store::{Backlog, Change, Filter, Inserted, Next, Record, Store, StoreError};
use dtm::coordinator::{FailPoint, StoreConf};

const PACE: Pace = Pace { interval: 10_000, most: 60_000 };
/// Times of a suite's transactions: whole seconds, as dtm's tables have them, and long ago, before any lease ends.
const NOW: i64 = 1_700_000_000_000;

fn plan(gid: &str) -> Arc<Plan> {
    let options = Options {
        wait_result: true,
        timeout_to_fail: 100,
        retry_limit: 3,
        branch_headers: [("traceparent".to_owned(), "00-é".to_owned())]
            .into_iter()
            .filter(|(_, v)| v.is_ascii())
            .collect(),
        ..Options::default()
    };
    let steps = ["a", "b"].map(|name| StepUrls { action: format!("h:1/s.S/{name}"), compensate: String::new() });
    Arc::new(
        Plan::new(Request {
            gid: gid.into(),
            trans_type: "saga".into(),
            steps: steps.to_vec(),
            payloads: vec![vec![0, 255, 1], Vec::new()],
            options,
            custom_data: r#"{"concurrent":true,"orders":{"1":[0]}}"#.into(),
            protocol: "grpc".into(),
        })
        .unwrap(),
    )
}

fn machine(gid: &str) -> Machine {
    Machine::new(plan(gid), PACE, Status::Submitted, NOW)
}

async fn insert(store: &Store, machine: &Machine, next: Next) -> Inserted {
    store.insert(Arc::clone(machine.plan()), machine.state().clone(), next).await.unwrap()
}

fn change(machine: &Machine, before: &State, next: Next) -> Change {
    Change {
        plan: Arc::clone(machine.plan()),
        before: before.clone(),
        after: machine.state().clone(),
        next,
        now: NOW + 1000,
        force: false,
    }
}

async fn load(store: &Store, gid: &str) -> Record {
    store.load(gid).await.unwrap().unwrap()
}

async fn what_is_inserted_comes_back_whole(store: &Store) {
    let machine = machine("whole");
    assert!(matches!(insert(store, &machine, Next::Keep).await, Inserted::New));
    let record = load(store, "whole").await;
    assert_eq!((&*record.plan, &record.state), (&**machine.plan(), machine.state()));
    assert!(!record.owner.is_empty() && record.next_at.is_some());
    let Inserted::Exists(there) = insert(store, &machine, Next::Keep).await else { panic!("inserted twice") };
    assert_eq!(there.state, record.state);
    assert!(store.load("none").await.unwrap().is_none());
}

async fn a_change_comes_back_whole(store: &Store) {
    let mut machine = machine("change");
    insert(store, &machine, Next::Keep).await;
    let before = machine.state().clone();
    let call = machine.advance(NOW)[0];
    machine.answer(call, Answer::Done, NOW + 1000, 0.5);
    let next = machine.advance(NOW + 1000)[0];
    assert!(store.save(change(&machine, &before, Next::Keep)).await.unwrap());
    assert_eq!(&load(store, "change").await.state, machine.state());
    let before = machine.state().clone();
    machine.answer(next, Answer::Unknown("no route".into()), NOW + 2000, 0.5);
    let wake = machine.wake_at().unwrap();
    assert!(store.save(change(&machine, &before, Next::Park(wake))).await.unwrap());
    let parked = load(store, "change").await;
    assert_eq!(&parked.state, machine.state());
    assert_eq!((parked.next_at, parked.owner.as_str()), (Some(wake), ""));
    assert!(
        !store.save(change(&machine, &before, Next::Keep)).await.unwrap(),
        "nobody has it, so it is not ours to change"
    );
}

async fn what_has_ended_does_not_change(store: &Store) {
    let mut machine = machine("ended");
    insert(store, &machine, Next::Keep).await;
    let before = machine.state().clone();
    let call = machine.advance(NOW)[0];
    machine.answer(call, Answer::Refused("no".into()), NOW + 1000, 0.5);
    assert!(machine.advance(NOW + 2000).is_empty(), "compensations are empty");
    assert_eq!(machine.state().status, Status::Failed);
    assert!(store.save(change(&machine, &before, Next::End)).await.unwrap());
    let record = load(store, "ended").await;
    assert_eq!((&record.state, record.next_at), (machine.state(), None));
    let forced = Change { force: true, ..change(&machine, &before, Next::End) };
    assert!(!store.save(forced).await.unwrap());
    assert!(!store.pull("ended", NOW).await.unwrap());
}

async fn due_ones_are_claimed_once(store: &Store) {
    // Long before everything else of this suite is due.
    const THEN: i64 = NOW - 500_000_000;
    for index in 0..5 {
        insert(store, &machine(&format!("due{index}")), Next::Park(THEN + index * 10_000)).await;
    }
    assert_eq!(store.next_due().await.unwrap(), Some(THEN));
    let names = |records: Vec<Record>| records.into_iter().map(|record| record.plan.gid.clone()).collect::<Vec<_>>();
    assert_eq!(names(store.claim(THEN + 20_000, 2).await.unwrap()), ["due0", "due1"]);
    let (one, two) = tokio::join!(store.claim(THEN + 30_000, 10), store.claim(THEN + 30_000, 10));
    let mut both = [names(one.unwrap()), names(two.unwrap())].concat();
    both.sort();
    assert_eq!(both, ["due2", "due3"]);
    assert!(store.pull("due4", THEN).await.unwrap());
    assert!(!store.pull("due3", THEN).await.unwrap(), "it is in hand");
    assert_eq!(names(store.claim(THEN, 10).await.unwrap()), ["due4"]);
    let mut ended = Machine::resume(plan("due4"), PACE, load(store, "due4").await.state);
    let before = ended.state().clone();
    ended.force_stop(NOW);
    assert!(store.save(change(&ended, &before, Next::End)).await.unwrap());
}

async fn lists_page_and_filter(store: &Store) {
    for index in 0..5 {
        insert(store, &machine(&format!("page{index}")), Next::Park(NOW)).await;
    }
    let mut filter = Filter { limit: 2, status: Some(Status::Submitted), ..Filter::default() };
    let mut seen = Vec::new();
    loop {
        let page = store.list(&filter).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.below = Some(last.id);
        seen.extend(page.iter().map(|record| record.plan.gid.clone()));
    }
    let pages: Vec<_> = seen.iter().filter(|gid| gid.starts_with("page")).collect();
    assert_eq!(pages, ["page4", "page3", "page2", "page1", "page0"]);
    assert!(!seen.contains(&"ended".to_owned()));
    let late = Filter { created_from: Some(NOW + 1000), limit: 10, ..Filter::default() };
    assert!(store.list(&late).await.unwrap().is_empty());
    let one = Filter { gid: Some("page1".into()), created_to: Some(NOW), limit: 10, ..Filter::default() };
    assert_eq!(store.list(&one).await.unwrap().len(), 1);
}

async fn backlog_counts_what_is_unfinished(store: &Store) {
    let before = store.backlog().await.unwrap();
    assert_eq!(before.oldest, Some(NOW));
    insert(store, &machine("backlog"), Next::Keep).await;
    assert_eq!(store.backlog().await.unwrap(), Backlog { pending: before.pending + 1, oldest: Some(NOW) });
}

async fn later_ones_are_pulled(store: &Store) {
    const FAR: i64 = NOW + 800_000_000;
    for index in 0..3 {
        insert(store, &machine(&format!("far{index}")), Next::Park(FAR)).await;
    }
    assert_eq!(store.pull_later(FAR - 5000, NOW, 2).await.unwrap(), (2, true));
    assert_eq!(store.pull_later(FAR - 5000, NOW, 2).await.unwrap(), (1, false));
}

async fn the_sweep_takes_what_ended_long_ago(store: &Store) {
    let (long_ago, lately) = (NOW - 1_000_000_000, NOW);
    let end = async |machine: &mut Machine, at| {
        let before = machine.state().clone();
        machine.force_stop(at);
        assert!(store.save(Change { now: at, ..change(machine, &before, Next::End) }).await.unwrap());
    };
    let mut open = Machine::new(plan("open"), PACE, Status::Submitted, long_ago);
    insert(store, &open, Next::Keep).await;
    for (gid, at) in [("old", long_ago), ("new", lately)] {
        let mut machine = Machine::new(plan(gid), PACE, Status::Submitted, at);
        insert(store, &machine, Next::Keep).await;
        end(&mut machine, at).await;
    }
    assert_eq!(store.sweep(NOW - 900_000_000).await.unwrap(), 1);
    assert!(store.load("old").await.unwrap().is_none());
    assert!(store.load("new").await.unwrap().is_some());
    assert!(store.load("open").await.unwrap().is_some());
    end(&mut open, lately).await;
}

async fn many_at_once(store: &Store) {
    let tasks: Vec<_> = (0..200)
        .map(|index| {
            let store = store.clone();
            tokio::spawn(async move {
                // Each gid twice: one wins.
                matches!(insert(&store, &machine(&format!("many{}", index / 2)), Next::Keep).await, Inserted::New)
            })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        new += usize::from(task.await.unwrap());
    }
    assert_eq!(new, 100);
}

async fn suite(store: &Store) {
    the_sweep_takes_what_ended_long_ago(store).await;
    what_is_inserted_comes_back_whole(store).await;
    a_change_comes_back_whole(store).await;
    what_has_ended_does_not_change(store).await;
    due_ones_are_claimed_once(store).await;
    lists_page_and_filter(store).await;
    backlog_counts_what_is_unfinished(store).await;
    later_ones_are_pulled(store).await;
    many_at_once(store).await;
    store.close().await;
    assert!(matches!(
        store.insert(plan("closed"), machine("closed").state().clone(), Next::Keep).await,
        Err(StoreError::Closed)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let conf = StoreConf { path: folder.path().join("deep/dtm.db"), ..StoreConf::default() };
    suite(&Store::open(&conf, "me", FailPoint::default()).await.unwrap()).await;
    let again = Store::open(&conf, "you", FailPoint::default()).await.unwrap();
    let freed = load(&again, "whole").await;
    assert_eq!(
        (freed.owner.as_str(), freed.next_at),
        ("", Some(0)),
        "a new start frees what the one before had in hand"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb() {
    let Some(server) = common::mariadb::server().await else { return };
    let conf = StoreConf {
        driver: "mysql".into(),
        host: "127.0.0.1".into(),
        port: server.port,
        db: server.database().await,
        ..StoreConf::default()
    };
    let other = Store::open(&conf, "other", FailPoint::default()).await.unwrap();
    let store = Store::open(&conf, "me", FailPoint::default()).await.unwrap();
    // What one coordinator has in hand, another cannot change.
    let mine = machine("mine");
    insert(&store, &mine, Next::Keep).await;
    assert!(!other.save(change(&mine, mine.state(), Next::Keep)).await.unwrap());
    // It can take what is past its lease, and from then on it is the other's.
    let later = load(&store, "mine").await.next_at.unwrap() + 2000;
    assert_eq!(other.claim(later, 10).await.unwrap().len(), 1);
    assert!(!store.save(change(&mine, mine.state(), Next::Keep)).await.unwrap());
    assert!(other.save(change(&mine, mine.state(), Next::Park(NOW))).await.unwrap());
    // dtm's tables compare without regard to case; two gids must not become one.
    let collision = store.insert(plan("MINE"), machine("MINE").state().clone(), Next::Keep).await;
    assert!(matches!(collision, Err(StoreError::TooLarge(_))), "{collision:?}");
    suite(&store).await;
}
