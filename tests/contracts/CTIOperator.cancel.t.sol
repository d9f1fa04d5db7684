// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { Base } from "./Base.t.sol";
import { Wallet } from "./mocks/Wallet.sol";

contract CTIOperatorCancelTest is Base {
    function cancel(address by, uint256 task) internal {
        vm.prank(by);
        operator.cancel(task);
    }

    function testFuzz_RevertWhen_TaskIsUnknown(uint256 task) public {
        expectWrongState(task);
        cancel(consumer, task);
    }

    function testFuzz_RevertWhen_TaskIsNotRequested(bool delivered) public {
        uint256 task = request();
        if (delivered) deliver(task);
        else decline(task);
        skip(DELIVERY_PERIOD + 1);

        expectWrongState(task);
        cancel(consumer, task);
    }

    function testFuzz_RevertWhen_SolverHasTime(uint32 elapsed) public {
        uint256 task = request();
        uint256 deadline = block.timestamp + DELIVERY_PERIOD;
        skip(bound(elapsed, 0, DELIVERY_PERIOD));

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.TooEarly.selector, task, deadline));
        cancel(consumer, task);
    }

    function testFuzz_GivesTheTicketBack(address caller, uint32 time, bool acknowledges) public {
        uint256 product = publish();
        uint256 task = request(consumer, product);
        if (acknowledges) acknowledge(task);
        suspend(consumer);
        vm.warp(bound(time, block.timestamp + DELIVERY_PERIOD + 1, type(uint32).max));

        vm.expectEmit(address(operator));
        emit ICTIOperator.TaskCancelled(task);
        cancel(caller, task);

        assertState(task, ICTIOperator.State.Cancelled);
        assertEq(ticketsOf(consumer, product), 1);
    }

    function test_CreditsThePriceWhereTheTicketIsRefused() public {
        uint256 product = publish();
        Wallet wallet = new Wallet();
        enrol(address(wallet), yama);
        uint256 task = request(address(wallet), product);
        wallet.behave(Wallet.Manner.Refuses);
        skip(DELIVERY_PERIOD + 1);

        cancel(stranger, task);

        assertState(task, ICTIOperator.State.Cancelled);
        assertEq(token.creditOf(address(wallet)), PRICE);
    }

    /// An account that has taken code since (EIP-7702) and knows no tickets loses nothing.
    function test_CreditsThePriceWhereTheAccountHasCodeWithoutHooks() public {
        uint256 task = request();
        delegate(consumer, address(consortium));
        skip(DELIVERY_PERIOD + 1);

        cancel(stranger, task);

        assertEq(token.creditOf(consumer), PRICE);
    }
}
