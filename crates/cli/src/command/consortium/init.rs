//! Makes the folder.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use alloy::primitives::{Address, U256};
use p256::elliptic_curve::rand_core::{OsRng, RngCore};
use serde_json::Value;

use super::compose::{self, Compose};
use super::config::{self, Setting};
use super::files::{failed, owner, private_folder, write, write_secret};
use super::genesis::{self, Genesis};
use super::node::{FOLDER, Node, RPC};
use super::profile;
use super::token::{self, Claims, Issuer};
use crate::endpoint::now;
use crate::error::{InputError, Result};
use crate::text::parse_ether;

/// The fewest validators of which one may fail.
pub(super) const FEWEST: usize = 4;

/// Where the nodes listen for each other, where nothing else was said.
const P2P_PORT: u16 = 30_303;

/// The nodes in the network of containers count from here: 172.30.77.11.
const FIRST_IN_SUBNET: u8 = 11;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many validators; with 4, one may fail
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=100))]
    validators: u8,
    /// Chain id, which no other network should have [default: a random one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=u64::from(u32::MAX)))]
    chain_id: Option<u64>,
    /// Seconds from block to block
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    block_time: u64,
    /// The folder to make
    #[arg(long, value_name = "FOLDER", default_value = "consortium")]
    out: PathBuf,
    /// An account that may send transactions; with none, the nodes let every account [repeatable]
    #[arg(long, value_name = "ADDRESS", num_args = 1.., value_delimiter = ',')]
    allow: Vec<Address>,
    /// An account that has money from the start, and how much in ether [repeatable]
    #[arg(long, value_name = "ADDRESS=ETHER", num_args = 1.., value_delimiter = ',')]
    fund: Vec<Fund>,
    /// The IPv4 address of each node's own host, validators first, the RPC node last [default: containers on one host]
    #[arg(long, value_name = "IP[:PORT]", num_args = 1.., value_delimiter = ',')]
    host: Vec<Host>,
    /// Where the RPC node answers on its host
    #[arg(long, value_name = "PORT", default_value_t = 8545, value_parser = clap::value_parser!(u16).range(1..))]
    rpc_port: u16,
    /// Days until the token for the RPC node expires
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    token_days: u32,
    /// The container image of Besu
    #[arg(long, value_name = "IMAGE", default_value = compose::IMAGE)]
    image: String,
}

/// An account and its money in wei.
#[derive(Debug, Clone, Copy)]
struct Fund(Address, U256);

impl FromStr for Fund {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected an account and an amount in ether, such as 0x…=100".to_owned();
        let (account, ether) = text.split_once('=').ok_or_else(expected)?;
        let account = account.parse().map_err(|_| expected())?;
        Ok(Self(account, parse_ether(ether)?))
    }
}

/// Where a node is.
#[derive(Debug, Clone, Copy)]
struct Host(SocketAddrV4);

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let with_port = text.parse::<SocketAddrV4>().ok();
        let without = || Some(SocketAddrV4::new(text.parse::<Ipv4Addr>().ok()?, P2P_PORT));
        with_port.or_else(without).map(Self).ok_or_else(|| {
            "expected an IPv4 address, or one with a port: Besu takes no names".into()
        })
    }
}

/// Writes the folder, whole or not at all. Returns its path.
pub(super) fn write_all(args: &Args) -> Result<PathBuf> {
    check(args)?;
    let out = std::path::absolute(&args.out).map_err(|cause| failed(&args.out, cause))?;
    let parent = out.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent).map_err(|cause| failed(parent, cause))?;
    let aside = private_folder(parent).map_err(|cause| failed(parent, cause))?;
    let plan = Plan::of(args);
    plan.write(aside.path())?;
    fs::rename(aside.path(), &out).map_err(|cause| failed(&out, cause))?;
    let _ = aside.keep(); // it is not there any more
    Ok(args.out.clone())
}

fn check(args: &Args) -> Result<()> {
    let validators = usize::from(args.validators);
    let problem = if args.out.exists() {
        format!(
            "{} exists: name a new folder with --out",
            args.out.display()
        )
    } else if validators < FEWEST {
        too_few(validators)
    } else if !args.host.is_empty() && args.host.len() != validators + 1 {
        let needed = validators + 1;
        format!(
            "{} hosts are given, and {needed} nodes need one: the validators and the RPC node",
            args.host.len()
        )
    } else if repeated(args.host.iter().map(|host| host.0)) {
        "two nodes have the same host and port".into()
    } else if repeated(args.fund.iter().map(|fund| fund.0)) {
        "an account is funded twice".into()
    } else {
        return Ok(());
    };
    Err(InputError::Usage(problem).into())
}

/// Why there must be four.
pub(super) fn too_few(validators: usize) -> String {
    format!(
        "{validators} validators bear no fault: n of them bear (n − 1) / 3, so that one may fail only of {FEWEST} or more"
    )
}

fn repeated<T: Ord>(values: impl Iterator<Item = T>) -> bool {
    let mut values = values.collect::<Vec<_>>();
    values.sort_unstable();
    values.windows(2).any(|pair| pair[0] == pair[1])
}

/// What is written.
struct Plan<'a> {
    args: &'a Args,
    chain_id: u64,
    nodes: Vec<Node>,
    now: u64,
}

impl<'a> Plan<'a> {
    fn of(args: &'a Args) -> Self {
        let names = (1..=args.validators).map(|number| format!("validator-{number}"));
        let names = names.chain([RPC.to_owned()]);
        let addresses = (FIRST_IN_SUBNET..)
            .map(|last| SocketAddrV4::new(Ipv4Addr::new(172, 30, 77, last), P2P_PORT));
        let nodes = if args.host.is_empty() {
            names
                .zip(addresses)
                .map(|(name, at)| Node::new(name, at))
                .collect()
        } else {
            let hosts = args.host.iter().map(|host| host.0);
            names
                .zip(hosts)
                .map(|(name, at)| Node::new(name, at))
                .collect()
        };
        Self {
            args,
            chain_id: args.chain_id.unwrap_or_else(random_chain_id),
            nodes,
            now: now(),
        }
    }

    /// Writes everything into `folder`.
    fn write(&self, folder: &Path) -> Result<()> {
        write(&folder.join(genesis::FILE), &pretty(&self.genesis()))?;
        let enodes = self.nodes.iter().map(Node::enode).collect::<Vec<_>>();
        let urls = enodes.iter().map(ToString::to_string).collect::<Vec<_>>();
        write(&folder.join("static-nodes.json"), &pretty(&urls.into()))?;

        let setting = self.setting();
        let permissions = config::permissions(&self.args.allow, &enodes);
        for (place, node) in (0..).zip(&self.nodes) {
            let own = folder.join(FOLDER).join(&node.name);
            write(
                &own.join(config::FILE),
                &config::node(node, place, &setting),
            )?;
            write(&own.join(config::PERMISSIONS_FILE), &permissions)?;
            write_secret(&own.join(config::KEY_FILE), &node.key_file())?;
        }
        self.write_token(folder)?;
        let profile = profile::of(self.chain_id, self.args.block_time);
        write(&folder.join(profile::FILE), &profile::toml(&profile))?;
        write(&folder.join(compose::FILE), &self.compose(owner(folder)?))
    }

    fn genesis(&self) -> Value {
        let validators = self.nodes.iter().filter(|node| !node.is_rpc());
        let alloc = self.args.fund.iter().map(|fund| (fund.0, fund.1));
        Genesis {
            chain_id: self.chain_id,
            block_time: self.args.block_time,
            timestamp: self.now,
            validators: &validators.map(Node::address).collect::<Vec<_>>(),
            alloc: &alloc.collect::<Vec<_>>(),
        }
        .json()
    }

    fn setting(&self) -> Setting {
        Setting {
            apart: self.is_apart(),
            accounts_limited: !self.args.allow.is_empty(),
            rpc_port: self.args.rpc_port,
        }
    }

    fn is_apart(&self) -> bool {
        !self.args.host.is_empty()
    }

    fn write_token(&self, folder: &Path) -> Result<()> {
        let issuer = Issuer::random();
        let unusable = |cause: String| InputError::Usage(format!("no key for tokens: {cause}"));
        let secret = issuer.secret_pem().map_err(unusable)?;
        let public = issuer.public_pem().map_err(unusable)?;
        let claims = Claims::new(self.chain_id, self.now, self.args.token_days);
        write_secret(&folder.join(token::SECRET_FILE), &secret)?;
        write(&folder.join(token::PUBLIC_FILE), &public)?;
        write_secret(&folder.join(token::FILE), &issuer.sign(&claims))
    }

    fn compose(&self, owner: (u32, u32)) -> String {
        Compose {
            image: &self.args.image,
            nodes: &self.nodes,
            apart: self.is_apart(),
            rpc_port: self.args.rpc_port,
            owner,
        }
        .yaml()
    }
}

/// Ten digits, where nobody registers networks.
fn random_chain_id() -> u64 {
    1_000_000_000 + u64::from(OsRng.next_u32()) % 1_000_000_000
}

fn pretty(json: &Value) -> String {
    format!("{json:#}\n")
}
