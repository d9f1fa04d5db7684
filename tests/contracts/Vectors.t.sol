// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import { Chunks } from "../../contracts/Chunks.sol";
import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { ComplaintBase } from "./ComplaintBase.t.sol";

/// @title The vectors that the Rust and the Solidity share, made by neither
contract VectorsTest is ComplaintBase {
    struct Vector {
        bytes chunk;
        bytes ciphertextChunk;
        bytes32[] ciphertextProof;
        bytes32 ciphertextRoot;
        bytes32[] contentProof;
        bytes32 contentRoot;
        bytes32 digest;
        uint64 index;
        bytes32 key;
        bytes32 keyHash;
        string name;
    }

    string internal constant VECTOR = "Vector(bytes chunk,bytes ciphertextChunk,bytes32[] ciphertextProof,"
        "bytes32 ciphertextRoot,bytes32[] contentProof,bytes32 contentRoot,bytes32 digest,uint64 index,"
        "bytes32 key,bytes32 keyHash,string name)";

    function test_CasesAreRight() public {
        Vector[] memory cases = read(".cases");
        assertGt(cases.length, 0);
        for (uint256 i = 0; i < cases.length; ++i) {
            check(cases[i]);
            assertEq(decrypt(cases[i]), cases[i].chunk, cases[i].name);

            Shown memory shown = shownIn(cases[i]);
            uint256 task = requestAndDeliver(shown);
            expectChunkIsRight(task, cases[i].index);
            complain(task, shown);
        }
    }

    function test_LiesAreRefunded() public {
        Vector[] memory lies = read(".lies");
        assertGt(lies.length, 0);
        for (uint256 i = 0; i < lies.length; ++i) {
            check(lies[i]);
            assertNotEq(decrypt(lies[i]), lies[i].chunk, lies[i].name);

            Shown memory shown = shownIn(lies[i]);
            uint256 task = requestAndDeliver(shown);
            complain(task, shown);

            assertState(task, ICTIOperator.State.Refunded);
        }
    }

    /// @dev What holds of truth and lie alike: the chunks that are shown are those of the roots.
    function check(Vector memory v) private pure {
        assertEq(hashOf(v.key), v.keyHash, v.name);
        assertEq(keccak256(v.chunk), v.digest, v.name);
        bytes32 promised = Chunks.leaf(v.index, v.digest);
        assertTrue(MerkleProof.verify(v.contentProof, v.contentRoot, promised), v.name);
        bytes32 sent = Chunks.leaf(v.index, keccak256(v.ciphertextChunk));
        assertTrue(MerkleProof.verify(v.ciphertextProof, v.ciphertextRoot, sent), v.name);
    }

    function decrypt(Vector memory v) private pure returns (bytes memory) {
        return Chunks.decrypt(bytes.concat(v.ciphertextChunk), v.key, v.index);
    }

    function shownIn(Vector memory v) private pure returns (Shown memory shown) {
        (shown.contentRoot, shown.ciphertextRoot, shown.key) = (v.contentRoot, v.ciphertextRoot, v.key);
        shown.evidence = ICTIOperator.Evidence({
            index: v.index,
            ciphertext: v.ciphertextChunk,
            ciphertextProof: v.ciphertextProof,
            digest: v.digest,
            contentProof: v.contentProof
        });
    }

    function read(string memory list) private view returns (Vector[] memory) {
        string memory json = vm.readFile("tests/vectors/sealing.json");
        return abi.decode(vm.parseJsonTypeArray(json, list, VECTOR), (Vector[]));
    }
}
