// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { Base } from "./Base.t.sol";

contract CTIOperatorAnswerFeedbackTest is Base {
    uint256 internal task;

    function setUp() public override {
        super.setUp();
        task = requestAndDeliver();
    }

    function answer(address by) internal {
        vm.prank(by);
        operator.answerFeedback(task, ICTIOperator.Response.WillRevise, NOTE);
    }

    function test_RevertWhen_ThereIsNoFeedback() public {
        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NoFeedback.selector, task));
        answer(producer);
    }

    function testFuzz_RevertWhen_TaskIsUnknown(uint256 unknown) public {
        task = bound(unknown, task + 1, type(uint256).max);

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NoFeedback.selector, task));
        answer(producer);
    }

    function test_RevertWhen_FeedbackWasAnswered() public {
        giveFeedback(task);
        answer(task);

        vm.expectRevert(
            abi.encodeWithSelector(ICTIOperator.AlreadySaid.selector, task, ICTIOperator.Dialogue.Answered)
        );
        answer(producer);
    }

    function testFuzz_RevertWhen_CallerIsNotItsProducer(address caller) public {
        vm.assume(caller != producer);
        giveFeedback(task);

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NotProducer.selector, task, caller));
        answer(caller);
    }

    function testFuzz_AnswersFeedback(uint8 response, bytes32 noteHash, bool settled, bool suspended) public {
        giveFeedback(task);
        skip(COMPLAINT_PERIOD + 1);
        if (settled) settle(task);
        if (suspended) suspend(producer);
        ICTIOperator.Response how = ICTIOperator.Response(bound(response, 0, 3));

        vm.expectEmit(address(operator));
        emit ICTIOperator.FeedbackAnswered(task, how, noteHash);
        vm.prank(producer);
        operator.answerFeedback(task, how, noteHash);

        assertEq(uint256(operator.taskOf(task).dialogue), uint256(ICTIOperator.Dialogue.Answered));
        assertEq(operator.activityOf(producer).answered, 1);
    }
}
