//! Payloads in an object store: the solver's own disk has none of them.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ayumi_e2e::{Honesty, Solver, World, samples};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const KEY: &str = "AYUMITESTKEY";
const SECRET: &str = "a secret of the test";

/// An S3 server over a folder, with one bucket.
struct S3 {
    address: SocketAddr,
    /// Whether it answers.
    is_up: Arc<AtomicBool>,
    _runtime: Runtime,
}

impl S3 {
    fn start(folder: &Path) -> Self {
        fs::create_dir_all(folder.join("bucket")).expect("the folder can be made");
        let files = FileSystem::new(folder).expect("the folder is there");
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = builder.build();
        let runtime = Runtime::new().expect("there are threads");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.expect("there is a port");
        let address = listener.local_addr().expect("it is bound");
        let is_up = Arc::new(AtomicBool::new(true));
        runtime.spawn(serve(listener, service, Arc::clone(&is_up)));
        Self {
            address,
            is_up,
            _runtime: runtime,
        }
    }

    /// What a solver's environment says of it, as S3's own tools would have it.
    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ENDPOINT", format!("http://{}", self.address)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
        ]
    }
}

async fn serve(listener: TcpListener, service: S3Service, is_up: Arc<AtomicBool>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (service, is_up) = (service.clone(), Arc::clone(&is_up));
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let (service, is_up) = (service.clone(), is_up.load(Ordering::SeqCst));
                async move {
                    if !is_up {
                        return Err(io::Error::other("it is down"));
                    }
                    let answer = hyper::service::Service::call(&service, request).await;
                    answer.map_err(|error| io::Error::other(format!("{error:?}")))
                }
            });
            let builder = auto::Builder::new(TokioExecutor::new());
            let _ = builder
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

/// How many files are in a folder and beneath it.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| {
            if entry.path().is_dir() {
                files(&entry.path())
            } else {
                1
            }
        })
        .sum()
}

#[test]
fn payloads_live_in_s3() {
    let world = World::alone(&[]);
    let bucket = world.folder().join("s3");
    let s3 = S3::start(&bucket);
    let mut solver = Solver::start(&world, "cloudy", "Minato ISAC", Honesty::Honest);
    solver.stop();
    let config = solver.folder().join("solver.toml");
    let text = fs::read_to_string(&config).expect("it is there");
    let text = format!("assets = \"s3://bucket/minato\"\n{text}");
    fs::write(&config, text).expect("it can be written");
    solver.environment = s3.environment();
    solver.resume();
    let assets = solver.folder().join("assets");
    let before = files(&assets);

    let (producer, consumer) = (world.account("hinode"), world.account("kitakaze"));
    let url = solver.url();
    let product = producer.publish(&url);
    assert_eq!(files(&assets), before, "nothing is kept on disk");
    assert!(files(&bucket.join("bucket/minato")) > 0);

    // A solver that has nothing but its key, its store and the bucket.
    solver.kill();
    solver.resume();
    consumer.must(&["use", &product, "--buy", "-o", "got.json"]);
    consumer.received("got.json");

    // While the bucket does not answer, nothing is lost: what is handed in is refused, what was redeemed waits.
    s3.is_up.store(false, Ordering::SeqCst);
    let refused = producer.ayumi(&samples::offer(&url));
    assert_eq!(refused.status, Some(2), "{refused}");
    consumer.must(&["buy", &product]);
    let late = [
        "use",
        &product,
        "--another",
        "--wait",
        "2",
        "-o",
        "late.json",
    ];
    let waiting = consumer.ayumi(&late);
    assert_eq!(waiting.status, Some(2), "{waiting}");
    s3.is_up.store(true, Ordering::SeqCst);
    consumer.must(&["use", &product, "-o", "late.json"]);
    consumer.received("late.json");
    producer.publish(&url);
    assert_eq!(world.deliveries().len(), 2);
}
