// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { TokenBase } from "./TokenBase.t.sol";

contract CTITokenWithdrawTest is TokenBase {
    function testFuzz_RevertWhen_CallerIsNotItsProducer(address caller) public {
        vm.assume(caller != producer);
        uint256 product = publish();

        expectNotProducer(product, caller);
        vm.prank(caller);
        token.withdraw(product);
    }

    function test_RevertWhen_ProductWasNeverPublished() public {
        uint256 product = unpublished();

        expectNotOnSale(product);
        withdraw(product);
    }

    function test_RevertWhen_ProductWasWithdrawn() public {
        uint256 product = publish();
        withdraw(product);

        expectNotOnSale(product);
        withdraw(product);
    }

    function test_RevertWhen_ProductWasRevised() public {
        uint256 product = publish();
        vm.prank(producer);
        token.revise(product, listing());

        expectNotOnSale(product);
        withdraw(product);
    }

    function testFuzz_EndsTheSale(bool suspended) public {
        uint256 product = publish();
        if (suspended) suspend(producer);

        vm.expectEmit(address(token));
        emit ICTIToken.ProductWithdrawn(product);
        withdraw(product);

        assertStatus(product, ICTIToken.Status.Withdrawn);
    }

    function test_LeavesTicketsGood() public {
        uint256 product = publish();
        buy(consumer, product, 2);
        withdraw(product);

        refund(consumer, product, 1);
        uint256 task = redeem(consumer, product);
        deliver(task);

        assertEq(token.creditOf(consumer), PRICE);
    }
}
