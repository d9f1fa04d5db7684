//! Answers as a MISP server does, as far as Ayumi asks: for the tests.
//!
//! The shapes are MISP's. An entry of an index is a recorded one with other values: of `rest/pymisp--search_index_result.json`
//! in the folder `AYUMI_MISP_CORPUS`, where that is set, or else of `samples/index.json`. PyMISP, as a client of this
//! double, judges the rest (`crates/misp-client/tests/pymisp.rs`).
//!
//! - [`Double`] is the server; it listens on a port that the system chose, until it is dropped.
//! - [`Fault`] is what it does instead of answering, once, when a request comes that it is for.

#![allow(clippy::missing_panics_doc)]

mod answer;
mod state;

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use axum::Router;
use serde_json::Value;
use tokio::sync::oneshot;
use uuid::Uuid;

use state::State;

/// The key that it takes.
pub const KEY: &str = "dR5LcQvUTkzYxEfGhJmNpSaWbX2i3o4u6y7eZ8tV";

/// A MISP server.
#[derive(Debug)]
pub struct Double {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What it does instead of answering.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// A page with this status, and nothing is done.
    Page(u16),
    /// It is done, and a page with this status comes back.
    DonePage(u16),
    /// The connection ends in the middle of an answer, and nothing is done.
    Cut,
    /// It is done, and the connection ends in the middle of the answer.
    DoneCut,
    /// Too many requests: come back after so many seconds.
    Limited(u64),
    /// This JSON with this status, and nothing is done.
    Says(u16, Value),
    /// Go there.
    Redirect(String),
    /// No answer, ever.
    Silence,
    /// An answer that says it is longer than anybody takes.
    Huge,
}

impl Double {
    /// Starts one without events.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        listener.set_nonblocking(true).expect("it is a socket");
        let state = Arc::new(Mutex::new(State::new()));
        let router = answer::router(Arc::clone(&state));
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || serve(listener, router, stopped));
        Self {
            address,
            state,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes an event in, from the bytes of `{"Event": …}`; it is answered byte for byte until something changes it.
    pub fn hold(&self, document: &[u8]) -> Uuid {
        self.state().hold(document)
    }

    /// An event that it has.
    pub fn event(&self, uuid: Uuid) -> Option<Value> {
        self.state().event(uuid)
    }

    /// How many events it has.
    pub fn count(&self) -> usize {
        self.state().count()
    }

    /// All sightings that it has: `{"attribute_uuid", "type", "source", …}`.
    pub fn sightings(&self) -> Vec<Value> {
        self.state().sightings()
    }

    /// Has an attribute sighted by somebody.
    pub fn sight(&self, attribute: Uuid, kind: u8, source: &str) {
        let added = self.state().sight(&attribute.to_string(), kind, source);
        assert!(added.is_some(), "there is no attribute {attribute}");
    }

    /// Fails once at the next request that starts so, such as `POST /events/add`.
    pub fn fail(&self, request: &str, fault: Fault) {
        self.state().faults.push((request.to_owned(), fault));
    }

    /// The requests so far, such as `GET /servers/getVersion`.
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.state().requests.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(listener: TcpListener, router: Router, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("there are threads");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).expect("it is a socket");
        tokio::select! {
            _ = axum::serve(listener, router) => {}
            _ = stopped => {}
        }
    });
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
