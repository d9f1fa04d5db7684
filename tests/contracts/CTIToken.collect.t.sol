// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { TokenBase } from "./TokenBase.t.sol";
import { Wallet } from "./mocks/Wallet.sol";

contract CTITokenCollectTest is TokenBase {
    function collect(address by, address recipient) internal returns (uint256) {
        vm.prank(by);
        return token.collect(payable(recipient));
    }

    /// @dev Gives an account credit for so many tickets.
    function earn(address account, uint32 quantity) internal {
        uint256 product = publish();
        buy(account, product, quantity);
        refund(account, product, quantity);
    }

    function testFuzz_RevertWhen_CallerHasNoCredit(address caller) public {
        earn(consumer, 1);
        vm.assume(caller != consumer);

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.NoCredit.selector, caller));
        collect(caller, caller);
    }

    function test_RevertWhen_CreditWasCollected() public {
        earn(consumer, 1);
        collect(consumer, consumer);

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.NoCredit.selector, consumer));
        collect(consumer, consumer);
    }

    function test_RevertWhen_RecipientRefuses() public {
        earn(consumer, 1);
        Wallet wallet = new Wallet();
        wallet.behave(Wallet.Manner.Refuses);

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.PaymentRefused.selector, wallet));
        collect(consumer, address(wallet));

        assertEq(token.creditOf(consumer), PRICE);
    }

    /// The till takes money for tickets only.
    function test_RevertWhen_RecipientIsTheTill() public {
        earn(consumer, 1);

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.PaymentRefused.selector, token));
        collect(consumer, address(token));
    }

    function testFuzz_PaysTheWholeCredit(uint32 quantity, bool suspended) public {
        quantity = uint32(bound(quantity, 1, STOCK));
        earn(peer, 1);
        earn(consumer, quantity);
        if (suspended) suspend(consumer);
        uint256 due = uint256(PRICE) * quantity;
        address recipient = makeAddr("recipient");

        vm.expectEmit(address(token));
        emit ICTIToken.Collected(consumer, recipient, due);
        uint256 amount = collect(consumer, recipient);

        assertEq(amount, due);
        assertEq(recipient.balance, due);
        assertEq(token.creditOf(consumer), 0);
        assertEq(address(token).balance, PRICE);
    }

    function test_CannotBeReentered() public {
        Wallet wallet = new Wallet();
        enrol(address(wallet), yama);
        earn(peer, 1);
        earn(address(wallet), 1);
        bytes memory message = abi.encodeCall(ICTIToken.collect, (payable(wallet)));
        wallet.reenter(address(token), message);

        vm.expectCall(address(token), message, 2);
        collect(address(wallet), address(wallet));

        assertFalse(wallet.reentered());
        assertEq(address(wallet).balance, PRICE);
    }
}
