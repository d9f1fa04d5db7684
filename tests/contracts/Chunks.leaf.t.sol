// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { Chunks } from "../../contracts/Chunks.sol";

contract ChunksLeafTest is Test {
    function testFuzz_BindsThePlace(uint64 index, uint64 other, bytes32 digest) public pure {
        vm.assume(index != other);

        assertEq(Chunks.leaf(index, digest), keccak256(bytes.concat(bytes8(index), digest)));
        assertNotEq(Chunks.leaf(index, digest), Chunks.leaf(other, digest));
    }
}
