// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC1155 } from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import { IERC1155Receiver } from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import { Test } from "forge-std/Test.sol";

import { ICTIOperator } from "../../contracts/interfaces/ICTIOperator.sol";
import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { IConsortium } from "../../contracts/interfaces/IConsortium.sol";

/// @title Three organisations with their accounts and solvers, and the contracts as they are deployed
/// @dev The tests know the interfaces alone; the code comes from the artifacts.
abstract contract Base is Test {
    uint32 internal constant DELIVERY_PERIOD = 1 days;
    uint32 internal constant COMPLAINT_PERIOD = 3 days;
    uint32 internal constant FEEDBACK_PERIOD = 14 days;

    uint96 internal constant PRICE = 0.01 ether;
    uint32 internal constant STOCK = 1_000_000;
    uint16 internal constant REWARD_BPS = 2_000;
    uint256 internal constant REWARD = 0.002 ether;

    bytes32 internal constant CONTENT_ROOT = keccak256("content root");
    bytes32 internal constant CIPHERTEXT_ROOT = keccak256("ciphertext root");
    bytes32 internal constant KEY = keccak256("key");
    bytes32 internal constant ONE_TIME_KEY = keccak256("one-time key");
    bytes32 internal constant NONCE = keccak256("nonce");
    bytes32 internal constant NOTE = keccak256("note");

    IConsortium internal consortium;
    ICTIOperator internal operator;
    ICTIToken internal token;
    /// The same contracts, by the standard that they follow.
    IERC1155 internal tickets;
    IERC1155Receiver internal receiver;

    address internal governor = _actor("governor");
    address internal stranger = _actor("stranger");

    uint32 internal kumo;
    address internal producer = _actor("producer of Kumo");
    address internal colleague = _actor("consumer of Kumo");
    address internal solver = _actor("solver of Kumo");

    uint32 internal nami;
    address internal rival = _actor("producer of Nami");
    address internal peer = _actor("consumer of Nami");
    address internal otherSolver = _actor("solver of Nami");

    uint32 internal yama;
    address internal consumer = _actor("consumer of Yama");

    mapping(address account => uint256) internal _keyOf;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        consortium = IConsortium(deployCode("Consortium.sol:Consortium", abi.encode(governor)));
        operator = _deployOperator();
        token = ICTIToken(operator.token());
        tickets = IERC1155(address(token));
        receiver = IERC1155Receiver(address(operator));

        kumo = _found("Kumo", producer, colleague);
        nami = _found("Nami", rival, peer);
        yama = _found("Yama", consumer);
        vm.startPrank(governor);
        consortium.registerSolver(solver, kumo, "sealing key", "https://solver.kumo.example");
        consortium.registerSolver(otherSolver, nami, "sealing key", "https://solver.nami.example");
        vm.stopPrank();
    }

    /* THE SCENE */

    function _actor(string memory name) internal returns (address actor) {
        uint256 key;
        (actor, key) = makeAddrAndKey(name);
        _keyOf[actor] = key;
        vm.deal(actor, 1_000 ether);
    }

    function _deployOperator() internal returns (ICTIOperator) {
        bytes memory arguments = abi.encode(consortium, DELIVERY_PERIOD, COMPLAINT_PERIOD, FEEDBACK_PERIOD);
        return ICTIOperator(deployCode("CTIOperator.sol:CTIOperator", arguments));
    }

    function _found(string memory name, address first) internal returns (uint32 organisation) {
        vm.prank(governor);
        organisation = consortium.addOrganisation(name);
        enrol(first, organisation);
    }

    function _found(string memory name, address first, address second)
        internal
        returns (uint32 organisation)
    {
        organisation = _found(name, first);
        enrol(second, organisation);
    }

    function enrol(address account, uint32 organisation) internal {
        vm.prank(governor);
        consortium.enrol(account, organisation, "threat intelligence");
    }

    function suspend(address account) internal {
        vm.prank(governor);
        consortium.setAccountSuspended(account, true);
    }

    /// @dev Gives an account code, as EIP-7702 does: it keeps its key.
    function delegate(address account, address implementation) internal {
        vm.etch(account, implementation.code);
    }

    /* PRODUCTS AND TICKETS */

    function listing() internal view returns (ICTIToken.Listing memory) {
        return ICTIToken.Listing({
            contentRoot: CONTENT_ROOT,
            length: 43_000,
            price: PRICE,
            stock: STOCK,
            rewardBps: REWARD_BPS,
            solver: solver,
            noteKey: "note key",
            uuid: "misp uuid",
            context: ICTIToken.Context({
                validFrom: uint40(block.timestamp - 1 days),
                validUntil: uint40(block.timestamp + 365 days),
                level: ICTIToken.Level.Intelligence,
                tlp: ICTIToken.Tlp.Amber,
                pap: ICTIToken.Pap.Green,
                commercialUse: ICTIToken.CommercialUse.Forbidden,
                audience: 3,
                directions: 1,
                controlPoints: 5,
                actions: 9,
                category: 2
            }),
            title: "Beacons of the Kagerou campaign",
            description: "Command and control over HTTPS, seen at two members since May"
        });
    }

    function listing(uint96 price, uint16 rewardBps) internal view returns (ICTIToken.Listing memory offer) {
        offer = listing();
        offer.price = price;
        offer.rewardBps = rewardBps;
    }

    function publish() internal returns (uint256 product) {
        return publish(producer, listing());
    }

    function publish(address by, ICTIToken.Listing memory offer) internal returns (uint256 product) {
        vm.prank(by);
        return token.publish(offer);
    }

    function withdraw(uint256 product) internal {
        vm.prank(producer);
        token.withdraw(product);
    }

    function buy(address by, uint256 product, uint32 quantity) internal {
        uint256 due = uint256(token.productOf(product).price) * quantity;
        vm.deal(by, by.balance + due);
        vm.prank(by);
        token.buy{ value: due }(product, quantity, block.timestamp);
    }

    function refund(address by, uint256 product, uint32 quantity) internal {
        vm.prank(by);
        token.refund(product, quantity);
    }

    function send(address from, address to, uint256 product, uint256 value, bytes memory data) internal {
        vm.prank(from);
        tickets.safeTransferFrom(from, to, product, value, data);
    }

    function sendBatch(address from, address to, uint256[] memory products, uint256[] memory values)
        internal
    {
        vm.prank(from);
        tickets.safeBatchTransferFrom(from, to, products, values, requestData());
    }

    function ticketsOf(address account, uint256 product) internal view returns (uint256) {
        return tickets.balanceOf(account, product);
    }

    /* TASKS */

    function requestData() internal pure returns (bytes memory) {
        return abi.encode(ONE_TIME_KEY, NONCE);
    }

    function redeem(address by, uint256 product) internal returns (uint256 task) {
        send(by, address(operator), product, 1, requestData());
        return operator.taskCount();
    }

    /// @dev From nothing to an open task.
    function request() internal returns (uint256 task) {
        return request(consumer, publish());
    }

    function request(address by, uint256 product) internal returns (uint256 task) {
        buy(by, product, 1);
        return redeem(by, product);
    }

    function acknowledge(uint256 task) internal {
        acknowledge(task, CIPHERTEXT_ROOT, KEY);
    }

    function acknowledge(uint256 task, bytes32 ciphertextRoot, bytes32 key) internal {
        vm.prank(operator.taskOf(task).consumer);
        operator.acknowledge(task, ciphertextRoot, hashOf(key));
    }

    function decline(uint256 task) internal {
        vm.prank(solver);
        operator.decline(task, ICTIOperator.DeclineReason.AssetMissing);
    }

    /// @dev From nothing to a delivered task.
    function requestAndDeliver() internal returns (uint256 task) {
        task = request();
        deliver(task);
    }

    function requestAndDeliver(address by, uint256 product) internal returns (uint256 task) {
        task = request(by, product);
        deliver(task);
    }

    function deliver(uint256 task) internal {
        assertEq(deliver(solver, only(signed(task))), 1, "delivered");
    }

    function deliver(address by, ICTIOperator.Delivery[] memory deliveries)
        internal
        returns (uint256 delivered)
    {
        vm.prank(by);
        return operator.deliver(deliveries);
    }

    function only(ICTIOperator.Delivery memory delivery)
        internal
        pure
        returns (ICTIOperator.Delivery[] memory deliveries)
    {
        deliveries = new ICTIOperator.Delivery[](1);
        deliveries[0] = delivery;
    }

    function only(uint256 value) internal pure returns (uint256[] memory values) {
        values = new uint256[](1);
        values[0] = value;
    }

    function signed(uint256 task) internal view returns (ICTIOperator.Delivery memory) {
        return signed(task, CIPHERTEXT_ROOT, KEY);
    }

    function signed(uint256 task, bytes32 ciphertextRoot, bytes32 key)
        internal
        view
        returns (ICTIOperator.Delivery memory)
    {
        bytes32 receipt = operator.receiptHash(task, ciphertextRoot, hashOf(key));
        (bytes32 r, bytes32 vs) = sign(operator.taskOf(task).consumer, receipt);
        return ICTIOperator.Delivery(task, ciphertextRoot, key, r, vs);
    }

    function acknowledged(uint256 task) internal pure returns (ICTIOperator.Delivery memory) {
        return ICTIOperator.Delivery(task, CIPHERTEXT_ROOT, KEY, 0, 0);
    }

    function sign(address account, bytes32 digest) internal view returns (bytes32 r, bytes32 vs) {
        return vm.signCompact(_keyOf[account], digest);
    }

    function hashOf(bytes32 key) internal pure returns (bytes32) {
        return keccak256(abi.encode(key));
    }

    function settle(uint256 task) internal returns (bool) {
        return operator.settle(only(task)) == 1;
    }

    /* DIALOGUE */

    function feedback() internal pure returns (ICTIOperator.Feedback memory) {
        return
            ICTIOperator.Feedback({ actions: 9, outcome: ICTIOperator.Outcome.TruePositive, usefulness: 5 });
    }

    function giveFeedback(uint256 task) internal {
        vm.prank(operator.taskOf(task).consumer);
        operator.giveFeedback(task, feedback(), NOTE);
    }

    function answer(uint256 task) internal {
        address by = token.producerOf(operator.taskOf(task).product);
        vm.prank(by);
        operator.answerFeedback(task, ICTIOperator.Response.Acknowledged, NOTE);
    }

    /* WHAT HOLDS */

    function stateOf(uint256 task) internal view returns (ICTIOperator.State) {
        return operator.taskOf(task).state;
    }

    function assertState(uint256 task, ICTIOperator.State expected) internal view {
        assertEq(uint256(stateOf(task)), uint256(expected), "state");
    }

    function expectWrongState(uint256 task) internal {
        vm.expectRevert(abi.encodeWithSelector(ICTIOperator.WrongState.selector, task, stateOf(task)));
    }
}
