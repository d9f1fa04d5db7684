//! Where the indexes of tests are: files, or schemas of a PostgreSQL that is started for them and ends with them.

#![allow(dead_code, unused_macros, missing_docs)] // each test takes what it needs

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs::Permissions;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ayumi_audit::Location;
use postgres::NoTls;
use tempfile::TempDir;

/// Has each test run twice: once with indexes in files, once with indexes in PostgreSQL.
macro_rules! on_both {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $test() { super::$test(&super::databases::Databases::files()); })*
        }
        mod postgres {
            $(#[test] fn $test() {
                if let Some(databases) = super::databases::Databases::postgres() {
                    super::$test(&databases);
                }
            })*
        }
    };
    (async $($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $test() {
                super::$test(&super::databases::Databases::files()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test] async fn $test() {
                if let Some(databases) = super::databases::Databases::postgres() {
                    super::$test(&databases).await;
                }
            })*
        }
    };
}

/// Places for indexes, for as long as one test runs.
pub struct Databases {
    of: Of,
    made: Cell<u32>,
}

enum Of {
    Files(TempDir),
    Postgres(Arc<Server>),
}

impl Databases {
    pub fn files() -> Self {
        let folder = tempfile::tempdir().expect("there is room for temporary files");
        Self {
            of: Of::Files(folder),
            made: Cell::default(),
        }
    }

    /// `None`, and a word of it, where there is no PostgreSQL on this machine; in the CI there must be one.
    pub fn postgres() -> Option<Self> {
        let Some(server) = Server::shared() else {
            Self::missing();
            return None;
        };
        Some(Self {
            of: Of::Postgres(server),
            made: Cell::default(),
        })
    }

    /// Says so, where there is no PostgreSQL.
    pub fn missing() {
        assert!(
            std::env::var_os("CI").is_none(),
            "there is no PostgreSQL: install Debian's package postgresql, or have initdb on PATH"
        );
        // Past what holds back the output of tests that pass.
        let _ = std::io::stderr().write_all(b"SKIPPED: there is no PostgreSQL on this machine\n");
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.of, Of::Postgres(_))
    }

    /// A place where no index is yet.
    pub fn place(&self) -> Location {
        match &self.of {
            Of::Files(folder) => {
                self.made.set(self.made.get() + 1);
                folder.path().join(format!("{}.db", self.made.get())).into()
            }
            Of::Postgres(server) => Location::from_url(&server.schema()).expect("a right URL"),
        }
    }

    /// The URL of such a place, where it has one.
    pub fn url(&self) -> Option<String> {
        match &self.of {
            Of::Files(_) => None,
            Of::Postgres(server) => Some(server.schema()),
        }
    }
}

/// A server with sockets in a folder of its own, and no port but for TLS.
pub struct Server {
    folder: TempDir,
    process: Child,
    /// Where it speaks TLS.
    pub port: Option<u16>,
    schemas: Mutex<u32>,
}

/// In PEM.
pub struct Certificate {
    pub certificate: String,
    pub key: String,
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

impl Server {
    /// The one that other tests use at the moment, or a new one.
    pub fn shared() -> Option<Arc<Self>> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return Some(server);
        }
        let server = Arc::new(Self::start(&binaries()?, None));
        *shared = Arc::downgrade(&server);
        Some(server)
    }

    /// One of its own, which is to be had over TLS alone: on this machine, at its port.
    pub fn over_tls(with: &Certificate) -> Option<Self> {
        Some(Self::start(&binaries()?, Some(with)))
    }

    fn start(binaries: &Path, tls: Option<&Certificate>) -> Self {
        let folder = tempfile::Builder::new().prefix("ayumi-pg-").tempdir();
        let folder = folder.expect("there is room for temporary files");
        let user = user_for(folder.path());
        let data = folder.path().join("data");
        let mut initdb = Command::new(binaries.join("initdb"));
        initdb
            .args(["--auth=trust", "--username=ayumi", "--encoding=UTF8"])
            .args(["--locale=C", "--no-sync", "--pgdata"])
            .arg(&data);
        let made = run_as(&mut initdb, user).output().expect("initdb runs");
        assert!(made.status.success(), "{made:?}");
        let port = tls.map(|with| {
            put(&data, "server.crt", &with.certificate, user);
            put(&data, "server.key", &with.key, user);
            put(
                &data,
                "pg_hba.conf",
                "hostssl all all 127.0.0.1/32 trust\n",
                user,
            );
            free_port()
        });
        // It ends when its standard input does, which is when this process ends, however that is.
        let watched = r#""$0" "$@" & cat >/dev/null; kill -QUIT $!; wait $!"#;
        let mut postgres = Command::new("sh");
        postgres
            .args(["-c", watched])
            .arg(binaries.join("postgres"))
            .args(["-c", "fsync=off", "-k"])
            .arg(folder.path())
            .arg("-D")
            .arg(&data)
            .args(match port {
                Some(port) => vec![
                    "-h".into(),
                    "127.0.0.1".into(),
                    "-p".into(),
                    port.to_string(),
                    "-l".into(),
                ],
                None => vec!["-h".into(), String::new()],
            })
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut process = run_as(&mut postgres, user).spawn().expect("there is a sh");
        let mut log = BufReader::new(process.stderr.take().expect("it is piped"));
        let (mut said, mut line) = (String::new(), String::new());
        while !line.contains("ready to accept connections") {
            line.clear();
            let read = log.read_line(&mut line).expect("a log is text");
            assert!(read > 0, "PostgreSQL does not start: {said}");
            said += &line;
        }
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self {
            folder,
            process,
            port,
            schemas: Mutex::default(),
        }
    }

    pub fn url(&self) -> String {
        let mut host = String::new();
        for byte in self.folder.path().as_os_str().as_encoded_bytes() {
            write!(host, "%{byte:02x}").expect("there is room in a string");
        }
        format!("postgres://ayumi@{host}/postgres")
    }

    /// The URL of a new schema.
    pub fn schema(&self) -> String {
        let mut schemas = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        *schemas += 1;
        let url = self.url();
        let sql = format!("CREATE SCHEMA test_{schemas}");
        // The client must not wait on a thread of a runtime, which that of a test may be.
        let made = std::thread::scope(|scope| {
            let make = || postgres::Client::connect(&url, NoTls)?.batch_execute(&sql);
            scope.spawn(make).join()
        });
        made.expect("nothing panics").expect("schemas can be made");
        format!("{url}?options=-csearch_path%3Dtest_{schemas}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Where `initdb` and `postgres` are: on PATH, or where Debian has the newest.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_unstable();
    folders.extend(versions.into_iter().rev().map(|(_, folder)| folder));
    let has = |folder: &PathBuf, name: &str| folder.join(name).is_file();
    folders
        .into_iter()
        .find(|folder| has(folder, "initdb") && has(folder, "postgres"))
}

/// PostgreSQL does not run as root: there it is run as its own user, or as nobody, who gets the folder.
fn user_for(folder: &Path) -> Option<(u32, u32)> {
    let owner = std::fs::metadata(folder).expect("it was just made").uid();
    if owner != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = ["postgres", "nobody"].into_iter().find_map(|name| {
        let mut user = users.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some(name)).then_some(fields)
        })?;
        Some((user.nth(1)?.parse().ok()?, user.next()?.parse().ok()?))
    });
    assert!(user.is_some(), "there is a user for PostgreSQL");
    give(folder, user);
    user
}

fn give(file: &Path, user: Option<(u32, u32)>) {
    if let Some((uid, gid)) = user {
        chown(file, Some(uid), Some(gid)).expect("root may do so");
    }
}

/// Writes a file that only this user reads.
fn put(folder: &Path, name: &str, text: &str, user: Option<(u32, u32)>) {
    let file = folder.join(name);
    std::fs::write(&file, text).expect("there is room for temporary files");
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("it is ours");
    give(&file, user);
}

/// One that nobody has at the moment.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    listener.local_addr().expect("it has one").port()
}

fn run_as(command: &mut Command, user: Option<(u32, u32)>) -> &mut Command {
    let command = command.env("LC_ALL", "C").current_dir("/");
    match user {
        Some((uid, gid)) => command.uid(uid).gid(gid),
        None => command,
    }
}
