// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { TokenBase } from "./TokenBase.t.sol";

contract CTITokenReissueTest is TokenBase {
    function testFuzz_RevertWhen_CallerIsNotOperator(address caller) public {
        vm.assume(caller != address(operator));
        uint256 product = publish();

        expectNotOperator(caller);
        vm.prank(caller);
        token.reissue(consumer, product);
    }

    /// No sale: neither stock nor counts move.
    function testFuzz_GivesATicketBack(bool suspended) public {
        uint256 product = publish();
        uint256 task = request(consumer, product);
        if (suspended) suspend(consumer);

        vm.expectCall(address(token), abi.encodeCall(token.reissue, (consumer, product)));
        decline(task);

        assertEq(ticketsOf(consumer, product), 1);
        assertEq(token.productOf(product).stock, STOCK - 1);
        (, uint64 sold,) = token.tradeOf(producer);
        assertEq(sold, 1);
    }
}
