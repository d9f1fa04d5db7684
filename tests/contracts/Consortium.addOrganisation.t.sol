// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IConsortium } from "../../contracts/interfaces/IConsortium.sol";
import { ConsortiumBase } from "./ConsortiumBase.t.sol";

contract ConsortiumAddOrganisationTest is ConsortiumBase {
    function testFuzz_RevertWhen_CallerIsNotGovernor(address caller) public {
        vm.assume(caller != governor);

        expectNotGovernor(caller);
        vm.prank(caller);
        consortium.addOrganisation("Sora");
    }

    function test_RevertWhen_NameIsEmpty() public {
        expectTextLength(0);
        vm.prank(governor);
        consortium.addOrganisation("");
    }

    function testFuzz_RevertWhen_NameIsTooLong(uint256 length) public {
        length = bound(length, consortium.MAX_TEXT_BYTES() + 1, 5_000);

        expectTextLength(length);
        vm.prank(governor);
        consortium.addOrganisation(text(length));
    }

    function testFuzz_AddsAnOrganisation(uint256 length) public {
        string memory name = text(bound(length, 1, consortium.MAX_TEXT_BYTES()));
        uint32 next = consortium.organisationCount() + 1;

        vm.expectEmit(address(consortium));
        emit IConsortium.OrganisationAdded(next, name);
        vm.prank(governor);
        uint32 organisation = consortium.addOrganisation(name);

        assertEq(organisation, next);
        assertEq(consortium.organisationCount(), next);
        assertEq(consortium.organisationOf(next).name, name);
        assertFalse(consortium.organisationOf(next).suspended);
    }
}
