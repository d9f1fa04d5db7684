// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The id of a product: whose it is, and which
/// @dev An id that names its producer spares every step of a task the look-up.
library ProductId {
    function make(uint24 number, uint24 sequence) internal pure returns (uint256) {
        return uint256(number) << 24 | sequence;
    }

    /// @notice The producer's number in the Consortium.
    function producer(uint256 product) internal pure returns (uint24) {
        // Ids have 48 bits: the token makes no others.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint24(product >> 24);
    }
}
