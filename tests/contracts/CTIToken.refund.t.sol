// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC1155Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { TokenBase } from "./TokenBase.t.sol";

contract CTITokenRefundTest is TokenBase {
    function expectTooFew(uint256 product, uint256 held, uint256 needed) internal {
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC1155Errors.ERC1155InsufficientBalance.selector, consumer, held, needed, product
            )
        );
    }

    function test_RevertWhen_QuantityIsZero() public {
        uint256 product = publish();

        vm.expectRevert(ICTIToken.NoQuantity.selector);
        refund(consumer, product, 0);
    }

    function testFuzz_RevertWhen_CallerHoldsTooFew(uint32 held, uint32 quantity) public {
        held = uint32(bound(held, 1, STOCK));
        quantity = uint32(bound(quantity, held + 1, type(uint32).max));
        uint256 product = publish();
        buy(consumer, product, held);

        expectTooFew(product, held, quantity);
        refund(consumer, product, quantity);
    }

    function testFuzz_RevertWhen_ProductWasNeverPublished(uint256 product) public {
        expectTooFew(product, 0, 1);
        refund(consumer, product, 1);
    }

    function test_RevertWhen_TicketWasRedeemed() public {
        uint256 product = publish();
        request(consumer, product);

        expectTooFew(product, 0, 1);
        refund(consumer, product, 1);
    }

    function testFuzz_TurnsTicketsIntoCreditAndStock(uint96 price, uint32 held, uint32 quantity) public {
        price = uint96(bound(price, 1, type(uint96).max));
        held = uint32(bound(held, 1, STOCK));
        quantity = uint32(bound(quantity, 1, held));
        uint256 product = publish(producer, listing(price, 0));
        buy(consumer, product, held);
        uint256 due = uint256(price) * quantity;

        vm.expectEmit(address(token));
        emit ICTIToken.Credited(consumer, due);
        vm.expectEmit(address(token));
        emit ICTIToken.TicketsRefunded(product, consumer, quantity);
        refund(consumer, product, quantity);

        assertEq(ticketsOf(consumer, product), held - quantity);
        assertEq(token.creditOf(consumer), due);
        assertEq(token.productOf(product).stock, STOCK - held + quantity);
    }

    function test_CreditsNothingForAFreeTicket() public {
        uint256 product = publish(producer, listing(0, 0));
        buy(consumer, product, 1);

        vm.expectEmit(address(token), 0);
        emit ICTIToken.Credited(consumer, 0);
        refund(consumer, product, 1);

        assertEq(token.creditOf(consumer), 0);
    }

    function test_NeverStops() public {
        uint256 product = publish();
        buy(consumer, product, 1);
        withdraw(product);
        suspend(consumer);
        suspend(producer);
        vm.warp(token.productOf(product).validUntil + 1);

        refund(consumer, product, 1);

        assertEq(token.creditOf(consumer), PRICE);
    }

    /// A member who buys everything and gives it back leaves the shop as it was.
    function test_LeavesTheStockToOthers() public {
        uint256 product = publish();
        buy(peer, product, STOCK);
        refund(peer, product, STOCK);

        buy(consumer, product, STOCK);

        assertEq(token.productOf(product).stock, 0);
    }

    function test_IsForWhoeverHoldsTheTicket() public {
        uint256 product = publish();
        buy(consumer, product, 1);
        send(consumer, peer, product, 1, "");

        refund(peer, product, 1);

        assertEq(token.creditOf(peer), PRICE);
        assertEq(token.creditOf(consumer), 0);
    }
}
