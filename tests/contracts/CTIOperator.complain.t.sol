// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { ComplaintBase } from "./ComplaintBase.t.sol";

contract CTIOperatorComplainTest is ComplaintBase {
    Shown internal wrong;
    Shown internal right;

    function setUp() public override {
        super.setUp();
        bytes memory chunk = chunkOf(1024);
        wrong = show(chunk, flipped(chunk, 700), 3, 6);
        right = show(chunk, chunk, 3, 6);
    }

    function testFuzz_RevertWhen_CallerIsNotItsConsumer(address caller) public {
        vm.assume(caller != consumer);
        uint256 task = requestAndDeliver(wrong);

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NotConsumer.selector, task, caller));
        complain(caller, task, wrong);
    }

    function test_RevertWhen_TaskIsRequested() public {
        uint256 task = requestOf(wrong);

        expectWrongState(task);
        complain(task, wrong);
    }

    function test_RevertWhen_TaskWasRefunded() public {
        uint256 task = requestAndDeliver(wrong);
        complain(task, wrong);

        expectWrongState(task);
        complain(task, wrong);
    }

    function test_RevertWhen_TaskWasSettled() public {
        uint256 task = requestAndDeliver(wrong);
        skip(FEEDBACK_PERIOD + 1);
        settle(task);

        expectWrongState(task);
        complain(task, wrong);
    }

    function testFuzz_RevertWhen_TimeIsOver(uint32 late) public {
        uint256 task = requestAndDeliver(wrong);
        uint256 deadline = block.timestamp + COMPLAINT_PERIOD;
        skip(bound(late, COMPLAINT_PERIOD + 1, 10 * COMPLAINT_PERIOD));

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.TooLate.selector, task, deadline));
        complain(task, wrong);
    }

    function testFuzz_RevertWhen_RootOrKeyIsNotOfTheReceipt(bytes32 other, bool otherRoot) public {
        vm.assume(other != wrong.ciphertextRoot && other != wrong.key);
        uint256 task = requestAndDeliver(wrong);
        if (otherRoot) wrong.ciphertextRoot = other;
        else wrong.key = other;

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NotOfReceipt.selector, task));
        complain(task, wrong);
    }

    /// What was acknowledged first is not what was delivered in the end.
    function test_RevertWhen_ReceiptWasReplaced() public {
        uint256 task = requestOf(right);
        acknowledge(task, wrong.ciphertextRoot, wrong.key);
        deliver(solver, only(signed(task, right.ciphertextRoot, right.key)));

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.NotOfReceipt.selector, task));
        complain(task, wrong);
    }

    function testFuzz_RevertWhen_ChunkIsTooLong(uint256 length) public {
        length = bound(length, 1_025, 4_000);
        wrong = show(chunkOf(length), flipped(chunkOf(length), 0), 3, 6);
        uint256 task = requestAndDeliver(wrong);

        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.ChunkTooLong.selector, length));
        complain(task, wrong);
    }

    function testFuzz_RevertWhen_ChunkIsNotInItsTree(uint256 place) public {
        uint256 task = requestAndDeliver(right);
        right.evidence.ciphertext[bound(place, 0, 1023)] ^= 0x01;

        expectNotInTree(task, 3);
        complain(task, right);
    }

    function testFuzz_RevertWhen_DigestIsNotInItsTree(bytes32 digest) public {
        vm.assume(digest != right.evidence.digest);
        uint256 task = requestAndDeliver(right);
        right.evidence.digest = digest;

        expectNotInTree(task, 3);
        complain(task, right);
    }

    /// A chunk is wrong at its own place only.
    function testFuzz_RevertWhen_IndexIsAnother(uint64 index) public {
        vm.assume(index != 3);
        uint256 task = requestAndDeliver(right);
        right.evidence.index = index;

        expectNotInTree(task, index);
        complain(task, right);
    }

    function testFuzz_RevertWhen_ProofIsAnother(bytes32 node, uint256 place, bool ofContent) public {
        uint256 task = requestAndDeliver(right);
        place = bound(place, 0, 5);
        vm.assume(node != right.evidence.contentProof[place] && node != right.evidence.ciphertextProof[place]);
        if (ofContent) right.evidence.contentProof[place] = node;
        else right.evidence.ciphertextProof[place] = node;

        expectNotInTree(task, 3);
        complain(task, right);
    }

    /// A node of the tree is no leaf: the one hashes 64 bytes, the other 40.
    function test_RevertWhen_ANodePassesForALeaf() public {
        uint256 task = requestAndDeliver(right);
        right.evidence.ciphertext = abi.encode(right.ciphertextRoot, right.ciphertextRoot);
        right.evidence.ciphertextProof = new bytes32[](0);

        expectNotInTree(task, 3);
        complain(task, right);
    }

    function testFuzz_RevertWhen_ChunkIsRight(uint64 index, uint256 length, uint256 depth) public {
        bytes memory chunk = chunkOf(bound(length, 1, 1024));
        right = show(chunk, chunk, index, bound(depth, 0, 16));
        uint256 task = requestAndDeliver(right);

        expectChunkIsRight(task, index);
        complain(task, right);
    }

    function testFuzz_RefundsAWrongChunk(uint64 index, uint256 length, uint256 depth, uint256 place) public {
        length = bound(length, 1, 1024);
        bytes memory chunk = chunkOf(length);
        wrong = show(chunk, flipped(chunk, bound(place, 0, length - 1)), index, bound(depth, 0, 16));
        uint256 task = requestAndDeliver(wrong);

        vm.expectEmit(address(token));
        emit ICTIToken.Credited(consumer, PRICE);
        vm.expectEmit(address(operator));
        emit ICTIOperator.TaskRefunded(task, index);
        complain(task, wrong);

        assertState(task, ICTIOperator.State.Refunded);
        assertEq(token.creditOf(consumer), PRICE);
        assertEq(token.creditOf(producer), 0);
        assertEq(operator.activityOf(consumer).complained, 1);
    }

    /// Cut short or drawn out, a chunk is another.
    function testFuzz_RefundsAChunkOfAnotherLength(uint256 promised, uint256 sent) public {
        promised = bound(promised, 0, 1024);
        sent = bound(sent, 0, 1024);
        vm.assume(promised != sent);
        wrong = show(chunkOf(promised), chunkOf(sent), 0, 0);
        uint256 task = requestAndDeliver(wrong);

        complain(task, wrong);

        assertState(task, ICTIOperator.State.Refunded);
    }

    function testFuzz_RefundsUntilTheLastSecond(uint32 elapsed) public {
        uint256 task = requestAndDeliver(wrong);
        skip(bound(elapsed, 0, COMPLAINT_PERIOD));
        assertFalse(settle(task));

        complain(task, wrong);

        assertState(task, ICTIOperator.State.Refunded);
    }

    function test_RefundsASuspendedConsumer() public {
        uint256 task = requestAndDeliver(wrong);
        suspend(consumer);

        complain(task, wrong);

        assertEq(token.creditOf(consumer), PRICE);
    }

    /// Feedback earns no reward where the price goes back.
    function test_RefundsThePriceOnceAfterFeedback() public {
        uint256 task = requestAndDeliver(wrong);
        giveFeedback(task);

        complain(task, wrong);

        assertEq(token.creditOf(consumer), PRICE);
        skip(FEEDBACK_PERIOD + 1);
        assertFalse(settle(task));
    }
}
