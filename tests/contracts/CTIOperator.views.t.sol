// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC1155Receiver } from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import { IERC165 } from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { Base } from "./Base.t.sol";

contract CTIOperatorViewsTest is Base {
    function testFuzz_KeepsItsPeriods(uint32 delivery, uint32 complaint, uint32 feedback_) public {
        ICTIOperator deployed = ICTIOperator(
            deployCode("CTIOperator.sol:CTIOperator", abi.encode(consortium, delivery, complaint, feedback_))
        );

        assertEq(deployed.DELIVERY_PERIOD(), delivery);
        assertEq(deployed.COMPLAINT_PERIOD(), complaint);
        assertEq(deployed.FEEDBACK_PERIOD(), feedback_);
        assertEq(deployed.taskCount(), 0);
    }

    function testFuzz_SupportsWhatAReceiverMust(bytes4 other) public view {
        vm.assume(other != type(IERC165).interfaceId && other != type(IERC1155Receiver).interfaceId);

        assertTrue(receiver.supportsInterface(type(IERC165).interfaceId));
        assertTrue(receiver.supportsInterface(type(IERC1155Receiver).interfaceId));
        assertFalse(receiver.supportsInterface(other));
    }

    function testFuzz_KnowsNothingOfATaskThatNobodyRequested(uint256 task) public {
        vm.assume(task != request());

        assertState(task, ICTIOperator.State.Unknown);
        assertEq(operator.taskOf(task).consumer, address(0));
        assertEq(operator.receiptOf(task), 0);
    }
}
