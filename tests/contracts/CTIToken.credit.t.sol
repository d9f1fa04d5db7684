// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { TokenBase } from "./TokenBase.t.sol";

contract CTITokenCreditTest is TokenBase {
    function testFuzz_RevertWhen_CallerIsNotOperator(address caller, uint256 amount) public {
        vm.assume(caller != address(operator));

        expectNotOperator(caller);
        vm.prank(caller);
        token.credit(caller, amount);
    }

    function testFuzz_AddsToTheCredit(uint96 price) public {
        price = uint96(bound(price, 1, type(uint96).max));
        uint256 product = publish(producer, listing(price, 0));
        uint256 first = requestAndDeliver(consumer, product);
        uint256 second = requestAndDeliver(consumer, product);
        skip(COMPLAINT_PERIOD + 1);

        vm.expectEmit(address(token));
        emit ICTIToken.Credited(producer, price);
        settle(first);
        settle(second);

        assertEq(token.creditOf(producer), 2 * uint256(price));
    }
}
