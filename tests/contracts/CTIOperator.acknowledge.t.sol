// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { Base } from "./Base.t.sol";
import { Wallet } from "./mocks/Wallet.sol";

contract CTIOperatorAcknowledgeTest is Base {
    function acknowledge(address by, uint256 task) internal {
        vm.prank(by);
        operator.acknowledge(task, CIPHERTEXT_ROOT, hashOf(KEY));
    }

    function testFuzz_RevertWhen_CallerIsNotItsConsumer(address caller) public {
        vm.assume(caller != consumer);
        uint256 task = request();

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NotConsumer.selector, task, caller));
        acknowledge(caller, task);
    }

    function testFuzz_RevertWhen_TaskIsUnknown(uint256 task) public {
        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NotConsumer.selector, task, consumer));
        acknowledge(consumer, task);
    }

    function testFuzz_RevertWhen_TaskIsNotRequested(bool delivered) public {
        uint256 task = request();
        if (delivered) deliver(task);
        else decline(task);

        expectWrongState(task);
        acknowledge(consumer, task);
    }

    /// A receipt is for good: the solver shows the key on the strength of it.
    function testFuzz_RevertWhen_TaskWasAcknowledged(bytes32 root, bytes32 keyHash) public {
        uint256 task = request();
        acknowledge(task);

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.AlreadyAcknowledged.selector, task));
        vm.prank(consumer);
        operator.acknowledge(task, root, keyHash);
    }

    function testFuzz_KeepsTheReceipt(bytes32 root, bytes32 keyHash, bool suspended) public {
        uint256 task = request();
        if (suspended) suspend(consumer);

        vm.expectEmit(address(operator));
        emit ICTIOperator.ReceiptAcknowledged(task, root, keyHash);
        vm.prank(consumer);
        operator.acknowledge(task, root, keyHash);

        assertEq(operator.receiptOf(task), operator.receiptHash(task, root, keyHash));
        assertState(task, ICTIOperator.State.Requested);
    }

    function test_ServesAContractWallet() public {
        Wallet wallet = new Wallet();
        enrol(address(wallet), yama);
        uint256 task = request(address(wallet), publish());
        acknowledge(task);

        assertEq(deliver(solver, only(acknowledged(task))), 1);
    }
}
