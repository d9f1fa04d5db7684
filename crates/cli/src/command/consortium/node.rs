//! The nodes: their keys, and the URLs under which they find each other.

use std::fmt;
use std::net::SocketAddrV4;
use std::str::FromStr;

use alloy::primitives::{Address, B256, B512};
use alloy::signers::local::PrivateKeySigner;

/// The name of the node that answers requests; all others are validators.
pub(super) const RPC: &str = "rpc";

/// The folder of all nodes.
pub(super) const FOLDER: &str = "nodes";

/// A node and its secret key.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) key: PrivateKeySigner,
    pub(super) at: SocketAddrV4,
}

impl Node {
    /// A node with a new key.
    pub(super) fn new(name: String, at: SocketAddrV4) -> Self {
        let key = PrivateKeySigner::random();
        Self { name, key, at }
    }

    /// Whether it answers requests.
    pub(super) fn is_rpc(&self) -> bool {
        self.name == RPC
    }

    /// A validator's address is its node's.
    pub(super) fn address(&self) -> Address {
        self.key.address()
    }

    /// Where others find it.
    pub(super) fn enode(&self) -> Enode {
        Enode {
            id: self.key.public_key(),
            at: self.at,
        }
    }

    /// The key as Besu writes and reads it: one line of hex.
    pub(super) fn key_file(&self) -> String {
        self.key.to_bytes().to_string()
    }
}

/// The key in a file that Besu reads.
pub(super) fn read_key(text: &str) -> Option<PrivateKeySigner> {
    let bytes = text.trim_end().parse::<B256>().ok()?;
    PrivateKeySigner::from_bytes(&bytes).ok()
}

/// A node's public key, address and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Enode {
    pub(super) id: B512,
    pub(super) at: SocketAddrV4,
}

impl fmt::Display for Enode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "enode://{}@{}", hex::encode(self.id), self.at)
    }
}

impl FromStr for Enode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || format!("{text} is no enode://KEY@IPV4:PORT");
        let (id, at) = text
            .strip_prefix("enode://")
            .and_then(|rest| rest.split_once('@'))
            .ok_or_else(malformed)?;
        let at = at.split_once('?').map_or(at, |(at, _)| at);
        Ok(Self {
            id: id.parse().map_err(|_| malformed())?,
            at: at.parse().map_err(|_| malformed())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key pair of the first account for testing in Besu's documentation, whose address is
    /// `0xfe3b557e8fb62b89f4916b721be55ceb828dbd73`.
    const DOCUMENTED: &str = "8f2a55949038a9610f50fb23b5883af3b4ecb3c3bb792cbcefbd1542c692be63";

    #[test]
    fn a_documented_key_has_its_documented_address() {
        for text in [DOCUMENTED.to_owned(), format!("0x{DOCUMENTED}\n")] {
            let address = read_key(&text).unwrap().address().to_string();
            assert_eq!(
                address.to_lowercase(),
                "0xfe3b557e8fb62b89f4916b721be55ceb828dbd73"
            );
        }
        for text in ["", "0x", "key", &DOCUMENTED[2..], &"0".repeat(64)] {
            assert!(read_key(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_enode_reads_back() {
        let node = Node::new("validator-1".into(), "10.0.0.1:30303".parse().unwrap());
        let enode = node.enode();
        assert_eq!(enode.to_string().parse(), Ok(enode));
        assert_eq!(format!("{enode}?discport=0").parse(), Ok(enode));
        for text in ["", "enode://", "enode://00@10.0.0.1:1", "http://a@10.0.0.1"] {
            assert!(text.parse::<Enode>().is_err(), "{text}");
        }
    }
}
