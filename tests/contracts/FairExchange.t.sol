// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { ComplaintBase } from "./ComplaintBase.t.sol";

/// @title Nobody ends up with both the money and the data
contract FairExchangeTest is ComplaintBase {
    Shown internal honest;
    Shown internal forged;

    function setUp() public override {
        super.setUp();
        honest = show(chunkOf(1024), chunkOf(1024), 0, 4);
        forged = show(chunkOf(1024), flipped(chunkOf(1024), 0), 0, 4);
        forged.key = "the consumer's own";
    }

    /// The consumer reads the key in the solver's pending transaction, and overtakes it with a receipt for rubbish of
    /// its own, of which it would then complain.
    function test_AConsumerCannotOvertakeItsDelivery() public {
        uint256 task = requestOf(honest);
        ICTIOperator.Delivery[] memory pending = only(signed(task, honest.ciphertextRoot, honest.key));
        ICTIOperator.Delivery[] memory overtaking = only(signed(task, forged.ciphertextRoot, forged.key));

        assertEq(deliver(consumer, overtaking), 0);
        assertEq(deliver(solver, pending), 1);

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NotOfReceipt.selector, task));
        complain(task, forged);
    }

    /// Nor can it make the pending receipt void by another.
    function test_AConsumerCannotReplaceItsReceipt() public {
        uint256 task = requestOf(honest);
        ICTIOperator.Delivery[] memory pending = only(signed(task, honest.ciphertextRoot, honest.key));
        acknowledge(task, forged.ciphertextRoot, forged.key);

        assertEq(deliver(solver, pending), 1);

        expectChunkIsRight(task, 0);
        complain(task, honest);
    }

    /// Nor rate what it never got.
    function test_AConsumerCannotDeliverToItself() public {
        uint256 task = requestOf(honest);

        deliver(consumer, only(signed(task, forged.ciphertextRoot, forged.key)));

        expectWrongState(task);
        vm.prank(consumer);
        operator.giveFeedback(task, feedback(), NOTE);
    }

    /// A key that is not the receipt's delivers nothing: the solver cannot be paid for a wrong one.
    function testFuzz_ASolverCannotRevealAnotherKey(bytes32 key) public {
        vm.assume(key != honest.key);
        uint256 task = requestOf(honest);
        ICTIOperator.Delivery memory delivery = signed(task, honest.ciphertextRoot, honest.key);
        delivery.key = key;

        assertEq(deliver(solver, only(delivery)), 0);
    }
}
