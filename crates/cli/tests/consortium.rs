//! `ayumi consortium`: what it makes passes its own check, starts a chain, and is found out wherever it is changed.
//! Besu itself is not here; what is known of it is in `deploy/besu/README.md`.

mod node;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use alloy::primitives::{Address, address};
use ayumi_chain::{Chain, Fees, Network, Wallet, deploy};
use ayumi_contracts::Periods;
use serde_json::{Value, json};
use tempfile::TempDir;

const MEMBER: Address = address!("00000000000000000000000000000000000000aa");

fn ayumi(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ayumi"));
    command.current_dir(folder).env_clear().env("HOME", folder);
    command.args(arguments).output().unwrap()
}

fn json_of(output: &Output) -> Value {
    let stdout = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// A folder with a consortium in it, at `c`.
fn consortium(more: &[&str]) -> (TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    let member = MEMBER.to_string();
    let usual = [
        "consortium",
        "init",
        "--out=c",
        "--chain-id=77001",
        "--json",
    ];
    let output = ayumi(
        folder.path(),
        &[&usual, &["--allow", &*member][..], more].concat(),
    );
    assert!(output.status.success(), "{output:?}");
    let report = json_of(&output);
    (folder, report)
}

/// The exit status, and what was found.
fn check(folder: &Path) -> (i32, Vec<Value>) {
    let output = ayumi(folder, &["consortium", "check", "c", "--json"]);
    let findings = json_of(&output)["findings"].as_array().unwrap().clone();
    (output.status.code().unwrap(), findings)
}

#[test]
fn what_was_made_passes_the_check() {
    let (folder, report) = consortium(&[]);
    assert_eq!(report["chainId"], 77_001);
    assert_eq!(report["validators"].as_array().unwrap().len(), 4);
    assert_eq!(report["findings"], json!([]));
    assert_eq!(check(folder.path()), (0, vec![]));

    let secrets = [
        "ayumi.token",
        "jwt/private.pem",
        "nodes/rpc/key",
        "nodes/validator-4/key",
    ];
    for secret in secrets {
        let metadata = fs::metadata(folder.path().join("c").join(secret)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{secret}");
    }
    let metadata = fs::metadata(folder.path().join("c")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o700);
}

#[test]
fn other_sizes_hosts_and_limits_pass_as_well() {
    let hosts = (1..=8)
        .map(|last| format!("192.0.2.{last}"))
        .collect::<Vec<_>>()
        .join(",");
    let (folder, report) = consortium(&["--validators=7", "--block-time=5", "--host", &hosts]);
    assert_eq!(report["validators"].as_array().unwrap().len(), 7);
    assert_eq!(check(folder.path()), (0, vec![]));
    let read = |file: &str| fs::read_to_string(folder.path().join("c").join(file)).unwrap();
    assert!(read("nodes/rpc/config.toml").contains("p2p-host = \"192.0.2.8\""));
    assert!(read("compose.yaml").contains("network_mode: host"));
    assert!(read("besu-qbft.toml").contains("poll_ms = 1000"));
}

#[test]
fn without_accounts_a_warning_says_that_all_may_send() {
    let folder = tempfile::tempdir().unwrap();
    let output = ayumi(folder.path(), &["consortium", "init", "--json"]);
    assert!(output.status.success(), "{output:?}");
    let report = json_of(&output);
    assert_eq!(report["findings"][0]["severity"], "warning");
    assert!(report["chainId"].as_u64().unwrap() >= 1_000_000_000);
    assert!(folder.path().join("consortium/genesis.json").is_file());
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("there")).unwrap();
    for (arguments, reason) in [
        (&["--out=there"][..], "there exists"),
        (&["--validators=3"], "bear no fault"),
        (&["--validators=0"], "invalid value"),
        (&["--host=192.0.2.1"], "5 nodes need one"),
        (&["--host=node.example"], "IPv4"),
        (
            &["--host=192.0.2.1,192.0.2.1,192.0.2.3,192.0.2.4,192.0.2.5"],
            "same host",
        ),
        (&["--fund=0x01=1"], "such as"),
        (&["--block-time=0"], "invalid value"),
    ] {
        let output = ayumi(
            folder.path(),
            &[&["consortium", "init"], arguments].concat(),
        );
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr.contains(reason), "{arguments:?}: {stderr}");
    }
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "only what was there before");
    let output = ayumi(folder.path(), &["consortium", "check", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
}

/// What is done to a file.
#[derive(Clone)]
enum Change {
    /// All of the first become the second.
    Replace(&'static str, &'static str),
    /// At the end.
    Append(&'static str),
    /// A value in JSON, at a place that may be new.
    Set(&'static str, Value),
    Mode(u32),
    Remove,
    /// By that file.
    CopyOf(&'static str),
}

impl Change {
    fn apply(&self, root: &Path, file: &str) {
        let path = root.join(file);
        match self {
            Self::Replace(from, to) => {
                let text = fs::read_to_string(&path).unwrap();
                assert!(text.contains(from), "{file} has no {from}");
                fs::write(&path, text.replace(from, to)).unwrap();
            }
            Self::Append(more) => {
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, text + more).unwrap();
            }
            Self::Set(place, value) => {
                let mut json = read_json(&path);
                if let Some(there) = json.pointer_mut(place) {
                    *there = value.clone();
                } else {
                    let (parent, name) = place.rsplit_once('/').unwrap();
                    json.pointer_mut(parent).unwrap()[name] = value.clone();
                }
                fs::write(&path, json.to_string()).unwrap();
            }
            Self::Mode(mode) => {
                fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
            }
            Self::Remove => fs::remove_file(&path).unwrap(),
            Self::CopyOf(other) => _ = fs::copy(root.join(other), &path).unwrap(),
        }
    }
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// A seeded disagreement: the file, what is done to it, and words of the finding.
type Seed = (&'static str, Change, &'static str);

/// In the first block.
#[rustfmt::skip]
fn in_the_genesis() -> Vec<Seed> {
    use Change::{Remove, Replace, Set};
    let genesis = "genesis.json";
    vec![
        (genesis, Remove, "cannot be read"),
        (genesis, Replace("{", "["), "is no JSON"),
        (genesis, Set("/config/chainId", json!(5)), "that of genesis.json is 5"),
        (genesis, Set("/config/zeroBaseFee", json!(false)), "zeroBaseFee is false"),
        (genesis, Set("/config/cancunTime", json!(9)), "cancunTime is 9"),
        (genesis, Replace("\"shanghaiTime\"", "\"shanghaiBlock\""), "shanghaiTime is missing"),
        (genesis, Set("/baseFeePerGas", json!("0x7")), "baseFeePerGas is \"0x7\""),
        (genesis, Set("/difficulty", json!("0x0")), "difficulty is"),
        (genesis, Replace("0x637469", "0x637468"), "mixHash is"),
        (genesis, Set("/gasLimit", json!("0x47b760")), "gasLimit is \"0x47b760\""),
        (genesis, Set("/contractSizeLimit", json!(24_576)), "outside of config"),
        (genesis, Set("/config/contractSizeLimit", json!(64)), "contractSizeLimit is 64"),
        (genesis, Set("/config/qbft/blockperiodseconds", json!(0.5)), "blockperiodseconds is 0.5"),
        (genesis, Set("/config/qbft/emptyblockperiodseconds", json!(60)), "emptyblockperiodseconds is 60"),
        (genesis, Set("/config/qbft/xemptyblockperiodseconds", json!(0)), "26.8.1"),
        (genesis, Set("/config/qbft/xblockperiodmilliseconds", json!(500)), "tests of Besu"),
        (genesis, Set("/config/qbft/requesttimeoutseconds", json!(1)), "requesttimeoutseconds is 1"),
        (genesis, Replace("\"qbft\"", "\"ibft2\""), "has no qbft"),
        (genesis, Set("/config/clique", json!({})), "clique beside qbft"),
        (genesis, Set("/alloc/00", json!({ "privateKey": "00" })), "privateKey of 00"),
        (genesis, Set("/extraData", json!("0xc0")), "extraData is no RLP"),
        (genesis, Set("/extraData", json!("x")), "extraData is no hex"),
    ]
}

/// In keys, lists and settings.
#[rustfmt::skip]
fn in_the_nodes() -> Vec<Seed> {
    use Change::{Append, CopyOf, Mode, Remove, Replace, Set};
    let (validator, rpc) = ("nodes/validator-2/config.toml", "nodes/rpc/config.toml");
    let permissions = "nodes/validator-3/data/permissions_config.toml";
    vec![
        ("nodes/validator-2/key", CopyOf("nodes/validator-1/key"), "is the key of another node"),
        ("nodes/validator-2/key", CopyOf("nodes/validator-1/key"), "whose key is in no folder"),
        ("nodes/validator-2/key", CopyOf("nodes/validator-1/key"), "whose key is of no node"),
        ("nodes/validator-2/key", Replace("0x", "0y"), "is no secp256k1 key"),
        ("nodes/validator-2/key", Mode(0o640), "mode 0640 instead of 0600"),
        ("nodes/validator-2/key", Remove, "cannot be read"),
        ("static-nodes.json", Replace("172.30.77.12", "172.30.77.99"), "172.30.77.99:30303"),
        ("static-nodes.json", Replace("172.30.77.12:30303", "node.example:30303"), "is no enode"),
        ("static-nodes.json", Set("/0", json!(0)), "lacks nodes/validator-1"),
        (permissions, Replace("172.30.77.14", "172.30.77.15"), "which static-nodes.json has not"),
        (permissions, Replace("00aa", "00ab"), "nodes/rpc/data/permissions_config.toml has not"),
        (permissions, Replace("[\"0x00000000000000000000000000000000000000aa\"]", "[]"), "lacks 0x"),
        (permissions, Remove, "cannot be read"),
        (validator, Replace("min-gas-price = 0", "min-gas-price = 1000"), "min-gas-price is 1000"),
        (validator, Replace("min-gas-price = 0", ""), "min-gas-price is missing"),
        (validator, Append("tx-pool-price-bump = 10\n"), "tx-pool-price-bump is 10"),
        (validator, Append("tx-pool-min-gas-price = 1\n"), "tx-pool-min-gas-price is 1"),
        (validator, Append("min-priority-fee = 1\n"), "min-priority-fee is 1"),
        (validator, Append("network-id = 1\n"), "network-id is 1"),
        (validator, Append("target-gas-limit = 8000000\n"), "target-gas-limit is 8000000"),
        (validator, Replace("accounts-config-file-enabled = true", "accounts-config-file-enabled = false"), "unlike in"),
        (validator, Replace("nodes-config-file-enabled = true", "nodes-config-file-enabled = false"), "every node may connect"),
        (validator, Replace("percentage = 0.15", "percentage = 0.01"), "nonce_window of besu-qbft.toml is 64"),
        (validator, Replace("\"sequenced\"", "\"layered\""), "tx-pool is \"layered\""),
        (validator, Replace("p2p-port = 30303", "p2p-port = 30304"), "30304"),
        (validator, Replace("\"localhost\"", "\"*\""), "host-allowlist has \"*\""),
        (validator, Append("rpc-ws-enabled = true\n"), "rpc-ws-enabled is on"),
        (validator, Append("= 1\n"), "is no TOML"),
        (rpc, Replace("authentication-enabled = true", "authentication-enabled = false"), "authentication-enabled is off"),
        (rpc, Replace("\"ES256\"", "\"RS256\""), "jwt-algorithm is \"RS256\""),
        (rpc, Replace("/network/jwt.pem", "/jwt.pem"), "public-key-file is \"/jwt.pem\""),
        (rpc, Replace("rpc-max-logs-range = 5000", "rpc-max-logs-range = 100"), "rpc-max-logs-range of"),
        (rpc, Append("rpc-http-api-method-no-auth = [\"eth_call\"]\n"), "no token is asked for"),
        (rpc, Replace("rpc-http-enabled = true", "rpc-http-enabled = false"), "no node that answers"),
    ]
}

/// In what members have, and the containers.
#[rustfmt::skip]
fn in_the_access() -> Vec<Seed> {
    use Change::{Append, Mode, Remove, Replace};
    let (profile, compose) = ("besu-qbft.toml", "compose.yaml");
    vec![
        (profile, Replace("77001", "77002"), "chain_id is 77002"),
        (profile, Replace("\"zero\"", "\"market\""), "fees is not"),
        (profile, Replace("\"latest\"", "{ blocks = 3 }"), "finality is Blocks(3)"),
        (profile, Replace("poll_ms = 400", "poll_ms = 7000"), "poll_ms is 7000"),
        (profile, Replace("log_range = 2000", "log_range = 9000"), "log_range is 9000"),
        (profile, Replace("nonce_window = 64", "nonce_window = 1000"), "nonce_window of besu-qbft.toml is 1000"),
        (profile, Replace("ayumi.token", "other.token"), "bearer_token_file is"),
        (profile, Replace("fees", "fee"), "unknown field `fee`"),
        ("ayumi.token", Mode(0o644), "mode 0644 instead of 0600"),
        ("ayumi.token", Replace(".", ""), "is no JSON Web Token"),
        ("jwt/private.pem", Mode(0o604), "mode 0604 instead of 0600"),
        ("jwt/private.pem", Replace("PRIVATE", "PUBLIC"), "is no key of P-256"),
        ("jwt/public.pem", Remove, "cannot be read"),
        (compose, Replace("besu:26.9.0", "besu:latest"), "names no release"),
        (compose, Replace("besu:26.9.0", "besu:26.2.0"), "older than 26.6.1"),
        (compose, Replace("172.30.77.13", "172.30.77.33"), "has 172.30.77.33"),
        (compose, Append("# BESU_MIN_GAS_PRICE\n"), "BESU_MIN_GAS_PRICE"),
        (compose, Remove, "cannot be read"),
    ]
}

#[test]
fn every_disagreement_is_found_and_names_its_file() {
    let (original, _) = consortium(&[]);
    let seeds = [in_the_genesis(), in_the_nodes(), in_the_access()].concat();
    for (file, change, words) in seeds {
        let folder = copy(original.path());
        change.apply(&folder.path().join("c"), file);
        let (status, findings) = check(folder.path());
        let told = findings
            .iter()
            .find(|finding| finding["problem"].as_str().unwrap().contains(words));
        let told = told.unwrap_or_else(|| panic!("{file}: no {words:?} in {findings:#?}"));
        let is_error = findings
            .iter()
            .any(|finding| finding["severity"] == "error");
        assert_eq!(status, i32::from(is_error), "{findings:#?}");
        let text = told.to_string();
        assert!(
            text.contains(file) || text.contains("nodes"),
            "{file}: {text}"
        );
    }
}

#[test]
fn a_consortium_of_other_keys_is_found() {
    let ((folder, _), (other, _)) = (consortium(&[]), consortium(&[]));
    for (file, words) in [
        ("genesis.json", "whose key is in no folder"),
        ("static-nodes.json", "whose key is of no node"),
        ("ayumi.token", "is not signed by the key"),
        ("jwt/private.pem", "is not the key of jwt/public.pem"),
        ("nodes/rpc/data/permissions_config.toml", "lacks enode://"),
    ] {
        let copied = copy(folder.path());
        fs::copy(
            other.path().join("c").join(file),
            copied.path().join("c").join(file),
        )
        .unwrap();
        let (status, findings) = check(copied.path());
        let told = format!("{findings:#?}");
        assert_eq!(status, 1, "{file}");
        assert!(told.contains(words), "{file}: {told}");
    }
}

#[test]
fn a_token_of_another_chain_is_found() {
    let (folder, _) = consortium(&[]);
    let arguments = [
        "consortium",
        "init",
        "--out=d",
        "--chain-id=77002",
        "--json",
    ];
    assert!(ayumi(folder.path(), &arguments).status.success());
    let (ours, other) = (folder.path().join("c"), folder.path().join("d"));
    for file in ["ayumi.token", "jwt/public.pem", "jwt/private.pem"] {
        fs::copy(other.join(file), ours.join(file)).unwrap();
    }
    let (status, findings) = check(folder.path());
    let expected = json!([{
        "severity": "error",
        "file": "ayumi.token",
        "problem": "chainId is 77002, and that of genesis.json is 77001",
    }]);
    assert_eq!((status, json!(findings)), (1, expected));
}

#[test]
fn three_validators_are_too_few_for_the_check_too() {
    let (folder, _) = consortium(&[]);
    let path = folder.path().join("c/genesis.json");
    let mut genesis = read_json(&path);
    let extra = genesis["extraData"].as_str().unwrap();
    // The list of four addresses (0xf8 0x54) becomes one of three (0xf8 0x3f), the whole 21 bytes shorter.
    let (head, tail) = extra.split_at(extra.len() - 6 - 42);
    let shorter = format!(
        "{}{}",
        head.replace("f87aa0", "f865a0").replace("f85494", "f83f94"),
        &tail[42..]
    );
    genesis["extraData"] = shorter.into();
    fs::write(&path, genesis.to_string()).unwrap();
    let (status, findings) = check(folder.path());
    assert_eq!(status, 1);
    let told = format!("{findings:#?}");
    assert!(told.contains("3 validators bear no fault"), "{told}");
    assert!(told.contains("which is no validator"), "{told}");
}

/// The same elsewhere.
fn copy(from: &Path) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    let status = Command::new("cp")
        .args([
            "-pR".as_ref(),
            from.join("c").as_os_str(),
            to.path().as_os_str(),
        ])
        .status();
    assert!(status.unwrap().success());
    to
}

/// The genesis starts a chain with its id and money, on which an account without money deploys the contracts for nothing.
/// What anvil reads of a genesis is the chain id, the rules' times, the base fee, the timestamp and the money.
#[tokio::test]
async fn the_genesis_starts_a_chain_on_which_the_poor_deploy() {
    let rich = Wallet::random().address();
    let (folder, _) = consortium(&["--fund", &format!("{rich}=12.5")]);
    let genesis = folder.path().join("c/genesis.json");
    let genesis = genesis.to_str().unwrap();
    let node = node::anvil(&["--gas-limit", "30000000", "--init", genesis]);
    let network = Network {
        chain_id: Some(77_001),
        fees: Fees::Zero,
        poll_ms: 10,
        ..Network::default()
    };
    let chain = Chain::without_contracts(node.endpoint_url(), network)
        .await
        .unwrap();
    assert_eq!(chain.chain_id(), 77_001);

    let governor = Wallet::random();
    let ether = |wei: u128| alloy::primitives::U256::from(wei);
    assert_eq!(
        chain.balance(rich).await.unwrap(),
        ether(12_500_000_000_000_000_000)
    );
    assert_eq!(chain.balance(governor.address()).await.unwrap(), ether(0));
    let periods = Periods {
        delivery: 60,
        complaint: 60,
        feedback: 60,
    };
    let contracts = deploy(&chain, &governor, periods).await.unwrap();
    assert_ne!(contracts.operator, Address::ZERO);
    assert_eq!(chain.balance(governor.address()).await.unwrap(), ether(0));
}
