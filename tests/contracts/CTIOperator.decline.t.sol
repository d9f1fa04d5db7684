// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { Base } from "./Base.t.sol";
import { Wallet } from "./mocks/Wallet.sol";

contract CTIOperatorDeclineTest is Base {
    uint256 internal product;
    uint256 internal task;

    function setUp() public override {
        super.setUp();
        product = publish();
        task = request(consumer, product);
    }

    function decline(address by, ICTIOperator.DeclineReason reason) internal {
        vm.prank(by);
        operator.decline(task, reason);
    }

    /// @dev A task of a contract wallet that meets the ticket as told.
    function requestOf(Wallet.Manner manner) internal returns (Wallet wallet) {
        wallet = new Wallet();
        enrol(address(wallet), yama);
        task = request(address(wallet), product);
        wallet.behave(manner);
    }

    function testFuzz_RevertWhen_TaskIsUnknown(uint256 unknown) public {
        task = bound(unknown, task + 1, type(uint256).max);

        expectWrongState(task);
        decline(solver, ICTIOperator.DeclineReason.Unspecified);
    }

    function testFuzz_RevertWhen_TaskIsNotRequested(bool delivered) public {
        if (delivered) deliver(task);
        else decline(task);

        expectWrongState(task);
        decline(solver, ICTIOperator.DeclineReason.Unspecified);
    }

    function testFuzz_RevertWhen_CallerIsNeitherSolverNorProducer(address caller) public {
        vm.assume(caller != solver && caller != producer);

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NotSolverNorProducer.selector, task, caller));
        decline(caller, ICTIOperator.DeclineReason.Unspecified);
    }

    function test_RevertWhen_SolverWasReplaced() public {
        vm.prank(producer);
        token.assignSolver(product, otherSolver);

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NotSolverNorProducer.selector, task, solver));
        decline(solver, ICTIOperator.DeclineReason.Unspecified);
    }

    function testFuzz_GivesTheTicketBack(uint8 reason, bool byProducer, bool suspended) public {
        if (suspended) suspend(consumer);
        ICTIOperator.DeclineReason why = ICTIOperator.DeclineReason(bound(reason, 0, 3));

        vm.expectEmit(address(operator));
        emit ICTIOperator.TaskDeclined(task, why);
        decline(byProducer ? producer : solver, why);

        assertState(task, ICTIOperator.State.Declined);
        assertEq(ticketsOf(consumer, product), 1);
        assertEq(token.creditOf(consumer), 0);
    }

    function test_CreditsThePriceWhereTheTicketIsRefused() public {
        Wallet wallet = requestOf(Wallet.Manner.Refuses);

        vm.expectEmit(address(token));
        emit ICTIToken.TicketsRefunded(product, address(wallet), 1);
        decline(task);

        assertState(task, ICTIOperator.State.Declined);
        assertEq(ticketsOf(address(wallet), product), 0);
        assertEq(token.creditOf(address(wallet)), PRICE);
    }

    /// A hook gets 63 of 64 parts of the gas. The rest must do for the refund, else the whole call reverts.
    function test_EndsWhereTheHookBurnsAllGas() public {
        Wallet wallet = requestOf(Wallet.Manner.BurnsGas);

        vm.prank(solver);
        operator.decline{ gas: 5_000_000 }(task, ICTIOperator.DeclineReason.Unspecified);

        assertEq(token.creditOf(address(wallet)), PRICE);
    }

    /// Whoever pays for a decline or cancel cannot, by the gas it gives, choose money over a ticket for a consumer whose
    /// hook is cheap: what is left does not do for the refund.
    function testFuzz_GivesATicketOrReverts(uint256 gas) public {
        gas = bound(gas, 30_000, 300_000);

        vm.prank(solver);
        (bool done,) = address(operator).call{ gas: gas }(
            abi.encodeCall(ICTIOperator.decline, (task, ICTIOperator.DeclineReason.Unspecified))
        );

        assertEq(ticketsOf(consumer, product), done ? 1 : 0);
        assertEq(token.creditOf(consumer), 0);
    }

    function test_CannotBeReentered() public {
        Wallet wallet = requestOf(Wallet.Manner.Accepts);
        skip(DELIVERY_PERIOD + 1);
        bytes memory message = abi.encodeCall(ICTIOperator.cancel, (task));
        wallet.reenter(address(operator), message);

        vm.expectCall(address(operator), message);
        decline(task);

        assertFalse(wallet.reentered());
        assertEq(ticketsOf(address(wallet), product), 1);
    }

    /// By then the task has ended, and the ticket is like any other.
    function test_LetsTheHookRedeemAgain() public {
        Wallet wallet = requestOf(Wallet.Manner.Accepts);
        wallet.reenter(
            address(token),
            abi.encodeCall(
                tickets.safeTransferFrom, (address(wallet), address(operator), product, 1, requestData())
            )
        );

        decline(task);

        assertTrue(wallet.reentered());
        assertState(task, ICTIOperator.State.Declined);
        assertState(task + 1, ICTIOperator.State.Requested);
        assertEq(ticketsOf(address(wallet), product), 0);
    }
}
