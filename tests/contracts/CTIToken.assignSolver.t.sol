// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICTIToken } from "../../contracts/interfaces/ICTIToken.sol";
import { TokenBase } from "./TokenBase.t.sol";

contract CTITokenAssignSolverTest is TokenBase {
    function assign(address by, uint256 product, address account) internal {
        vm.prank(by);
        token.assignSolver(product, account);
    }

    function testFuzz_RevertWhen_CallerIsNotItsProducer(address caller) public {
        vm.assume(caller != producer);
        uint256 product = publish();

        expectNotProducer(product, caller);
        assign(caller, product, otherSolver);
    }

    function test_RevertWhen_ProductWasNeverPublished() public {
        uint256 product = unpublished();

        expectNotOnSale(product);
        assign(producer, product, otherSolver);
    }

    function testFuzz_RevertWhen_SolverIsNotRegistered(address account) public {
        vm.assume(!consortium.isSolver(account));
        uint256 product = publish();

        expectNotSolver(account);
        assign(producer, product, account);
    }

    function testFuzz_AssignsAnotherSolver(bool withdrawn) public {
        uint256 product = publish();
        if (withdrawn) withdraw(product);

        vm.expectEmit(address(token));
        emit ICTIToken.SolverAssigned(product, otherSolver);
        assign(producer, product, otherSolver);

        assertEq(token.productOf(product).solver, otherSolver);
    }

    function test_HandsOpenTasksOver() public {
        uint256 product = publish();
        uint256 task = request(consumer, product);
        assign(producer, product, otherSolver);

        assertEq(deliver(solver, only(signed(task))), 0);
        assertEq(deliver(otherSolver, only(signed(task))), 1);
    }
}
