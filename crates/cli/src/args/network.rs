use std::path::PathBuf;

use alloy::primitives::Address;
use reqwest::Url;

use super::WhichSolver;

/// Where the chain, the solver and the state are.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    /// JSON-RPC endpoint of the node
    #[arg(
        id = "global-rpc-url",
        long = "rpc-url",
        global = true,
        value_name = "URL",
        env = "ETH_RPC_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8545"
    )]
    pub rpc_url: Url,
    /// Address of the CTIOperator; the other contracts are found from it
    #[arg(
        id = "global-operator",
        long = "operator",
        global = true,
        value_name = "ADDRESS",
        value_parser = super::address,
        env = "AYUMI_OPERATOR",
        hide_env_values = true
    )]
    pub operator: Option<Address>,
    /// Which of the registered solvers delivers what is published
    #[arg(
        id = "global-solver",
        long = "solver",
        global = true,
        value_name = "URL|ADDRESS",
        env = "AYUMI_SOLVER",
        hide_env_values = true
    )]
    pub solver: Option<WhichSolver>,
    /// TOML file with the network's profile: chain id, fees, finality, pace
    #[arg(
        id = "global-network",
        long = "network",
        global = true,
        value_name = "FILE",
        env = "AYUMI_NETWORK",
        hide_env_values = true
    )]
    pub network: Option<PathBuf>,
    /// Folder for what must outlive a command [default: ayumi in the XDG data folder]
    #[arg(
        id = "global-state",
        long = "state",
        global = true,
        value_name = "DIR",
        env = "AYUMI_STATE",
        hide_env_values = true
    )]
    pub state: Option<PathBuf>,
}
