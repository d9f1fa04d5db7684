//! What a request may not be: wrong, too large, too slow, too many.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use ayumi_e2e::{Honesty, Solver, World, wait_until};
use serde_json::{Value, json};

use crate::figures::Metrics;
use crate::{OURS, ROOT, address};

/// What is answered to these bytes, until the other side ends the connection or nothing comes any more.
pub fn say(address: &str, bytes: &[u8]) -> String {
    let mut stream = connect(address);
    stream.write_all(bytes).expect("it listens");
    answer(&mut stream)
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    let limit = Some(Duration::from_mins(5));
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
    // Nothing, or not all of the headers, or those of a second request.
    for start in [
        "",
        "GET /v1 HTTP/1.1\r\nhost:",
        "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n",
    ] {
        let answer = say(&address, start.as_bytes());
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
    let header = dripping("GET /v1 HTTP/1.1\r\nhost: ", 15);
    assert_eq!(header, "");
    let head = "POST /v1/tasks/1/receipt HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n";
    for drops in [3, 20] {
        let answer = dripping(head, drops);
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
    let headers = refused(&ask("192.0.2.1"), 429, "too-often");
    assert!(headers.contains("retry-after: "), "{headers}");
    refused(&ask("192.0.2.2"), 400, "malformed");
    wait_until("it may ask again", || {
        ask("192.0.2.1").contains(" 400 ").then_some(())
    });
}
