// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title The members of the consortium
/// @notice Organisations, their accounts with team labels, and the solvers that deliver for them. The governor, who
/// holds `DEFAULT_ADMIN_ROLE`, admits and suspends; a suspended member can begin nothing new, but always leave with
/// what is its own.
interface IConsortium {
    struct Organisation {
        string name;
        bool suspended;
    }

    struct Account {
        /// Counted from 1; 0 where the account was never enrolled.
        uint24 number;
        /// Counted from 1.
        uint32 organisation;
        bool suspended;
        /// UTF-8, padded with zero bytes.
        bytes32 team;
    }

    struct Solver {
        /// The organisation that runs it; 0 where the solver was never registered.
        uint32 organisation;
        bool suspended;
        /// X25519 public key, to which producers seal their assets.
        bytes32 sealingKey;
        /// Base URL of its HTTP interface.
        string endpoint;
    }

    event OrganisationAdded(uint32 indexed organisation, string name);
    event OrganisationSuspensionSet(uint32 indexed organisation, bool suspended);
    event AccountEnrolled(address indexed account, uint32 indexed organisation, uint24 number, bytes32 team);
    event AccountSuspensionSet(address indexed account, bool suspended);
    event TeamAssigned(address indexed account, bytes32 team);
    event SolverRegistered(
        address indexed solver, uint32 indexed organisation, bytes32 sealingKey, string endpoint
    );
    event SolverUpdated(address indexed solver, bytes32 sealingKey, string endpoint);
    event SolverSuspensionSet(address indexed solver, bool suspended);

    /// @notice Thrown when an organisation of this number was never added.
    error UnknownOrganisation(uint32 organisation);

    /// @notice Thrown when the account was never enrolled.
    error UnknownAccount(address account);

    /// @notice Thrown when the solver was never registered.
    error UnknownSolver(address solver);

    /// @notice Thrown when the account is enrolled already: it stays with its organisation for good, so that past
    /// figures stay attributed.
    error AlreadyEnrolled(address account);

    /// @notice Thrown when the solver is registered already.
    error AlreadyRegistered(address solver);

    /// @notice Thrown when a name or endpoint has no byte, or more than `MAX_TEXT_BYTES`.
    error TextLength(uint256 length);

    /// @notice Thrown when somebody else than the governor or the solver itself would change a solver.
    error NotSolverNorGovernor(address caller);

    /// @notice The longest name and endpoint, in bytes.
    function MAX_TEXT_BYTES() external view returns (uint256);

    function addOrganisation(string calldata name) external returns (uint32 organisation);

    function setOrganisationSuspended(uint32 organisation, bool suspended) external;

    /// @notice Admits an account and gives it the next number, which every product of it will carry.
    function enrol(address account, uint32 organisation, bytes32 team) external;

    function setAccountSuspended(address account, bool suspended) external;

    function assignTeam(address account, bytes32 team) external;

    function registerSolver(address solver, uint32 organisation, bytes32 sealingKey, string calldata endpoint)
        external;

    /// @notice A new endpoint or sealing key, set by the solver itself or by the governor.
    function updateSolver(address solver, bytes32 sealingKey, string calldata endpoint) external;

    function setSolverSuspended(address solver, bool suspended) external;

    /// @notice The account's number where it is enrolled, and neither it nor its organisation is suspended; else 0.
    function memberOf(address account) external view returns (uint24 number);

    /// @notice Whether the solver is registered, and neither it nor its organisation is suspended.
    function isSolver(address solver) external view returns (bool);

    function organisationCount() external view returns (uint32);

    function organisationOf(uint32 organisation) external view returns (Organisation memory);

    function accountCount() external view returns (uint24);

    function accountOf(address account) external view returns (Account memory);

    /// @notice The account of a number, suspended or not.
    function accountNumbered(uint24 number) external view returns (address);

    function solverOf(address solver) external view returns (Solver memory);
}
