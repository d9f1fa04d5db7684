// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC1155 } from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import { Test } from "forge-std/Test.sol";

import { ICTIOperator } from "../../../contracts/interfaces/ICTIOperator.sol";
import { ICTIToken } from "../../../contracts/interfaces/ICTIToken.sol";
import { Handler } from "./Handler.sol";

/// @title What holds after whatever anyone did
/// @dev Sums are walked over all products, accounts and tasks.
contract InvariantsTest is Test {
    Handler internal handler;
    ICTIOperator internal operator;
    ICTIToken internal token;

    function setUp() public {
        handler = new Handler();
        handler.setUp();
        operator = handler.exchange();
        token = ICTIToken(operator.token());

        bytes4[] memory actions = new bytes4[](18);
        actions[0] = handler.publish.selector;
        actions[1] = handler.revise.selector;
        actions[2] = handler.withdraw.selector;
        actions[3] = handler.buy.selector;
        actions[4] = handler.refund.selector;
        actions[5] = handler.transfer.selector;
        actions[6] = handler.redeem.selector;
        actions[7] = handler.collect.selector;
        actions[8] = handler.acknowledge.selector;
        actions[9] = handler.deliver.selector;
        actions[10] = handler.decline.selector;
        actions[11] = handler.cancel.selector;
        actions[12] = handler.complain.selector;
        actions[13] = handler.settle.selector;
        actions[14] = handler.rate.selector;
        actions[15] = handler.reply.selector;
        actions[16] = handler.wait.selector;
        actions[17] = handler.suspend.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), actions));
    }

    /// At the end of each run, too: when all have left, nothing is left.
    function afterInvariant() public {
        handler.leaveAll();

        assertEq(address(token).balance, 0, "left in the till");
        invariant_Holds();
    }

    /// @dev One campaign for all: several would make the same calls.
    function invariant_Holds() public view {
        ICTIOperator.Task[] memory tasks = allTasks();
        uint256 owed = credits();
        for (uint256 i = 0; i < handler.productCount(); ++i) {
            uint256 product = handler.products(i);
            uint256 outstanding = heldOf(product) + countOf(tasks, product, ICTIOperator.State.Requested);
            uint256 inDoubt = countOf(tasks, product, ICTIOperator.State.Delivered);
            owed += token.productOf(product).price * (outstanding + inDoubt);

            productHoldsThePriceOfItsTickets(product, outstanding);
            ticketsAreNeitherMadeNorLost(product, outstanding);
            operatorHoldsNoTicket(product);
        }
        tillHoldsWhatIsOwed(owed);
        tasksNeverGoBack();
        activityIsWhatTheEventsSay();
        eachStepIsCountedOnce(tasks);
    }

    /// Tickets, open tasks, deliveries in doubt and credits; and nothing lies elsewhere.
    function tillHoldsWhatIsOwed(uint256 owed) private view {
        assertEq(address(token).balance, owed, "till");
        assertEq(address(operator).balance, 0, "operator's money");
    }

    /// A ticket is worth its price until its intelligence is delivered.
    function productHoldsThePriceOfItsTickets(uint256 product, uint256 outstanding) private view {
        (uint256 price, uint256 money,,) = handler.escrowOf(product);

        assertEq(money, price * outstanding, "escrow");
    }

    /// Each ticket is on offer, outstanding, or was delivered.
    function ticketsAreNeitherMadeNorLost(uint256 product, uint256 outstanding) private view {
        (,, uint256 listed, uint256 delivered) = handler.escrowOf(product);

        assertEq(token.productOf(product).stock + outstanding + delivered, listed, "tickets");
    }

    function operatorHoldsNoTicket(uint256 product) private view {
        assertEq(IERC1155(address(token)).balanceOf(address(operator), product), 0, "operator's tickets");
    }

    function tasksNeverGoBack() private view {
        assertEq(handler.wrongSteps(), 0, "wrong steps");
    }

    function activityIsWhatTheEventsSay() private view {
        for (uint256 i = 0; i < handler.accountCount(); ++i) {
            address account = handler.accounts(i);

            assertEq(
                abi.encode(operator.activityOf(account)), abi.encode(handler.countedOf(account)), "activity"
            );
        }
    }

    /// Each step of a task is said once, and by the state that it leads to.
    function eachStepIsCountedOnce(ICTIOperator.Task[] memory tasks) private view {
        bytes32[8] memory kinds = [
            ICTIOperator.TaskRequested.selector,
            ICTIOperator.TaskDelivered.selector,
            ICTIOperator.TaskSettled.selector,
            ICTIOperator.TaskRefunded.selector,
            ICTIOperator.TaskDeclined.selector,
            ICTIOperator.TaskCancelled.selector,
            ICTIOperator.FeedbackGiven.selector,
            ICTIOperator.FeedbackAnswered.selector
        ];
        for (uint256 i = 0; i < tasks.length; ++i) {
            assertEq(
                abi.encode(handler.timesOf(i + 1, kinds)), abi.encode(expectedOf(tasks[i])), "times said"
            );
        }
    }

    function expectedOf(ICTIOperator.Task memory task) private pure returns (uint256[8] memory) {
        bool settled = task.state == ICTIOperator.State.Settled;
        bool refunded = task.state == ICTIOperator.State.Refunded;
        bool delivered = settled || refunded || task.state == ICTIOperator.State.Delivered;
        return [
            1,
            once(delivered),
            once(settled),
            once(refunded),
            once(task.state == ICTIOperator.State.Declined),
            once(task.state == ICTIOperator.State.Cancelled),
            once(task.dialogue != ICTIOperator.Dialogue.None),
            once(task.dialogue == ICTIOperator.Dialogue.Answered)
        ];
    }

    function once(bool said) private pure returns (uint256) {
        return said ? 1 : 0;
    }

    function credits() private view returns (uint256 sum) {
        for (uint256 i = 0; i < handler.accountCount(); ++i) {
            sum += token.creditOf(handler.accounts(i));
        }
    }

    function allTasks() private view returns (ICTIOperator.Task[] memory tasks) {
        tasks = new ICTIOperator.Task[](operator.taskCount());
        for (uint256 i = 0; i < tasks.length; ++i) {
            tasks[i] = operator.taskOf(i + 1);
        }
    }

    function countOf(ICTIOperator.Task[] memory tasks, uint256 product, ICTIOperator.State state)
        private
        pure
        returns (uint256 count)
    {
        for (uint256 i = 0; i < tasks.length; ++i) {
            if (tasks[i].product == product && tasks[i].state == state) ++count;
        }
    }

    function heldOf(uint256 product) private view returns (uint256 count) {
        for (uint256 i = 0; i < handler.accountCount(); ++i) {
            count += IERC1155(address(token)).balanceOf(handler.accounts(i), product);
        }
    }
}
