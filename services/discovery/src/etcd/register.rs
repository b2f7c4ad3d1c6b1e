use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;

use super::client::{Client, fault};
use crate::{Error, EtcdTarget};

/// go-zero's lease, in seconds.
const TTL: i64 = 10;
/// How often it is renewed and the key is looked at.
const RENEW: Duration = Duration::from_secs(3);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What leaving may take.
const LEAVE: Duration = Duration::from_secs(1);

/// A service's entry; it is taken out by [`Registration::leave`], or by its lease some seconds after the registration was dropped.
#[derive(Debug)]
pub struct Registration {
    lease: watch::Receiver<Option<i64>>,
    stop: CancellationToken,
    _guard: DropGuard,
    task: tokio::task::JoinHandle<()>,
}

/// Registers `address` (`host:port`) under the target's key and keeps it there. The last part of the entry's key is `id`, or the lease's id
/// without one.
///
/// # Errors
/// etcd did not take the first entry. Later faults are repaired in the background.
pub async fn register(target: &EtcdTarget, id: Option<i64>, address: &str) -> Result<Registration, Error> {
    let client = Client::connect(target).await?;
    let entry = Entry { target: target.clone(), id, address: address.to_owned() };
    let lease = entry.enter(&client).await.map_err(|status| fault(target, &status))?;
    let (tell, told) = watch::channel(Some(lease));
    let stop = CancellationToken::new();
    let keeper = Keeper { entry, tell, stop: stop.clone() };
    let task = tokio::spawn(keeper.keep(client, lease));
    Ok(Registration { lease: told, _guard: stop.clone().drop_guard(), stop, task })
}

impl Registration {
    /// The present lease; `None` while etcd does not have the entry.
    pub fn lease_id(&self) -> Option<i64> {
        *self.lease.borrow()
    }

    /// Takes the entry out, so that nobody calls here any more.
    pub async fn leave(self) {
        self.stop.cancel();
        // It gives up by itself in time; a panic in it leaves the rest to the lease.
        let _ = self.task.await;
    }
}

/// A number that etcd gives to nobody else: the id of a lease, which is left to end by itself.
///
/// # Errors
/// etcd does not answer.
pub async fn unique_id(target: &EtcdTarget) -> Result<i64, Error> {
    let client = Client::connect(target).await?;
    client.grant(TTL).await.map_err(|status| fault(target, &status))
}

struct Entry {
    target: EtcdTarget,
    id: Option<i64>,
    address: String,
}

impl Entry {
    fn key(&self, lease: i64) -> String {
        format!("{}/{}", self.target.key, self.id.unwrap_or(lease))
    }

    async fn enter(&self, client: &Client) -> Result<i64, Status> {
        let lease = client.grant(TTL).await?;
        client.put(&self.key(lease), &self.address, lease).await?;
        Ok(lease)
    }
}

struct Keeper {
    entry: Entry,
    tell: watch::Sender<Option<i64>>,
    stop: CancellationToken,
}

impl Keeper {
    async fn keep(self, mut client: Client, mut lease: i64) {
        let mut pause = RENEW;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => {
                    let _ = tokio::time::timeout(LEAVE, client.revoke(lease)).await;
                    return;
                }
            }
            match self.renew(&client, lease).await {
                Ok(kept) => {
                    lease = kept;
                    self.tell.send_replace(Some(lease));
                    pause = RENEW;
                }
                Err(_) => {
                    self.tell.send_replace(None);
                    pause = if pause == RENEW { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
                    // A session may have lost its token.
                    if let Ok(fresh) = Client::connect(&self.entry.target).await {
                        client = fresh;
                    }
                }
            }
        }
    }

    /// Renews the lease, and enters anew when the lease or the key is gone.
    async fn renew(&self, client: &Client, lease: i64) -> Result<i64, Status> {
        if !client.keep_alive(lease).await? {
            return self.entry.enter(client).await;
        }
        let key = self.entry.key(lease);
        let there = client.range(&key).await?.0;
        if !there.iter().any(|entry| entry.key == key.as_bytes() && entry.value == self.entry.address.as_bytes()) {
            client.put(&key, &self.entry.address, lease).await?;
        }
        Ok(lease)
    }
}
