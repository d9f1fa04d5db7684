// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Chunks } from "../../contracts/Chunks.sol";
import { ComplaintBase } from "./ComplaintBase.t.sol";

contract ChunksDecryptTest is ComplaintBase {
    function testFuzz_UndoesTheEncryption(bytes memory chunk, bytes32 key, uint64 index) public pure {
        assertEq(Chunks.decrypt(encrypt(chunk, key, index), key, index), chunk);
    }

    /// What lies behind a chunk in memory stays as it is.
    function testFuzz_TouchesNothingBehindTheChunk(uint256 length, bytes32 behind) public pure {
        bytes memory chunk = new bytes(bound(length, 0, 1024));
        bytes memory neighbour = abi.encode(behind);

        Chunks.decrypt(chunk, KEY, 0);

        assertEq(neighbour, abi.encode(behind));
    }

    /// Not even in the chunk's own last word.
    function testFuzz_TouchesNoPadding(uint256 length) public pure {
        bytes memory chunk = new bytes(96);
        length = bound(length, 1, 95);
        assembly ("memory-safe") {
            mstore(chunk, length)
        }

        Chunks.decrypt(chunk, KEY, 0);

        assembly ("memory-safe") {
            mstore(chunk, 96)
        }
        for (uint256 place = length; place < 96; ++place) {
            assertEq(chunk[place], 0);
        }
    }
}
