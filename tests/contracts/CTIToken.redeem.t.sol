// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { TokenBase } from "./TokenBase.t.sol";

contract CTITokenRedeemTest is TokenBase {
    function testFuzz_RevertWhen_CallerIsNotOperator(address caller) public {
        vm.assume(caller != address(operator));
        uint256 product = publish();

        expectNotOperator(caller);
        vm.prank(caller);
        token.redeem(product);
    }

    function test_BurnsTheTicketAndKeepsItsPrice() public {
        uint256 product = publish();
        buy(consumer, product, 1);

        vm.expectCall(address(token), abi.encodeCall(token.redeem, (product)));
        redeem(consumer, product);

        assertEq(ticketsOf(consumer, product), 0);
        assertEq(ticketsOf(address(operator), product), 0);
        assertEq(address(token).balance, PRICE);
        assertEq(token.creditOf(consumer), 0);
    }
}
