//! A zero-fee anvil with the contracts on it, and something that answers HTML where a solver should be.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use alloy::node_bindings::AnvilInstance;
use alloy::primitives::{Address, B256};
use ayumi_chain::{Call, Chain, Fees, Network, Wallet, deploy};
use ayumi_cli::{Intent, Session};
use ayumi_contracts::{IConsortium, Periods};

use crate::node::anvil;

pub struct World {
    pub chain: Chain,
    pub state: tempfile::TempDir,
    governor: Session,
    _node: AnvilInstance,
}

impl World {
    pub async fn new() -> Self {
        let node = anvil(&[]);
        let network = Network {
            fees: Fees::Zero,
            poll_ms: 10,
            ..Network::default()
        };
        let url = node.endpoint_url();
        let bare = Chain::without_contracts(url.clone(), network.clone())
            .await
            .unwrap();
        let governor = Wallet::random();
        let periods = Periods {
            delivery: 60,
            complaint: 60,
            feedback: 60,
        };
        let contracts = deploy(&bare, &governor, periods).await.unwrap();
        let chain = Chain::connect(url, network, contracts.operator)
            .await
            .unwrap();
        let state = tempfile::tempdir().unwrap();
        let governor = Session::open(chain.clone(), governor, state.path())
            .await
            .unwrap();
        let world = Self {
            chain,
            state,
            governor,
            _node: node,
        };
        world
            .govern(&IConsortium::addOrganisationCall {
                name: "Hinode CERT".into(),
            })
            .await;
        world
    }

    /// A session of a new account without money; a member if `enrolled`.
    pub async fn account(&self, enrolled: bool) -> Session {
        let wallet = Wallet::random();
        if enrolled {
            let (account, team) = (wallet.address(), B256::ZERO);
            self.govern(&IConsortium::enrolCall {
                account,
                organisation: 1,
                team,
            })
            .await;
        }
        Session::open(self.chain.clone(), wallet, self.state.path())
            .await
            .unwrap()
    }

    pub async fn register_solver(&self, endpoint: &str) -> Address {
        let solver = Wallet::random();
        let sealing_key = solver.sealing_key(self.chain.scope()).public().0;
        let (solver, endpoint) = (solver.address(), endpoint.to_owned());
        let call = IConsortium::registerSolverCall {
            solver,
            organisation: 1,
            sealingKey: sealing_key,
            endpoint,
        };
        self.govern(&call).await;
        solver
    }

    async fn govern(&self, call: &impl alloy::sol_types::SolCall) {
        let call = Call::new(self.chain.contracts().consortium, call);
        let intent = Intent::new("govern", &call.input.to_string());
        self.governor.send(intent, &call).await.unwrap().recorded();
    }
}

/// Answers every request with a page, for as long as the test runs.
pub fn page() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let page = "<html>It works!</html>";
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{page}",
                page.len()
            );
        }
    });
    url
}

/// A place where nobody listens.
pub fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

pub fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/samples")
        .join(name)
}
