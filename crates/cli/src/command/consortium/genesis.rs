//! The first block, which says who validates and by which rules.

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::rlp::{Decodable, Encodable, Header};
use serde_json::{Map, Value, json};

/// The file of the genesis.
pub(super) const FILE: &str = "genesis.json";

/// "ctical byzantine fault tolerance": how Besu knows blocks of Istanbul's descendants.
pub(super) const MIX_HASH: &str =
    "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365";

/// Gas of a block.
pub(super) const GAS_LIMIT: u64 = 30_000_000;

/// The most bytes of a contract's code: Ethereum's own limit (EIP-170).
pub(super) const CONTRACT_SIZE_LIMIT: u64 = 24_576;

/// Blocks after which open votes on validators lapse: what Besu's documentation uses.
const EPOCH: u64 = 30_000;

/// What a genesis is made of.
pub(super) struct Genesis<'a> {
    pub(super) chain_id: u64,
    pub(super) block_time: u64,
    /// Unix seconds.
    pub(super) timestamp: u64,
    pub(super) validators: &'a [Address],
    pub(super) alloc: &'a [(Address, U256)],
}

impl Genesis<'_> {
    pub(super) fn json(&self) -> Value {
        let alloc = self.alloc.iter().map(|(account, wei)| {
            let account = hex::encode(account);
            (account, json!({ "balance": format!("{wei:#x}") }))
        });
        json!({
            "config": {
                "chainId": self.chain_id,
                "berlinBlock": 0,
                "londonBlock": 0,
                "shanghaiTime": 0,
                "cancunTime": 0,
                "zeroBaseFee": true,
                "contractSizeLimit": CONTRACT_SIZE_LIMIT,
                "qbft": {
                    "epochlength": EPOCH,
                    "blockperiodseconds": self.block_time,
                    "emptyblockperiodseconds": 0,
                    "requesttimeoutseconds": 2 * self.block_time,
                },
            },
            "nonce": "0x0",
            "timestamp": format!("{:#x}", self.timestamp),
            "extraData": extra_data(&sorted(self.validators)),
            "gasLimit": format!("{GAS_LIMIT:#x}"),
            "baseFeePerGas": "0x0",
            "difficulty": "0x1",
            "mixHash": MIX_HASH,
            "coinbase": Address::ZERO,
            "alloc": alloc.collect::<Map<_, _>>(),
        })
    }
}

/// Besu takes the validators in ascending order.
pub(super) fn sorted(validators: &[Address]) -> Vec<Address> {
    let mut sorted = validators.to_vec();
    sorted.sort_unstable();
    sorted
}

/// The validators as QBFT wants them: `RLP([32 zero bytes, validators, no vote, round 0, no seals])`.
pub(super) fn extra_data(validators: &[Address]) -> Bytes {
    let nothing = Vec::<Address>::new();
    let mut fields = Vec::new();
    B256::ZERO.encode(&mut fields);
    validators.to_vec().encode(&mut fields);
    nothing.encode(&mut fields);
    0_u32.encode(&mut fields);
    nothing.encode(&mut fields);
    let mut encoded = Vec::new();
    Header {
        list: true,
        payload_length: fields.len(),
    }
    .encode(&mut encoded);
    encoded.extend(fields);
    encoded.into()
}

/// The validators in such data, in its order; or what is wrong with it.
pub(super) fn validators_of(extra_data: &[u8]) -> Result<Vec<Address>, String> {
    let malformed = |error: alloy::rlp::Error| format!("is no RLP of QBFT: {error}");
    let mut rest = extra_data;
    let mut fields = Header::decode_bytes(&mut rest, true).map_err(malformed)?;
    let vanity = B256::decode(&mut fields).map_err(malformed)?;
    let validators = Vec::<Address>::decode(&mut fields).map_err(malformed)?;
    let vote = Header::decode_bytes(&mut fields, true).map_err(malformed)?;
    let round = u32::decode(&mut fields).map_err(malformed)?;
    let seals = Header::decode_bytes(&mut fields, true).map_err(malformed)?;
    if !rest.is_empty() || !fields.is_empty() {
        return Err("has bytes after its end".into());
    }
    if vanity != B256::ZERO {
        return Err(format!("starts with {vanity} instead of 32 zero bytes"));
    }
    if !vote.is_empty() || round != 0 || !seals.is_empty() {
        return Err("has a vote, a round or seals, which no first block has".into());
    }
    Ok(validators)
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{address, bytes};

    use super::*;

    /// Besu's documentation, "Configure QBFT consensus", "Generate extra data": the input of
    /// `besu rlp encode --type=QBFT_EXTRA_DATA` and what it prints. The input is not sorted, and keeps its order.
    #[test]
    fn extra_data_is_what_besu_documents_for_its_encoder() {
        let validators = [
            address!("4592c8e45706cc08b8f44b11e43cba0cfc5892cb"),
            address!("06e23768a0f59cf365e18c2e0c89e151bcdedc70"),
            address!("c5327f96ee02d7bcbc1bf1236b8c15148971e1de"),
            address!("ab5e7f4061c605820d3744227eed91ff8e2c8908"),
        ];
        let documented = bytes!(
            "f87aa00000000000000000000000000000000000000000000000000000000000000000f854944592c8e45706cc08b8f44b11e43cba0cfc5892cb9406e23768a0f59cf365e18c2e0c89e151bcdedc7094c5327f96ee02d7bcbc1bf1236b8c15148971e1de94ab5e7f4061c605820d3744227eed91ff8e2c8908c080c0"
        );
        assert_eq!(extra_data(&validators), documented);
        assert_eq!(validators_of(&documented).unwrap(), validators);
    }

    /// The same page, "Genesis file": one with four validators, and one whose validators are in a contract.
    #[test]
    fn extra_data_is_what_besu_documents_in_its_genesis_files() {
        let validators = [
            address!("64a702e6263b7297a96638cac6ae65e6541f4169"),
            address!("3923390ad55e90c237593b3b0e401f3b08a03185"),
            address!("aefdb9a738c9f433e5b6b212a6d62f6370c2f692"),
            address!("c7eeb9a4e00ce683cf93039b212648e01c6c6b78"),
        ];
        let documented = bytes!(
            "f87aa00000000000000000000000000000000000000000000000000000000000000000f8549464a702e6263b7297a96638cac6ae65e6541f4169943923390ad55e90c237593b3b0e401f3b08a0318594aefdb9a738c9f433e5b6b212a6d62f6370c2f69294c7eeb9a4e00ce683cf93039b212648e01c6c6b78c080c0"
        );
        assert_eq!(extra_data(&validators), documented);
        let nobody =
            bytes!("e5a00000000000000000000000000000000000000000000000000000000000000000c0c080c0");
        assert_eq!(extra_data(&[]), nobody);
    }

    /// IBFT 2.0 writes the same fields, but nothing at all for "no vote" and four bytes for the round: the genesis of
    /// Besu's IBFT 2.0 tutorial. It must not pass for QBFT's.
    #[test]
    fn extra_data_of_ibft_is_refused() {
        let ibft = bytes!(
            "f87ea00000000000000000000000000000000000000000000000000000000000000000f854948539c5c368dda69bc541299a5293836ca9e3a36194b97ccc82acb5d04c557e6363e283e2f0a44c0f8b942e7427a308b7e04f53cbceec3d2a9ff6955b7b4594b7108387430622ffebe9c9777bbe5c7d647f9dea808400000000c0"
        );
        assert!(validators_of(&ibft).is_err());
    }

    #[test]
    fn extra_data_of_a_later_block_is_refused() {
        let good = extra_data(&[Address::repeat_byte(1)]);
        assert!(validators_of(&good).is_ok());
        let mut vanity = good.to_vec();
        vanity[5] = 1;
        let mut round = good.to_vec();
        let place = round.len() - 2;
        round[place] = 1;
        for bad in [
            &vanity[..],
            &round,
            &good[..good.len() - 1],
            &[&good[..], &[0]].concat(),
        ] {
            assert!(validators_of(bad).is_err(), "{}", hex::encode(bad));
        }
    }

    #[test]
    fn a_genesis_has_its_validators_sorted() {
        let validators = [3, 1, 2].map(Address::repeat_byte);
        let genesis = Genesis {
            chain_id: 1,
            block_time: 2,
            timestamp: 0,
            validators: &validators,
            alloc: &[],
        };
        let json = genesis.json();
        let extra = json["extraData"]
            .as_str()
            .unwrap()
            .parse::<Bytes>()
            .unwrap();
        assert_eq!(
            validators_of(&extra).unwrap(),
            [1, 2, 3].map(Address::repeat_byte)
        );
    }
}
