// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ERC1155 } from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import { ProductId } from "./ProductId.sol";
import { ICTIToken } from "./interfaces/ICTIToken.sol";
import { IConsortium } from "./interfaces/IConsortium.sol";

/// @title The tickets of the consortium's intelligence, and the till
contract CTIToken is ICTIToken, ERC1155, ReentrancyGuardTransient {
    /// What a producer traded; one slot. Tickets can be refunded and sold again, so that 32 bits of `sold` could be filled
    /// by one who means to stop the sales.
    struct Sales {
        uint24 published;
        uint64 sold;
    }

    /// @inheritdoc ICTIToken
    uint256 public constant MAX_TITLE_BYTES = 200;

    /// @inheritdoc ICTIToken
    uint256 public constant MAX_DESCRIPTION_BYTES = 2000;

    uint256 private constant BPS = 10_000;

    IConsortium private immutable CONSORTIUM;
    address private immutable OPERATOR;

    /// @inheritdoc ICTIToken
    mapping(address account => uint256) public creditOf;

    mapping(uint256 product => Product) private _products;
    mapping(uint24 producer => Sales) private _sales;
    mapping(address consumer => uint64) private _bought;

    constructor(IConsortium consortium_) ERC1155("") {
        CONSORTIUM = consortium_;
        OPERATOR = msg.sender;
    }

    modifier onlyOperator() {
        require(msg.sender == OPERATOR, NotOperator(msg.sender));
        _;
    }

    modifier onlyProducer(uint256 product) {
        require(msg.sender == producerOf(product), NotProducer(product, msg.sender));
        _;
    }

    /// @inheritdoc ICTIToken
    function consortium() external view returns (address) {
        return address(CONSORTIUM);
    }

    /// @inheritdoc ICTIToken
    function operator() external view returns (address) {
        return OPERATOR;
    }

    /* PRODUCTS */

    /// @inheritdoc ICTIToken
    function publish(Listing calldata listing) external returns (uint256 product) {
        return _publish(listing);
    }

    /// @inheritdoc ICTIToken
    function revise(uint256 product, Listing calldata listing)
        external
        onlyProducer(product)
        returns (uint256 next)
    {
        // A withdrawn product may still be revised: that is how its holders learn of the better edition.
        require(_exists(product) && _products[product].status != Status.Revised, NotOnSale(product));

        _products[product].status = Status.Revised;
        next = _publish(listing);

        emit ProductRevised(product, next);
    }

    /// @inheritdoc ICTIToken
    function withdraw(uint256 product) external onlyProducer(product) {
        _checkOnSale(product);

        _products[product].status = Status.Withdrawn;

        emit ProductWithdrawn(product);
    }

    /// @inheritdoc ICTIToken
    function assignSolver(uint256 product, address solver) external onlyProducer(product) {
        require(_exists(product), NotOnSale(product));
        require(CONSORTIUM.isSolver(solver), NotSolver(solver));

        _products[product].solver = solver;

        emit SolverAssigned(product, solver);
    }

    function _publish(Listing calldata listing) private returns (uint256 product) {
        uint24 producer = _memberOf(msg.sender);
        _checkListing(listing);

        product = ProductId.make(producer, ++_sales[producer].published);
        _products[product] = Product({
            contentRoot: listing.contentRoot,
            price: listing.price,
            stock: listing.stock,
            validUntil: listing.context.validUntil,
            rewardBps: listing.rewardBps,
            status: Status.OnSale,
            solver: listing.solver
        });

        emit ProductPublished(product, msg.sender, listing);
    }

    function _checkListing(Listing calldata listing) private view {
        require(CONSORTIUM.isSolver(listing.solver), NotSolver(listing.solver));
        require(listing.contentRoot != 0 && listing.length != 0, EmptyContent());
        require(listing.stock != 0, NoQuantity());
        require(listing.rewardBps <= BPS, RewardAbovePrice(listing.rewardBps));
        uint256 length = bytes(listing.title).length;
        require(length != 0 && length <= MAX_TITLE_BYTES, TitleLength(length));
        length = bytes(listing.description).length;
        require(length <= MAX_DESCRIPTION_BYTES, DescriptionLength(length));
    }

    function _checkOnSale(uint256 product) private view {
        require(_exists(product) && _products[product].status == Status.OnSale, NotOnSale(product));
    }

    function _exists(uint256 product) private view returns (bool) {
        return _products[product].contentRoot != 0;
    }

    /* TICKETS */

    /// @inheritdoc ICTIToken
    function buy(uint256 product, uint32 quantity, uint256 deadline) external payable nonReentrant {
        require(block.timestamp <= deadline, DeadlinePassed(deadline));
        _memberOf(msg.sender);
        Product storage offer = _products[product];
        _checkOffer(product, offer, quantity);
        uint256 due = uint256(offer.price) * quantity;
        require(msg.value == due, WrongValue(msg.value, due));

        offer.stock -= quantity;
        _sales[ProductId.producer(product)].sold += quantity;
        _bought[msg.sender] += quantity;

        emit TicketsBought(product, msg.sender, quantity);

        _mint(msg.sender, product, quantity, "");
    }

    /// @inheritdoc ICTIToken
    function refund(uint256 product, uint32 quantity) external nonReentrant {
        require(quantity != 0, NoQuantity());

        _burn(msg.sender, product, quantity);
        _refund(msg.sender, product, quantity);
    }

    /// @dev What was never published has no stock, so that a look at its other slot is not needed.
    function _checkOffer(uint256 product, Product storage offer, uint32 quantity) private view {
        require(offer.status == Status.OnSale, NotOnSale(product));
        uint40 validUntil = offer.validUntil;
        require(validUntil == 0 || block.timestamp <= validUntil, Expired(product, validUntil));
        require(quantity != 0, NoQuantity());
        require(quantity <= offer.stock, OutOfStock(product, offer.stock));
    }

    /// @dev What comes back is on offer again: else buying and refunding would empty a shop for free.
    function _refund(address consumer, uint256 product, uint32 quantity) private {
        _products[product].stock += quantity;
        _credit(consumer, uint256(_products[product].price) * quantity);

        emit TicketsRefunded(product, consumer, quantity);
    }

    /// @dev Tickets move between members only, and from a member to the operator. Refunds, and tickets that a task
    /// gives back, are exits, and ask for no membership.
    function _update(address from, address to, uint256[] memory ids, uint256[] memory values)
        internal
        override
    {
        if (from != address(0) && to != address(0)) {
            uint24 sender = _memberOf(from);
            // The operator takes one ticket at a time, so the first id is all there is.
            if (to == OPERATOR) require(ProductId.producer(ids[0]) != sender, OwnProduct(ids[0]));
            else _memberOf(to);
        }

        super._update(from, to, ids, values);
    }

    function _memberOf(address account) private view returns (uint24 number) {
        number = CONSORTIUM.memberOf(account);
        require(number != 0, NotMember(account));
    }

    /* MONEY */

    /// @inheritdoc ICTIToken
    function collect(address payable recipient) external nonReentrant returns (uint256 amount) {
        amount = creditOf[msg.sender];
        require(amount != 0, NoCredit(msg.sender));

        creditOf[msg.sender] = 0;

        emit Collected(msg.sender, recipient, amount);

        (bool paid,) = recipient.call{ value: amount }("");
        require(paid, PaymentRefused(recipient));
    }

    function _credit(address account, uint256 amount) private {
        if (amount == 0) return;

        creditOf[account] += amount;

        emit Credited(account, amount);
    }

    /* VIEWS */

    /// @inheritdoc ICTIToken
    function productOf(uint256 product) external view returns (Product memory) {
        return _products[product];
    }

    /// @inheritdoc ICTIToken
    function producerOf(uint256 product) public view returns (address) {
        return CONSORTIUM.accountNumbered(ProductId.producer(product));
    }

    /// @inheritdoc ICTIToken
    function tradeOf(address account) external view returns (uint32 published, uint64 sold, uint64 bought) {
        Sales memory sales = _sales[CONSORTIUM.accountOf(account).number];
        return (sales.published, sales.sold, _bought[account]);
    }

    /* FOR THE OPERATOR */

    /// @inheritdoc ICTIToken
    function redeem(uint256 product) external onlyOperator {
        _burn(OPERATOR, product, 1);
    }

    /// @inheritdoc ICTIToken
    function reissue(address consumer, uint256 product) external onlyOperator {
        _mint(consumer, product, 1, "");
    }

    /// @inheritdoc ICTIToken
    function refundFor(address consumer, uint256 product) external onlyOperator {
        _refund(consumer, product, 1);
    }

    /// @inheritdoc ICTIToken
    function credit(address account, uint256 amount) external onlyOperator {
        _credit(account, amount);
    }
}
