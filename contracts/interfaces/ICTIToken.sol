// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title The tickets of the consortium's intelligence, and the till
/// @notice An ERC-1155 whose every id is a product and whose every unit is a ticket: the right to one delivery. An id
/// says whose product it is: the producer's number in the Consortium, shifted left by 24 bits, plus the count of that
/// producer's products.
///
/// All money of the suite lies here. At any time the balance is the sum of
/// - price × tickets outstanding, whether an account or an open task has them,
/// - the price of every delivered task that is neither settled nor refunded,
/// - the credits.
///
/// A price is fixed for an id, so the exact value sent with `buy` is the buyer's maximum. Money leaves by `collect`
/// alone, to a recipient that its owner names.
interface ICTIToken {
    /// Bare indicators; with tags that name the threat; with context that people linked.
    enum Level {
        Ioc,
        Information,
        Intelligence
    }

    /// The Traffic Light Protocol 2.0 of FIRST.
    enum Tlp {
        Unstated,
        Clear,
        Green,
        Amber,
        AmberStrict,
        Red
    }

    /// The Permissible Actions Protocol.
    enum Pap {
        Unstated,
        Clear,
        Green,
        Amber,
        Red
    }

    enum CommercialUse {
        Unstated,
        Allowed,
        Forbidden
    }

    /// What the reader needs to act, as the producer states it. Times are Unix seconds, 0 where unstated; the sets are
    /// bits, listed in docs/protocol.md.
    struct Context {
        uint40 validFrom;
        uint40 validUntil;
        Level level;
        Tlp tlp;
        Pap pap;
        CommercialUse commercialUse;
        uint8 audience;
        uint8 directions;
        uint16 controlPoints;
        uint16 actions;
        uint8 category;
    }

    /// What a producer states to put a product on sale.
    struct Listing {
        /// Merkle root over the committed chunks of the payload.
        bytes32 contentRoot;
        /// Bytes of the payload.
        uint32 length;
        /// Wei for a ticket.
        uint96 price;
        /// Tickets on offer.
        uint32 stock;
        /// The part of the price that goes back to a consumer who gives feedback in time, in hundredths of a percent.
        uint16 rewardBps;
        /// Who delivers.
        address solver;
        /// X25519 public key, to which consumers seal their notes.
        bytes32 noteKey;
        /// The MISP uuid of the event or object, zero where the producer does not publish it.
        bytes16 uuid;
        Context context;
        string title;
        /// What the threat is, for search; may be empty.
        string description;
    }

    enum Status {
        OnSale,
        Withdrawn,
        Revised
    }

    /// What the contract itself needs of a product; the rest of its listing is in `ProductPublished`. A purchase reads
    /// the second slot alone.
    struct Product {
        /// Zero where the product was never published.
        bytes32 contentRoot;
        /// Wei for a ticket.
        uint96 price;
        /// Tickets left to buy.
        uint32 stock;
        /// Unix seconds, 0 where unstated.
        uint40 validUntil;
        uint16 rewardBps;
        Status status;
        address solver;
    }

    event ProductPublished(uint256 indexed product, address indexed producer, Listing listing);
    event ProductRevised(uint256 indexed product, uint256 indexed next);
    event ProductWithdrawn(uint256 indexed product);
    event SolverAssigned(uint256 indexed product, address indexed solver);
    event TicketsBought(uint256 indexed product, address indexed consumer, uint32 quantity);
    event TicketsRefunded(uint256 indexed product, address indexed consumer, uint32 quantity);
    event Credited(address indexed account, uint256 amount);
    event Collected(address indexed account, address indexed recipient, uint256 amount);

    /// @notice Thrown when the account is not enrolled, or it or its organisation is suspended.
    error NotMember(address account);

    /// @notice Thrown when the solver is not registered, or it or its organisation is suspended.
    error NotSolver(address solver);

    /// @notice Thrown when somebody else than the product's producer would change it.
    error NotProducer(uint256 product, address caller);

    /// @notice Thrown when somebody else than the operator would redeem or reissue a ticket, or credit money.
    error NotOperator(address caller);

    /// @notice Thrown when a listing lacks its content root or payload length.
    error EmptyContent();

    /// @notice Thrown when a listing's title has no byte, or more than `MAX_TITLE_BYTES`.
    error TitleLength(uint256 length);

    /// @notice Thrown when a listing's description has more than `MAX_DESCRIPTION_BYTES`.
    error DescriptionLength(uint256 length);

    /// @notice Thrown when a listing would give back more than the whole price.
    error RewardAbovePrice(uint16 rewardBps);

    /// @notice Thrown when no ticket is asked for or on offer.
    error NoQuantity();

    /// @notice Thrown when the product was never published, was withdrawn, or was revised.
    error NotOnSale(uint256 product);

    /// @notice Thrown when the intelligence is no longer valid.
    error Expired(uint256 product, uint40 validUntil);

    /// @notice Thrown when more tickets are asked for than are left.
    error OutOfStock(uint256 product, uint32 left);

    /// @notice Thrown when the value sent is not price × quantity.
    error WrongValue(uint256 sent, uint256 due);

    /// @notice Thrown when a producer would redeem a ticket of its own product: nobody delivers to itself.
    error OwnProduct(uint256 product);

    /// @notice Thrown when the block comes after the buyer's deadline.
    error DeadlinePassed(uint256 deadline);

    /// @notice Thrown when there is nothing to collect.
    error NoCredit(address account);

    /// @notice Thrown when the recipient refuses the money.
    error PaymentRefused(address recipient);

    /// @notice The longest title, in bytes.
    function MAX_TITLE_BYTES() external view returns (uint256);

    /// @notice The longest description, in bytes.
    function MAX_DESCRIPTION_BYTES() external view returns (uint256);

    /// @notice The address of the Consortium.
    function consortium() external view returns (address);

    /// @notice The address of the CTIOperator, which made this contract.
    function operator() external view returns (address);

    /// @notice Puts a product on sale.
    function publish(Listing calldata listing) external returns (uint256 product);

    /// @notice Puts the next edition of a product on sale and ends the sale of the last. Its tickets stay good.
    function revise(uint256 product, Listing calldata listing) external returns (uint256 next);

    /// @notice Ends the sale of a product. Its tickets stay good.
    function withdraw(uint256 product) external;

    /// @notice Has another solver deliver, open tasks included.
    ///
    /// Warning: a delivery that the last solver has on its way is passed over, and its keys are public all the same.
    function assignSolver(uint256 product, address solver) external;

    /// @notice Buys tickets for exactly price × quantity, in a block until `deadline`, in Unix seconds.
    function buy(uint256 product, uint32 quantity, uint256 deadline) external payable;

    /// @notice Turns tickets of the caller back into credit and stock. Never stops: not by withdrawal, expiry or
    /// suspension.
    function refund(uint256 product, uint32 quantity) external;

    /// @notice Pays the caller's whole credit to `recipient`.
    function collect(address payable recipient) external returns (uint256 amount);

    function creditOf(address account) external view returns (uint256);

    function productOf(uint256 product) external view returns (Product memory);

    /// @notice The account whose products have such an id.
    function producerOf(uint256 product) external view returns (address);

    /// @notice What an account traded, counted since the beginning.
    function tradeOf(address account) external view returns (uint32 published, uint64 sold, uint64 bought);

    /* FOR THE OPERATOR */

    /// @notice Burns the ticket that was sent to the operator: from here on the task stands for it. Its price stays in
    /// the till.
    function redeem(uint256 product) external;

    /// @notice Gives the ticket of a task that ended without delivery back.
    function reissue(address consumer, uint256 product) external;

    /// @notice Credits the price of such a ticket, where the consumer's hook refuses it.
    function refundFor(address consumer, uint256 product) external;

    /// @notice Credits money of a task that was delivered.
    function credit(address account, uint256 amount) external;
}
