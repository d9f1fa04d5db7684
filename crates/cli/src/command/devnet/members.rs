//! Who takes part in the development network.

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Governor,
    Producer,
    Consumer,
    /// Of no organisation: what it tries is refused.
    Stranger,
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Governor => "governor",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
            Self::Stranger => "stranger",
        }
    }
}

/// An account, and the team of an organisation that has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) role: Role,
    /// And the team in it; the governor and the stranger are of none.
    pub(super) organisation: Option<(&'static str, &'static str)>,
}

/// The organisation that runs the solver.
pub(super) const SOLVER_ORGANISATION: &str = "Consortium Office";

const fn member(
    name: &'static str,
    role: Role,
    organisation: &'static str,
    team: &'static str,
) -> Member {
    Member {
        name,
        role,
        organisation: Some((organisation, team)),
    }
}

const fn outsider(name: &'static str, role: Role) -> Member {
    Member {
        name,
        role,
        organisation: None,
    }
}

/// All accounts, the governor first.
pub(super) const MEMBERS: [Member; 7] = [
    outsider("governor", Role::Governor),
    member(
        "hinode",
        Role::Producer,
        "Hinode CERT",
        "threat-intelligence",
    ),
    member("minato", Role::Producer, "Minato ISAC", "malware-analysis"),
    member(
        "kitakaze",
        Role::Consumer,
        "Kitakaze Energy",
        "security-operations",
    ),
    member("tsubame", Role::Consumer, "Tsubame Bank", "csirt"),
    member(
        "asagiri",
        Role::Consumer,
        "Asagiri Hospitals",
        "network-defence",
    ),
    outsider("stranger", Role::Stranger),
];
