// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC1155 } from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import { IERC1155Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { stdError } from "forge-std/StdError.sol";

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { TokenBase } from "./TokenBase.t.sol";

contract CTITokenTransferTest is TokenBase {
    uint256 internal product;

    function setUp() public override {
        super.setUp();
        product = publish();
        buy(consumer, product, 10);
    }

    function pair(uint256 first, uint256 second) internal pure returns (uint256[] memory values) {
        values = new uint256[](2);
        (values[0], values[1]) = (first, second);
    }

    function testFuzz_RevertWhen_RecipientIsNotMember(address recipient, bool batch) public {
        vm.assume(consortium.memberOf(recipient) == 0 && recipient != address(operator));
        vm.assume(recipient != address(0));

        expectNotMember(recipient);
        if (batch) sendBatch(consumer, recipient, only(product), only(1));
        else send(consumer, recipient, product, 1, "");
    }

    function testFuzz_RevertWhen_HolderIsSuspended(bool batch, bool toOperator) public {
        suspend(consumer);
        address recipient = toOperator ? address(operator) : peer;

        expectNotMember(consumer);
        if (batch) sendBatch(consumer, recipient, only(product), only(1));
        else send(consumer, recipient, product, 1, requestData());
    }

    function testFuzz_RevertWhen_CallerIsNotApproved(address caller) public {
        vm.assume(caller != consumer);

        vm.expectRevert(
            abi.encodeWithSelector(IERC1155Errors.ERC1155MissingApprovalForAll.selector, caller, consumer)
        );
        vm.prank(caller);
        tickets.safeTransferFrom(consumer, peer, product, 1, "");
    }

    function test_RevertWhen_ProducerRedeemsItsOwn() public {
        send(consumer, producer, product, 1, "");

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.OwnProduct.selector, product));
        redeem(producer, product);
    }

    /// Only the first id of a batch is looked at, since the operator takes no batch at all.
    function test_RevertWhen_OwnProductHidesInABatch() public {
        uint256 foreign = publish(rival, listing());
        buy(producer, foreign, 1);
        buy(producer, product, 1);

        vm.expectRevert(ICTIOperator.NotOneTicket.selector);
        sendBatch(producer, address(operator), pair(foreign, product), pair(1, 1));
    }

    function test_RevertWhen_EmptyBatchGoesToTheOperator() public {
        vm.expectRevert(stdError.indexOOBError);
        sendBatch(consumer, address(operator), new uint256[](0), new uint256[](0));
    }

    function test_RevertWhen_BatchSpendsATicketTwice() public {
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC1155Errors.ERC1155InsufficientBalance.selector, consumer, 0, 10, product
            )
        );
        sendBatch(consumer, peer, pair(product, product), pair(10, 10));
    }

    function testFuzz_MovesTicketsBetweenMembers(uint256 value, bool batch) public {
        value = bound(value, 0, 10);

        vm.expectEmit(address(token));
        emit IERC1155.TransferSingle(consumer, consumer, peer, product, value);
        if (batch) sendBatch(consumer, peer, only(product), only(value));
        else send(consumer, peer, product, value, "");

        assertEq(ticketsOf(peer, product), value);
        assertEq(ticketsOf(consumer, product), 10 - value);
    }

    function test_ToItselfChangesNothing() public {
        send(consumer, consumer, product, 10, "");

        assertEq(ticketsOf(consumer, product), 10);
    }

    function test_MovesTicketsForAnApprovedAccount() public {
        vm.prank(consumer);
        tickets.setApprovalForAll(stranger, true);

        vm.prank(stranger);
        tickets.safeTransferFrom(consumer, address(operator), product, 1, requestData());

        assertEq(operator.taskOf(1).consumer, consumer);
    }
}
