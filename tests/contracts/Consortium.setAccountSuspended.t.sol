// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IConsortium } from "../../contracts/interfaces/IConsortium.sol";
import { ConsortiumBase } from "./ConsortiumBase.t.sol";

contract ConsortiumSetAccountSuspendedTest is ConsortiumBase {
    function testFuzz_RevertWhen_CallerIsNotGovernor(address caller) public {
        vm.assume(caller != governor);

        expectNotGovernor(caller);
        vm.prank(caller);
        consortium.setAccountSuspended(consumer, true);
    }

    function testFuzz_RevertWhen_AccountIsUnknown(address account) public {
        vm.assume(consortium.accountOf(account).number == 0);

        expectUnknownAccount(account);
        vm.prank(governor);
        consortium.setAccountSuspended(account, true);
    }

    function testFuzz_SetsTheSuspension(bool suspended) public {
        vm.expectEmit(address(consortium));
        emit IConsortium.AccountSuspensionSet(producer, suspended);
        vm.prank(governor);
        consortium.setAccountSuspended(producer, suspended);

        assertEq(consortium.accountOf(producer).suspended, suspended);
        assertEq(consortium.memberOf(producer) == 0, suspended);
        assertNotEq(consortium.memberOf(colleague), 0);
    }

    function test_KeepsTheNumberOfASuspendedAccount() public {
        uint24 number = consortium.memberOf(producer);
        suspend(producer);

        assertEq(consortium.accountOf(producer).number, number);
        assertEq(consortium.accountNumbered(number), producer);
    }
}
