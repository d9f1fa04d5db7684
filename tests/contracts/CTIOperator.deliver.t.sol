// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { Base } from "./Base.t.sol";
import { Wallet } from "./mocks/Wallet.sol";

contract CTIOperatorDeliverTest is Base {
    /// The order of secp256k1, to mirror a signature.
    uint256 internal constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    bytes32 internal constant HIGH_BIT = bytes32(uint256(1) << 255);

    uint256 internal task;

    function setUp() public override {
        super.setUp();
        task = request();
    }

    function assertPassedOver(ICTIOperator.Delivery memory delivery) internal {
        ICTIOperator.State state = stateOf(delivery.task);

        assertEq(deliver(solver, only(delivery)), 0);

        assertState(delivery.task, state);
    }

    function test_PassesOverAnUnknownTask() public {
        ICTIOperator.Delivery memory delivery = signed(task);
        delivery.task = task + 1;

        assertPassedOver(delivery);
    }

    function test_PassesOverADeliveredTask() public {
        deliver(task);

        assertPassedOver(signed(task));
    }

    function test_PassesOverADeclinedTask() public {
        decline(task);

        assertPassedOver(signed(task));
    }

    function test_PassesOverACancelledTask() public {
        skip(DELIVERY_PERIOD + 1);
        operator.cancel(task);

        assertPassedOver(signed(task));
    }

    /// The consumer sees the key in what the solver sent. If it could have a receipt of its own making delivered first,
    /// it would have the data, and its money back by a complaint.
    function testFuzz_PassesOverWhatItsSolverDoesNotSend(address caller) public {
        vm.assume(caller != solver);

        assertEq(deliver(caller, only(signed(task))), 0);

        assertState(task, ICTIOperator.State.Requested);
    }

    function testFuzz_PassesOverAReceiptOfOtherContent(bytes32 root, bytes32 key) public {
        vm.assume(root != CIPHERTEXT_ROOT || key != KEY);
        ICTIOperator.Delivery memory delivery = signed(task);
        (delivery.ciphertextRoot, delivery.key) = (root, key);

        assertPassedOver(delivery);
    }

    function test_PassesOverAReceiptOfAnotherTask() public {
        ICTIOperator.Delivery memory delivery = signed(task);
        delivery.task = request(consumer, publish());

        assertPassedOver(delivery);
    }

    function test_PassesOverAReceiptForAnotherOperator() public {
        ICTIOperator another = _deployOperator();
        bytes32 receipt = another.receiptHash(task, CIPHERTEXT_ROOT, hashOf(KEY));

        assertPassedOver(withSignature(consumer, receipt));
    }

    function testFuzz_PassesOverAReceiptForAnotherChain(uint64 chain) public {
        vm.assume(chain != 0 && chain != block.chainid);
        uint256 here = block.chainid;
        vm.chainId(chain);
        ICTIOperator.Delivery memory delivery = signed(task);
        vm.chainId(here);

        assertPassedOver(delivery);
    }

    function test_PassesOverTheSignatureOfAnotherAccount() public {
        assertPassedOver(withSignature(peer, operator.receiptHash(task, CIPHERTEXT_ROOT, hashOf(KEY))));
    }

    function testFuzz_PassesOverASignatureAtRandom(bytes32 r, bytes32 vs) public {
        assertPassedOver(ICTIOperator.Delivery(task, CIPHERTEXT_ROOT, KEY, r, vs));
    }

    /// The twin of a signature has n - s for s. So high an s sets the bit of the parity, and leaves another number.
    function test_PassesOverAMirroredSignature() public {
        ICTIOperator.Delivery memory delivery = signed(task);
        delivery.vs = bytes32(ORDER - uint256(delivery.vs & ~HIGH_BIT));

        assertPassedOver(delivery);
    }

    function test_PassesOverTheOtherParity() public {
        ICTIOperator.Delivery memory delivery = signed(task);
        delivery.vs ^= HIGH_BIT;

        assertPassedOver(delivery);
    }

    /// `vs` that is the parity alone asks for no acknowledgement, and recovers nobody.
    function test_PassesOverAnEmptySignatureWithParity() public {
        acknowledge(task);
        ICTIOperator.Delivery memory delivery = acknowledged(task);
        delivery.vs = HIGH_BIT;

        assertPassedOver(delivery);
    }

    function test_PassesOverWhatWasNotAcknowledged() public {
        assertPassedOver(acknowledged(task));
    }

    function testFuzz_PassesOverWhatWasAcknowledgedOtherwise(bytes32 root) public {
        vm.assume(root != CIPHERTEXT_ROOT);
        acknowledge(task, root, KEY);

        assertPassedOver(acknowledged(task));
    }

    function testFuzz_DeliversATask(bytes32 root, bytes32 key, bool signs) public {
        if (!signs) acknowledge(task, root, key);
        ICTIOperator.Delivery memory delivery =
            signs ? signed(task, root, key) : ICTIOperator.Delivery(task, root, key, 0, 0);

        vm.expectEmit(address(operator));
        emit ICTIOperator.TaskDelivered(task, root, key);
        uint256 delivered = deliver(solver, only(delivery));

        assertEq(delivered, 1);
        assertState(task, ICTIOperator.State.Delivered);
        assertEq(operator.taskOf(task).time, block.timestamp);
        assertEq(operator.receiptOf(task), operator.receiptHash(task, root, hashOf(key)));
        assertEq(operator.activityOf(producer).delivered, 1);
        assertEq(operator.activityOf(consumer).consumed, 1);
    }

    /// The key of the account counts, also where the account has code (EIP-7702).
    function test_TakesTheSignatureOfAnAccountWithCode() public {
        delegate(consumer, address(new Wallet()));

        deliver(task);
    }

    /// What was acknowledged does not weaken what was signed.
    function test_TakesASignatureAfterAnotherAcknowledgement() public {
        acknowledge(task, "another root", KEY);

        deliver(task);

        assertEq(operator.receiptOf(task), operator.receiptHash(task, CIPHERTEXT_ROOT, hashOf(KEY)));
    }

    /// Until somebody cancels it.
    function testFuzz_DeliversAfterTheDeadline(uint32 time) public {
        vm.warp(bound(time, block.timestamp, type(uint32).max));

        deliver(task);
    }

    function test_ServesThoseWhoWereSuspendedSince() public {
        suspend(consumer);
        suspend(producer);
        vm.prank(governor);
        consortium.setSolverSuspended(solver, true);

        deliver(task);
    }

    function testFuzz_DeliversWhatIsRightInABatch(uint256 good) public {
        uint256 product = publish();
        ICTIOperator.Delivery[] memory deliveries = new ICTIOperator.Delivery[](6);
        uint256 expected;
        for (uint256 i = 0; i < 6; ++i) {
            deliveries[i] = signed(request(consumer, product));
            if (good >> i & 1 == 0) deliveries[i].r = "spoilt";
            else ++expected;
        }

        uint256 delivered = deliver(solver, deliveries);

        assertEq(delivered, expected);
        assertEq(operator.activityOf(producer).delivered, expected);
        for (uint256 i = 0; i < 6; ++i) {
            bool isGood = good >> i & 1 == 1;
            assertState(
                deliveries[i].task, isGood ? ICTIOperator.State.Delivered : ICTIOperator.State.Requested
            );
        }
    }

    function test_DeliversATaskOnceInABatch() public {
        ICTIOperator.Delivery[] memory deliveries = new ICTIOperator.Delivery[](2);
        (deliveries[0], deliveries[1]) = (signed(task), signed(task));

        assertEq(deliver(solver, deliveries), 1);
        assertEq(operator.activityOf(consumer).consumed, 1);
    }

    function test_DeliversNothingForAnEmptyBatch() public {
        assertEq(deliver(solver, new ICTIOperator.Delivery[](0)), 0);
    }

    function withSignature(address by, bytes32 receipt)
        private
        view
        returns (ICTIOperator.Delivery memory delivery)
    {
        delivery = acknowledged(task);
        (delivery.r, delivery.vs) = sign(by, receipt);
    }
}
