// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ComplaintBase } from "./ComplaintBase.t.sol";

/// @title Nothing grows with the products, tasks and members that are there
/// forge-config: default.isolate = true

contract GrowthTest is ComplaintBase {
    /// Ids of two bytes rather than one: 12 gas more of calldata each, and no call has more than two ids.
    uint256 internal constant LARGER_IDS = 24;

    Shown internal shown;

    function setUp() public override {
        super.setUp();
        shown = show(chunkOf(1024), flipped(chunkOf(1024), 512), 5, 6);
        steps();
    }

    function test_EachStepCostsTheSameAmongThousands() public {
        uint256 alone = vm.snapshotState();
        uint256[14] memory before = steps();
        vm.revertToState(alone);
        crowd(1_000);

        uint256[14] memory crowded = steps();

        for (uint256 i = 0; i < before.length; ++i) {
            assertApproxEqAbs(crowded[i], before[i], LARGER_IDS, vm.toString(i));
        }
    }

    /// @dev So many more members, each with a product of its own; and products of the producer, with tasks of the
    /// consumer in every state.
    function crowd(uint256 count) private {
        for (uint256 i = 0; i < count; ++i) {
            address member = vm.addr(1 + i);
            enrol(member, yama);
            publish(member, listing());
            uint256 task = request(consumer, publish());
            if (i % 3 == 1) deliver(task);
            if (i % 3 == 2) decline(task);
        }
    }

    /// @dev The gas of each step, done by the same accounts with products and tasks of their own.
    function steps() private returns (uint256[14] memory gas) {
        uint256 product = publish();
        gas[0] = last();
        buy(consumer, product, 4);
        gas[1] = last();
        refund(consumer, product, 1);
        gas[2] = last();
        send(consumer, address(operator), product, 1, requestData());
        gas[3] = last();
        uint256 task = operator.taskCount();
        acknowledge(task);
        gas[4] = last();
        deliver(solver, only(acknowledged(task)));
        gas[5] = last();
        giveFeedback(task);
        gas[6] = last();
        answer(task);
        gas[7] = last();
        decline(redeem(consumer, product));
        gas[8] = last();
        task = redeem(consumer, product);
        skip(COMPLAINT_PERIOD + 1);
        operator.cancel(task);
        gas[9] = last();
        settle(task - 2);
        gas[10] = last();
        complain(requestAndDeliver(shown), shown);
        gas[11] = last();
        withdraw(product);
        gas[12] = last();
        vm.prank(consumer);
        token.collect(payable(consumer));
        gas[13] = last();
    }

    function last() private view returns (uint256) {
        return vm.lastCallGas().gasTotalUsed;
    }
}
