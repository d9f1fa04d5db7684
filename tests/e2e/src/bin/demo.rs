//! The story of the suite, played by the real programs: five organisations, two producers, three consumers, an honest
//! solver, one that loses power and one that lies. It ends well only if every delivered byte, every ticket and every wei
//! is where it belongs.

use std::io::{IsTerminal, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::{env, fs, thread, time};

use alloy::primitives::U256;
use ayumi_contracts::ICTIOperator::State;
use ayumi_e2e::{
    Account, Action, Honesty, Outcome, Running, Solver, World, interrupt, interrupted, samples,
    typed,
};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// Lines of a result that are shown.
const LINES: usize = 14;

/// A price of 0.05 ether.
const PRICE: u64 = 50_000_000_000_000_000;

/// Plays the story of Ayumi on a chain of its own.
#[derive(Parser)]
struct Cli {
    /// Leave chain, solver and accounts running afterwards, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    watch_for_signals();
    panic::set_hook(Box::new(|failure| match failure.payload_as_str() {
        Some(what) if !interrupted() => eprintln!("\nthe story ends here: {what}"),
        _ => eprintln!("\ninterrupted"),
    }));
    let played = panic::catch_unwind(AssertUnwindSafe(|| play(cli.keep)));
    match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if interrupted() => ExitCode::from(130),
        Err(_) => ExitCode::FAILURE,
    }
}

/// Ctrl-C and the like end the waits, and with them everything that was started.
fn watch_for_signals() {
    thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("there is memory");
        runtime.block_on(async {
            let listen = |kind| signal(kind).expect("a process can listen for signals");
            let (mut interrupted, mut terminated) = (
                listen(SignalKind::interrupt()),
                listen(SignalKind::terminate()),
            );
            let mut hung_up = listen(SignalKind::hangup());
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
                _ = hung_up.recv() => {}
            }
        });
        interrupt();
    });
}

fn play(keep: bool) {
    let since = time::Instant::now();
    let mut stage = Stage::set();
    stage.publish();
    stage.buy_and_use();
    stage.talk();
    stage.be_lied_to();
    stage.be_let_down();
    stage.settle();
    stage.audit();
    say(&format!(
        "\n{} All of it held, in {} s.",
        mark("✓", 32),
        since.elapsed().as_secs()
    ));
    if keep {
        stage.keep();
    }
}

struct Stage {
    world: World,
    act: u8,
}

impl Stage {
    fn set() -> Self {
        say("Starting a chain, the contracts, five organisations and a solver …");
        let stage = Self {
            world: World::audited(&["--delivery-period", "3600", "--complaint-period", "3600"]),
            act: 0,
        };
        stage.shown("governor", &["organisation", "list"]);
        stage
    }

    fn publish(&mut self) {
        self.begin("Two producers put intelligence on sale");
        self.refused(
            "hinode",
            &["lint", &sample("bare-blocklist.json")],
            "not stated",
        );
        self.shown("hinode", &["lint", &sample("kagerou-beacons.json")]);
        self.sell("hinode", "kagerou-beacons.json", &["--reward", "20"]);
        self.sell("minato", "ember-lynx-second-wave.json", &[]);
    }

    fn buy_and_use(&mut self) {
        self.begin("Three consumers buy and use it");
        self.shown("kitakaze", &["search", "heron", "--on-sale"]);
        self.shown("kitakaze", &["buy", "1-1"]);
        self.shown("kitakaze", &["use", "1-1", "-o", "kagerou.json"]);
        self.shown("tsubame", &["use", "2-1", "--buy", "-o", "ember-lynx.json"]);
        self.shown("asagiri", &["use", "1-1", "--buy", "-o", "kagerou.json"]);
        for (who, file, original) in [
            ("kitakaze", "kagerou.json", "kagerou-beacons.json"),
            ("tsubame", "ember-lynx.json", "ember-lynx-second-wave.json"),
            ("asagiri", "kagerou.json", "kagerou-beacons.json"),
        ] {
            let same = fs::read(self.account(who).file(file)).ok()
                == fs::read(samples::sample(original)).ok();
            holds(
                same,
                &format!("what {who} got is byte for byte what was published"),
            );
        }
    }

    fn talk(&mut self) {
        self.begin("What was it good for?");
        let give = [
            "feedback",
            "give",
            "1",
            "--outcome",
            "true-positive",
            "--action",
            "block-outbound,hunt",
        ];
        self.shown(
            "kitakaze",
            &[
                &give[..],
                &[
                    "--usefulness",
                    "5",
                    "--note",
                    "two hosts in the plant network",
                ],
            ]
            .concat(),
        );
        self.shown("hinode", &["feedback", "inbox"]);
        self.shown(
            "hinode",
            &[
                "feedback",
                "answer",
                "1",
                "--response",
                "will-revise",
                "--note",
                "we add your sighting",
            ],
        );
        self.shown("kitakaze", &["feedback", "show", "1"]);
    }

    fn be_lied_to(&mut self) {
        self.begin("A solver delivers wrong data, and pays for it with its name");
        let liar = Solver::start(&self.world, "liar", "Minato ISAC", Honesty::Lying);
        self.sell(
            "minato",
            "webmail-spraying.json",
            &["--incomplete", "--solver", &liar.url()],
        );
        let before = self.credit("tsubame");
        self.refused(
            "tsubame",
            &["use", "2-2", "--buy", "-o", "spraying.json"],
            "not what the producer committed to",
        );
        holds(
            !self.account("tsubame").file("spraying.json").exists(),
            "wrong data never becomes a file",
        );
        self.shown("tsubame", &["complain", "4"]);
        holds(
            self.world.task(4).state == State::Refunded,
            "the chain itself found the wrong byte",
        );
        holds(
            self.credit("tsubame") == before + U256::from(PRICE),
            "tsubame has its price back",
        );
        holds(self.credit("minato").is_zero(), "minato is not paid for it");
    }

    fn be_let_down(&mut self) {
        self.begin("A solver loses power, and nobody loses money");
        let solver = Solver::start(&self.world, "fallible", "Minato ISAC", Honesty::Honest);
        let url = solver.url();
        let solver = Arc::new(Mutex::new(solver));
        power_cut(&solver);
        self.sell(
            "minato",
            "heron-loader-object.json",
            &["--incomplete", "--solver", &url],
        );
        let before = self.credit("asagiri");
        self.refused(
            "asagiri",
            &["use", "2-3", "--buy", "--wait", "2"],
            "nothing is lost",
        );
        self.refused("asagiri", &["cancel", "5"], "the solver has time");
        self.pass("an hour", 3_601);
        self.shown("asagiri", &["cancel", "5"]);
        holds(
            self.world.task(5).state == State::Cancelled,
            "the task is over",
        );
        self.shown("asagiri", &["refund", "2-3"]);
        holds(
            self.credit("asagiri") == before + U256::from(PRICE),
            "asagiri has its price back",
        );
    }

    fn settle(&mut self) {
        self.begin("The money");
        self.pass("two weeks", 15 * 86_400);
        self.shown("hinode", &["settle"]);
        self.shown("minato", &["settle"]);
        let part = |percent: u64| U256::from(PRICE / 100 * percent);
        holds(
            self.credit("hinode") == part(180),
            "hinode is paid for two deliveries, less one reward",
        );
        holds(
            self.credit("kitakaze") == part(20),
            "kitakaze has the reward for its feedback",
        );
        holds(
            self.credit("minato") == part(100),
            "minato is paid for the one delivery that was right",
        );
        for who in ["hinode", "minato", "kitakaze", "tsubame", "asagiri"] {
            self.account(who).must(&["balance", "collect"]);
        }
        holds(
            self.world.till().is_zero(),
            "all have collected, and nothing is left that is nobody's",
        );
    }

    fn audit(&mut self) {
        self.begin("What anyone can count");
        self.shown("kitakaze", &["audit", "activity"]);
        let once = [1, 2, 3, 4].map(U256::from);
        holds(
            self.world.deliveries() == once,
            "every delivery was counted once",
        );
    }

    /// Waits until Ctrl-C, and tells what to try.
    fn keep(mut self) {
        say("\nEverything runs until Ctrl-C. In another terminal:\n");
        say(&format!(
            "  export PATH={}:$PATH",
            folder_of_programs().display()
        ));
        for account in self.world.everyone() {
            let file = Path::new(&account.environment["ETH_KEYSTORE"]).with_extension("env");
            let role = format!(
                "{}{}",
                account.role,
                account
                    .organisation
                    .as_ref()
                    .map_or(String::new(), |name| format!(", {name}"))
            );
            say(&format!("  . {}   # {role}", file.display()));
        }
        say(
            "\n  ayumi search\n  ayumi use 1-1 --buy\n  ayumi tasks\n  ayumi balance\n  ayumi audit activity\n",
        );
        if let Some(page) = self.world.auditor_url() {
            say(&format!(
                "  {page}   # the same for people: the auditor's page\n"
            ));
        }
        let devnet = self.world.devnet();
        while !devnet.has_ended() && !interrupted() {
            thread::sleep(time::Duration::from_millis(100));
        }
    }

    fn begin(&mut self, title: &str) {
        self.act += 1;
        say(&format!("\n{}", mark(&format!("{}. {title}", self.act), 1)));
    }

    fn account(&self, name: &str) -> &Account {
        self.world.account(name)
    }

    fn credit(&self, name: &str) -> U256 {
        self.world.credit(self.account(name).address)
    }

    /// Has an account run a command, and shows both.
    fn run(&self, name: &str, arguments: &[&str]) -> Outcome {
        let account = self.account(name);
        say(&format!(
            "\n{} {} {}",
            mark(name, 36),
            mark("$", 2),
            typed(arguments)
        ));
        let outcome = Running::of(account.command(arguments), arguments).end();
        let text = format!("{}{}", outcome.stdout, outcome.stderr);
        let lines = text.lines().collect::<Vec<_>>();
        for line in lines.iter().take(LINES) {
            say(&format!("  {line}"));
        }
        if lines.len() > LINES {
            say(&format!(
                "  {}",
                mark(&format!("… {} lines more", lines.len() - LINES), 2)
            ));
        }
        outcome
    }

    fn shown(&self, name: &str, arguments: &[&str]) {
        let outcome = self.run(name, arguments);
        assert_eq!(outcome.status, Some(0), "{}", outcome.command);
    }

    /// Has an account run a command that says no, with these words.
    fn refused(&self, name: &str, arguments: &[&str], words: &str) {
        let outcome = self.run(name, arguments);
        let refused = matches!(outcome.status, Some(1 | 2));
        assert!(
            refused && format!("{outcome}").contains(words),
            "{} does not say {words:?}",
            outcome.command
        );
    }

    /// Puts a sample on sale for the price.
    fn sell(&self, name: &str, file: &str, more: &[&str]) {
        let file = sample(file);
        let offer = ["publish", &file, "--price", "0.05", "--stock", "10"];
        self.shown(name, &[&offer[..], more].concat());
    }

    fn pass(&self, what: &str, seconds: u64) {
        self.world.pass(seconds);
        say(&format!("\n  {}", mark(&format!("({what} later)"), 2)));
    }
}

fn holds(fact: bool, what: &str) {
    assert!(fact, "it is not so that {what}");
    say(&format!("  {} {what}", mark("✓", 32)));
}

/// The solver ends at once when somebody asks it for a delivery.
fn power_cut(solver: &Arc<Mutex<Solver>>) {
    let victim = Arc::clone(solver);
    solver
        .lock()
        .expect("nobody panics with it")
        .front
        .rule(move |request| {
            if request.is("GET", "/delivery") {
                victim.lock().expect("nobody panics with it").kill();
                return Action::Cut;
            }
            Action::Forward
        });
}

fn sample(name: &str) -> String {
    samples::sample(name).display().to_string()
}

fn folder_of_programs() -> std::path::PathBuf {
    let program = env::current_exe().expect("a program knows where it is");
    program
        .parent()
        .expect("a program is in a folder")
        .to_owned()
}

/// A line of the story. Nobody may be looking, which is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A text in a colour or weight, on a terminal.
fn mark(text: &str, code: u8) -> String {
    if std::io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none() {
        return format!("\u{1b}[{code}m{text}\u{1b}[0m");
    }
    text.to_owned()
}
