// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { Base } from "./Base.t.sol";

contract CTIOperatorGiveFeedbackTest is Base {
    function giveFeedback(address by, uint256 task, ICTIOperator.Feedback memory said) internal {
        vm.prank(by);
        operator.giveFeedback(task, said, NOTE);
    }

    function testFuzz_RevertWhen_CallerIsNotItsConsumer(address caller) public {
        vm.assume(caller != consumer);
        uint256 task = requestAndDeliver();

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NotConsumer.selector, task, caller));
        giveFeedback(caller, task, feedback());
    }

    function testFuzz_RevertWhen_TaskWasNotDelivered(bool declined) public {
        uint256 task = request();
        if (declined) decline(task);

        expectWrongState(task);
        giveFeedback(consumer, task, feedback());
    }

    function testFuzz_RevertWhen_FeedbackWasGiven(bool answered) public {
        uint256 task = requestAndDeliver();
        giveFeedback(task);
        if (answered) answer(task);
        ICTIOperator.Dialogue dialogue = operator.taskOf(task).dialogue;

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.AlreadySaid.selector, task, dialogue));
        giveFeedback(consumer, task, feedback());
    }

    function testFuzz_RevertWhen_UsefulnessIsOutOfRange(uint8 usefulness) public {
        vm.assume(usefulness < 1 || usefulness > 5);
        uint256 task = requestAndDeliver();
        ICTIOperator.Feedback memory said = feedback();
        said.usefulness = usefulness;

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.UsefulnessOutOfRange.selector, usefulness));
        giveFeedback(consumer, task, said);
    }

    /// The outcome is the third word of the arguments.
    function testFuzz_RevertWhen_OutcomeIsNoOutcome(uint8 outcome) public {
        uint256 task = requestAndDeliver();
        bytes memory message = abi.encodeCall(ICTIOperator.giveFeedback, (task, feedback(), NOTE));
        message[4 + 3 * 32 - 1] = bytes1(uint8(bound(outcome, 5, 255)));

        vm.prank(consumer);
        (bool done,) = address(operator).call(message);

        assertFalse(done);
    }

    function testFuzz_GivesFeedback(
        uint16 actions,
        uint8 outcome,
        uint8 usefulness,
        bytes32 noteHash,
        bool suspended
    ) public {
        uint256 task = requestAndDeliver();
        if (suspended) suspend(consumer);
        ICTIOperator.Feedback memory said = ICTIOperator.Feedback({
            actions: actions,
            outcome: ICTIOperator.Outcome(bound(outcome, 0, 4)),
            usefulness: uint8(bound(usefulness, 1, 5))
        });

        vm.expectEmit(address(operator));
        emit ICTIOperator.FeedbackGiven(task, said, noteHash);
        vm.prank(consumer);
        operator.giveFeedback(task, said, noteHash);

        assertEq(uint256(operator.taskOf(task).dialogue), uint256(ICTIOperator.Dialogue.Feedback));
        assertEq(operator.activityOf(consumer).feedbackGiven, 1);
        assertEq(operator.activityOf(producer).feedbackReceived, 1);
        assertState(task, ICTIOperator.State.Delivered);
    }

    function test_GivesFeedbackAfterTheSettlement() public {
        uint256 task = requestAndDeliver();
        skip(FEEDBACK_PERIOD + 1);
        settle(task);

        giveFeedback(task);

        assertEq(operator.activityOf(consumer).feedbackGiven, 1);
        assertEq(token.creditOf(consumer), 0);
        assertState(task, ICTIOperator.State.Settled);
    }
}
