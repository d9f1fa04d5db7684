// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IConsortium } from "../../contracts/interfaces/IConsortium.sol";
import { ConsortiumBase } from "./ConsortiumBase.t.sol";

contract ConsortiumUpdateSolverTest is ConsortiumBase {
    string internal constant ENDPOINT = "https://next.kumo.example";

    function testFuzz_RevertWhen_CallerIsNeitherSolverNorGovernor(address caller) public {
        vm.assume(caller != governor && caller != solver);

        vm.expectRevert(abi.encodeWithSelector(IConsortium.NotSolverNorGovernor.selector, caller));
        vm.prank(caller);
        consortium.updateSolver(solver, "next key", ENDPOINT);
    }

    function testFuzz_RevertWhen_SolverIsUnknown(address account) public {
        vm.assume(consortium.solverOf(account).organisation == 0);

        expectUnknownSolver(account);
        vm.prank(governor);
        consortium.updateSolver(account, "next key", ENDPOINT);
    }

    function test_RevertWhen_EndpointIsEmpty() public {
        expectTextLength(0);
        vm.prank(solver);
        consortium.updateSolver(solver, "next key", "");
    }

    function testFuzz_RevertWhen_EndpointIsTooLong(uint256 length) public {
        length = bound(length, consortium.MAX_TEXT_BYTES() + 1, 5_000);

        expectTextLength(length);
        vm.prank(solver);
        consortium.updateSolver(solver, "next key", text(length));
    }

    function testFuzz_UpdatesTheSolver(bytes32 sealingKey, bool byGovernor) public {
        vm.expectEmit(address(consortium));
        emit IConsortium.SolverUpdated(solver, sealingKey, ENDPOINT);
        vm.prank(byGovernor ? governor : solver);
        consortium.updateSolver(solver, sealingKey, ENDPOINT);

        IConsortium.Solver memory updated = consortium.solverOf(solver);
        assertEq(updated.sealingKey, sealingKey);
        assertEq(updated.endpoint, ENDPOINT);
        assertEq(updated.organisation, kumo);
    }

    function test_LeavesASuspendedSolverSuspended() public {
        vm.prank(governor);
        consortium.setSolverSuspended(solver, true);

        vm.prank(solver);
        consortium.updateSolver(solver, "next key", ENDPOINT);

        assertFalse(consortium.isSolver(solver));
    }
}
