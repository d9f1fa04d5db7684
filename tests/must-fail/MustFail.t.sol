// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The proof that a failing test fails the run
/// @dev `FOUNDRY_PROFILE=must-fail forge test` has to exit with 1.
contract MustFailTest {
    error AsItShould();

    function test_Fails() public pure {
        revert AsItShould();
    }
}
