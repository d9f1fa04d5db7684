//! What who runs a solver sees and sets: figures that are true, limits that hold, and the commands that tell.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use ayumi_e2e::{
    Account, Action, Honesty, Outcome, Running, Solver, World, json_answer, programs, wait_until,
};
use rustix::process::Signal;
use serde_json::{Value, json};

const OURS: &str = "Minato ISAC";

fn use_it(consumer: &Account, product: &str, name: &str) -> Outcome {
    consumer.ayumi(&["use", product, "--buy", "--another", "-o", name])
}

/// Where the solver itself serves, without the proxy before it.
fn address(solver: &Solver) -> String {
    let log = solver.log();
    let (_, said) = log.rsplit_once(" serving address=").expect("it serves");
    said.split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The figures as they are now.
struct Metrics(String);

impl Metrics {
    fn read(world: &World, solver: &Solver) -> Self {
        let url = format!("http://{}/metrics", address(solver));
        let text = world.wait_for(async {
            let answer = ayumi_chain::http().build()?.get(url).send().await?;
            answer.text().await
        });
        Self(text.expect("the figures are always to be had"))
    }

    /// A figure that is there.
    fn of(&self, name: &str) -> f64 {
        self.find(name)
            .unwrap_or_else(|| panic!("no {name} in {}", self.0))
    }

    fn find(&self, name: &str) -> Option<f64> {
        let mut lines = self.0.lines();
        lines.find_map(|line| {
            let rest = line.strip_prefix("ayumi_solver_")?.strip_prefix(name)?;
            rest.strip_prefix(' ')?.parse().ok()
        })
    }

    fn is(&self, name: &str, value: u32) {
        let found = self.of(name);
        assert!(
            (found - f64::from(value)).abs() < 0.5,
            "{name} is {found}, not {value}"
        );
    }
}

fn are_documented(metrics: &Metrics) {
    let manual = programs::root().join("docs/solver.md");
    let manual = fs::read_to_string(manual).expect("it is there");
    for line in metrics.0.lines().filter(|line| line.starts_with("# TYPE ")) {
        let name = line.split(' ').nth(2).unwrap_or_default();
        let name = name.strip_prefix("ayumi_solver_").unwrap_or(name);
        assert!(
            manual.contains(&format!("`{name}")),
            "{name} is not documented"
        );
    }
}

#[test]
fn the_figures_are_true_whatever_fails() {
    let world = World::alone(&[]);
    let solver = Solver::start(&world, "counted", OURS, Honesty::Honest);
    let (producer, consumer) = (world.account("hinode"), world.account("kitakaze"));
    let product = producer.publish(&solver.url());
    for name in ["1.json", "2.json", "3.json"] {
        use_it(consumer, &product, name).done();
    }
    let now = Metrics::read(&world, &solver);
    now.is("deliveries_total", 3);
    now.is("declines_total", 0);
    for name in [
        "tasks_open",
        "tasks_receipted",
        "tasks_refused",
        "transactions_in_flight",
        "oldest_task_age_seconds",
    ] {
        now.is(name, 0);
    }
    now.is("ready", 1);
    now.is("retries_total", 0);
    assert!(now.of("chain_head_age_seconds") < 60.0 && now.of("nonce_window") >= 1.0);
    assert!(now.of("store_bytes") > 0.0 && now.of("requests_total{status=\"200\"}") >= 3.0);
    assert!(now.0.ends_with("# EOF\n"), "{}", now.0);
    are_documented(&now);

    // The producer believes that the solver has its document, and it has not.
    solver.front.rule(|request| {
        if request.line.starts_with("PUT ") {
            Action::Answer(json_answer("201 Created", "application/json", "{}"))
        } else {
            Action::Forward
        }
    });
    let missing = producer.publish(&solver.url());
    solver.front.open();
    let declined = use_it(consumer, &missing, "never.json");
    assert_eq!(declined.status, Some(2), "{declined}");
    wait_until("the ticket is given back", || {
        let now = Metrics::read(&world, &solver);
        (now.of("declines_total") > 0.5).then_some(())
    });
    let now = Metrics::read(&world, &solver);
    now.is("declines_total", 1);
    now.is("deliveries_total", 3);

    // Nothing is sent: what waits is seen to wait.
    solver.back.rule(|request| {
        if request.sends() {
            Action::Cut
        } else {
            Action::Forward
        }
    });
    let running = consumer.start(&["use", &product, "--buy", "--another", "-o", "4.json"]);
    wait_until("it is tried again", || {
        let now = Metrics::read(&world, &solver);
        (now.of("retries_total") > 0.5).then_some(())
    });
    let now = Metrics::read(&world, &solver);
    now.is("tasks_open", 1);
    now.is("transactions_in_flight", 1);
    now.is("ready", 0);
    now.is("deliveries_total", 3);
    let age = now.of("oldest_task_age_seconds");
    assert!((2.0..120.0).contains(&age), "{age}");
    assert!(now.of("errors_total{kind=\"node-unreachable\"}") >= 2.0);

    // Not even the head is to be had.
    solver.back.rule(|_| Action::Cut);
    let before = Metrics::read(&world, &solver);
    wait_until("the chain was not read for a while", || {
        let now = Metrics::read(&world, &solver);
        (now.of("chain_read_age_seconds") > 2.0).then_some(())
    });
    let now = Metrics::read(&world, &solver);
    now.is("ready", 0);
    now.is("tasks_open", 1);
    assert!(now.of("chain_head_age_seconds") > before.of("chain_head_age_seconds"));
    assert!(now.of("oldest_task_age_seconds") > age);
    assert!(solver.wait_ready(&world, false).contains("does not answer"));

    solver.back.open();
    running.end().done();
    solver.wait_ready(&world, true);
    wait_until("everything is read", || {
        let now = Metrics::read(&world, &solver);
        (now.of("deliveries_total") > 3.5 && now.of("transactions_in_flight") < 0.5).then_some(())
    });
    let now = Metrics::read(&world, &solver);
    now.is("deliveries_total", 4);
    now.is("tasks_open", 0);
    now.is("oldest_task_age_seconds", 0);
}

/// What is answered to these bytes, until the other side ends the connection or nothing comes any more.
fn say(address: &str, bytes: &[u8]) -> String {
    let mut stream = connect(address);
    stream.write_all(bytes).expect("it listens");
    answer(&mut stream)
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    let limit = Some(Duration::from_secs(30));
    stream.set_read_timeout(limit).expect("it is no zero");
    stream
}

/// Reads until the end.
fn answer(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    match stream.read_to_end(&mut read) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("it is not ended"),
        _ => String::from_utf8_lossy(&read).into_owned(),
    }
}

/// Checks that this is a refusal of this kind, in the form that all have. Returns its headers.
fn refused(answer: &str, status: u16, kind: &str) -> String {
    let (headers, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    assert!(
        headers.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
    assert_eq!(body["error"]["kind"], kind, "{answer}");
    for part in ["message", "hint"] {
        let text = body["error"][part].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{answer}");
    }
    headers.to_lowercase()
}

const ROOT: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

#[test]
fn every_refusal_has_one_form() {
    let world = World::alone(&[]);
    let solver = Solver::start(&world, "formal", OURS, Honesty::Honest);
    let address = address(&solver);
    let long = "x".repeat(5_000);
    for (request, more, status, kind) in [
        ("GET /nowhere", "", 404, "no-such-route"),
        ("GET /v1/tasks/1/other", "", 404, "no-such-route"),
        ("GET /v1/tasks/one/delivery", "", 400, "malformed"),
        ("GET /v1/tasks/-1/delivery", "", 400, "malformed"),
        ("GET /v1/tasks/%ff/delivery", "", 400, "malformed"),
        ("GET /v1/tasks/1/delivery", "", 400, "malformed"),
        ("PUT /v1/assets/0x12", "", 400, "malformed"),
        ("DELETE /v1", "", 405, "wrong-method"),
        ("POST /v1/tasks/1/receipt", "", 400, "malformed"),
        (
            "POST /v1/tasks/1/receipt",
            "content-length: 5000\r\n",
            413,
            "too-large",
        ),
        (
            "PUT /v1/tasks/1/feedback-note",
            "content-length: 100000\r\n",
            413,
            "too-large",
        ),
        (
            &format!("PUT /v1/assets/{ROOT}"),
            "ayumi-payload-length: 1\r\ncontent-length: 999999999999\r\n",
            413,
            "too-large",
        ),
        (
            &format!("PUT /v1/assets/{ROOT}"),
            "ayumi-payload-length: 99999999\r\ncontent-length: 99999999\r\n",
            400,
            "malformed",
        ),
    ] {
        let text = format!("{request} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{more}\r\n");
        let headers = refused(&say(&address, text.as_bytes()), status, kind);
        assert_eq!(headers.contains("allow: get,head"), status == 405);
    }
    // What does not say how long it is, is stopped where it is too long.
    let chunk = format!("{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
    let head = "POST /v1/tasks/1/receipt HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";
    let text = format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}");
    refused(&say(&address, text.as_bytes()), 413, "too-large");
    let headers = format!(
        "GET /v1 HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n",
        "x".repeat(20_000)
    );
    let answer = say(&address, headers.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    // The description tells of what is there.
    let ask = |request: &str| {
        let text = format!("{request} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        say(&address, text.as_bytes())
    };
    let said = ask("GET /v1/openapi.json");
    let (_, described) = said.split_once("\r\n\r\n").unwrap_or_default();
    let described: Value = serde_json::from_str(described).expect("it is JSON");
    let paths = described["paths"].as_object().expect("it has paths");
    assert_eq!(paths.len(), 10);
    for (path, methods) in paths {
        let path = path.replace("{contentRoot}", ROOT).replace("{task}", "1");
        for method in methods.as_object().expect("they have methods").keys() {
            let said = ask(&format!("{} {path}", method.to_uppercase()));
            let is_nowhere = said.starts_with("HTTP/1.1 404 ") && said.contains("no-such-route");
            let is_there = !is_nowhere && !said.starts_with("HTTP/1.1 405 ");
            assert!(is_there, "{method} {path}: {said}");
        }
    }
    let now = Metrics::read(&world, &solver);
    now.is("refusals_total{kind=\"too-large\"}", 4);
    now.is("requests_total{status=\"413\"}", 4);
}

#[test]
fn who_is_slow_is_cut() {
    let world = World::alone(&[]);
    let settings = json!({
        "limits": { "header_s": 1, "stall_s": 1, "request_s": 3, "client_rate": 0 },
    });
    let solver = Solver::with_settings(&world, "hasty", OURS, Honesty::Honest, &settings);
    let address = address(&solver);
    let within = |seconds, what: &dyn Fn() -> String| {
        let since = Instant::now();
        let answer = what();
        let took = since.elapsed();
        assert!(took < Duration::from_secs(seconds), "{took:?}: {answer}");
        answer
    };
    // Nothing, or not all of the headers, or those of a second request.
    for start in [
        "",
        "GET /v1 HTTP/1.1\r\nhost:",
        "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n",
    ] {
        let answer = within(10, &|| say(&address, start.as_bytes()));
        assert_eq!(answer.is_empty(), !start.starts_with("GET /healthz"));
    }
    // Byte by byte.
    let dripping = |bytes: &str, drops: u32| {
        let mut stream = connect(&address);
        stream.write_all(bytes.as_bytes()).expect("it listens");
        for _ in 0..drops {
            if stream.write_all(b"x").is_err() {
                break;
            }
            sleep(Duration::from_millis(200));
        }
        answer(&mut stream)
    };
    let header = within(10, &|| dripping("GET /v1 HTTP/1.1\r\nhost: ", 15));
    assert_eq!(header, "");
    let head = "POST /v1/tasks/1/receipt HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n";
    for drops in [3, 20] {
        let answer = within(15, &|| dripping(head, drops));
        refused(&answer, 408, "too-slow");
    }

    // Asks on and on, and takes nothing of what it is told.
    let mut stream = connect(&address);
    let asked = 10_000;
    let questions = "GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n".repeat(asked);
    let mut asking = stream.try_clone().expect("a socket can be shared");
    let writer = std::thread::spawn(move || asking.write_all(questions.as_bytes()).is_err());
    wait_until("the connection is cut", || {
        let under_way = stream.write(b"G").is_ok();
        (!under_way).then_some(())
    });
    writer.join().expect("it does not panic");
    let mut read = Vec::new();
    let _ = stream.read_to_end(&mut read);
    let told = String::from_utf8_lossy(&read).matches("# EOF").count();
    assert!(told < asked, "{told}");
    solver.wait_ready(&world, true);
}

#[test]
fn who_asks_too_often_is_told_to_wait() {
    let world = World::alone(&[]);
    let settings = json!({
        "limits": { "client_rate": 1, "client_burst": 10, "trusted_proxy": true },
    });
    let solver = Solver::with_settings(&world, "proxied", OURS, Honesty::Honest, &settings);
    let address = address(&solver);
    let ask = |from: &str| {
        let head = "PUT /v1/tasks/1/feedback-note HTTP/1.1\r\nhost: a\r\nconnection: close";
        let from = format!("{head}\r\nx-forwarded-for: 192.0.2.77, {from}\r\n\r\n");
        say(&address, from.as_bytes())
    };
    for _ in 0..10 {
        refused(&ask("192.0.2.1"), 400, "malformed");
    }
    let since = Instant::now();
    let headers = refused(&ask("192.0.2.1"), 429, "too-often");
    assert!(headers.contains("retry-after: "), "{headers}");
    refused(&ask("192.0.2.2"), 400, "malformed");
    wait_until("it may ask again", || {
        ask("192.0.2.1").contains(" 400 ").then_some(())
    });
    assert!(since.elapsed() < Duration::from_secs(10));
}

/// Runs `ayumi-solver` with these arguments to its end.
fn run(arguments: &[&str], trusted: Option<&Path>) -> Outcome {
    let mut command = Command::new(programs::solver());
    command.args(arguments);
    if let Some(certificate) = trusted {
        command.env("SSL_CERT_FILE", certificate);
    }
    Running::of(command, arguments).end()
}

/// How the line about something is, in what `check` says.
fn state<'a>(lines: &'a Value, what: &str) -> &'a str {
    let mut lines = lines.as_array().expect("a list").iter();
    let line = lines.find(|line| line["what"] == what);
    let line = line.unwrap_or_else(|| panic!("nothing about {what}"));
    line["state"].as_str().expect("each has a state")
}

#[test]
fn status_tells_how_it_is() {
    let world = World::alone(&[]);
    let mut solver = Solver::start(&world, "asked", OURS, Honesty::Honest);
    solver.wait_ready(&world, true);
    let url = format!("http://{}", address(&solver));
    let status = |json: &[&str]| run(&[&["status", "--url", &url], json].concat(), None);
    let said = status(&["--json"]).done();
    assert_eq!(
        (&said["ready"], &said["reasons"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(said["metrics"]["deliveries_total"], 0.0);
    assert!(said["metrics"]["chain_head_number"].as_f64() > Some(0.0));
    let table = status(&[]);
    assert_eq!(table.status, Some(0), "{table}");
    for line in ["ready               yes\n", "delivered           0\n"] {
        assert!(table.stdout.contains(line), "{table}");
    }

    solver.back.rule(|_| Action::Cut);
    solver.wait_ready(&world, false);
    let said = status(&["--json"]).negative();
    assert!(
        said["reasons"].to_string().contains("does not answer"),
        "{said}"
    );
    let of_its_file = solver.folder().join("solver.toml");
    let of_its_file = of_its_file.to_str().expect("our paths are text");
    let any_port = run(&["status", "--config", of_its_file], None);
    assert_eq!(any_port.status, Some(2), "{any_port}");
    assert!(any_port.stderr.contains("--url"), "{any_port}");
    solver.kill();
    let gone = status(&[]);
    assert_eq!(gone.status, Some(2), "{gone}");
    let stranger = run(&["status", "--url", world.rpc_url()], None);
    assert_eq!(stranger.status, Some(2), "{stranger}");
    assert!(stranger.stderr.contains("is no solver"), "{stranger}");
}

#[test]
fn check_tells_what_is_wrong() {
    let world = World::alone(&[]);
    let mut solver = Solver::start(&world, "checked", OURS, Honesty::Honest);
    let file = solver.folder().join("solver.toml");
    let path = file.to_str().expect("our paths are text");
    let check = || run(&["check", "--config", path, "--json"], None);
    let whats = [
        "configuration",
        "disk",
        "payload disk",
        "key",
        "chain",
        "clock",
        "store",
        "money",
        "registration",
        "sealing key",
        "endpoint",
    ];
    let lines = check().done();
    for what in whats {
        assert_eq!(state(&lines, what), "ok", "{what}: {lines}");
    }
    let text = run(&["check", "--config", path], None);
    assert!(
        text.stdout
            .contains("\nok   registration  of organisation "),
        "{text}"
    );

    let said = run(&["address", "--config", path, "--json"], None).done();
    assert_eq!(said["solver"], json!(solver.address));
    let offered = [
        "--organisation",
        "Minato ISAC",
        "--endpoint",
        "https://solver.example",
    ];
    let said = run(
        &[&["address", "--config", path], &offered[..]].concat(),
        None,
    );
    let line = format!(
        "ayumi solver register {} --organisation 'Minato ISAC' --endpoint 'https://solver.example' --sealing-key 0x",
        solver.address
    );
    assert!(said.stdout.contains(&line), "{said}");

    // It does not run, and is suspended, registered with another key, and poor.
    solver.stop();
    let governor = world.governor();
    let account = solver.address.to_string();
    governor.must(&["solver", "suspend", &account]);
    governor.must(&["solver", "update", &account, "--sealing-key", ROOT]);
    world.rpc("anvil_setBalance", &json!([solver.address, "0x0"]));
    let lines = check().negative();
    for (what, found) in [
        ("key", "ok"),
        ("store", "ok"),
        ("money", "fail"),
        ("registration", "fail"),
        ("sealing key", "fail"),
        ("endpoint", "warn"),
    ] {
        assert_eq!(state(&lines, what), found, "{what}: {lines}");
    }
    // Another solver is where this one is said to be.
    governor.must(&[
        "solver",
        "update",
        &account,
        "--endpoint",
        world.solver_url(),
    ]);
    assert_eq!(state(&check().negative(), "endpoint"), "fail");

    world.pass(1_000);
    let lines = check().negative();
    assert_eq!(state(&lines, "clock"), "fail", "{lines}");
    let store = solver.folder().join("solver.db");
    fs::rename(&store, solver.folder().join("elsewhere.db")).expect("it is ours");
    assert_eq!(state(&check().negative(), "store"), "warn");
    assert!(!store.exists(), "check makes no store");

    let key = solver.folder().join("key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("it is ours");
    assert_eq!(state(&check().negative(), "key"), "fail");
    solver.back.rule(|_| Action::Cut);
    assert_eq!(state(&check().negative(), "chain"), "fail");
    fs::write(&file, "rpc = 3").expect("it is ours");
    assert_eq!(state(&check().negative(), "configuration"), "fail");
}

/// A certificate of its own for this machine, with its key, in a folder.
fn certify(folder: &Path) -> Vec<u8> {
    let names = ["localhost", "127.0.0.1"].map(str::to_owned);
    let pair = rcgen::generate_simple_self_signed(names).expect("names are fine");
    let certificate = pair.cert.pem();
    let write = |name: &str, text: &str| fs::write(folder.join(name), text);
    write("key.pem", &pair.signing_key.serialize_pem())
        .and_then(|()| write("certificate.pem", &certificate))
        .expect("the folder can be written to");
    certificate.into_bytes()
}

#[test]
fn it_speaks_tls_itself() {
    let world = World::alone(&[]);
    let mut solver = Solver::start(&world, "private", OURS, Honesty::Honest);
    solver.stop();
    let folder = solver.folder().to_owned();
    let tls = "\n[tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n";
    let file = folder.join("solver.toml");
    let plain = fs::read_to_string(&file).expect("it is ours");
    fs::write(&file, plain + tls).expect("it is ours");
    let said = solver.another(&[])().expect_err("there is no certificate");
    assert!(said.contains("certificate.pem"), "{said}");

    let first = certify(&folder);
    let (mut process, url) = solver.another(&[])().expect("it starts");
    let port = url.strip_prefix("https://127.0.0.1:").expect("it says so");
    let reaches = |certificate: &[u8]| {
        let trusted = reqwest::Certificate::from_pem(certificate).expect("we made it");
        world.wait_for(async {
            let client = ayumi_chain::http().add_root_certificate(trusted).build()?;
            let answer = client.get(format!("{url}/v1")).send().await?;
            answer.json::<Value>().await
        })
    };
    let about = reaches(&first).expect("it is trusted");
    assert_eq!(about["solver"], json!(solver.address));
    assert!(!say(&format!("127.0.0.1:{port}"), b"GET /v1 HTTP/1.1\r\n\r\n").contains("HTTP/1.1"));

    // The commands trust what SSL_CERT_FILE names.
    let certificate = folder.join("certificate.pem");
    let endpoint = format!("https://localhost:{port}");
    run(
        &["status", "--url", &endpoint, "--json"],
        Some(&certificate),
    )
    .done();
    assert_eq!(run(&["status", "--url", &endpoint], None).status, Some(2));
    let account = solver.address.to_string();
    world
        .governor()
        .must(&["solver", "update", &account, "--endpoint", &endpoint]);
    let trusting = |name: &str| {
        let account = world.account(name);
        account.with("SSL_CERT_FILE", certificate.display())
    };
    let product = trusting("hinode").publish(&endpoint);
    let consumer = trusting("kitakaze");
    consumer.must(&["use", &product, "--buy", "-o", "got.json"]);
    consumer.received("got.json");

    // A certificate that cannot be read changes nothing; another one is taken.
    fs::write(&certificate, "no certificate").expect("it is ours");
    process.signal(Signal::HUP);
    wait_until("it says that it stays with the old one", || {
        solver
            .log()
            .contains("the old certificate stays")
            .then_some(())
    });
    reaches(&first).expect("it is the old one");
    let second = certify(&folder);
    process.signal(Signal::HUP);
    wait_until("the new one is served", || reaches(&second).ok());
    reaches(&first).expect_err("it is another one");
    assert!(process.terminate().success(), "{}", process.said());
}
