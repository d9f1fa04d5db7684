// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { TokenBase } from "./TokenBase.t.sol";

contract CTITokenViewsTest is TokenBase {
    function test_KnowsItsConsortiumAndOperator() public view {
        assertEq(token.consortium(), address(consortium));
        assertEq(token.operator(), address(operator));
        assertEq(operator.token(), address(token));
    }

    function testFuzz_KnowsNothingOfWhatWasNeverPublished(uint256 product) public view {
        assertEq(token.productOf(product).contentRoot, 0);
        assertEq(token.productOf(product).stock, 0);
    }

    function testFuzz_NamesNobodyForANumberThatNobodyHas(uint24 number, uint24 sequence) public view {
        number = uint24(bound(number, consortium.accountCount() + 1, type(uint24).max));

        assertEq(token.producerOf(uint256(number) << 24 | sequence), address(0));
    }

    function testFuzz_NamesTheProducerOfAllItsIds(uint24 sequence) public view {
        assertEq(token.producerOf(idOf(rival, sequence)), rival);
    }

    function testFuzz_CountsNothingOfAStranger(address account) public {
        vm.assume(consortium.memberOf(account) == 0);
        publish();

        (uint32 published, uint64 sold, uint64 bought) = token.tradeOf(account);

        assertEq(published + sold + bought, 0);
    }
}
