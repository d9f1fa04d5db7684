// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IConsortium } from "../../contracts/interfaces/IConsortium.sol";
import { ConsortiumBase } from "./ConsortiumBase.t.sol";

contract ConsortiumSetSolverSuspendedTest is ConsortiumBase {
    function testFuzz_RevertWhen_CallerIsNotGovernor(address caller) public {
        vm.assume(caller != governor);

        expectNotGovernor(caller);
        vm.prank(caller);
        consortium.setSolverSuspended(solver, true);
    }

    function testFuzz_RevertWhen_SolverIsUnknown(address account) public {
        vm.assume(consortium.solverOf(account).organisation == 0);

        expectUnknownSolver(account);
        vm.prank(governor);
        consortium.setSolverSuspended(account, true);
    }

    function testFuzz_SetsTheSuspension(bool suspended) public {
        vm.expectEmit(address(consortium));
        emit IConsortium.SolverSuspensionSet(solver, suspended);
        vm.prank(governor);
        consortium.setSolverSuspended(solver, suspended);

        assertEq(consortium.solverOf(solver).suspended, suspended);
        assertEq(consortium.isSolver(solver), !suspended);
        assertTrue(consortium.isSolver(otherSolver));
    }
}
