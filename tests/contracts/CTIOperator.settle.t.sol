// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { Base } from "./Base.t.sol";

contract CTIOperatorSettleTest is Base {
    function requestAndDeliver(uint96 price, uint16 rewardBps) internal returns (uint256 task) {
        return requestAndDeliver(consumer, publish(producer, listing(price, rewardBps)));
    }

    function assertPassedOver(uint256 task) internal {
        ICTIOperator.State state = stateOf(task);
        uint256 credit = token.creditOf(producer);

        assertFalse(settle(task));

        assertState(task, state);
        assertEq(token.creditOf(producer), credit);
    }

    function testFuzz_PassesOverAnUnknownTask(uint256 task) public {
        assertPassedOver(task);
    }

    function test_PassesOverARequestedTask() public {
        uint256 task = request();
        skip(FEEDBACK_PERIOD + 1);

        assertPassedOver(task);
    }

    function test_PassesOverADeclinedTask() public {
        uint256 task = request();
        decline(task);
        skip(FEEDBACK_PERIOD + 1);

        assertPassedOver(task);
    }

    function test_PassesOverASettledTask() public {
        uint256 task = requestAndDeliver();
        skip(FEEDBACK_PERIOD + 1);
        assertTrue(settle(task));

        assertPassedOver(task);
    }

    function testFuzz_PassesOverWhatCanBeComplainedOf(uint32 elapsed, bool givesFeedback) public {
        uint256 task = requestAndDeliver(PRICE, 0);
        if (givesFeedback) giveFeedback(task);
        skip(bound(elapsed, 0, COMPLAINT_PERIOD));

        assertPassedOver(task);
    }

    function testFuzz_PassesOverWhatFeedbackStillRewards(uint32 elapsed) public {
        uint256 task = requestAndDeliver();
        skip(bound(elapsed, 0, FEEDBACK_PERIOD));

        assertPassedOver(task);
    }

    function testFuzz_PaysTheProducer(address caller, uint96 price, uint32 elapsed) public {
        uint256 task = requestAndDeliver(price, 0);
        skip(bound(elapsed, COMPLAINT_PERIOD + 1, 365 days));

        vm.expectEmit(address(operator));
        emit ICTIOperator.TaskSettled(task, 0);
        vm.prank(caller);
        uint256 settled = operator.settle(only(task));

        assertEq(settled, 1);
        assertState(task, ICTIOperator.State.Settled);
        assertEq(token.creditOf(producer), price);
        assertEq(token.creditOf(consumer), 0);
    }

    function testFuzz_PaysTheProducerAllWithoutFeedback(uint96 price, uint16 rewardBps) public {
        uint256 task = requestAndDeliver(price, uint16(bound(rewardBps, 0, 10_000)));
        skip(FEEDBACK_PERIOD + 1);

        assertTrue(settle(task));

        assertEq(token.creditOf(producer), price);
        assertEq(token.creditOf(consumer), 0);
    }

    /// Not a wei is lost, and what cannot be divided is the producer's.
    function testFuzz_PaysTheRewardForFeedback(uint96 price, uint16 rewardBps) public {
        rewardBps = uint16(bound(rewardBps, 0, 10_000));
        uint256 task = requestAndDeliver(price, rewardBps);
        giveFeedback(task);
        skip(COMPLAINT_PERIOD + 1);
        uint256 reward = uint256(price) * rewardBps / 10_000;

        vm.expectEmit(address(operator));
        emit ICTIOperator.TaskSettled(task, reward);
        assertTrue(settle(task));

        assertEq(token.creditOf(consumer), reward);
        assertEq(token.creditOf(producer), price - reward);
    }

    /// A reward that rounds down to nothing keeps nobody waiting.
    function test_SettlesEarlyWhereTheRewardIsNothing() public {
        uint256 task = requestAndDeliver(1, 9_999);
        skip(COMPLAINT_PERIOD + 1);

        assertTrue(settle(task));
    }

    function test_RewardsLateFeedbackThatCameBeforeTheSettlement() public {
        uint256 task = requestAndDeliver();
        skip(FEEDBACK_PERIOD + 1);
        giveFeedback(task);

        settle(task);

        assertEq(token.creditOf(consumer), REWARD);
    }

    function test_PaysThoseWhoWereSuspendedSince() public {
        uint256 task = requestAndDeliver();
        giveFeedback(task);
        suspend(producer);
        suspend(consumer);
        skip(COMPLAINT_PERIOD + 1);

        settle(task);

        assertEq(token.creditOf(producer), PRICE - REWARD);
        assertEq(token.creditOf(consumer), REWARD);
    }

    function testFuzz_SettlesWhatIsDueInABatch(uint256 due) public {
        uint256 product = publish();
        uint256[] memory tasks = new uint256[](6);
        uint256 expected;
        for (uint256 i = 0; i < 6; ++i) {
            tasks[i] = request(consumer, product);
            if (due >> i & 1 == 0) continue;
            deliver(tasks[i]);
            ++expected;
        }
        skip(FEEDBACK_PERIOD + 1);

        assertEq(operator.settle(tasks), expected);
        assertEq(token.creditOf(producer), expected * PRICE);
    }

    function test_SettlesATaskOnceInABatch() public {
        uint256[] memory twice = new uint256[](2);
        twice[0] = twice[1] = requestAndDeliver();
        skip(FEEDBACK_PERIOD + 1);

        assertEq(operator.settle(twice), 1);
        assertEq(token.creditOf(producer), PRICE);
    }

    /// The price of a product never changes, nor does what its tasks pay.
    function test_PaysWhatTheTicketCostAfterARevision() public {
        uint256 product = publish();
        uint256 task = requestAndDeliver(consumer, product);
        vm.prank(producer);
        token.revise(product, listing(1, 0));
        skip(FEEDBACK_PERIOD + 1);

        vm.expectEmit(address(token));
        emit ICTIToken.Credited(producer, PRICE);
        settle(task);
    }
}
