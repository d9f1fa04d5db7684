//! The genesis by itself.

use alloy::primitives::{Address, Bytes};
use serde_json::{Map, Value, json};

use super::super::genesis::{CONTRACT_SIZE_LIMIT, FILE, MIX_HASH, sorted, validators_of};
use super::Examination;

/// Gas that a block must have for the largest batches and deployments.
const LEAST_GAS: u64 = 10_000_000;

/// What the other files are compared with.
pub(super) struct Genesis {
    pub(super) chain_id: Option<u64>,
    pub(super) block_time: Option<u64>,
    pub(super) gas_limit: Option<u64>,
    pub(super) validators: Vec<Address>,
}

impl Examination {
    pub(super) fn genesis(&mut self) -> Genesis {
        let json = self.json(FILE).unwrap_or_default();
        let nothing = Map::new();
        let root = json.as_object().unwrap_or(&nothing);
        let config = object(root, "config").unwrap_or(&nothing);
        self.rules(root, config);
        self.contract_size(root, config);
        self.accounts(root);
        Genesis {
            chain_id: self.chain_id(config),
            block_time: self.consensus(config),
            gas_limit: self.gas_limit(root),
            validators: self.extra_data(root),
        }
    }

    fn rules(&mut self, root: &Map<String, Value>, config: &Map<String, Value>) {
        let cancun = "the contracts need Cancun from the first block";
        let free = "accounts without money could not send";
        let besu = "Besu's QBFT starts with nothing else";
        let rules = [
            (config, "berlinBlock", json!(0), cancun),
            (config, "londonBlock", json!(0), cancun),
            (config, "shanghaiTime", json!(0), cancun),
            (config, "cancunTime", json!(0), cancun),
            (config, "zeroBaseFee", json!(true), free),
            (root, "baseFeePerGas", json!("0x0"), free),
            (root, "difficulty", json!("0x1"), besu),
            (root, "mixHash", json!(MIX_HASH), besu),
        ];
        for (object, name, expected, why) in rules {
            let found = value(object, name);
            if !found.is_some_and(|found| same(found, &expected)) {
                let found = shown(found);
                self.wrong(
                    FILE,
                    format!("{name} is {found} instead of {expected}: {why}"),
                );
            }
        }
    }

    fn chain_id(&mut self, config: &Map<String, Value>) -> Option<u64> {
        let chain_id = value(config, "chainId");
        let number = chain_id.and_then(number).filter(|id| *id > 0);
        if number.is_none() {
            self.wrong(FILE, format!("chainId is {}", shown(chain_id)));
        }
        number
    }

    /// Looks at the engine; returns the seconds from block to block.
    fn consensus(&mut self, config: &Map<String, Value>) -> Option<u64> {
        for other in ["ibft2", "clique", "ethash", "terminalTotalDifficulty"] {
            if value(config, other).is_some() {
                self.wrong(FILE, format!("has {other} beside qbft"));
            }
        }
        let Some(qbft) = object(config, "qbft") else {
            self.wrong(FILE, "has no qbft");
            return None;
        };
        for (name, why) in [
            (
                "xemptyblockperiodseconds",
                "is not known to Besu since 26.8.1",
            ),
            ("xblockperiodmilliseconds", "is for tests of Besu alone"),
        ] {
            if value(qbft, name).is_some() {
                self.wrong(FILE, format!("{name} {why}"));
            }
        }
        let empty = value(qbft, "emptyblockperiodseconds");
        if empty.is_some_and(|empty| number(empty) != Some(0)) {
            let empty = shown(empty);
            self.wrong(FILE, format!("emptyblockperiodseconds is {empty} instead of 0: a head that stands still means a halt"));
        }
        let period = value(qbft, "blockperiodseconds");
        let seconds = period
            .and_then(Value::as_u64)
            .filter(|seconds| *seconds > 0);
        let Some(seconds) = seconds else {
            self.wrong(
                FILE,
                format!(
                    "blockperiodseconds is {} instead of whole seconds",
                    shown(period)
                ),
            );
            return None;
        };
        let timeout = value(qbft, "requesttimeoutseconds");
        if timeout
            .and_then(number)
            .is_none_or(|timeout| timeout <= seconds)
        {
            let timeout = shown(timeout);
            self.odd(FILE, format!("requesttimeoutseconds is {timeout}, and a block takes {seconds}: rounds would be given up in vain"));
        }
        Some(seconds)
    }

    fn contract_size(&mut self, root: &Map<String, Value>, config: &Map<String, Value>) {
        let name = "contractSizeLimit";
        if value(root, name).is_some() {
            self.wrong(
                FILE,
                format!("{name} is outside of config, where nobody reads it"),
            );
        }
        let limit = value(config, name);
        if limit.is_some_and(|limit| number(limit).is_none_or(|bytes| bytes < CONTRACT_SIZE_LIMIT))
        {
            let limit = shown(limit);
            self.wrong(FILE, format!("{name} is {limit}, less than {CONTRACT_SIZE_LIMIT}: contracts could not be created"));
        }
    }

    fn gas_limit(&mut self, root: &Map<String, Value>) -> Option<u64> {
        let limit = value(root, "gasLimit");
        let number = limit.and_then(number);
        if number.is_none_or(|gas| gas < LEAST_GAS) {
            let limit = shown(limit);
            self.wrong(
                FILE,
                format!(
                    "gasLimit is {limit}, less than {LEAST_GAS}: a batch of deliveries may not fit"
                ),
            );
        }
        number
    }

    fn accounts(&mut self, root: &Map<String, Value>) {
        for (account, state) in object(root, "alloc").into_iter().flatten() {
            if state.get("privateKey").is_some() {
                self.wrong(
                    FILE,
                    format!("alloc shows the privateKey of {account} to every node"),
                );
            }
        }
    }

    fn extra_data(&mut self, root: &Map<String, Value>) -> Vec<Address> {
        let text = value(root, "extraData")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let bytes = text
            .parse::<Bytes>()
            .map_err(|error| format!("is no hex: {error}"));
        let validators = match bytes.and_then(|bytes| validators_of(&bytes)) {
            Ok(validators) => validators,
            Err(problem) => {
                self.wrong(FILE, format!("extraData {problem}"));
                return Vec::new();
            }
        };
        if sorted(&validators) != validators {
            self.wrong(
                FILE,
                "extraData has its validators in another order than ascending",
            );
        }
        let ordered = sorted(&validators);
        for (one, next) in ordered.iter().zip(ordered.iter().skip(1)) {
            if one == next {
                self.wrong(FILE, format!("extraData has validator {one} twice"));
            }
        }
        self.enough(FILE, validators.len());
        validators
    }
}

/// The value of a name. Besu does not tell upper from lower case in a genesis.
fn value<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let mut entries = object.iter();
    entries
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn object<'a>(parent: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    value(parent, name).and_then(Value::as_object)
}

/// A number, also as decimal or hexadecimal text.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        },
        value => value.as_u64(),
    }
}

fn same(found: &Value, expected: &Value) -> bool {
    match number(expected) {
        Some(expected) => number(found) == Some(expected),
        None => found == expected,
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "missing".into(), Value::to_string)
}
