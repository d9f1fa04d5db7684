// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IConsortium } from "../../contracts/interfaces/IConsortium.sol";
import { ConsortiumBase } from "./ConsortiumBase.t.sol";

contract ConsortiumSetOrganisationSuspendedTest is ConsortiumBase {
    function testFuzz_RevertWhen_CallerIsNotGovernor(address caller) public {
        vm.assume(caller != governor);

        expectNotGovernor(caller);
        vm.prank(caller);
        consortium.setOrganisationSuspended(kumo, true);
    }

    function testFuzz_RevertWhen_OrganisationIsUnknown(uint32 organisation) public {
        organisation = unknown(organisation);

        expectUnknownOrganisation(organisation);
        vm.prank(governor);
        consortium.setOrganisationSuspended(organisation, true);
    }

    function testFuzz_SetsTheSuspension(bool suspended) public {
        vm.expectEmit(address(consortium));
        emit IConsortium.OrganisationSuspensionSet(kumo, suspended);
        vm.prank(governor);
        consortium.setOrganisationSuspended(kumo, suspended);

        assertEq(consortium.organisationOf(kumo).suspended, suspended);
        assertEq(consortium.memberOf(producer) == 0, suspended);
        assertEq(consortium.memberOf(colleague) == 0, suspended);
        assertEq(consortium.isSolver(solver), !suspended);
    }

    function test_LeavesOtherOrganisationsAsTheyAre() public {
        vm.prank(governor);
        consortium.setOrganisationSuspended(kumo, true);

        assertNotEq(consortium.memberOf(rival), 0);
        assertTrue(consortium.isSolver(otherSolver));
    }
}
