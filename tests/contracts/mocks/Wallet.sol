// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A contract wallet, which meets a ticket or a payment as it was told to
contract Wallet {
    enum Manner {
        Accepts,
        Refuses,
        Reenters,
        BurnsGas
    }

    Manner public manner;

    /// What it calls when it reenters, and whether the last such call went through.
    address public target;
    bytes public message;
    bool public reentered;

    receive() external payable {
        _behave();
    }

    function behave(Manner manner_) external {
        manner = manner_;
    }

    function reenter(address target_, bytes calldata message_) external {
        manner = Manner.Reenters;
        target = target_;
        message = message_;
        reentered = false;
    }

    function onERC1155Received(address, address, uint256, uint256, bytes calldata) external returns (bytes4) {
        _behave();
        return this.onERC1155Received.selector;
    }

    function onERC1155BatchReceived(address, address, uint256[] calldata, uint256[] calldata, bytes calldata)
        external
        returns (bytes4)
    {
        _behave();
        return this.onERC1155BatchReceived.selector;
    }

    function _behave() private {
        require(manner != Manner.Refuses);
        while (manner == Manner.BurnsGas) { }
        if (manner == Manner.Reenters) _reenter();
    }

    /// @dev Once: what it calls may come back here.
    function _reenter() private {
        manner = Manner.Accepts;
        (reentered,) = target.call(message);
    }
}
