// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IConsortium } from "../../contracts/interfaces/IConsortium.sol";
import { ConsortiumBase } from "./ConsortiumBase.t.sol";

contract ConsortiumEnrolTest is ConsortiumBase {
    function testFuzz_RevertWhen_CallerIsNotGovernor(address caller) public {
        vm.assume(caller != governor);

        expectNotGovernor(caller);
        vm.prank(caller);
        consortium.enrol(stranger, kumo, "SOC");
    }

    function testFuzz_RevertWhen_OrganisationIsUnknown(uint32 organisation) public {
        organisation = unknown(organisation);

        expectUnknownOrganisation(organisation);
        vm.prank(governor);
        consortium.enrol(stranger, organisation, "SOC");
    }

    /// Not even for another organisation: past figures stay attributed.
    function test_RevertWhen_AccountIsEnrolled() public {
        vm.expectRevert(abi.encodeWithSelector(IConsortium.AlreadyEnrolled.selector, consumer));
        vm.prank(governor);
        consortium.enrol(consumer, kumo, "SOC");
    }

    function testFuzz_EnrolsAnAccount(address account, bytes32 team) public {
        vm.assume(consortium.accountOf(account).number == 0);
        uint24 next = consortium.accountCount() + 1;

        vm.expectEmit(address(consortium));
        emit IConsortium.AccountEnrolled(account, nami, next, team);
        vm.prank(governor);
        consortium.enrol(account, nami, team);

        IConsortium.Account memory enrolled = consortium.accountOf(account);
        assertEq(enrolled.number, next);
        assertEq(enrolled.organisation, nami);
        assertEq(enrolled.team, team);
        assertFalse(enrolled.suspended);
        assertEq(consortium.accountCount(), next);
        assertEq(consortium.accountNumbered(next), account);
        assertEq(consortium.memberOf(account), next);
    }
}
