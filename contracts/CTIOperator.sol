// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC1155Receiver } from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import { ERC165 } from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import { IERC165 } from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import { CTIToken } from "./CTIToken.sol";
import { Chunks } from "./Chunks.sol";
import { ProductId } from "./ProductId.sol";
import { ICTIOperator } from "./interfaces/ICTIOperator.sol";
import { ICTIToken } from "./interfaces/ICTIToken.sol";
import { IConsortium } from "./interfaces/IConsortium.sol";

/// @title The exchange: tickets against deliveries, deliveries against feedback
contract CTIOperator is ICTIOperator, IERC1155Receiver, ERC165, EIP712, ReentrancyGuardTransient {
    bytes32 private constant RECEIPT_TYPEHASH =
        keccak256("Receipt(uint256 task,bytes32 ciphertextRoot,bytes32 keyHash)");

    uint256 private constant BPS = 10_000;

    /// What a producer did here; one slot.
    struct Supply {
        uint32 delivered;
        uint32 feedbackReceived;
        uint32 answered;
    }

    /// What a consumer did here; one slot.
    struct Demand {
        uint32 redeemed;
        uint32 consumed;
        uint32 complained;
        uint32 feedbackGiven;
    }

    IConsortium private immutable CONSORTIUM;
    CTIToken private immutable TOKEN;

    /// @inheritdoc ICTIOperator
    uint32 public immutable DELIVERY_PERIOD;

    /// @inheritdoc ICTIOperator
    uint32 public immutable COMPLAINT_PERIOD;

    /// @inheritdoc ICTIOperator
    uint32 public immutable FEEDBACK_PERIOD;

    /// @inheritdoc ICTIOperator
    uint256 public taskCount;

    /// @inheritdoc ICTIOperator
    mapping(uint256 task => bytes32) public receiptOf;

    mapping(uint256 task => Task) private _tasks;
    mapping(uint24 producer => Supply) private _supply;
    mapping(address consumer => Demand) private _demand;

    constructor(IConsortium consortium, uint32 deliveryPeriod, uint32 complaintPeriod, uint32 feedbackPeriod)
        EIP712("Ayumi", "1")
    {
        CONSORTIUM = consortium;
        TOKEN = new CTIToken(consortium);
        DELIVERY_PERIOD = deliveryPeriod;
        COMPLAINT_PERIOD = complaintPeriod;
        FEEDBACK_PERIOD = feedbackPeriod;
    }

    modifier onlyConsumer(uint256 task) {
        require(msg.sender == _tasks[task].consumer, NotConsumer(task, msg.sender));
        _;
    }

    /// @inheritdoc ICTIOperator
    function token() external view returns (address) {
        return address(TOKEN);
    }

    /* REQUEST */

    /// @inheritdoc IERC1155Receiver
    function onERC1155Received(address, address from, uint256 product, uint256 value, bytes calldata data)
        external
        returns (bytes4)
    {
        require(msg.sender == address(TOKEN), NotToken(msg.sender));
        require(value == 1 && from != address(0), NotOneTicket());
        require(data.length == 64, MalformedRequest(data.length));
        (bytes32 oneTimeKey, bytes32 nonce) = abi.decode(data, (bytes32, bytes32));

        _open(from, product, oneTimeKey, nonce);
        TOKEN.redeem(product);

        return this.onERC1155Received.selector;
    }

    /// @inheritdoc IERC1155Receiver
    /// @dev One ticket, one task: a batch has no room for the key of each.
    function onERC1155BatchReceived(address, address, uint256[] calldata, uint256[] calldata, bytes calldata)
        external
        view
        returns (bytes4)
    {
        require(msg.sender == address(TOKEN), NotToken(msg.sender));
        revert NotOneTicket();
    }

    /// @dev Times have 32 bits, enough until 2106, and ids of products 48.
    function _open(address consumer, uint256 product, bytes32 oneTimeKey, bytes32 nonce) private {
        uint256 task = ++taskCount;
        uint32 deadline = uint32(block.timestamp) + DELIVERY_PERIOD;
        // forge-lint: disable-next-line(unsafe-typecast)
        _tasks[task] = Task(consumer, uint48(product), deadline, State.Requested, Dialogue.None);
        ++_demand[consumer].redeemed;

        emit TaskRequested(task, product, consumer, oneTimeKey, nonce, deadline);
    }

    /* DELIVERY */

    /// @inheritdoc ICTIOperator
    function acknowledge(uint256 task, bytes32 ciphertextRoot, bytes32 keyHash) external onlyConsumer(task) {
        _checkState(task, State.Requested);
        require(receiptOf[task] == 0, AlreadyAcknowledged(task));

        receiptOf[task] = receiptHash(task, ciphertextRoot, keyHash);

        emit ReceiptAcknowledged(task, ciphertextRoot, keyHash);
    }

    /// @inheritdoc ICTIOperator
    function deliver(Delivery[] calldata deliveries) external returns (uint256 delivered) {
        for (uint256 i = 0; i < deliveries.length; ++i) {
            if (_deliver(deliveries[i])) ++delivered;
        }
    }

    function _deliver(Delivery calldata delivery) private returns (bool) {
        Task memory task = _tasks[delivery.task];
        if (task.state != State.Requested || !_isSolver(task.product)) return false;
        bytes32 receipt =
            receiptHash(delivery.task, delivery.ciphertextRoot, keccak256(abi.encode(delivery.key)));
        if (!_isReceipt(task.consumer, receipt, delivery)) return false;

        receiptOf[delivery.task] = receipt;
        task.time = uint32(block.timestamp);
        task.state = State.Delivered;
        _tasks[delivery.task] = task;
        ++_demand[task.consumer].consumed;
        ++_supply[ProductId.producer(task.product)].delivered;

        emit TaskDelivered(delivery.task, delivery.ciphertextRoot, delivery.key);

        return true;
    }

    /// @dev Else the consumer, who sees the key in what the solver sent, could have a receipt of its own making delivered
    /// first, and prove that one wrong: it would end up with both the data and the money.
    function _isSolver(uint256 product) private view returns (bool) {
        return msg.sender == TOKEN.productOf(product).solver;
    }

    /// @dev A receipt must stay right from the moment the solver checks it, since by sending it the solver shows the
    /// key. A signature of the account's own key does, also where the account has code (EIP-7702), and so does what
    /// was acknowledged here. An ERC-1271 wallet could change its mind, and is not asked.
    function _isReceipt(address consumer, bytes32 receipt, Delivery calldata delivery)
        private
        view
        returns (bool)
    {
        if (delivery.vs == 0) return receiptOf[delivery.task] == receipt;

        (address signer,,) = ECDSA.tryRecover(receipt, delivery.r, delivery.vs);
        return signer == consumer;
    }

    /// @inheritdoc ICTIOperator
    function receiptHash(uint256 task, bytes32 ciphertextRoot, bytes32 keyHash)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(keccak256(abi.encode(RECEIPT_TYPEHASH, task, ciphertextRoot, keyHash)));
    }

    /* WAYS OUT */

    /// @inheritdoc ICTIOperator
    function decline(uint256 task, DeclineReason reason) external nonReentrant {
        _checkState(task, State.Requested);
        uint256 product = _tasks[task].product;
        require(
            msg.sender == TOKEN.productOf(product).solver || msg.sender == TOKEN.producerOf(product),
            NotSolverNorProducer(task, msg.sender)
        );

        _tasks[task].state = State.Declined;

        emit TaskDeclined(task, reason);

        _returnTicket(task);
    }

    /// @inheritdoc ICTIOperator
    function cancel(uint256 task) external nonReentrant {
        _checkState(task, State.Requested);
        uint256 deadline = _tasks[task].time;
        require(block.timestamp > deadline, TooEarly(task, deadline));

        _tasks[task].state = State.Cancelled;

        emit TaskCancelled(task);

        _returnTicket(task);
    }

    /// @inheritdoc ICTIOperator
    function complain(uint256 task, bytes32 ciphertextRoot, bytes32 key, Evidence calldata evidence)
        external
        nonReentrant
        onlyConsumer(task)
    {
        _checkState(task, State.Delivered);
        uint256 deadline = uint256(_tasks[task].time) + COMPLAINT_PERIOD;
        require(block.timestamp <= deadline, TooLate(task, deadline));
        bytes32 receipt = receiptHash(task, ciphertextRoot, keccak256(abi.encode(key)));
        require(receiptOf[task] == receipt, NotOfReceipt(task));
        ICTIToken.Product memory product = TOKEN.productOf(_tasks[task].product);
        _checkWrong(task, product.contentRoot, ciphertextRoot, key, evidence);

        _tasks[task].state = State.Refunded;
        ++_demand[msg.sender].complained;
        TOKEN.credit(msg.sender, product.price);

        emit TaskRefunded(task, evidence.index);
    }

    function _checkWrong(
        uint256 task,
        bytes32 contentRoot,
        bytes32 ciphertextRoot,
        bytes32 key,
        Evidence calldata evidence
    ) private pure {
        uint64 index = evidence.index;
        require(evidence.ciphertext.length <= Chunks.MAX_BYTES, ChunkTooLong(evidence.ciphertext.length));
        bytes32 sent = Chunks.leaf(index, keccak256(evidence.ciphertext));
        require(
            MerkleProof.verifyCalldata(evidence.ciphertextProof, ciphertextRoot, sent), NotInTree(task, index)
        );
        bytes32 promised = Chunks.leaf(index, evidence.digest);
        require(
            MerkleProof.verifyCalldata(evidence.contentProof, contentRoot, promised), NotInTree(task, index)
        );
        bytes memory chunk = Chunks.decrypt(evidence.ciphertext, key, index);
        require(keccak256(chunk) != evidence.digest, ChunkIsRight(task, index));
    }

    /// @dev Where the consumer's hook refuses the ticket, its price is credited instead, so that nobody can keep a
    /// task from ending.
    function _returnTicket(uint256 task) private {
        address consumer = _tasks[task].consumer;
        uint256 product = _tasks[task].product;

        try TOKEN.reissue(consumer, product) { }
        catch {
            TOKEN.refundFor(consumer, product);
        }
    }

    /* SETTLEMENT */

    /// @inheritdoc ICTIOperator
    function settle(uint256[] calldata tasks) external nonReentrant returns (uint256 settled) {
        for (uint256 i = 0; i < tasks.length; ++i) {
            if (_settle(tasks[i])) ++settled;
        }
    }

    function _settle(uint256 id) private returns (bool) {
        Task memory task = _tasks[id];
        uint256 delivered = task.time;
        if (task.state != State.Delivered || block.timestamp <= delivered + COMPLAINT_PERIOD) return false;
        ICTIToken.Product memory product = TOKEN.productOf(task.product);
        uint256 reward = uint256(product.price) * product.rewardBps / BPS;
        if (task.dialogue == Dialogue.None) {
            if (reward != 0 && block.timestamp <= delivered + FEEDBACK_PERIOD) return false;
            reward = 0;
        }

        _tasks[id].state = State.Settled;
        TOKEN.credit(TOKEN.producerOf(task.product), product.price - reward);
        TOKEN.credit(task.consumer, reward);

        emit TaskSettled(id, reward);

        return true;
    }

    /* FEEDBACK */

    /// @inheritdoc ICTIOperator
    function giveFeedback(uint256 task, Feedback calldata feedback, bytes32 noteHash)
        external
        onlyConsumer(task)
    {
        Task storage delivered = _tasks[task];
        State state = delivered.state;
        require(state == State.Delivered || state == State.Settled, WrongState(task, state));
        require(delivered.dialogue == Dialogue.None, AlreadySaid(task, delivered.dialogue));
        require(
            feedback.usefulness >= 1 && feedback.usefulness <= 5, UsefulnessOutOfRange(feedback.usefulness)
        );

        delivered.dialogue = Dialogue.Feedback;
        ++_demand[msg.sender].feedbackGiven;
        ++_supply[ProductId.producer(delivered.product)].feedbackReceived;

        emit FeedbackGiven(task, feedback, noteHash);
    }

    /// @inheritdoc ICTIOperator
    function answerFeedback(uint256 task, Response response, bytes32 noteHash) external {
        Task storage delivered = _tasks[task];
        Dialogue dialogue = delivered.dialogue;
        require(dialogue != Dialogue.None, NoFeedback(task));
        require(dialogue == Dialogue.Feedback, AlreadySaid(task, dialogue));
        require(msg.sender == TOKEN.producerOf(delivered.product), NotProducer(task, msg.sender));

        delivered.dialogue = Dialogue.Answered;
        ++_supply[ProductId.producer(delivered.product)].answered;

        emit FeedbackAnswered(task, response, noteHash);
    }

    /* VIEWS */

    /// @inheritdoc ICTIOperator
    function taskOf(uint256 task) external view returns (Task memory) {
        return _tasks[task];
    }

    /// @inheritdoc ICTIOperator
    function activityOf(address account) external view returns (Activity memory) {
        (uint32 published, uint64 sold, uint64 bought) = TOKEN.tradeOf(account);
        Supply memory supply = _supply[CONSORTIUM.accountOf(account).number];
        Demand memory demand = _demand[account];
        return Activity({
            published: published,
            sold: sold,
            delivered: supply.delivered,
            feedbackReceived: supply.feedbackReceived,
            answered: supply.answered,
            bought: bought,
            redeemed: demand.redeemed,
            consumed: demand.consumed,
            complained: demand.complained,
            feedbackGiven: demand.feedbackGiven
        });
    }

    /// @inheritdoc ERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IERC1155Receiver).interfaceId || super.supportsInterface(interfaceId);
    }

    function _checkState(uint256 task, State expected) private view {
        State state = _tasks[task].state;
        require(state == expected, WrongState(task, state));
    }
}
