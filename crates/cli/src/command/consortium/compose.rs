//! The containers: one for each node.

use std::fmt::Write as _;

use super::config::{FILE as CONFIG_FILE, KEY_FILE, inside};
use super::node::{FOLDER, Node};
use super::token::PUBLIC_FILE;

/// The file for `docker compose`.
pub(super) const FILE: &str = "compose.yaml";

/// The image of the release that Besu's change log names as the latest, without what was found in those before it.
pub(super) const IMAGE: &str = "hyperledger/besu:26.9.0";

/// The oldest release that makes blocks for contracts which read `block.prevrandao`, as from Cancun on they may.
pub(super) const OLDEST: [u32; 3] = [26, 6, 1];

/// The network of the containers, where no other address was given for the nodes.
pub(super) const SUBNET: &str = "172.30.77.0/24";

/// How the containers are run.
pub(super) struct Compose<'a> {
    pub(super) image: &'a str,
    pub(super) nodes: &'a [Node],
    /// Whether each node is on a host of its own.
    pub(super) apart: bool,
    pub(super) rpc_port: u16,
    /// The user and group of the files, which the nodes run as.
    pub(super) owner: (u32, u32),
}

impl Compose<'_> {
    pub(super) fn yaml(&self) -> String {
        let mut yaml = String::from(if self.apart {
            "# Each node on its own host: docker compose up -d NAME\n"
        } else {
            "# All nodes on one host: docker compose up -d\n"
        });
        yaml.push_str("services:\n");
        for node in self.nodes {
            self.service(&mut yaml, node);
        }
        if !self.apart {
            let _ = write!(
                yaml,
                "networks:\n  consortium:\n    ipam:\n      config:\n        - subnet: {SUBNET}\n"
            );
        }
        yaml
    }

    fn service(&self, yaml: &mut String, node: &Node) {
        let (user, group) = self.owner;
        let (name, image) = (&node.name, self.image);
        // The image's own start would run as root, give the mounted files to another user, and drop to that one.
        let _ = write!(
            yaml,
            r#"  {name}:
    image: {image}
    entrypoint: ["/opt/besu/bin/besu"]
    command: ["--config-file={config}"]
    user: "{user}:{group}"
    restart: unless-stopped
    volumes:
"#,
            config = inside::CONFIG,
        );
        for volume in volumes(node) {
            let _ = writeln!(yaml, "      - {volume}");
        }
        self.network(yaml, node);
    }

    fn network(&self, yaml: &mut String, node: &Node) {
        let port = self.rpc_port;
        if self.apart {
            yaml.push_str("    network_mode: host\n");
            if node.is_rpc() {
                // The image's environment counts before the settings, and would listen everywhere.
                yaml.push_str("    environment:\n      BESU_RPC_HTTP_HOST: 127.0.0.1\n");
            }
            return;
        }
        if node.is_rpc() {
            let _ = write!(yaml, "    ports:\n      - \"127.0.0.1:{port}:{port}\"\n");
        }
        let _ = write!(
            yaml,
            "    networks:\n      consortium:\n        ipv4_address: {}\n",
            node.at.ip()
        );
    }
}

fn volumes(node: &Node) -> Vec<String> {
    let name = &node.name;
    let mut volumes = vec![
        format!("./genesis.json:{}:ro", inside::GENESIS),
        format!("./static-nodes.json:{}:ro", inside::STATIC_NODES),
        format!("./{FOLDER}/{name}/{CONFIG_FILE}:{}:ro", inside::CONFIG),
        format!("./{FOLDER}/{name}/{KEY_FILE}:{}:ro", inside::KEY),
        format!("./{FOLDER}/{name}/data:{}", inside::DATA),
    ];
    if node.is_rpc() {
        volumes.push(format!("./{PUBLIC_FILE}:{}:ro", inside::TOKEN_KEY));
    }
    volumes
}
