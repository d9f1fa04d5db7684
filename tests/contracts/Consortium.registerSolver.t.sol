// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IConsortium } from "../../contracts/interfaces/IConsortium.sol";
import { ConsortiumBase } from "./ConsortiumBase.t.sol";

contract ConsortiumRegisterSolverTest is ConsortiumBase {
    string internal constant ENDPOINT = "https://solver.yama.example";

    function register(address account, uint32 organisation, string memory endpoint) internal {
        vm.prank(governor);
        consortium.registerSolver(account, organisation, "sealing key", endpoint);
    }

    function testFuzz_RevertWhen_CallerIsNotGovernor(address caller) public {
        vm.assume(caller != governor);

        expectNotGovernor(caller);
        vm.prank(caller);
        consortium.registerSolver(stranger, yama, "sealing key", ENDPOINT);
    }

    function testFuzz_RevertWhen_OrganisationIsUnknown(uint32 organisation) public {
        organisation = unknown(organisation);

        expectUnknownOrganisation(organisation);
        register(stranger, organisation, ENDPOINT);
    }

    function testFuzz_RevertWhen_EndpointIsTooLong(uint256 length) public {
        length = bound(length, consortium.MAX_TEXT_BYTES() + 1, 5_000);

        expectTextLength(length);
        register(stranger, yama, text(length));
    }

    function test_RevertWhen_EndpointIsEmpty() public {
        expectTextLength(0);
        register(stranger, yama, "");
    }

    function test_RevertWhen_SolverIsRegistered() public {
        vm.expectRevert(abi.encodeWithSelector(IConsortium.AlreadyRegistered.selector, solver));
        register(solver, yama, ENDPOINT);
    }

    function testFuzz_RegistersASolver(address account, bytes32 sealingKey) public {
        vm.assume(consortium.solverOf(account).organisation == 0);
        assertFalse(consortium.isSolver(account));

        vm.expectEmit(address(consortium));
        emit IConsortium.SolverRegistered(account, yama, sealingKey, ENDPOINT);
        vm.prank(governor);
        consortium.registerSolver(account, yama, sealingKey, ENDPOINT);

        IConsortium.Solver memory registered = consortium.solverOf(account);
        assertEq(registered.organisation, yama);
        assertEq(registered.sealingKey, sealingKey);
        assertEq(registered.endpoint, ENDPOINT);
        assertFalse(registered.suspended);
        assertTrue(consortium.isSolver(account));
    }
}
