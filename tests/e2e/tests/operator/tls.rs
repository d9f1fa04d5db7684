//! TLS, with a certificate that is changed while it runs.

use std::fs;
use std::path::Path;

use ayumi_e2e::{Honesty, Solver, World, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::OURS;
use crate::commands::run;
use crate::requests::say;

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
            let client = ayumi_chain::http(|client| client.add_root_certificate(trusted.clone()))?;
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
