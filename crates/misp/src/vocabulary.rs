//! The words of the public listing. Their order is the order of the contracts: append, never insert.

use crate::words::{Flag, words};

words! {
    /// How much a product tells beyond its values.
    #[derive(Default)]
    Level, "level" {
        /// Values only.
        #[default]
        Ioc = "ioc",
        /// Values with the threat that they belong to.
        Information = "information",
        /// Information that people linked: references, reports, notes, opinions, relationships.
        Intelligence = "intelligence",
    }
}

words! {
    /// Who may see it: the Traffic Light Protocol 2.0.
    #[derive(Default)]
    Tlp, "TLP mark" {
        /// Not said.
        #[default]
        Unstated = "unstated",
        /// Everybody; `tlp:white` in version 1.
        Clear = "clear",
        /// The community.
        Green = "green",
        /// The organisation and its clients.
        Amber = "amber",
        /// The organisation.
        AmberStrict = "amber+strict",
        /// The recipients alone.
        Red = "red",
    }
}

words! {
    /// What may be done with it: the Permissible Actions Protocol.
    #[derive(Default)]
    Pap, "PAP mark" {
        /// Not said.
        #[default]
        Unstated = "unstated",
        /// Anything; formerly `PAP:WHITE`.
        Clear = "clear",
        /// Active actions, such as blocking.
        Green = "green",
        /// Passive checks only.
        Amber = "amber",
        /// Nothing that others could detect.
        Red = "red",
    }
}

words! {
    /// Whether it may be used commercially: FIRST's IEP.
    #[derive(Default)]
    CommercialUse, "commercial use" {
        /// Not said.
        #[default]
        Unstated = "unstated",
        /// `MAY`.
        Allowed = "allowed",
        /// `MUST NOT`.
        Forbidden = "forbidden",
    }
}

words! {
    /// For whom it is.
    Audience, "audience" {
        /// Who runs the controls.
        Operator = "operator",
        /// Who studies the threat.
        Analyst = "analyst",
        /// Who decides and pays.
        Executive = "executive",
    }
}

words! {
    /// The direction of the traffic that it describes, seen from the defended network.
    Direction, "direction" {
        /// From inside to the indicator.
        Outbound = "outbound",
        /// From the indicator to inside.
        Inbound = "inbound",
    }
}

words! {
    /// Where it is put to use.
    ControlPoint, "control point" {
        /// The web proxy.
        Proxy = "proxy",
        /// The resolver.
        Dns = "dns",
        /// The firewall.
        Firewall = "firewall",
        /// The web application firewall.
        Waf = "waf",
        /// Network intrusion detection or prevention.
        Ids = "ids",
        /// The host.
        Endpoint = "endpoint",
        /// The mail gateway.
        Mail = "mail",
        /// The central logs.
        Siem = "siem",
    }
}

words! {
    /// What is done with it: expected by the producer, taken by the consumer. No action is the empty set.
    Action, "action" {
        /// Block traffic to it.
        BlockOutbound = "block-outbound",
        /// Block traffic from it.
        BlockInbound = "block-inbound",
        /// Alert on it from now on.
        Detect = "detect",
        /// Search for it in the past.
        Hunt = "hunt",
        /// Close the vulnerability.
        Patch = "patch",
        /// Isolate what is affected.
        Contain = "contain",
        /// Find out what happened.
        Investigate = "investigate",
        /// Tell those concerned.
        Inform = "inform",
        /// Stop or quarantine mail.
        FilterMail = "filter-mail",
        /// Revoke or reset credentials, keys or certificates.
        Revoke = "revoke",
        /// Mislead the adversary: sinkhole, honeypot.
        Deceive = "deceive",
        /// Have the infrastructure taken down.
        TakeDown = "take-down",
    }
}

impl Flag for Audience {}
impl Flag for Direction {}
impl Flag for ControlPoint {}
impl Flag for Action {}
