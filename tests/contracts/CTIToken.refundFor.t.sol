// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { TokenBase } from "./TokenBase.t.sol";
import { Wallet } from "./mocks/Wallet.sol";

contract CTITokenRefundForTest is TokenBase {
    function testFuzz_RevertWhen_CallerIsNotOperator(address caller) public {
        vm.assume(caller != address(operator));
        uint256 product = publish();

        expectNotOperator(caller);
        vm.prank(caller);
        token.refundFor(consumer, product);
    }

    function test_CreditsThePriceOfARefusedTicket() public {
        uint256 product = publish();
        uint256 task = request(consumer, product);
        Wallet wallet = new Wallet();
        delegate(consumer, address(wallet));
        Wallet(payable(consumer)).behave(Wallet.Manner.Refuses);

        vm.expectEmit(address(token));
        emit ICTIToken.Credited(consumer, PRICE);
        vm.expectEmit(address(token));
        emit ICTIToken.TicketsRefunded(product, consumer, 1);
        decline(task);

        assertEq(token.creditOf(consumer), PRICE);
        assertEq(token.productOf(product).stock, STOCK);
    }
}
