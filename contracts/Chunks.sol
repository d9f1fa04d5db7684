// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Hashes } from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title The committed chunks of a payload, as docs/protocol.md defines them
library Chunks {
    /// A blind of 32 bytes and at most 992 bytes of the payload.
    uint256 internal constant MAX_BYTES = 1024;

    /// @notice The leaf of a chunk, plain or encrypted, given its hash. The index in it makes a proof one of place.
    function leaf(uint64 index, bytes32 digest) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(index, digest));
    }

    /// @notice Applies the keystream `keccak256(key ‖ uint128(index) ‖ uint128(word))` to a chunk.
    function decrypt(bytes memory chunk, bytes32 key, uint64 index) internal pure returns (bytes memory) {
        uint256 length = chunk.length;
        for (uint256 offset = 0; offset < length; offset += 32) {
            bytes32 pad = Hashes.efficientKeccak256(key, bytes32(uint256(index) << 128 | offset / 32));
            if (length - offset < 32) pad = _head(pad, length - offset);
            assembly ("memory-safe") {
                let word := add(add(chunk, 32), offset)
                mstore(word, xor(mload(word), pad))
            }
        }
        return chunk;
    }

    /// @dev The first `count` bytes of a word, the rest zero, so that what lies behind the chunk stays as it is.
    function _head(bytes32 word, uint256 count) private pure returns (bytes32) {
        return word & ~bytes32(type(uint256).max >> (8 * count));
    }
}
