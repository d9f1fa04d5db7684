// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IConsortium } from "../../contracts/interfaces/IConsortium.sol";
import { ConsortiumBase } from "./ConsortiumBase.t.sol";

contract ConsortiumAssignTeamTest is ConsortiumBase {
    function testFuzz_RevertWhen_CallerIsNotGovernor(address caller) public {
        vm.assume(caller != governor);

        expectNotGovernor(caller);
        vm.prank(caller);
        consortium.assignTeam(consumer, "SOC");
    }

    function testFuzz_RevertWhen_AccountIsUnknown(address account) public {
        vm.assume(consortium.accountOf(account).number == 0);

        expectUnknownAccount(account);
        vm.prank(governor);
        consortium.assignTeam(account, "SOC");
    }

    function testFuzz_AssignsTheTeam(bytes32 team) public {
        vm.expectEmit(address(consortium));
        emit IConsortium.TeamAssigned(consumer, team);
        vm.prank(governor);
        consortium.assignTeam(consumer, team);

        assertEq(consortium.accountOf(consumer).team, team);
    }
}
