// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { Vm } from "forge-std/Vm.sol";

import { ICTIOperator } from "../../../contracts/interfaces/ICTIOperator.sol";
import { ICTIToken } from "../../../contracts/interfaces/ICTIToken.sol";
import { ComplaintBase } from "../ComplaintBase.t.sol";
import { Wallet } from "../mocks/Wallet.sol";

/// @title Everything that anyone may do, in any order, and what the events say of it
/// @dev No action reverts: what cannot be done now is left out. Wrong entries go into batches, which pass over them.
contract Handler is ComplaintBase {
    struct Escrow {
        uint256 price;
        uint256 money;
        uint256 listed;
        uint256 delivered;
    }

    /// Accounts that hold tickets and credit; the wallets are the last.
    address[] public accounts;
    uint256[] public products;

    /// What the events said.
    mapping(uint256 product => Escrow) public escrowOf;
    mapping(address account => ICTIOperator.Activity) private _counted;
    mapping(bytes32 kind => mapping(uint256 task => uint256)) private _timesOf;

    /// Steps of tasks that no task may take.
    uint256 public wrongSteps;
    mapping(uint256 task => ICTIOperator.Task) private _last;

    Wallet private _refusing;
    Wallet private _reentering;
    Shown private _right;
    Shown private _wrong;

    modifier watched() {
        vm.recordLogs();
        _;
        _readEvents(vm.getRecordedLogs());
        _compareTasks();
    }

    function setUp() public override {
        super.setUp();
        _refusing = new Wallet();
        _reentering = new Wallet();
        enrol(address(_refusing), yama);
        enrol(address(_reentering), nami);
        accounts = [producer, rival, consumer, peer, colleague, address(_refusing), address(_reentering)];
        _right = show(chunkOf(70), chunkOf(70), 1, 2);
        _wrong = show(chunkOf(70), flipped(chunkOf(70), 69), 1, 2);
        _open();
    }

    /// @dev Something to begin with: two products, of each of which three accounts hold two tickets.
    function _open() private watched {
        uint256 rewarding = publish(producer, _offer(PRICE, REWARD_BPS, 20));
        uint256 plain = publish(rival, _offer(PRICE, 0, 20));
        for (uint256 i = 2; i < 5; ++i) {
            buy(accounts[i], rewarding, 2);
            buy(accounts[i], plain, 2);
        }
    }

    /* PRODUCTS AND TICKETS */

    function publish(uint256 who, uint96 price, uint16 rewardBps, uint32 stock) external watched {
        address by = who % 2 == 0 ? producer : rival;
        if (consortium.memberOf(by) == 0) return;
        publish(by, _offer(price, rewardBps, stock));
    }

    function revise(uint256 which, uint96 price, uint16 rewardBps, uint32 stock) external watched {
        (uint256 product, bool found) = _product(which);
        if (!found || token.productOf(product).status == ICTIToken.Status.Revised) return;
        address by = token.producerOf(product);
        if (consortium.memberOf(by) == 0) return;
        vm.prank(by);
        token.revise(product, _offer(price, rewardBps, stock));
    }

    function withdraw(uint256 which, uint256 now_) external watched {
        (uint256 product, bool found) = _product(which);
        // One time in four, so that there is something to buy.
        if (!found || !_isOnSale(product) || now_ % 4 != 0) return;
        address by = token.producerOf(product);
        vm.prank(by);
        token.withdraw(product);
    }

    function buy(uint256 who, uint256 which, uint32 quantity) external watched {
        (uint256 product, bool found) = _product(which);
        address by = _account(who);
        if (!found || !_isOnSale(product) || consortium.memberOf(by) == 0) return;
        uint32 stock = token.productOf(product).stock;
        if (stock == 0) return;
        _prepare(by, product, who, true);
        buy(by, product, uint32(bound(quantity, 1, stock < 5 ? stock : 5)));
    }

    function refund(uint256 who, uint256 which, uint32 quantity) external watched {
        (uint256 product, address by, uint256 held) = _holding(who, which);
        if (held == 0) return;
        refund(by, product, uint32(bound(quantity, 1, held)));
    }

    function transfer(uint256 who, uint256 to, uint256 which, uint256 quantity, bool batch) external watched {
        (uint256 product, address by, uint256 held) = _holding(who, which);
        address recipient = _account(to);
        if (held == 0 || consortium.memberOf(by) == 0 || consortium.memberOf(recipient) == 0) return;
        _prepare(recipient, product, to, true);
        quantity = bound(quantity, 0, held);
        if (batch) sendBatch(by, recipient, only(product), only(quantity));
        else send(by, recipient, product, quantity, "");
    }

    function redeem(uint256 who, uint256 which) external watched {
        (uint256 product, address by, uint256 held) = _holding(who, which);
        if (held == 0 || consortium.memberOf(by) == 0 || token.producerOf(product) == by) return;
        redeem(by, product);
    }

    function collect(uint256 who, uint256 to) external watched {
        address by = _account(who);
        if (token.creditOf(by) == 0) return;
        bool elsewhere = to % 2 == 0 || by == address(_refusing);
        address recipient = elsewhere ? makeAddr("elsewhere") : by;
        if (by == address(_reentering)) {
            _reentering.reenter(address(token), abi.encodeCall(token.collect, (payable(by))));
        }
        vm.prank(by);
        token.collect(payable(recipient));
    }

    /* TASKS */

    function acknowledge(uint256 which, bool lies) external watched {
        (uint256 task, bool found) = _taskIn(which, ICTIOperator.State.Requested);
        if (!found || operator.receiptOf(task) != 0) return;
        acknowledge(task, lies ? _wrong.ciphertextRoot : _right.ciphertextRoot, KEY);
    }

    function deliver(uint256[4] calldata whiches, uint8[4] calldata manners, bool byOther) external watched {
        ICTIOperator.Delivery[] memory deliveries = new ICTIOperator.Delivery[](5);
        for (uint256 i = 0; i < 4; ++i) {
            deliveries[i] = _delivery(whiches[i], manners[i]);
        }
        deliveries[4] = deliveries[0];
        deliver(byOther ? otherSolver : solver, deliveries);
    }

    function decline(uint256 which, uint256 how, bool byProducer) external watched {
        (uint256 task, bool found) = _taskIn(which, ICTIOperator.State.Requested);
        if (!found) return;
        ICTIOperator.Task memory open = operator.taskOf(task);
        _prepare(open.consumer, open.product, how, false);
        address by = byProducer ? token.producerOf(open.product) : solver;
        vm.prank(by);
        operator.decline(task, ICTIOperator.DeclineReason.Unspecified);
    }

    function cancel(uint256 which, uint256 how) external watched {
        (uint256 task, bool found) = _taskIn(which, ICTIOperator.State.Requested);
        if (!found) return;
        ICTIOperator.Task memory open = operator.taskOf(task);
        if (block.timestamp <= open.time) vm.warp(open.time + 1);
        _prepare(open.consumer, open.product, how, false);
        operator.cancel(task);
    }

    function complain(uint256 which) external watched {
        (uint256 task, bool found) = _taskIn(which, ICTIOperator.State.Delivered);
        if (!found) return;
        ICTIOperator.Task memory delivered = operator.taskOf(task);
        if (block.timestamp > delivered.time + COMPLAINT_PERIOD) return;
        bytes32 lie = operator.receiptHash(task, _wrong.ciphertextRoot, hashOf(KEY));
        bool isWrong = operator.receiptOf(task) == lie;
        if (!isWrong) expectChunkIsRight(task, 1);
        complain(delivered.consumer, task, isWrong ? _wrong : _right);
    }

    function settle(uint256[4] calldata whiches) external watched {
        uint256[] memory tasks = new uint256[](5);
        for (uint256 i = 0; i < 4; ++i) {
            tasks[i] = bound(whiches[i], 0, operator.taskCount() + 1);
        }
        tasks[4] = tasks[0];
        operator.settle(tasks);
    }

    function rate(uint256 which) external watched {
        uint256 task = bound(which, 0, operator.taskCount());
        ICTIOperator.State state = stateOf(task);
        if (operator.taskOf(task).dialogue != ICTIOperator.Dialogue.None) return;
        if (state == ICTIOperator.State.Delivered || state == ICTIOperator.State.Settled) giveFeedback(task);
    }

    function reply(uint256 which) external watched {
        uint256 task = bound(which, 0, operator.taskCount());
        if (operator.taskOf(task).dialogue == ICTIOperator.Dialogue.Feedback) answer(task);
    }

    /* TIME AND MEMBERSHIP */

    function wait(uint32 elapsed) external watched {
        skip(bound(elapsed, 1, 1 days));
    }

    function suspend(uint256 who, uint256 suspended) external watched {
        vm.prank(governor);
        // One time in four, so that there is something going on.
        consortium.setAccountSuspended(_account(who), suspended % 4 == 0);
    }

    /// @dev Everybody takes what is its own.
    function leaveAll() external watched {
        skip(FEEDBACK_PERIOD + DELIVERY_PERIOD + 1);
        for (uint256 task = 1; task <= operator.taskCount(); ++task) {
            if (stateOf(task) == ICTIOperator.State.Requested) {
                _prepare(operator.taskOf(task).consumer, operator.taskOf(task).product, 0, false);
                operator.cancel(task);
            }
            if (stateOf(task) == ICTIOperator.State.Delivered) settle(task);
        }
        for (uint256 i = 0; i < accounts.length; ++i) {
            for (uint256 j = 0; j < products.length; ++j) {
                uint256 held = ticketsOf(accounts[i], products[j]);
                if (held != 0) refund(accounts[i], products[j], SafeCast.toUint32(held));
            }
            if (token.creditOf(accounts[i]) == 0) continue;
            vm.prank(accounts[i]);
            token.collect(payable(makeAddr("elsewhere")));
        }
    }

    /* FOR THE INVARIANTS */

    function exchange() external view returns (ICTIOperator) {
        return operator;
    }

    function accountCount() external view returns (uint256) {
        return accounts.length;
    }

    function productCount() external view returns (uint256) {
        return products.length;
    }

    /// @dev How often each of these was said of a task.
    function timesOf(uint256 task, bytes32[8] calldata kinds)
        external
        view
        returns (uint256[8] memory times)
    {
        for (uint256 i = 0; i < kinds.length; ++i) {
            times[i] = _timesOf[kinds[i]][task];
        }
    }

    function countedOf(address account) external view returns (ICTIOperator.Activity memory) {
        return _counted[account];
    }

    /* CHOICES */

    function _account(uint256 who) private view returns (address) {
        return accounts[who % accounts.length];
    }

    function _product(uint256 which) private view returns (uint256 product, bool found) {
        if (products.length == 0) return (0, false);
        return (products[which % products.length], true);
    }

    function _holding(uint256 who, uint256 which)
        private
        view
        returns (uint256 product, address by, uint256 held)
    {
        (product,) = _product(which);
        for (uint256 i = 0; i < accounts.length && held == 0; ++i) {
            by = accounts[(who % accounts.length + i) % accounts.length];
            held = ticketsOf(by, product);
        }
    }

    function _taskIn(uint256 which, ICTIOperator.State state)
        private
        view
        returns (uint256 task, bool found)
    {
        uint256 count = operator.taskCount();
        for (uint256 i = 0; i < count && !found; ++i) {
            task = (which % count + i) % count + 1;
            found = stateOf(task) == state;
        }
    }

    function _offer(uint96 price, uint16 rewardBps, uint32 stock)
        private
        view
        returns (ICTIToken.Listing memory offer)
    {
        offer = listing(uint96(bound(price, 0, 1 ether)), rewardBps % 2 == 0 ? 0 : rewardBps % 10_001);
        offer.stock = uint32(bound(stock, 1, 20));
        offer.context.validUntil = 0;
        offer.contentRoot = _right.contentRoot;
    }

    function _isOnSale(uint256 product) private view returns (bool) {
        return token.productOf(product).status == ICTIToken.Status.OnSale;
    }

    /// @dev Has the wallets meet a ticket: what they buy they take, what comes back they refuse, or answer with a call.
    function _prepare(address recipient, uint256 product, uint256 how, bool bought) private {
        if (recipient == address(_refusing)) {
            _refusing.behave(bought ? Wallet.Manner.Accepts : Wallet.Manner.Refuses);
        }
        if (recipient != address(_reentering)) return;
        bytes[4] memory messages = [
            abi.encodeCall(token.refund, (product, 1)),
            abi.encodeCall(
                tickets.safeTransferFrom, (recipient, address(operator), product, 1, requestData())
            ),
            abi.encodeCall(token.collect, (payable(recipient))),
            abi.encodeCall(operator.cancel, (operator.taskCount()))
        ];
        _reentering.reenter(how % 4 == 3 ? address(operator) : address(token), messages[how % 4]);
    }

    /// @dev What a solver may send: mostly right, else spoilt, a lie, or of a task at random.
    function _delivery(uint256 which, uint8 manner)
        private
        view
        returns (ICTIOperator.Delivery memory delivery)
    {
        (uint256 task, bool found) = _taskIn(which, ICTIOperator.State.Requested);
        if (!found || manner % 8 == 0) task = bound(which, 0, operator.taskCount() + 1);
        bytes32 root = manner % 4 == 1 ? _wrong.ciphertextRoot : _right.ciphertextRoot;
        delivery = _keyOf[operator.taskOf(task).consumer] == 0 || manner > 200
            ? ICTIOperator.Delivery(task, root, KEY, 0, 0)
            : signed(task, root, KEY);
        if (manner % 8 == 2) delivery.r ^= bytes32(uint256(1));
    }

    /* WHAT THE EVENTS SAY */

    function _readEvents(Vm.Log[] memory logs) private {
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32[] memory topics = logs[i].topics;
            if (logs[i].emitter == address(token)) _readTrade(topics, logs[i].data);
            if (logs[i].emitter == address(operator)) _readTask(topics[0], uint256(topics[1]), topics);
        }
    }

    function _readPublished(uint256 product, bytes32 by, bytes memory data) private {
        products.push(product);
        ICTIToken.Listing memory offer = abi.decode(data, (ICTIToken.Listing));
        escrowOf[product] = Escrow(offer.price, 0, offer.stock, 0);
        ++_counted[_addressIn(by)].published;
    }

    function _readTrade(bytes32[] memory topics, bytes memory data) private {
        if (topics[0] == ICTIToken.ProductPublished.selector) {
            _readPublished(uint256(topics[1]), topics[2], data);
        }
        if (topics[0] == ICTIToken.TicketsBought.selector) {
            uint32 quantity = abi.decode(data, (uint32));
            _counted[_addressIn(topics[2])].bought += quantity;
            _counted[token.producerOf(uint256(topics[1]))].sold += quantity;
            _pay(uint256(topics[1]), quantity);
        }
        if (topics[0] == ICTIToken.TicketsRefunded.selector) {
            _take(uint256(topics[1]), abi.decode(data, (uint32)));
        }
    }

    function _readTask(bytes32 kind, uint256 task, bytes32[] memory topics) private {
        ++_timesOf[kind][task];
        if (kind == ICTIOperator.TaskRequested.selector) ++_counted[_addressIn(topics[3])].redeemed;
        ICTIOperator.Task memory of_ = operator.taskOf(task);
        address by = token.producerOf(of_.product);
        if (kind == ICTIOperator.TaskDelivered.selector) {
            ++_counted[by].delivered;
            ++_counted[of_.consumer].consumed;
            ++escrowOf[of_.product].delivered;
            _take(of_.product, 1);
        }
        if (kind == ICTIOperator.TaskRefunded.selector) ++_counted[of_.consumer].complained;
        if (kind == ICTIOperator.FeedbackGiven.selector) {
            ++_counted[of_.consumer].feedbackGiven;
            ++_counted[by].feedbackReceived;
        }
        if (kind == ICTIOperator.FeedbackAnswered.selector) ++_counted[by].answered;
    }

    function _pay(uint256 product, uint256 quantity) private {
        escrowOf[product].money += escrowOf[product].price * quantity;
    }

    function _take(uint256 product, uint256 quantity) private {
        escrowOf[product].money -= escrowOf[product].price * quantity;
    }

    function _addressIn(bytes32 topic) private pure returns (address) {
        return address(uint160(uint256(topic)));
    }

    /* STEPS OF TASKS */

    function _compareTasks() private {
        for (uint256 task = 1; task <= operator.taskCount(); ++task) {
            ICTIOperator.Task memory now_ = operator.taskOf(task);
            if (!_mayFollow(_last[task], now_)) ++wrongSteps;
            _last[task] = now_;
        }
    }

    function _mayFollow(ICTIOperator.Task memory last, ICTIOperator.Task memory next)
        private
        pure
        returns (bool)
    {
        if (last.state == ICTIOperator.State.Unknown) return next.state == ICTIOperator.State.Requested;
        if (last.consumer != next.consumer || last.product != next.product) return false;
        if (last.dialogue > next.dialogue) return false;
        if (last.state == next.state) return last.time == next.time;
        if (last.state == ICTIOperator.State.Requested) {
            return next.state == ICTIOperator.State.Delivered || next.state == ICTIOperator.State.Declined
                || next.state == ICTIOperator.State.Cancelled;
        }
        return last.state == ICTIOperator.State.Delivered && last.time == next.time
            && (next.state == ICTIOperator.State.Settled || next.state == ICTIOperator.State.Refunded);
    }
}
