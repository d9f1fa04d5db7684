//! A node that misbehaves on request.

mod besu;
mod rule;
mod serve;
mod socket;
mod upstream;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

pub use besu::{Besu, not_permitted};
pub use rule::{Answer, Call, Fault, Gate, Rule};
pub use upstream::Upstream;

use crate::process::lock;
use crate::proxy::{address_of, listen};

/// Stands before a node, on a port of its own, and speaks JSON-RPC over HTTP and WebSocket. Each call goes through an
/// ordered list of [`Rule`]s: the first that is for it says what becomes of it.
///
/// Connections are kept alive on both sides, so that it can stand in a load. Dropping it cuts all of them.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: Upstream,
    rules: Mutex<Vec<Arc<Rule>>>,
    token: Mutex<Option<String>>,
    seen: Mutex<HashMap<String, usize>>,
    stop: CancellationToken,
}

impl FaultProxy {
    /// Before a node that comes later.
    pub fn to_nowhere() -> Self {
        let shared = Arc::new(Shared {
            upstream: Upstream::nowhere(),
            rules: Mutex::default(),
            token: Mutex::default(),
            seen: Mutex::default(),
            stop: CancellationToken::new(),
        });
        let (listener, address) = listen();
        listener
            .set_nonblocking(true)
            .expect("sockets can be asked");
        let _inside = runtime().enter();
        let listener = TcpListener::from_std(listener).expect("the runtime takes sockets");
        runtime().spawn(serve::serve(listener, Arc::clone(&shared)));
        Self { address, shared }
    }

    /// Before the node at a URL.
    pub fn before(url: &str) -> Self {
        let proxy = Self::to_nowhere();
        proxy.towards(Some(address_of(url)));
        proxy
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it is, for WebSockets.
    pub fn socket_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// From now on, stands before this node, or before none.
    pub fn towards(&self, node: Option<SocketAddr>) {
        self.shared.upstream.towards(node);
    }

    /// The node itself, past all rules.
    pub fn upstream(&self) -> Upstream {
        self.shared.upstream.clone()
    }

    /// From now on, goes by these rules, in this order.
    pub fn rules(&self, rules: impl IntoIterator<Item = Rule>) {
        *lock(&self.shared.rules) = rules.into_iter().map(Arc::new).collect();
    }

    /// From now on, goes by this rule before all others.
    pub fn first(&self, rule: Rule) {
        lock(&self.shared.rules).insert(0, Arc::new(rule));
    }

    /// From now on, lets everything pass.
    pub fn open(&self) {
        self.rules([]);
    }

    /// From now on, answers nobody who does not bring this token; or everybody again.
    pub fn token(&self, token: Option<&str>) {
        *lock(&self.shared.token) = token.map(str::to_owned);
    }

    /// How many calls of this method came, whatever became of them.
    pub fn count(&self, method: &str) -> usize {
        lock(&self.shared.seen).get(method).copied().unwrap_or(0)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// Where all proxies of the process run.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("there are threads")
    })
}
