//! The transactions that this process has in hand.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{mpsc, oneshot, watch};

use super::submit::SubmitError;
use crate::coordinator::plan::Plan;
use crate::protocol::Status;

/// How far a transaction is, for those who wait for it.
#[derive(Clone, Debug)]
pub(super) enum View {
    /// Not yet on disk.
    Starting,
    /// On disk.
    At(Progress),
    /// Not taken in.
    Refused(SubmitError),
}

#[derive(Clone, Debug)]
pub(super) struct Progress {
    pub(super) status: Status,
    pub(super) reason: String,
    /// Nothing happens before this time.
    pub(super) parked: Option<i64>,
}

#[derive(Debug)]
pub(super) enum Command {
    /// End it as it is; tells whether it was ended.
    ForceStop(oneshot::Sender<bool>),
}

#[derive(Debug)]
struct Active {
    plan: Arc<Plan>,
    view: watch::Receiver<View>,
    commands: mpsc::UnboundedSender<Command>,
}

#[derive(Debug, Default)]
pub(super) struct ActiveMap {
    map: Arc<Mutex<HashMap<String, Active>>>,
}

/// The right to drive a transaction; given back when dropped.
#[derive(Debug)]
pub(super) struct Hold {
    gid: String,
    map: Arc<Mutex<HashMap<String, Active>>>,
    pub(super) view: watch::Sender<View>,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
}

/// Somebody else drives it.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) plan: Arc<Plan>,
    pub(super) view: watch::Receiver<View>,
}

impl ActiveMap {
    pub(super) fn enter(&self, plan: &Arc<Plan>) -> Result<Hold, Taken> {
        match lock(&self.map).entry(plan.gid.clone()) {
            Entry::Occupied(there) => {
                Err(Taken { plan: Arc::clone(&there.get().plan), view: there.get().view.clone() })
            }
            Entry::Vacant(free) => {
                let (view, watching) = watch::channel(View::Starting);
                let (commands, receiver) = mpsc::unbounded_channel();
                free.insert(Active { plan: Arc::clone(plan), view: watching, commands });
                Ok(Hold { gid: plan.gid.clone(), map: Arc::clone(&self.map), view, commands: receiver })
            }
        }
    }

    pub(super) fn gids(&self) -> Vec<String> {
        lock(&self.map).keys().cloned().collect()
    }

    pub(super) fn watch(&self, gid: &str) -> Option<watch::Receiver<View>> {
        lock(&self.map).get(gid).map(|active| active.view.clone())
    }

    pub(super) fn command(&self, gid: &str, command: Command) -> bool {
        lock(&self.map).get(gid).is_some_and(|active| active.commands.send(command).is_ok())
    }
}

impl Hold {
    pub(super) fn gid(&self) -> &str {
        &self.gid
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        lock(&self.map).remove(&self.gid);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The map is never left half-changed.
    match mutex.lock() {
        Ok(guard) => guard,
        Err(poisoned) => poisoned.into_inner(),
    }
}
