//! What accounts sign off chain, as EIP-712 typed data in the domain of the `CTIOperator`.
//!
//! Every message names the chain and the operator by its domain, and the solver or the content it is for; none can be
//! used elsewhere. `docs/protocol.md` says where each travels.

use alloy::primitives::Address;
use alloy::sol;
use alloy::sol_types::{Eip712Domain, eip712_domain};

sol! {
    /// The consumer holds the whole ciphertext of its task. The contract checks it.
    #[derive(Debug, PartialEq, Eq)]
    struct Receipt {
        uint256 task;
        bytes32 ciphertextRoot;
        bytes32 keyHash;
    }

    /// The producer gives a solver the payload behind a content root. It may be sent twice: it says the same.
    #[derive(Debug, PartialEq, Eq)]
    struct Asset {
        bytes32 contentRoot;
        uint64 payloadLength;
        address solver;
    }

    /// A party of a task leaves a sealed note for the other.
    #[derive(Debug, PartialEq, Eq)]
    struct Note {
        uint256 task;
        string kind;
        bytes32 sealedHash;
        address solver;
    }

    /// A party of a task asks a solver for what is meant for it. `item` is `delivery`, `feedback-note` or
    /// `answer-note`; `expiry` is in Unix seconds.
    #[derive(Debug, PartialEq, Eq)]
    struct Fetch {
        uint256 task;
        string item;
        address solver;
        uint64 expiry;
    }
}

/// The domain of all messages.
pub fn domain(chain_id: u64, operator: Address) -> Eip712Domain {
    eip712_domain! {
        name: "Ayumi",
        version: "1",
        chain_id: chain_id,
        verifying_contract: operator,
    }
}
