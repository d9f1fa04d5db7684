// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { Base } from "./Base.t.sol";

abstract contract TokenBase is Base {
    function expectNotMember(address account) internal {
        vm.expectRevert(abi.encodeWithSelector(ICTIToken.NotMember.selector, account));
    }

    function expectNotProducer(uint256 product, address caller) internal {
        vm.expectRevert(abi.encodeWithSelector(ICTIToken.NotProducer.selector, product, caller));
    }

    function expectNotOnSale(uint256 product) internal {
        vm.expectRevert(abi.encodeWithSelector(ICTIToken.NotOnSale.selector, product));
    }

    function expectNotSolver(address account) internal {
        vm.expectRevert(abi.encodeWithSelector(ICTIToken.NotSolver.selector, account));
    }

    function expectNotOperator(address caller) internal {
        vm.expectRevert(abi.encodeWithSelector(ICTIToken.NotOperator.selector, caller));
    }

    /// @dev The next id of the producer, which no product has yet.
    function unpublished() internal view returns (uint256) {
        return idOf(producer, publishedBy(producer) + 1);
    }

    function idOf(address by, uint256 sequence) internal view returns (uint256) {
        return uint256(consortium.accountOf(by).number) * 2 ** 24 + sequence;
    }

    function publishedBy(address account) internal view returns (uint32 published) {
        (published,,) = token.tradeOf(account);
    }

    function assertOnSale(uint256 product, ICTIToken.Listing memory offer) internal view {
        ICTIToken.Product memory stored = token.productOf(product);
        assertEq(stored.contentRoot, offer.contentRoot);
        assertEq(stored.price, offer.price);
        assertEq(stored.stock, offer.stock);
        assertEq(stored.validUntil, offer.context.validUntil);
        assertEq(stored.rewardBps, offer.rewardBps);
        assertEq(stored.solver, offer.solver);
        assertStatus(product, ICTIToken.Status.OnSale);
    }

    function assertStatus(uint256 product, ICTIToken.Status expected) internal view {
        assertEq(uint256(token.productOf(product).status), uint256(expected), "status");
    }
}
