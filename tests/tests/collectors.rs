//! Collectors in asynchronous tests: on one thread, and on a runtime that moves tasks between threads.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Barrier};
use std::thread;

use logx::testing::{collect, collect_global};
use logx::{Kind, assert_all_logged, assert_logged, assert_not_logged};

#[tokio::test]
async fn on_one_thread_all_tasks_are_seen() {
    let logs = collect();
    logx::info("before");
    tokio::spawn(async { logx::info("in a task") }).await.unwrap();
    tokio::task::yield_now().await;
    logx::info("after");
    assert_all_logged!(logs, [(Kind::Info, "before"), (Kind::Info, "in a task"), (Kind::Info, "after")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_followed_task_is_seen_on_whatever_thread_it_runs() {
    const LINES: usize = 50;
    let (logs, other) = (collect(), collect());
    // Each holds its thread until the other one is there: they cannot run on one.
    let together = Arc::new(Barrier::new(2));
    let task = |task: usize| {
        let together = Arc::clone(&together);
        async move {
            together.wait();
            for line in 0..LINES {
                logx::info!(task, line; "from a task");
                tokio::task::yield_now().await;
            }
            thread::current().id()
        }
    };
    let tasks = [0, 1].map(|n| tokio::spawn(logs.handle().follow(task(n))));
    for task in tasks {
        assert_ne!(task.await.unwrap(), thread::current().id());
    }
    tokio::spawn(async { logx::info("from a task that is not followed") }).await.unwrap();

    assert_eq!(logs.records().len(), 2 * LINES);
    for task in 0..2 {
        assert_logged!(logs, Kind::Info, "from a task", task = task, line = LINES - 1);
    }
    assert_not_logged!(logs, Kind::Info, "not followed");
    assert_all_logged!(other, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_collector_of_all_threads_sees_every_task() {
    let logs = collect_global();
    let tasks: Vec<_> = (0..8).map(|n| tokio::spawn(async move { logx::warn!(n; "from task {n} of eight") })).collect();
    for task in tasks {
        task.await.unwrap();
    }
    for n in 0..8 {
        assert_eq!(logs.one(Kind::Warn, &format!("from task {n} of eight")).json("n"), n);
    }
}
