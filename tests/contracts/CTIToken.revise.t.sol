// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { TokenBase } from "./TokenBase.t.sol";

contract CTITokenReviseTest is TokenBase {
    function revise(address by, uint256 product, ICTIToken.Listing memory offer) internal returns (uint256) {
        vm.prank(by);
        return token.revise(product, offer);
    }

    function testFuzz_RevertWhen_CallerIsNotItsProducer(address caller) public {
        vm.assume(caller != producer);
        uint256 product = publish();
        ICTIToken.Listing memory offer = listing();

        expectNotProducer(product, caller);
        revise(caller, product, offer);
    }

    function test_RevertWhen_ProductWasNeverPublished() public {
        uint256 product = unpublished();
        ICTIToken.Listing memory offer = listing();

        expectNotOnSale(product);
        revise(producer, product, offer);
    }

    /// An id beyond 48 bits names the same producer, but nothing that it published.
    function testFuzz_RevertWhen_IdIsBeyondAllIds(uint256 high) public {
        uint256 product = publish() + bound(high, 1, type(uint208).max) * 2 ** 48;
        ICTIToken.Listing memory offer = listing();

        expectNotOnSale(product);
        revise(producer, product, offer);
    }

    function test_RevertWhen_ProductWasRevised() public {
        uint256 product = publish();
        revise(producer, product, listing());
        ICTIToken.Listing memory offer = listing();

        expectNotOnSale(product);
        revise(producer, product, offer);
    }

    function test_RevertWhen_ProducerIsSuspended() public {
        uint256 product = publish();
        suspend(producer);
        ICTIToken.Listing memory offer = listing();

        expectNotMember(producer);
        revise(producer, product, offer);
    }

    function test_RevertWhen_ListingIsWrong() public {
        uint256 product = publish();
        ICTIToken.Listing memory offer = listing();
        offer.stock = 0;

        vm.expectRevert(ICTIToken.NoQuantity.selector);
        revise(producer, product, offer);
    }

    function testFuzz_ReplacesTheProduct(uint96 price, bool withdrawn) public {
        uint256 product = publish();
        if (withdrawn) withdraw(product);
        ICTIToken.Listing memory offer = listing(price, 0);

        vm.expectEmit(address(token));
        emit ICTIToken.ProductPublished(product + 1, producer, offer);
        vm.expectEmit(address(token));
        emit ICTIToken.ProductRevised(product, product + 1);
        uint256 next = revise(producer, product, offer);

        assertEq(next, product + 1);
        assertOnSale(next, offer);
        assertStatus(product, ICTIToken.Status.Revised);
    }

    function testFuzz_LeavesThePriceOfSoldTicketsAsItWas(uint96 price) public {
        uint256 product = publish();
        buy(consumer, product, 2);
        revise(producer, product, listing(price, 0));

        refund(consumer, product, 1);
        uint256 task = redeem(consumer, product);

        assertEq(token.creditOf(consumer), PRICE);
        assertEq(operator.taskOf(task).product, product);
    }
}
