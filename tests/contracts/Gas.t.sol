// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { ComplaintBase } from "./ComplaintBase.t.sol";

/// @title What each step costs, as a transaction: with its 21,000, its calldata and cold storage
/// @dev Steady state: the accounts of a step did each step before, with another product. `first…` is for accounts that
/// do a step for the first time. A batch of 20 is counted for each of its tasks.
///
/// The limits are the right-hand column of the measurements of the peers: Metemcyber, Ocean, FDE, EAS and others.
/// forge-config: default.isolate = true

contract GasTest is ComplaintBase {
    uint256 internal constant BATCH = 20;

    uint256 internal product;

    function setUp() public override {
        super.setUp();
        _live();
        product = publish();
    }

    /// @dev One of each step, so that no count or credit of the accounts is met at zero.
    function _live() private {
        Shown memory shown = wrongOf(64, 0);
        complain(requestAndDeliver(shown), shown);
        uint256 task = requestAndDeliver(consumer, publish());
        giveFeedback(task);
        answer(task);
        skip(COMPLAINT_PERIOD + 1);
        settle(task);
    }

    /* PRODUCTS AND TICKETS */

    /// Metemcyber 3,425,727; Ocean 1,691,750.
    function test_Publish() public {
        publish();
        record("publish", 160_000);
    }

    function test_FirstPublish() public {
        publish(rival, listing());
        record("firstPublish", 160_000);
    }

    function test_Revise() public {
        ICTIToken.Listing memory offer = listing();
        vm.prank(producer);
        token.revise(product, offer);
        record("revise", 170_000);
    }

    /// Metemcyber 205,445; Ocean, with the order, 270,820.
    function test_Buy() public {
        buy(consumer, product, 1);
        record("buy", 75_000);
    }

    function test_FirstBuy() public {
        product = publish(rival, listing());
        buy(peer, product, 1);
        record("firstBuy", 110_000);
    }

    function test_Refund() public {
        buy(consumer, product, 1);
        refund(consumer, product, 1);
        record("refund", 75_000);
    }

    function test_Collect() public {
        vm.prank(producer);
        token.collect(payable(producer));
        record("collect", 50_000);
    }

    /* TASKS */

    /// Metemcyber 216,212; Ocean 58,919.
    function test_Redeem() public {
        buy(consumer, product, 1);
        send(consumer, address(operator), product, 1, requestData());
        record("redeem", 90_000);
    }

    function test_FirstRedeem() public {
        buy(peer, product, 1);
        send(peer, address(operator), product, 1, requestData());
        record("firstRedeem", 110_000);
    }

    /// Metemcyber 161,083; FDE, also a fair exchange, 235,968.
    function test_Deliver() public {
        ICTIOperator.Delivery[] memory deliveries = new ICTIOperator.Delivery[](BATCH);
        for (uint256 i = 0; i < BATCH; ++i) {
            deliveries[i] = signed(request(consumer, product));
        }

        assertEq(deliver(solver, deliveries), BATCH);
        recordEach("deliver", 60_000);
    }

    function test_DeliverAlone() public {
        ICTIOperator.Delivery[] memory deliveries = only(signed(request(consumer, product)));
        deliver(solver, deliveries);
        record("deliverAlone", 90_000);
    }

    function test_FirstDeliver() public {
        product = publish(rival, listing());
        ICTIOperator.Delivery[] memory deliveries = only(signed(request(peer, product)));
        deliver(solver, deliveries);
        record("firstDeliverAlone", 120_000);
    }

    function test_Acknowledge() public {
        uint256 task = request(consumer, product);
        vm.prank(consumer);
        operator.acknowledge(task, CIPHERTEXT_ROOT, hashOf(KEY));
        record("acknowledge", 60_000);
    }

    function test_Decline() public {
        decline(request(consumer, product));
        record("decline", 90_000);
    }

    function test_Cancel() public {
        uint256 task = request(consumer, product);
        skip(DELIVERY_PERIOD + 1);
        operator.cancel(task);
        record("cancel", 90_000);
    }

    function test_Settle() public {
        uint256[] memory tasks = new uint256[](BATCH);
        for (uint256 i = 0; i < BATCH; ++i) {
            tasks[i] = requestAndDeliver(consumer, product);
            giveFeedback(tasks[i]);
        }
        skip(COMPLAINT_PERIOD + 1);

        assertEq(operator.settle(tasks), BATCH);
        recordEach("settle", 40_000);
    }

    /// A payload of 43 kB has 44 chunks, one of 2.6 MB 2,621: trees of 6 and 12 layers. No peer has a complaint of one
    /// step.
    function test_Complain() public {
        complain("complain", wrongOf(1024, 6));
        complain("complainOf2600kB", wrongOf(1024, 12));
    }

    function complain(string memory step, Shown memory shown) private {
        complain(requestAndDeliver(shown), shown);
        record(step, 120_000);
    }

    function wrongOf(uint256 length, uint256 depth) private pure returns (Shown memory) {
        return show(chunkOf(length), flipped(chunkOf(length), length / 2), 5, depth);
    }

    /* DIALOGUE */

    /// Metemcyber 46,272 to 63,372; EAS 249,822; ERC-8004 129,066.
    function test_Feedback() public {
        giveFeedback(0, "feedback", 45_000);
    }

    function test_FeedbackWithNote() public {
        giveFeedback(NOTE, "feedbackWithNote", 45_000);
    }

    function giveFeedback(bytes32 noteHash, string memory step, uint256 limit) private {
        uint256 task = requestAndDeliver(consumer, product);
        vm.prank(consumer);
        operator.giveFeedback(task, feedback(), noteHash);
        record(step, limit);
    }

    function test_Answer() public {
        uint256 task = requestAndDeliver(consumer, product);
        giveFeedback(task);
        vm.prank(producer);
        operator.answerFeedback(task, ICTIOperator.Response.Acknowledged, 0);
        record("answer", 55_000);
    }

    /* THE WHOLE */

    /// Metemcyber 627,000.
    function test_Whole() public {
        buy(consumer, product, 1);
        uint256 sum = vm.lastCallGas().gasTotalUsed;
        send(consumer, address(operator), product, 1, requestData());
        sum += vm.lastCallGas().gasTotalUsed;
        ICTIOperator.Delivery[] memory deliveries = new ICTIOperator.Delivery[](BATCH);
        uint256 task = operator.taskCount();
        deliveries[0] = signed(task);
        for (uint256 i = 1; i < BATCH; ++i) {
            deliveries[i] = signed(request(consumer, product));
        }
        deliver(solver, deliveries);
        sum += vm.lastCallGas().gasTotalUsed / BATCH;
        vm.prank(consumer);
        operator.giveFeedback(task, feedback(), 0);
        sum += vm.lastCallGas().gasTotalUsed;

        vm.snapshotValue("Gas", "buyRedeemDeliverFeedback", sum);
        assertLe(sum, 250_000);
    }

    function record(string memory step, uint256 limit) private {
        assertLe(vm.snapshotGasLastCall("Gas", step), limit, step);
    }

    function recordEach(string memory step, uint256 limit) private {
        uint256 each = vm.lastCallGas().gasTotalUsed / BATCH;
        vm.snapshotValue("Gas", step, each);
        assertLe(each, limit, step);
    }
}
