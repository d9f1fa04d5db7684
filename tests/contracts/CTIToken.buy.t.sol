// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC1155Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { TokenBase } from "./TokenBase.t.sol";
import { Wallet } from "./mocks/Wallet.sol";

contract CTITokenBuyTest is TokenBase {
    function buy(address by, uint256 product, uint32 quantity, uint256 value) internal {
        vm.deal(by, value);
        vm.prank(by);
        token.buy{ value: value }(product, quantity, block.timestamp);
    }

    function testFuzz_RevertWhen_DeadlinePassed(uint256 deadline) public {
        deadline = bound(deadline, 0, block.timestamp - 1);
        uint256 product = publish();

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.DeadlinePassed.selector, deadline));
        vm.prank(consumer);
        token.buy{ value: PRICE }(product, 1, deadline);
    }

    function testFuzz_RevertWhen_BuyerIsNotMember(address buyer) public {
        vm.assume(consortium.memberOf(buyer) == 0);
        uint256 product = publish();

        expectNotMember(buyer);
        buy(buyer, product, 1, PRICE);
    }

    function test_RevertWhen_BuyersOrganisationIsSuspended() public {
        uint256 product = publish();
        vm.prank(governor);
        consortium.setOrganisationSuspended(yama, true);

        expectNotMember(consumer);
        buy(consumer, product, 1, PRICE);
    }

    function test_RevertWhen_ProductWasWithdrawn() public {
        uint256 product = publish();
        withdraw(product);

        expectNotOnSale(product);
        buy(consumer, product, 1, PRICE);
    }

    /// Who meant the last edition does not get the next, whatever comes first in the block.
    function test_RevertWhen_ProductWasRevised() public {
        uint256 product = publish();
        vm.prank(producer);
        token.revise(product, listing(PRICE * 2, 0));

        expectNotOnSale(product);
        buy(consumer, product, 1, PRICE);
    }

    function testFuzz_RevertWhen_ProductWasNeverPublished(uint256 product) public {
        product = bound(product, publish() + 1, type(uint256).max);

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.OutOfStock.selector, product, 0));
        buy(consumer, product, 1, 0);
    }

    function testFuzz_RevertWhen_IntelligenceExpired(uint40 validUntil) public {
        validUntil = uint40(bound(validUntil, 1, block.timestamp - 1));
        ICTIToken.Listing memory offer = listing();
        offer.context.validUntil = validUntil;
        uint256 product = publish(producer, offer);

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.Expired.selector, product, validUntil));
        buy(consumer, product, 1, PRICE);
    }

    function test_RevertWhen_QuantityIsZero() public {
        uint256 product = publish();

        vm.expectRevert(ICTIToken.NoQuantity.selector);
        buy(consumer, product, 0, 0);
    }

    function testFuzz_RevertWhen_StockIsTooSmall(uint32 stock, uint32 quantity) public {
        stock = uint32(bound(stock, 1, type(uint32).max - 1));
        quantity = uint32(bound(quantity, stock + 1, type(uint32).max));
        ICTIToken.Listing memory offer = listing();
        offer.stock = stock;
        uint256 product = publish(producer, offer);

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.OutOfStock.selector, product, stock));
        buy(consumer, product, quantity, uint256(PRICE) * quantity);
    }

    function testFuzz_RevertWhen_ValueIsNotTheDue(uint96 price, uint256 value, uint32 quantity) public {
        quantity = uint32(bound(quantity, 1, STOCK));
        uint256 due = uint256(price) * quantity;
        value = bound(value, 0, type(uint128).max);
        vm.assume(value != due);
        uint256 product = publish(producer, listing(price, 0));

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.WrongValue.selector, value, due));
        buy(consumer, product, quantity, value);
    }

    function test_RevertWhen_WalletRefusesTheTicket() public {
        uint256 product = publish();
        Wallet wallet = new Wallet();
        enrol(address(wallet), yama);
        wallet.behave(Wallet.Manner.Refuses);

        vm.expectRevert(abi.encodeWithSelector(IERC1155Errors.ERC1155InvalidReceiver.selector, wallet));
        buy(address(wallet), product, 1, PRICE);
    }

    function testFuzz_SellsTickets(uint96 price, uint32 stock, uint32 quantity, uint256 deadline) public {
        stock = uint32(bound(stock, 1, type(uint32).max));
        quantity = uint32(bound(quantity, 1, stock));
        uint256 due = uint256(price) * quantity;
        ICTIToken.Listing memory offer = listing(price, 0);
        offer.stock = stock;
        uint256 product = publish(producer, offer);
        vm.deal(consumer, due);

        vm.expectEmit(address(token));
        emit ICTIToken.TicketsBought(product, consumer, quantity);
        vm.prank(consumer);
        token.buy{ value: due }(product, quantity, bound(deadline, block.timestamp, type(uint256).max));

        assertEq(ticketsOf(consumer, product), quantity);
        assertEq(token.productOf(product).stock, stock - quantity);
        assertEq(address(token).balance, due);
        (, uint64 sold,) = token.tradeOf(producer);
        (,, uint64 bought) = token.tradeOf(consumer);
        assertEq(sold, quantity);
        assertEq(bought, quantity);
    }

    function testFuzz_SellsUntilTheLastSecond(uint40 validUntil) public {
        validUntil = uint40(bound(validUntil, block.timestamp, type(uint40).max));
        ICTIToken.Listing memory offer = listing();
        offer.context.validUntil = validUntil;
        uint256 product = publish(producer, offer);
        vm.warp(validUntil);

        buy(consumer, product, 1);

        assertEq(ticketsOf(consumer, product), 1);
    }

    function test_SellsWhatIsValidWithoutEnd() public {
        ICTIToken.Listing memory offer = listing();
        offer.context.validUntil = 0;
        uint256 product = publish(producer, offer);
        vm.warp(type(uint40).max);

        buy(consumer, product, 1);

        assertEq(ticketsOf(consumer, product), 1);
    }

    /// Buying and refunding can be repeated for free; it must not fill the producer's count and so stop its sales.
    function test_GoesOnAfterMoreSalesThan32BitsCount() public {
        ICTIToken.Listing memory offer = listing(0, 0);
        offer.stock = type(uint32).max;
        uint256 product = publish(producer, offer);
        for (uint256 i = 0; i < 3; ++i) {
            buy(peer, product, type(uint32).max);
            refund(peer, product, type(uint32).max);
        }

        buy(consumer, product, 1);

        (, uint64 sold,) = token.tradeOf(producer);
        assertEq(sold, 3 * uint256(type(uint32).max) + 1);
    }

    function test_CannotBeReentered() public {
        uint256 product = publish();
        Wallet wallet = new Wallet();
        enrol(address(wallet), yama);
        bytes[3] memory messages = [
            abi.encodeCall(ICTIToken.buy, (product, 1, block.timestamp)),
            abi.encodeCall(ICTIToken.refund, (product, 1)),
            abi.encodeCall(ICTIToken.collect, (payable(wallet)))
        ];
        for (uint256 i = 0; i < messages.length; ++i) {
            wallet.reenter(address(token), messages[i]);

            vm.expectCall(address(token), messages[i]);
            buy(address(wallet), product, 1);

            assertFalse(wallet.reentered());
            assertEq(ticketsOf(address(wallet), product), i + 1);
        }
    }

    /// A hook may pass its ticket on at once: by then all is written.
    function test_LetsTheHookRedeem() public {
        uint256 product = publish();
        Wallet wallet = new Wallet();
        enrol(address(wallet), yama);
        wallet.reenter(
            address(token),
            abi.encodeCall(
                tickets.safeTransferFrom, (address(wallet), address(operator), product, 1, requestData())
            )
        );

        buy(address(wallet), product, 1);

        assertTrue(wallet.reentered());
        assertEq(operator.taskOf(1).consumer, address(wallet));
        assertEq(ticketsOf(address(wallet), product), 0);
    }
}
