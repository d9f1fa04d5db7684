use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::process::lock;

/// A request that passes a proxy.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET /v1/tasks/1/delivery`.
    pub line: String,
    /// With the names in lower case.
    pub headers: Vec<(String, String)>,
    /// All of it.
    pub body: Vec<u8>,
}

/// What becomes of a request.
pub enum Action {
    /// It passes.
    Forward,
    /// It is answered with these bytes: status line, headers and body.
    Answer(Vec<u8>),
    /// The connection ends without an answer.
    Cut,
    /// It passes, and the answer goes on as what this gives; nothing ends the connection.
    Tap(Box<dyn FnOnce(Vec<u8>) -> Option<Vec<u8>> + Send>),
    /// It passes, but of its answer no more than a few bytes are read while somebody else has this lock.
    Hold(Arc<Mutex<()>>),
}

type Rule = Arc<dyn Fn(&Request) -> Action + Send + Sync>;

struct Shared {
    upstream: Mutex<Option<SocketAddr>>,
    rule: Mutex<Rule>,
}

/// Stands before an HTTP server, on a port of its own. One request a connection.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Request {
    /// The JSON-RPC method, if it is a single call.
    pub fn method(&self) -> Option<String> {
        let call = serde_json::from_slice::<Value>(&self.body).ok()?;
        call["method"].as_str().map(str::to_owned)
    }

    /// Whether it sends a transaction.
    pub fn sends(&self) -> bool {
        self.method().as_deref() == Some("eth_sendRawTransaction")
    }

    /// Whether it is of this HTTP method, and its path ends like this.
    pub fn is(&self, method: &str, end: &str) -> bool {
        self.line
            .strip_prefix(method)
            .is_some_and(|path| path.starts_with(' ') && path.ends_with(end))
    }
}

impl Proxy {
    /// Before a server that comes later.
    pub fn to_nowhere() -> Self {
        let (listener, address) = listen();
        let shared = Arc::new(Shared {
            upstream: Mutex::new(None),
            rule: Mutex::new(Arc::new(|_| Action::Forward)),
        });
        let serving = Arc::clone(&shared);
        // Ends with the process: an idle listener costs nothing.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                thread::spawn(move || serve(client, &shared));
            }
        });
        Self { address, shared }
    }

    /// Before the server at a URL.
    pub fn before(url: &str) -> Self {
        let proxy = Self::to_nowhere();
        proxy.towards(Some(address_of(url)));
        proxy
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on, stands before this server, or before none.
    pub fn towards(&self, upstream: Option<SocketAddr>) {
        *lock(&self.shared.upstream) = upstream;
    }

    /// From now on, does with requests what this says.
    pub fn rule(&self, rule: impl Fn(&Request) -> Action + Send + Sync + 'static) {
        *lock(&self.shared.rule) = Arc::new(rule);
    }

    /// From now on, cuts these requests and lets all others pass. Returns how many were cut, which goes on counting.
    pub fn cut(
        &self,
        is_it: impl Fn(&Request) -> bool + Send + Sync + 'static,
    ) -> Arc<AtomicUsize> {
        let cut = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&cut);
        self.rule(move |request| {
            if !is_it(request) {
                return Action::Forward;
            }
            count.fetch_add(1, Ordering::SeqCst);
            Action::Cut
        });
        cut
    }

    /// From now on, lets everything pass.
    pub fn open(&self) {
        self.rule(|_| Action::Forward);
    }
}

/// Listens on a port that the system chooses.
pub(crate) fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = listener.local_addr();
    (listener, address.expect("a bound listener has an address"))
}

/// The address in `http://127.0.0.1:1234`.
pub(crate) fn address_of(url: &str) -> SocketAddr {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    address
        .parse()
        .unwrap_or_else(|_| panic!("{url} has an address and a port"))
}

/// A whole answer: a JSON document or any other text.
pub fn json_answer(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").into_bytes()
}

fn serve(mut client: TcpStream, shared: &Shared) {
    let Ok(request) = read(&client) else { return };
    let rule = Arc::clone(&lock(&shared.rule));
    let answer = match rule(&request) {
        Action::Forward => forward(&request, shared, None).ok(),
        Action::Answer(bytes) => Some(bytes),
        Action::Cut => None,
        Action::Tap(tap) => forward(&request, shared, None).ok().and_then(tap),
        Action::Hold(gate) => forward(&request, shared, Some(&gate)).ok(),
    };
    if let Some(answer) = answer {
        let _ = client.write_all(&answer);
    }
}

fn read(client: &TcpStream) -> io::Result<Request> {
    let mut reader = BufReader::new(client);
    let mut next = || -> io::Result<String> {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    };
    let first = next()?;
    let line = first
        .rsplit_once(' ')
        .ok_or(io::ErrorKind::InvalidData)?
        .0
        .to_owned();
    let mut headers = Vec::new();
    loop {
        let header = next()?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length
        .and_then(|(_, length)| length.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Request {
        line,
        headers,
        body,
    })
}

/// Sends the request on, and returns the whole answer.
fn forward(request: &Request, shared: &Shared, gate: Option<&Mutex<()>>) -> io::Result<Vec<u8>> {
    let upstream = *lock(&shared.upstream);
    let mut server = TcpStream::connect(upstream.ok_or(io::ErrorKind::ConnectionRefused)?)?;
    let headers = request
        .headers
        .iter()
        .filter(|(name, _)| name != "connection");
    let headers = headers
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect::<Vec<_>>();
    write!(
        server,
        "{} HTTP/1.1\r\nconnection: close\r\n{}\r\n",
        request.line,
        headers.concat()
    )?;
    server.write_all(&request.body)?;
    let mut answer = vec![0; 16];
    server.read_exact(&mut answer)?;
    drop(gate.map(lock));
    server.read_to_end(&mut answer)?;
    Ok(answer)
}
