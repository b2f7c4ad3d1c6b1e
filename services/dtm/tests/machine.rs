//! The state machine under everything that can happen: random sagas, answers, repetitions, crashes and time.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use dtm::Status;
use dtm::coordinator::machine::{Answer, Call, Machine, Op, Pace, State};
use dtm::coordinator::plan::{BadRequest, Options, Plan, Request, StepUrls};
use proptest::prelude::*;

const PACE: Pace = Pace { interval: 10_000, most: 60_000 };

fn plan(steps: usize, orders: Option<Vec<(usize, usize)>>, options: Options) -> Result<Plan, BadRequest> {
    let custom_data = orders.map_or_else(String::new, |orders| {
        let mut map = serde_json::Map::new();
        for (step, after) in orders {
            let list = map.entry(step.to_string()).or_insert_with(|| serde_json::json!([]));
            list.as_array_mut().unwrap().push(after.into());
        }
        serde_json::json!({"concurrent": true, "orders": map}).to_string()
    });
    Plan::new(Request {
        gid: "g".into(),
        trans_type: "saga".into(),
        steps: (0..steps)
            .map(|i| StepUrls { action: format!("h:1/s.S/a{i}"), compensate: format!("h:1/s.S/c{i}") })
            .collect(),
        payloads: vec![Vec::new(); steps],
        options,
        custom_data,
        protocol: "grpc".into(),
    })
}

/// The branches behind their barriers: an action works once and not after its compensation; a compensation works once and only after its action.
#[derive(Default, Clone)]
struct Branch {
    done: bool,
    barred: bool,
    undone: bool,
}

impl Branch {
    fn receive(&mut self, op: Op) {
        match op {
            Op::Action if !self.barred => self.done = true,
            Op::Action => {}
            Op::Compensate => {
                self.undone |= self.done;
                self.barred = true;
            }
        }
    }

    fn effect(&self) -> bool {
        self.done && !self.undone
    }
}

/// What happens to one call.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Done,
    Refused,
    Ongoing,
    /// It never arrived.
    Lost,
    /// It worked, and its answer was lost.
    Unheard,
    /// It arrives only after what comes next.
    Late,
    /// The coordinator dies while it runs; it had worked or not.
    Crash(bool),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Done),
        1 => Just(Fate::Refused),
        1 => Just(Fate::Ongoing),
        1 => Just(Fate::Lost),
        1 => Just(Fate::Unheard),
        1 => Just(Fate::Late),
        1 => any::<bool>().prop_map(Fate::Crash),
    ]
}

struct World {
    plan: Arc<Plan>,
    branches: Vec<Branch>,
    late: Vec<Call>,
    disk: State,
    now: i64,
}

impl World {
    fn deliver(&mut self, call: Call) {
        self.branches[call.step].receive(call.op);
    }

    /// Runs to the end; panics when an invariant breaks.
    fn run(&mut self, fates: &mut dyn Iterator<Item = Fate>, picks: &mut dyn Iterator<Item = usize>) {
        let mut machine = Machine::new(Arc::clone(&self.plan), PACE, Status::Submitted, self.now);
        for _ in 0..10_000 {
            let calls = machine.advance(self.now);
            if machine.take_dirty() {
                self.disk = machine.state().clone();
            }
            assert_eq!(&self.disk, machine.state(), "a change that was not announced");
            self.check_calls(&machine, &calls);
            if machine.state().status.is_final() {
                return;
            }
            if machine.running().is_empty() {
                let wake = machine.wake_at().expect("an open saga waits for a time");
                assert!(wake > self.now, "it would spin");
                self.now = wake;
                continue;
            }
            let running = machine.running().to_vec();
            let call = running[picks.next().unwrap_or(0) % running.len()];
            self.now += 7;
            let answer = match fates.next().unwrap_or(Fate::Done) {
                Fate::Done => {
                    self.deliver(call);
                    Answer::Done
                }
                // The branch refused, so it did nothing.
                Fate::Refused => Answer::Refused("no".into()),
                Fate::Ongoing => Answer::Ongoing,
                Fate::Lost => Answer::Unknown("lost".into()),
                Fate::Unheard => {
                    self.deliver(call);
                    Answer::Unknown("unheard".into())
                }
                Fate::Late => {
                    self.late.push(call);
                    Answer::Unknown("late".into())
                }
                Fate::Crash(worked) => {
                    if worked {
                        running.iter().for_each(|&call| self.deliver(call));
                    }
                    machine = Machine::resume(Arc::clone(&self.plan), PACE, self.disk.clone());
                    continue;
                }
            };
            machine.answer(call, answer.clone(), self.now, 0.5);
            // Answers of calls that are not running change nothing.
            let state = machine.state().clone();
            machine.answer(call, answer, self.now, 0.5);
            assert_eq!(&state, machine.state());
        }
        panic!("it never ends");
    }

    fn check_calls(&self, machine: &Machine, calls: &[Call]) {
        let state = machine.state();
        for call in calls {
            match call.op {
                Op::Action => {
                    assert_eq!(state.status, Status::Submitted);
                    for &earlier in self.plan.after(call.step) {
                        assert_eq!(state.steps[earlier].action.status, Status::Succeed, "started before its turn");
                    }
                }
                Op::Compensate => {
                    assert_eq!(state.status, Status::Aborting);
                    assert!(
                        machine.running().iter().all(|running| running.op == Op::Compensate),
                        "an action still runs"
                    );
                    for later in self.plan.before(call.step) {
                        let later = &state.steps[later];
                        assert!(
                            later.compensate.status == Status::Succeed || later.action.status == Status::Prepared,
                            "undone too early"
                        );
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn everything_is_kept_or_everything_is_undone(
        steps in 1usize..6,
        edges in prop::option::of(prop::collection::vec((0usize..6, 0usize..6), 0..6)),
        timeout in prop_oneof![3 => Just(0u64), 1 => 1u64..60],
        limit in prop_oneof![3 => Just(0u64), 1 => 1u64..4],
        fates in prop::collection::vec(fate(), 0..40),
        picks in prop::collection::vec(0usize..6, 0..80),
    ) {
        // An edge points backwards, so there is no circle.
        let orders = edges.map(|edges| edges.into_iter().filter(|(a, b)| b < a && *a < steps).collect());
        let options = Options { timeout_to_fail: timeout, retry_limit: limit, ..Options::default() };
        let plan = Arc::new(plan(steps, orders, options).unwrap());
        let empty = Machine::new(Arc::clone(&plan), PACE, Status::Submitted, 0).state().clone();
        let mut world = World { plan, branches: vec![Branch::default(); steps], late: Vec::new(), disk: empty, now: 1_000_000 };
        world.run(&mut fates.into_iter(), &mut picks.into_iter());
        // What was on its way arrives at last.
        for call in std::mem::take(&mut world.late) {
            world.deliver(call);
        }
        let kept = world.disk.status == Status::Succeed;
        prop_assert!(world.branches.iter().all(|branch| branch.effect() == kept), "{:?}", world.disk);
        prop_assert_eq!(world.disk.reason.is_empty(), kept);
    }
}

#[test]
fn orders_that_cannot_be_kept_are_refused() {
    for orders in [vec![(0, 1), (1, 0)], vec![(0, 0)], vec![(0, 7)], vec![(7, 0)]] {
        assert!(matches!(plan(2, Some(orders), Options::default()), Err(BadRequest::CustomData(_))));
    }
}

#[test]
fn pauses_double_up_to_the_longest_and_delays_do_not_count() {
    let mut machine = Machine::new(Arc::new(plan(1, None, Options::default()).unwrap()), PACE, Status::Submitted, 0);
    let mut now = 0;
    let mut pauses = Vec::new();
    for round in 0..7 {
        let call = machine.advance(now)[0];
        let answer = if round == 2 { Answer::Ongoing } else { Answer::Unknown(String::new()) };
        machine.answer(call, answer, now, 0.5);
        let wake = machine.wake_at().unwrap();
        pauses.push((wake - now) / 1000);
        assert!(machine.advance(wake - 1).is_empty(), "too early");
        now = wake;
    }
    assert_eq!(pauses, [10, 20, 10, 40, 60, 60, 60]);
}

#[test]
fn a_long_reason_is_cut_on_a_character() {
    let mut machine = Machine::new(Arc::new(plan(1, None, Options::default()).unwrap()), PACE, Status::Submitted, 0);
    let call = machine.advance(0)[0];
    machine.answer(call, Answer::Refused("ä".repeat(5000)), 1, 0.5);
    let reason = &machine.state().reason;
    assert!(reason.len() <= 1024 && reason.ends_with("..."), "{}", reason.len());
}
