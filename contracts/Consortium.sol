// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AccessControl } from "@openzeppelin/contracts/access/AccessControl.sol";

import { IConsortium } from "./interfaces/IConsortium.sol";

/// @title The members of the consortium
contract Consortium is IConsortium, AccessControl {
    /// @inheritdoc IConsortium
    uint256 public constant MAX_TEXT_BYTES = 256;

    /// @inheritdoc IConsortium
    uint32 public organisationCount;

    /// @inheritdoc IConsortium
    uint24 public accountCount;

    /// @inheritdoc IConsortium
    mapping(uint24 number => address) public accountNumbered;

    mapping(uint32 organisation => Organisation) private _organisations;
    mapping(address account => Account) private _accounts;
    mapping(address solver => Solver) private _solvers;

    constructor(address governor) {
        _grantRole(DEFAULT_ADMIN_ROLE, governor);
    }

    modifier onlyGovernor() {
        _checkRole(DEFAULT_ADMIN_ROLE);
        _;
    }

    /* ORGANISATIONS */

    /// @inheritdoc IConsortium
    function addOrganisation(string calldata name) external onlyGovernor returns (uint32 organisation) {
        _checkText(name);

        organisation = ++organisationCount;
        _organisations[organisation].name = name;

        emit OrganisationAdded(organisation, name);
    }

    /// @inheritdoc IConsortium
    function setOrganisationSuspended(uint32 organisation, bool suspended) external onlyGovernor {
        _checkOrganisation(organisation);

        _organisations[organisation].suspended = suspended;

        emit OrganisationSuspensionSet(organisation, suspended);
    }

    /// @inheritdoc IConsortium
    function organisationOf(uint32 organisation) external view returns (Organisation memory) {
        return _organisations[organisation];
    }

    /* ACCOUNTS */

    /// @inheritdoc IConsortium
    function enrol(address account, uint32 organisation, bytes32 team) external onlyGovernor {
        _checkOrganisation(organisation);
        require(_accounts[account].number == 0, AlreadyEnrolled(account));

        uint24 number = ++accountCount;
        accountNumbered[number] = account;
        _accounts[account] = Account(number, organisation, false, team);

        emit AccountEnrolled(account, organisation, number, team);
    }

    /// @inheritdoc IConsortium
    function setAccountSuspended(address account, bool suspended) external onlyGovernor {
        _checkAccount(account);

        _accounts[account].suspended = suspended;

        emit AccountSuspensionSet(account, suspended);
    }

    /// @inheritdoc IConsortium
    function assignTeam(address account, bytes32 team) external onlyGovernor {
        _checkAccount(account);

        _accounts[account].team = team;

        emit TeamAssigned(account, team);
    }

    /// @inheritdoc IConsortium
    function accountOf(address account) external view returns (Account memory) {
        return _accounts[account];
    }

    /// @inheritdoc IConsortium
    function memberOf(address account) external view returns (uint24 number) {
        Account storage member = _accounts[account];
        return _isActive(member.organisation, member.suspended) ? member.number : 0;
    }

    /* SOLVERS */

    /// @inheritdoc IConsortium
    function registerSolver(address solver, uint32 organisation, bytes32 sealingKey, string calldata endpoint)
        external
        onlyGovernor
    {
        _checkOrganisation(organisation);
        _checkText(endpoint);
        require(_solvers[solver].organisation == 0, AlreadyRegistered(solver));

        _solvers[solver] = Solver(organisation, false, sealingKey, endpoint);

        emit SolverRegistered(solver, organisation, sealingKey, endpoint);
    }

    /// @inheritdoc IConsortium
    function updateSolver(address solver, bytes32 sealingKey, string calldata endpoint) external {
        require(
            msg.sender == solver || hasRole(DEFAULT_ADMIN_ROLE, msg.sender), NotSolverNorGovernor(msg.sender)
        );
        _checkSolver(solver);
        _checkText(endpoint);

        _solvers[solver].sealingKey = sealingKey;
        _solvers[solver].endpoint = endpoint;

        emit SolverUpdated(solver, sealingKey, endpoint);
    }

    /// @inheritdoc IConsortium
    function setSolverSuspended(address solver, bool suspended) external onlyGovernor {
        _checkSolver(solver);

        _solvers[solver].suspended = suspended;

        emit SolverSuspensionSet(solver, suspended);
    }

    /// @inheritdoc IConsortium
    function solverOf(address solver) external view returns (Solver memory) {
        return _solvers[solver];
    }

    /// @inheritdoc IConsortium
    function isSolver(address solver) external view returns (bool) {
        Solver storage registered = _solvers[solver];
        return _isActive(registered.organisation, registered.suspended);
    }

    /* CHECKS */

    function _isActive(uint32 organisation, bool suspended) private view returns (bool) {
        return organisation != 0 && !suspended && !_organisations[organisation].suspended;
    }

    function _checkOrganisation(uint32 organisation) private view {
        require(organisation != 0 && organisation <= organisationCount, UnknownOrganisation(organisation));
    }

    function _checkAccount(address account) private view {
        require(_accounts[account].number != 0, UnknownAccount(account));
    }

    function _checkSolver(address solver) private view {
        require(_solvers[solver].organisation != 0, UnknownSolver(solver));
    }

    function _checkText(string calldata text) private pure {
        uint256 length = bytes(text).length;
        require(length != 0 && length <= MAX_TEXT_BYTES, TextLength(length));
    }
}
