// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title The exchange: tickets against deliveries, deliveries against feedback
/// @notice A consumer opens a task by sending one ticket here. Its solver hands it the ciphertext off chain, the
/// consumer signs a receipt, and the solver reveals the key on chain, which counts the delivery. Feedback and the
/// producer's answer follow.
///
/// `Requested → Delivered → Settled`, or `Requested → Declined | Cancelled` (the ticket goes back), or
/// `Delivered → Refunded` (the complaint was right). States never go back.
interface ICTIOperator {
    enum State {
        Unknown,
        Requested,
        Delivered,
        Settled,
        Declined,
        Cancelled,
        Refunded
    }

    /// How far the word between consumer and producer has come.
    enum Dialogue {
        None,
        Feedback,
        Answered
    }

    struct Task {
        address consumer;
        uint48 product;
        /// Unix seconds: of the deadline while `Requested`, of the delivery from `Delivered` on.
        uint32 time;
        State state;
        Dialogue dialogue;
    }

    /// The consumer's receipt, and the key that it pays for. `r` and `vs` are the signature in the form of EIP-2098,
    /// both zero where the consumer acknowledged on chain.
    struct Delivery {
        uint256 task;
        bytes32 ciphertextRoot;
        bytes32 key;
        bytes32 r;
        bytes32 vs;
    }

    /// One chunk that shows that what was delivered is not what was committed to.
    struct Evidence {
        uint64 index;
        bytes ciphertext;
        bytes32[] ciphertextProof;
        /// Of the chunk that the producer committed to at this index.
        bytes32 digest;
        bytes32[] contentProof;
    }

    enum DeclineReason {
        Unspecified,
        AssetMissing,
        AssetDamaged,
        KeyRefused
    }

    enum Outcome {
        TruePositive,
        NoHit,
        FalsePositive,
        Expired,
        NotApplicable
    }

    struct Feedback {
        /// Bits of the actions that were taken, as in a product's context.
        uint16 actions;
        Outcome outcome;
        /// From 1 to 5.
        uint8 usefulness;
    }

    enum Response {
        Acknowledged,
        WillRevise,
        Revised,
        Disputed
    }

    /// What an account did, counted since the beginning. As a producer: `published` to `answered`; as a consumer:
    /// `bought` to `feedbackGiven`.
    struct Activity {
        uint32 published;
        uint64 sold;
        uint32 delivered;
        uint32 feedbackReceived;
        uint32 answered;
        uint64 bought;
        uint32 redeemed;
        uint32 consumed;
        uint32 complained;
        uint32 feedbackGiven;
    }

    event TaskRequested(
        uint256 indexed task,
        uint256 indexed product,
        address indexed consumer,
        bytes32 oneTimeKey,
        bytes32 nonce,
        uint32 deadline
    );
    event ReceiptAcknowledged(uint256 indexed task, bytes32 ciphertextRoot, bytes32 keyHash);
    event TaskDelivered(uint256 indexed task, bytes32 ciphertextRoot, bytes32 key);
    event TaskSettled(uint256 indexed task, uint256 reward);
    event TaskDeclined(uint256 indexed task, DeclineReason reason);
    event TaskCancelled(uint256 indexed task);
    event TaskRefunded(uint256 indexed task, uint64 index);
    event FeedbackGiven(uint256 indexed task, Feedback feedback, bytes32 noteHash);
    event FeedbackAnswered(uint256 indexed task, Response response, bytes32 noteHash);

    /// @notice Thrown when somebody else than the CTI Token calls a receiver hook.
    error NotToken(address caller);

    /// @notice Thrown when more or less than one ticket is sent, or several ids at once.
    error NotOneTicket();

    /// @notice Thrown when a ticket comes without the 64 bytes of a one-time key and a nonce.
    error MalformedRequest(uint256 length);

    /// @notice Thrown when the task is not in the state that the call needs.
    error WrongState(uint256 task, State state);

    /// @notice Thrown when somebody else than the task's consumer calls.
    error NotConsumer(uint256 task, address caller);

    /// @notice Thrown when somebody else than the product's producer calls.
    error NotProducer(uint256 task, address caller);

    /// @notice Thrown when somebody else than the product's solver or producer calls.
    error NotSolverNorProducer(uint256 task, address caller);

    /// @notice Thrown when the consumer acknowledged already: a receipt is for good.
    error AlreadyAcknowledged(uint256 task);

    /// @notice Thrown when the solver has time until `deadline`.
    error TooEarly(uint256 task, uint256 deadline);

    /// @notice Thrown when the time for complaints ended at `deadline`.
    error TooLate(uint256 task, uint256 deadline);

    /// @notice Thrown when root and key of a complaint are not those of the task's receipt.
    error NotOfReceipt(uint256 task);

    /// @notice Thrown when a chunk or digest of a complaint is not under its root at this index.
    error NotInTree(uint256 task, uint64 index);

    /// @notice Thrown when the chunk of a complaint is longer than a chunk can be.
    error ChunkTooLong(uint256 length);

    /// @notice Thrown when the chunk of a complaint is what the producer committed to.
    error ChunkIsRight(uint256 task, uint64 index);

    /// @notice Thrown when the feedback was given, or answered, already.
    error AlreadySaid(uint256 task, Dialogue dialogue);

    /// @notice Thrown when there is no feedback to answer.
    error NoFeedback(uint256 task);

    /// @notice Thrown when the usefulness is not from 1 to 5.
    error UsefulnessOutOfRange(uint8 usefulness);

    /// @notice The address of the CTIToken, which this contract made.
    function token() external view returns (address);

    /// @notice Seconds from a request to the time from which anyone may cancel it.
    function DELIVERY_PERIOD() external view returns (uint32);

    /// @notice Seconds from a delivery in which it can be complained of.
    function COMPLAINT_PERIOD() external view returns (uint32);

    /// @notice Seconds from a delivery in which feedback surely earns its reward.
    function FEEDBACK_PERIOD() external view returns (uint32);

    /// @notice States that the caller holds the whole ciphertext of its task: the receipt of an account that has no
    /// key to sign with. It is taken once and for good.
    function acknowledge(uint256 task, bytes32 ciphertextRoot, bytes32 keyHash) external;

    /// @notice Delivers every task of the batch that is `Requested`, that the caller is the solver of, and whose receipt
    /// is right, and passes over the others: one that was delivered by an earlier send, or that a consumer spoilt, must
    /// not stop the rest.
    ///
    /// Warning: a key is public once it is sent. Deliver only what a call of this function counts, well before its
    /// deadline.
    function deliver(Delivery[] calldata deliveries) external returns (uint256 delivered);

    /// @notice Gives the ticket of a task back that will not be served; by the product's solver or producer.
    function decline(uint256 task, DeclineReason reason) external;

    /// @notice Gives the ticket of a task back that was not served until its deadline; by anyone.
    function cancel(uint256 task) external;

    /// @notice Gives the price back of a delivery that was wrong; by its consumer, within `COMPLAINT_PERIOD`.
    function complain(uint256 task, bytes32 ciphertextRoot, bytes32 key, Evidence calldata evidence) external;

    /// @notice Pays every task of the batch whose time for complaints is over, and passes over the others; by anyone.
    /// Where the product promises a reward, a task without feedback is settled after `FEEDBACK_PERIOD` only; feedback
    /// given before the settlement earns the reward.
    function settle(uint256[] calldata tasks) external returns (uint256 settled);

    /// @notice Says what the consumer did with a delivery; once, by the consumer of the task, at any time after it.
    /// @param noteHash Of the note that goes to the producer off chain; zero where there is none.
    function giveFeedback(uint256 task, Feedback calldata feedback, bytes32 noteHash) external;

    /// @notice Answers a feedback; once, by the producer of the product.
    /// @param noteHash Of the note that goes to the consumer off chain; zero where there is none.
    function answerFeedback(uint256 task, Response response, bytes32 noteHash) external;

    /// @notice Tasks are numbered from 1.
    function taskCount() external view returns (uint256);

    function taskOf(uint256 task) external view returns (Task memory);

    /// @notice The hash of the task's receipt: once acknowledged or delivered, zero before.
    function receiptOf(uint256 task) external view returns (bytes32);

    /// @notice The EIP-712 hash that a consumer signs for its receipt.
    function receiptHash(uint256 task, bytes32 ciphertextRoot, bytes32 keyHash)
        external
        view
        returns (bytes32);

    function activityOf(address account) external view returns (Activity memory);
}
