// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { ComplaintBase } from "./ComplaintBase.t.sol";

contract CTIOperatorActivityOfTest is ComplaintBase {
    function testFuzz_IsNothingForAStranger(address account) public {
        vm.assume(consortium.memberOf(account) == 0);
        requestAndDeliver();

        assertEq(abi.encode(operator.activityOf(account)), new bytes(10 * 32));
    }

    /// A life's figures, every one of them another, so that none can pass for its neighbour.
    function test_CountsEachStepWhereItBelongs() public {
        Shown memory wrong = show(chunkOf(64), flipped(chunkOf(64), 0), 0, 0);
        uint256 faulty = requestAndDeliver(wrong);
        complain(faulty, wrong);
        uint256 product = publish();
        buy(consumer, product, 11);
        uint256[9] memory tasks;
        for (uint256 i = 0; i < 9; ++i) {
            tasks[i] = redeem(consumer, product);
        }
        for (uint256 i = 0; i < 6; ++i) {
            deliver(tasks[i]);
        }
        for (uint256 i = 0; i < 4; ++i) {
            giveFeedback(tasks[i]);
        }
        for (uint256 i = 0; i < 3; ++i) {
            answer(tasks[i]);
        }

        assertActivity(producer, ICTIOperator.Activity(2, 12, 7, 4, 3, 0, 0, 0, 0, 0));
        assertActivity(consumer, ICTIOperator.Activity(0, 0, 0, 0, 0, 12, 10, 7, 1, 4));
        assertActivity(solver, ICTIOperator.Activity(0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    }

    function test_StaysWithASuspendedAccount() public {
        requestAndDeliver();
        suspend(producer);

        assertEq(operator.activityOf(producer).delivered, 1);
        assertEq(operator.activityOf(producer).published, 1);
    }

    function assertActivity(address account, ICTIOperator.Activity memory expected) private view {
        assertEq(abi.encode(operator.activityOf(account)), abi.encode(expected));
    }
}
