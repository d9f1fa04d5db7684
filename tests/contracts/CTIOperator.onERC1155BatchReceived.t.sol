// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { Base } from "./Base.t.sol";

contract CTIOperatorOnBatchReceivedTest is Base {
    function testFuzz_RevertWhen_CallerIsNotTheToken(address caller, uint256 product) public {
        vm.assume(caller != address(token));

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NotToken.selector, caller));
        vm.prank(caller);
        receiver.onERC1155BatchReceived(consumer, consumer, only(product), only(1), requestData());
    }

    function testFuzz_RevertWhen_TicketsComeAsABatch(uint256 value) public {
        value = bound(value, 0, 10);
        uint256 product = publish();
        buy(consumer, product, 10);

        vm.expectRevert(ICTIOperator.NotOneTicket.selector);
        sendBatch(consumer, address(operator), only(product), only(value));
    }
}
