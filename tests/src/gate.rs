//! A gate before a service: calls always pass, replies pass when it lets them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

#[derive(Clone, Copy, Debug)]
struct State {
    /// Replies stay where they are.
    held: bool,
    /// Connections of an earlier one are cut off.
    generation: u64,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Bytes that went to the service.
    passed: AtomicU64,
}

/// A gate that lasts as long as the process.
#[derive(Debug)]
pub struct Gate {
    /// Where it listens.
    pub port: u16,
    shared: Arc<Shared>,
}

impl Gate {
    /// Starts one, open, before the service on a port of this machine.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start(service: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let state = Mutex::new(State { held: false, generation: 0 });
        let shared = Arc::new(Shared { state, changed: Condvar::new(), passed: AtomicU64::new(0) });
        let own = Arc::clone(&shared);
        thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                // While the service is away its callers are turned off.
                if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, service)) {
                    own.connect(&caller, &server);
                }
            }
        });
        Ok(Self { port, shared })
    }

    /// Replies wait from now on.
    pub fn hold(&self) {
        self.shared.change(|state| state.held = true);
    }

    /// Replies pass again, those that waited first.
    pub fn open(&self) {
        self.shared.change(|state| state.held = false);
    }

    /// Breaks every connection, with the replies that wait; new ones pass.
    pub fn cut(&self) {
        self.shared.change(|state| *state = State { held: false, generation: state.generation + 1 });
    }

    /// How many bytes went to the service: more than before means that a call is on its way.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.shared.passed.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    fn connect(self: &Arc<Self>, caller: &TcpStream, server: &TcpStream) {
        let generation = self.state.lock().unwrap_or_else(PoisonError::into_inner).generation;
        for (from, to, is_reply) in [(caller, server, false), (server, caller, true)] {
            let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { return };
            let shared = Arc::clone(self);
            thread::spawn(move || {
                shared.copy(&from, &to, is_reply, generation);
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
    }

    fn copy(&self, mut from: &TcpStream, mut to: &TcpStream, is_reply: bool, generation: u64) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if is_reply && !self.may_pass(generation) {
                return;
            }
            if to.write_all(&buffer[..count]).is_err() {
                return;
            }
            if !is_reply {
                self.passed.fetch_add(count as u64, Ordering::SeqCst);
            }
        }
    }

    /// Waits until replies pass; `false` for a connection that was cut off.
    fn may_pass(&self, generation: u64) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.changed.wait_while(state, |state| state.held && state.generation == generation);
        state.unwrap_or_else(PoisonError::into_inner).generation == generation
    }
}
