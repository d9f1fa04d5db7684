// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { Base } from "./Base.t.sol";

/// @title Deliveries of which one chunk is shown
/// @dev docs/protocol.md from scratch; the tree around the chunk is made up.
abstract contract ComplaintBase is Base {
    struct Shown {
        bytes32 contentRoot;
        bytes32 ciphertextRoot;
        bytes32 key;
        ICTIOperator.Evidence evidence;
    }

    /// @param depth Of the trees, in proof nodes.
    function show(bytes memory promised, bytes memory sent, uint64 index, uint256 depth)
        internal
        pure
        returns (Shown memory shown)
    {
        shown.key = KEY;
        shown.evidence = ICTIOperator.Evidence({
            index: index,
            ciphertext: encrypt(sent, KEY, index),
            ciphertextProof: siblings("ciphertext", depth),
            digest: keccak256(promised),
            contentProof: siblings("content", depth)
        });
        rehash(shown);
    }

    /// @dev Roots that fit the evidence.
    function rehash(Shown memory shown) internal pure {
        ICTIOperator.Evidence memory evidence = shown.evidence;
        shown.contentRoot = rootOf(leafOf(evidence.index, evidence.digest), evidence.contentProof);
        shown.ciphertextRoot =
            rootOf(leafOf(evidence.index, keccak256(evidence.ciphertext)), evidence.ciphertextProof);
    }

    function encrypt(bytes memory chunk, bytes32 key, uint64 index) internal pure returns (bytes memory out) {
        out = new bytes(chunk.length);
        for (uint256 place = 0; place < chunk.length; ++place) {
            bytes32 pad = keccak256(abi.encodePacked(key, uint128(index), SafeCast.toUint128(place / 32)));
            out[place] = chunk[place] ^ pad[place % 32];
        }
    }

    function leafOf(uint64 index, bytes32 digest) internal pure returns (bytes32) {
        return keccak256(bytes.concat(bytes8(index), digest));
    }

    function rootOf(bytes32 node, bytes32[] memory proof) internal pure returns (bytes32) {
        for (uint256 i = 0; i < proof.length; ++i) {
            node = node < proof[i]
                ? keccak256(abi.encode(node, proof[i]))
                : keccak256(abi.encode(proof[i], node));
        }
        return node;
    }

    function siblings(string memory tree, uint256 depth) internal pure returns (bytes32[] memory nodes) {
        nodes = new bytes32[](depth);
        for (uint256 i = 0; i < depth; ++i) {
            nodes[i] = keccak256(abi.encode(tree, i));
        }
    }

    /// @dev A chunk of so many bytes, none of them zero.
    function chunkOf(uint256 length) internal pure returns (bytes memory chunk) {
        chunk = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            chunk[i] = bytes1(SafeCast.toUint8(1 + i % 255));
        }
    }

    function flipped(bytes memory chunk, uint256 place) internal pure returns (bytes memory wrong) {
        wrong = bytes.concat(chunk);
        wrong[place] ^= 0x01;
    }

    /* ON CHAIN */

    /// @dev From nothing to the delivery of what is shown.
    function requestAndDeliver(Shown memory shown) internal returns (uint256 task) {
        task = requestOf(shown);
        assertEq(deliver(solver, only(signed(task, shown.ciphertextRoot, shown.key))), 1, "delivered");
    }

    function requestOf(Shown memory shown) internal returns (uint256 task) {
        ICTIToken.Listing memory offer = listing();
        offer.contentRoot = shown.contentRoot;
        return request(consumer, publish(producer, offer));
    }

    function complain(uint256 task, Shown memory shown) internal {
        complain(consumer, task, shown);
    }

    function complain(address by, uint256 task, Shown memory shown) internal {
        vm.prank(by);
        operator.complain(task, shown.ciphertextRoot, shown.key, shown.evidence);
    }

    function expectNotInTree(uint256 task, uint64 index) internal {
        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NotInTree.selector, task, index));
    }

    function expectChunkIsRight(uint256 task, uint64 index) internal {
        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.ChunkIsRight.selector, task, index));
    }
}
