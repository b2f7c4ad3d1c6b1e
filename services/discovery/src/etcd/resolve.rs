use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::client::{Client, fault};
use super::pb::event::EventType;
use crate::balance::Nodes;
use crate::connect::endpoint;
use crate::{Channel, Error, EtcdTarget};

/// How long [`channel`] waits for a first address.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A channel to whatever is registered under the target's key.
pub(crate) async fn channel(target: &EtcdTarget) -> Result<Channel, Error> {
    let deadline = tokio::time::Instant::now() + FIRST_WAIT;
    let unused = CancellationToken::new();
    let channel = Channel::changing(unused.clone().drop_guard());
    let mut resolver = Resolver {
        prefix: format!("{}/", target.key),
        target: target.clone(),
        nodes: Arc::downgrade(channel.nodes()),
        unused,
        known: HashMap::new(),
    };
    loop {
        let client = Client::connect(target).await?;
        let error = match resolver.read(&client).await {
            Ok(revision) if !resolver.known.is_empty() => {
                tokio::spawn(resolver.follow(client, revision));
                return Ok(channel);
            }
            Ok(_) => Error::NoAddress { key: target.key.clone(), hosts: target.hosts.join(",") },
            Err(status) => fault(target, &status),
        };
        if tokio::time::Instant::now() + FIRST_PAUSE > deadline {
            return Err(error);
        }
        tokio::time::sleep(FIRST_PAUSE).await;
    }
}

struct Resolver {
    target: EtcdTarget,
    prefix: String,
    nodes: Weak<Nodes>,
    /// Nobody has the channel any more.
    unused: CancellationToken,
    /// Address by key; an address may be registered more than once.
    known: HashMap<Vec<u8>, String>,
}

impl Resolver {
    /// Takes over what is registered now; the revision from which changes follow.
    async fn read(&mut self, client: &Client) -> Result<i64, Status> {
        let (entries, revision) = client.range(&self.prefix).await?;
        let now: HashMap<Vec<u8>, String> =
            entries.into_iter().map(|entry| (entry.key, String::from_utf8_lossy(&entry.value).into_owned())).collect();
        let gone: Vec<Vec<u8>> = self.known.keys().filter(|key| !now.contains_key(*key)).cloned().collect();
        for (key, address) in now {
            self.add(key, address);
        }
        for key in gone {
            self.remove(&key);
        }
        Ok(revision + 1)
    }

    async fn follow(mut self, mut client: Client, mut revision: i64) {
        let mut pause = FIRST_PAUSE;
        loop {
            let began = tokio::time::Instant::now();
            let unused = self.unused.clone();
            tokio::select! {
                _ = self.watch(&client, revision) => {}
                () = unused.cancelled() => return,
            }
            if began.elapsed() > LONGEST_PAUSE {
                pause = FIRST_PAUSE;
            }
            // Whatever was missed is in the next full answer; until there is one, the last known addresses stay.
            revision = loop {
                tokio::select! {
                    () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                    () = self.unused.cancelled() => return,
                }
                if let Ok(fresh) = Client::connect(&self.target).await {
                    client = fresh;
                }
                if let Ok(revision) = self.read(&client).await {
                    break revision;
                }
            };
        }
    }

    async fn watch(&mut self, client: &Client, revision: i64) -> Result<(), Status> {
        let mut answers = client.watch(&self.prefix, revision).await?;
        while let Some(answer) = answers.message().await? {
            if answer.canceled {
                return Ok(());
            }
            for event in answer.events {
                let kind = event.r#type();
                let Some(entry) = event.kv else { continue };
                match kind {
                    EventType::Put => self.add(entry.key, String::from_utf8_lossy(&entry.value).into_owned()),
                    EventType::Delete => self.remove(&entry.key),
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, key: Vec<u8>, address: String) {
        // What is no address is somebody else's entry.
        let Ok(endpoint) = endpoint(&address) else { return };
        if self.known.get(&key) == Some(&address) {
            return;
        }
        self.remove(&key);
        if !self.known.values().any(|known| *known == address)
            && let Some(nodes) = self.nodes.upgrade()
        {
            nodes.insert(&address, &endpoint);
        }
        self.known.insert(key, address);
    }

    fn remove(&mut self, key: &[u8]) {
        let Some(address) = self.known.remove(key) else { return };
        if !self.known.values().any(|known| *known == address)
            && let Some(nodes) = self.nodes.upgrade()
        {
            nodes.remove(&address);
        }
    }
}
