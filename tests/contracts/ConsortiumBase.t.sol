// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IAccessControl } from "@openzeppelin/contracts/access/IAccessControl.sol";

import { IConsortium } from "../../contracts/interfaces/IConsortium.sol";
import { Base } from "./Base.t.sol";

abstract contract ConsortiumBase is Base {
    function expectNotGovernor(address caller) internal {
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessControl.AccessControlUnauthorizedAccount.selector, caller, bytes32(0)
            )
        );
    }

    function expectUnknownOrganisation(uint32 organisation) internal {
        vm.expectRevert(abi.encodeWithSelector(IConsortium.UnknownOrganisation.selector, organisation));
    }

    function expectUnknownAccount(address account) internal {
        vm.expectRevert(abi.encodeWithSelector(IConsortium.UnknownAccount.selector, account));
    }

    function expectUnknownSolver(address account) internal {
        vm.expectRevert(abi.encodeWithSelector(IConsortium.UnknownSolver.selector, account));
    }

    function expectTextLength(uint256 length) internal {
        vm.expectRevert(abi.encodeWithSelector(IConsortium.TextLength.selector, length));
    }

    /// @dev A number that no organisation has.
    function unknown(uint32 organisation) internal view returns (uint32) {
        uint32 last = consortium.organisationCount();
        return organisation > last ? organisation : 0;
    }

    function text(uint256 length) internal pure returns (string memory) {
        return string(new bytes(length));
    }
}
