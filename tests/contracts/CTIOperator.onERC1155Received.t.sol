// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { Base } from "./Base.t.sol";

contract CTIOperatorOnReceivedTest is Base {
    function testFuzz_RevertWhen_CallerIsNotTheToken(address caller, uint256 product) public {
        vm.assume(caller != address(token));

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NotToken.selector, caller));
        vm.prank(caller);
        receiver.onERC1155Received(consumer, consumer, product, 1, requestData());
    }

    function testFuzz_RevertWhen_NotOneTicketIsSent(uint256 value) public {
        value = bound(value, 0, 10);
        vm.assume(value != 1);
        uint256 product = publish();
        buy(consumer, product, 10);

        vm.expectRevert(ICTIOperator.NotOneTicket.selector);
        send(consumer, address(operator), product, value, requestData());
    }

    /// Also by one who holds nothing.
    function testFuzz_RevertWhen_NothingIsSent(uint256 product) public {
        vm.assume(token.producerOf(product) != consumer);

        vm.expectRevert(ICTIOperator.NotOneTicket.selector);
        send(consumer, address(operator), product, 0, requestData());
    }

    /// Not even the token may make the operator a holder of what it mints.
    function test_RevertWhen_TicketIsMinted() public {
        uint256 product = publish();

        vm.expectRevert(ICTIOperator.NotOneTicket.selector);
        vm.prank(address(token));
        receiver.onERC1155Received(address(token), address(0), product, 1, requestData());
    }

    function testFuzz_RevertWhen_DataIsNoRequest(bytes memory data) public {
        vm.assume(data.length != 64);
        uint256 product = publish();
        buy(consumer, product, 1);

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.MalformedRequest.selector, data.length));
        send(consumer, address(operator), product, 1, data);
    }

    function testFuzz_OpensATask(bytes32 oneTimeKey, bytes32 nonce, uint32 time) public {
        uint256 product = publish();
        buy(consumer, product, 2);
        vm.warp(bound(time, block.timestamp, type(uint32).max - DELIVERY_PERIOD));
        uint32 deadline = uint32(block.timestamp) + DELIVERY_PERIOD;

        vm.expectEmit(address(operator));
        emit ICTIOperator.TaskRequested(1, product, consumer, oneTimeKey, nonce, deadline);
        send(consumer, address(operator), product, 1, abi.encode(oneTimeKey, nonce));

        ICTIOperator.Task memory task = operator.taskOf(1);
        assertEq(task.consumer, consumer);
        assertEq(task.product, product);
        assertEq(task.time, deadline);
        assertEq(uint256(task.dialogue), uint256(ICTIOperator.Dialogue.None));
        assertState(1, ICTIOperator.State.Requested);
        assertEq(operator.taskCount(), 1);
        assertEq(operator.activityOf(consumer).redeemed, 1);
        assertEq(ticketsOf(consumer, product), 1);
        assertEq(ticketsOf(address(operator), product), 0);
    }

    function testFuzz_NumbersTasksFromOne(uint8 count) public {
        count = uint8(bound(count, 0, 20));
        uint256 product = publish();
        for (uint256 task = 1; task <= count; ++task) {
            assertEq(request(consumer, product), task);
        }

        assertEq(operator.taskCount(), count);
    }

    /// Tickets stay good, whatever comes after their purchase.
    function test_ServesTicketsOfWithdrawnAndExpiredProducts() public {
        uint256 product = publish();
        buy(consumer, product, 1);
        withdraw(product);
        vm.warp(token.productOf(product).validUntil + 1);

        assertState(redeem(consumer, product), ICTIOperator.State.Requested);
    }
}
