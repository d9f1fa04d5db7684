// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { Base } from "./Base.t.sol";

contract CTIOperatorReceiptHashTest is Base {
    bytes32 internal constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant RECEIPT_TYPEHASH =
        keccak256("Receipt(uint256 task,bytes32 ciphertextRoot,bytes32 keyHash)");

    function testFuzz_FollowsEip712(uint256 task, bytes32 root, bytes32 keyHash, uint64 chain) public {
        vm.chainId(bound(chain, 1, type(uint64).max - 1));
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256("Ayumi"), keccak256("1"), block.chainid, operator)
        );
        bytes32 message = keccak256(abi.encode(RECEIPT_TYPEHASH, task, root, keyHash));

        assertEq(
            operator.receiptHash(task, root, keyHash), keccak256(abi.encodePacked(hex"1901", domain, message))
        );
    }
}
