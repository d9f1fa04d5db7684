//! Typed bindings of Ayumi's contracts, and their creation code.
//!
//! The bindings are read from `contracts/interfaces/*.sol`, the creation code from what forge compiled; so the two
//! cannot drift apart. [`messages`] has what accounts sign off chain.

pub mod messages;
mod named;
mod product;

pub use bindings::{ICTIOperator, ICTIToken, IConsortium, IERC1155};
pub use named::Named;
pub use product::{MalformedProduct, ProductId};

use alloy::primitives::{Address, Bytes};
use alloy::sol_types::SolValue;

#[allow(missing_docs, clippy::pedantic)] // documented in the interfaces
mod bindings {
    use alloy::sol;

    sol!(
        #[sol(rpc, all_derives)]
        "../../contracts/interfaces/IConsortium.sol"
    );
    sol!(
        #[sol(rpc, all_derives)]
        "../../contracts/interfaces/ICTIToken.sol"
    );
    sol!(
        #[sol(rpc, all_derives)]
        "../../contracts/interfaces/ICTIOperator.sol"
    );
    sol! {
        /// The part of ERC-1155 that Ayumi calls and reads.
        #[sol(rpc, all_derives)]
        interface IERC1155 {
            event TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value);
            event TransferBatch(address indexed operator, address indexed from, address indexed to, uint256[] ids, uint256[] values);
            function balanceOf(address account, uint256 id) external view returns (uint256);
            function safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes calldata data) external;
        }
    }
}

/// How long, in seconds, each step of a task may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// From a request until anyone may cancel it.
    pub delivery: u32,
    /// From a delivery, for complaints.
    pub complaint: u32,
    /// From a delivery, for feedback that surely earns its reward.
    pub feedback: u32,
}

/// What to send to create the Consortium.
pub fn consortium_creation(governor: Address) -> Bytes {
    creation(
        include_bytes!(concat!(env!("OUT_DIR"), "/Consortium")),
        &governor.abi_encode(),
    )
}

/// What to send to create the `CTIOperator`, which creates its `CTIToken`.
pub fn operator_creation(consortium: Address, periods: Periods) -> Bytes {
    let arguments = (
        consortium,
        periods.delivery,
        periods.complaint,
        periods.feedback,
    );
    creation(
        include_bytes!(concat!(env!("OUT_DIR"), "/CTIOperator")),
        &arguments.abi_encode_params(),
    )
}

fn creation(code: &[u8], arguments: &[u8]) -> Bytes {
    [code, arguments].concat().into()
}
