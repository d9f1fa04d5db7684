// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { ComplaintBase } from "./ComplaintBase.t.sol";
import { Wallet } from "./mocks/Wallet.sol";

/// @title What went wrong in Metemcyber and Ocean, held against these contracts
/// @dev Faults 5 and 7 have more in Growth.t.sol and the invariants. Faults 13 and 14 (blanket retries, consumers that
/// must be reachable) cannot occur in contracts.
contract PeersTest is ComplaintBase {
    /// Anyone could re-register the operator's receiver hook and stop all use. Here nothing is registered.
    function testFuzz_Fault01_NobodyCanTurnTheReceiverAway(address caller) public {
        (bool done,) = address(0x1820a4B7618BdE71Dce8cdc73aAB6C95905faD24)
            .call(
                abi.encodeWithSignature(
                    "setInterfaceImplementer(address,bytes32,address)", operator, bytes32(0), caller
                )
            );
        assertTrue(done, "there is no ERC-1820 registry: the call meets no code");
        vm.prank(caller);
        (done,) = address(operator).call(abi.encodeWithSignature("setOperator(address)", caller));
        assertFalse(done);

        assertState(request(), ICTIOperator.State.Requested);
        assertEq(token.operator(), address(operator));
    }

    /// `finish` checked no state: a cancelled task could be finished, paid with another consumer's token.
    function test_Fault02_ACancelledTaskCannotBeDelivered() public {
        uint256 product = publish();
        uint256 cancelled = request(consumer, product);
        ICTIOperator.Delivery memory delivery = signed(cancelled);
        request(peer, product);
        skip(DELIVERY_PERIOD + 1);
        operator.cancel(cancelled);

        assertEq(deliver(solver, only(delivery)), 0);

        assertState(cancelled, ICTIOperator.State.Cancelled);
        assertEq(ticketsOf(consumer, product), 1);
    }

    /// The amount sent was ignored: send 5 tokens, get 1 back.
    function testFuzz_Fault03_SeveralTicketsAreNoRequest(uint256 amount) public {
        amount = bound(amount, 2, 10);
        uint256 product = publish();
        buy(consumer, product, 10);

        vm.expectRevert(ICTIOperator.NotOneTicket.selector);
        send(consumer, address(operator), product, amount, requestData());
    }

    /// The receiver hook did not check its caller: forged tasks.
    function testFuzz_Fault04_ATaskCannotBeForged(address forger) public {
        vm.assume(forger != address(token));
        uint256 product = publish();

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NotToken.selector, forger));
        vm.prank(forger);
        receiver.onERC1155Received(forger, consumer, product, 1, requestData());
    }

    /// Loops over all tasks, tokens, members; an 8-bit loop counter.
    function test_Fault05_Carries300Tasks() public {
        uint256 product = publish();
        for (uint256 i = 0; i < 300; ++i) {
            request(consumer, product);
        }

        deliver(operator.taskCount());

        assertEq(operator.activityOf(consumer).redeemed, 300);
    }

    /// `tx.origin` as authority: contract wallets get nothing.
    function test_Fault06_AContractWalletGetsWhatItPaysFor() public {
        Wallet wallet = new Wallet();
        enrol(address(wallet), yama);
        uint256 task = request(address(wallet), publish());
        acknowledge(task);

        assertEq(deliver(solver, only(acknowledged(task))), 1);
        giveFeedback(task);
        skip(COMPLAINT_PERIOD + 1);
        settle(task);

        assertEq(token.creditOf(address(wallet)), REWARD);
    }

    /// `tx.origin` as authority: a lured owner loses stock.
    function test_Fault06_ALuredProducerLosesNothing() public {
        uint256 product = publish();

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.NotProducer.selector, product, stranger));
        vm.prank(stranger, producer);
        token.withdraw(product);
    }

    /// Money sent before state was updated.
    function test_Fault07_MoneyIsPaidOnce() public {
        Wallet wallet = new Wallet();
        enrol(address(wallet), yama);
        uint256 product = publish();
        buy(peer, product, 1);
        buy(address(wallet), product, 1);
        refund(address(wallet), product, 1);
        wallet.reenter(address(token), abi.encodeCall(ICTIToken.collect, (payable(wallet))));

        vm.prank(address(wallet));
        token.collect(payable(wallet));

        assertFalse(wallet.reentered());
        assertEq(address(wallet).balance, PRICE);
        assertEq(address(token).balance, PRICE);
    }

    /// The publisher could vote for itself.
    function test_Fault08_AProducerCannotRateItself() public {
        uint256 product = publish();
        buy(producer, product, 1);

        vm.expectRevert(abi.encodeWithSelector(ICTIToken.OwnProduct.selector, product));
        redeem(producer, product);
    }

    /// Likes were unlimited.
    function test_Fault08_ATaskIsRatedOnce() public {
        uint256 task = requestAndDeliver();
        giveFeedback(task);

        vm.expectRevert(
            abi.encodeWithSelector(ICTIOperator.AlreadySaid.selector, task, ICTIOperator.Dialogue.Feedback)
        );
        vm.prank(consumer);
        operator.giveFeedback(task, feedback(), NOTE);
    }

    /// A token came back after use: used three times, then passed on.
    function test_Fault09_ATicketIsUsedUp() public {
        uint256 product = publish();
        uint256 task = requestAndDeliver(consumer, product);
        skip(FEEDBACK_PERIOD + 1);
        settle(task);

        assertEq(ticketsOf(consumer, product), 0);
        assertEq(ticketsOf(address(operator), product), 0);
        expectWrongState(task);
        operator.cancel(task);
    }

    /// No content hash: whatever came had to be taken.
    function test_Fault10_WrongContentIsRefunded() public {
        Shown memory shown = show(chunkOf(1024), flipped(chunkOf(1024), 512), 7, 5);
        uint256 task = requestAndDeliver(shown);

        complain(task, shown);

        assertEq(token.creditOf(consumer), PRICE);
    }

    /// A signature that covered only a time stamp, not the payload.
    function testFuzz_Fault11_AReceiptCoversItsContent(bytes32 root) public {
        vm.assume(root != CIPHERTEXT_ROOT);
        uint256 task = request();
        ICTIOperator.Delivery memory delivery = signed(task);
        delivery.ciphertextRoot = root;

        assertEq(deliver(solver, only(delivery)), 0);
    }

    /// Neither addressee, state nor freshness was checked. A receipt is of one consumer, and good once.
    function test_Fault12_AReceiptCannotBeReplayed() public {
        uint256 product = publish();
        ICTIOperator.Delivery memory delivery = signed(request(consumer, product));
        assertEq(deliver(solver, only(delivery)), 1);

        assertEq(deliver(solver, only(delivery)), 0);
        delivery.task = request(peer, product);
        assertEq(deliver(solver, only(delivery)), 0);

        assertEq(operator.activityOf(producer).delivered, 1);
    }

    /// Ocean's signed request names no asset, order, node or chain. A receipt is of one task, operator and chain.
    function testFuzz_Fault15_AReceiptNamesAllThatItIsOf(uint256 task, bytes32 root, bytes32 keyHash) public {
        bytes32 receipt = operator.receiptHash(task, root, keyHash);
        bytes32 elsewhere = _deployOperator().receiptHash(task, root, keyHash);
        vm.chainId(block.chainid + 1);

        assertNotEq(receipt, elsewhere);
        assertNotEq(receipt, operator.receiptHash(task, root, keyHash));
        assertNotEq(receipt, operator.receiptHash(task ^ 1, root, keyHash));
    }

    /// Ocean never refunds what was paid and not downloaded.
    function test_Fault15_APaidButFailedDeliveryIsRefunded() public {
        uint256 product = publish();
        uint256 task = request(consumer, product);
        skip(DELIVERY_PERIOD + 1);
        vm.prank(stranger);
        operator.cancel(task);

        refund(consumer, product, 1);
        vm.prank(consumer);
        token.collect(payable(consumer));

        assertEq(address(token).balance, 0);
    }
}
