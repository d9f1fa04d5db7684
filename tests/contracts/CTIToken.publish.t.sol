// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { TokenBase } from "./TokenBase.t.sol";

contract CTITokenPublishTest is TokenBase {
    function testFuzz_RevertWhen_CallerIsNotMember(address caller) public {
        vm.assume(consortium.memberOf(caller) == 0);
        ICTIToken.Listing memory offer = listing();

        expectNotMember(caller);
        publish(caller, offer);
    }

    function test_RevertWhen_ProducerIsSuspended() public {
        suspend(producer);

        ICTIToken.Listing memory offer = listing();
        expectNotMember(producer);
        publish(producer, offer);
    }

    function testFuzz_RevertWhen_SolverIsNotRegistered(address account) public {
        vm.assume(!consortium.isSolver(account));
        ICTIToken.Listing memory offer = listing();
        offer.solver = account;

        expectNotSolver(account);
        publish(producer, offer);
    }

    function test_RevertWhen_SolversOrganisationIsSuspended() public {
        vm.prank(governor);
        consortium.setOrganisationSuspended(nami, true);
        ICTIToken.Listing memory offer = listing();
        offer.solver = otherSolver;

        expectNotSolver(otherSolver);
        publish(producer, offer);
    }

    function testFuzz_RevertWhen_ContentIsEmpty(bool rootMissing) public {
        ICTIToken.Listing memory offer = listing();
        if (rootMissing) offer.contentRoot = 0;
        else offer.length = 0;

        vm.expectRevert(ICTIToken.EmptyContent.selector);
        publish(producer, offer);
    }

    function test_RevertWhen_StockIsZero() public {
        ICTIToken.Listing memory offer = listing();
        offer.stock = 0;

        vm.expectRevert(ICTIToken.NoQuantity.selector);
        publish(producer, offer);
    }

    function testFuzz_RevertWhen_RewardIsAbovePrice(uint16 rewardBps) public {
        rewardBps = uint16(bound(rewardBps, 10_001, type(uint16).max));
        ICTIToken.Listing memory offer = listing(PRICE, rewardBps);

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.RewardAbovePrice.selector, rewardBps));
        publish(producer, offer);
    }

    function test_RevertWhen_TitleIsEmpty() public {
        expectTitleRefused(0);
    }

    function testFuzz_RevertWhen_TitleIsTooLong(uint256 length) public {
        expectTitleRefused(bound(length, token.MAX_TITLE_BYTES() + 1, 5_000));
    }

    function expectTitleRefused(uint256 length) private {
        ICTIToken.Listing memory offer = listing();
        offer.title = string(new bytes(length));

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.TitleLength.selector, length));
        publish(producer, offer);
    }

    function testFuzz_RevertWhen_DescriptionIsTooLong(uint256 length) public {
        length = bound(length, token.MAX_DESCRIPTION_BYTES() + 1, 10_000);
        ICTIToken.Listing memory offer = listing();
        offer.description = string(new bytes(length));

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.DescriptionLength.selector, length));
        publish(producer, offer);
    }

    /// The word of the TLP is the twelfth of the listing, which begins after the selector and one offset.
    function testFuzz_RevertWhen_TlpIsNoTlp(uint8 tlp) public {
        bytes memory message = abi.encodeCall(ICTIToken.publish, (listing()));
        message[4 + 32 + 12 * 32 - 1] = bytes1(uint8(bound(tlp, 6, 255)));

        vm.prank(producer);
        (bool done,) = address(token).call(message);

        assertFalse(done);
    }

    function testFuzz_PutsAProductOnSale(
        uint96 price,
        uint32 stock,
        uint16 rewardBps,
        uint40 validUntil,
        uint256 titleLength,
        uint256 descriptionLength
    ) public {
        ICTIToken.Listing memory offer = listing(price, uint16(bound(rewardBps, 0, 10_000)));
        offer.stock = uint32(bound(stock, 1, type(uint32).max));
        offer.context.validUntil = validUntil;
        offer.title = string(new bytes(bound(titleLength, 1, token.MAX_TITLE_BYTES())));
        offer.description = string(new bytes(bound(descriptionLength, 0, token.MAX_DESCRIPTION_BYTES())));
        uint256 next = unpublished();

        vm.expectEmit(address(token));
        emit ICTIToken.ProductPublished(next, producer, offer);
        uint256 product = publish(producer, offer);

        assertEq(product, next);
        assertOnSale(product, offer);
        assertEq(token.producerOf(product), producer);
    }

    function testFuzz_NumbersProductsByTheirProducer(uint8 count) public {
        count = uint8(bound(count, 0, 20));
        for (uint256 sequence = 1; sequence <= count; ++sequence) {
            assertEq(publish(producer, listing()), idOf(producer, sequence));
        }
        assertEq(publish(rival, listing()), idOf(rival, 1));

        assertEq(publishedBy(producer), count);
        assertEq(publishedBy(rival), 1);
    }

    function test_LetsTheSolverOfAnotherOrganisationDeliver() public {
        ICTIToken.Listing memory offer = listing();
        offer.solver = otherSolver;

        assertOnSale(publish(producer, offer), offer);
    }
}
