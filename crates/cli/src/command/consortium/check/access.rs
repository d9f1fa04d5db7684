//! How members reach the network, and how it is run: the profile, the token, the containers.

use std::collections::BTreeSet;
use std::fs;

use ayumi_chain::{Fees, Finality, Network};

use super::super::compose::{FILE as COMPOSE, OLDEST};
use super::super::config::LOGS_RANGE;
use super::super::genesis::FILE as GENESIS_FILE;
use super::super::profile::FILE as PROFILE;
use super::super::token::{self, Claims, Issuer, PUBLIC_FILE, SECRET_FILE};
use super::Examination;
use super::genesis::Genesis;
use super::nodes::Found;
use crate::endpoint::now;
use crate::text::time;

/// From how long before its end a token is to be replaced.
const SOON: u64 = 30 * 24 * 60 * 60;

impl Examination {
    pub(super) fn profile(&mut self, genesis: &Genesis, nodes: &[Found]) {
        let Some(table) = self.toml(PROFILE) else {
            return;
        };
        let profile = match table.try_into::<Network>() {
            Ok(profile) => profile,
            Err(error) => {
                self.wrong(PROFILE, error.message());
                return;
            }
        };
        if profile.chain_id != genesis.chain_id {
            let [found, expected] = [profile.chain_id, genesis.chain_id].map(shown);
            self.wrong(
                PROFILE,
                format!("chain_id is {found}, and that of {GENESIS_FILE} is {expected}"),
            );
        }
        if profile.fees != Fees::Zero {
            self.wrong(
                PROFILE,
                "fees is not \"zero\": accounts without money could not send",
            );
        }
        if profile.finality != Finality::Latest {
            let found = profile.finality;
            self.odd(
                PROFILE,
                format!("finality is {found:?}, and QBFT's blocks are final at once: \"latest\""),
            );
        }
        self.pace(&profile, genesis);
        self.demands(&profile, nodes);
        self.named_token(&profile);
    }

    fn pace(&mut self, profile: &Network, genesis: &Genesis) {
        let poll = profile.poll_ms;
        let Some(block) = genesis
            .block_time
            .map(|seconds| seconds.saturating_mul(1_000))
        else {
            return;
        };
        if poll > block || poll < block / 50 {
            self.odd(
                PROFILE,
                format!(
                    "poll_ms is {poll}, and a block takes {block}: about a fifth of it is {}",
                    block / 5
                ),
            );
        }
    }

    /// What members ask for must be what the nodes give.
    fn demands(&mut self, profile: &Network, nodes: &[Found]) {
        for node in nodes {
            let (share, file) = (node.share(), node.config_file());
            if profile.nonce_window > share {
                self.wrong(&file, format!("lets one sender have {share} transactions in flight, and nonce_window of {PROFILE} is {}", profile.nonce_window));
            }
            let range = node
                .number("rpc-max-logs-range")
                .unwrap_or(LOGS_RANGE.into());
            if node.is_rpc() && range > 0 && profile.log_range > range {
                self.wrong(
                    PROFILE,
                    format!(
                        "log_range is {}, and rpc-max-logs-range of {file} is {range}",
                        profile.log_range
                    ),
                );
            }
        }
    }

    /// The profile names the folder's token.
    fn named_token(&mut self, profile: &Network) {
        let Some(named) = &profile.bearer_token_file else {
            self.wrong(
                PROFILE,
                "bearer_token_file is missing, and the nodes ask for a token",
            );
            return;
        };
        let Ok(expected) = fs::canonicalize(self.folder.join(token::FILE)) else {
            return; // that there is no token is found anyway
        };
        if fs::canonicalize(self.folder.join(named)).ok() != Some(expected) {
            let named = named.display();
            self.wrong(
                PROFILE,
                format!(
                    "bearer_token_file is {named}, and not {} of this folder",
                    token::FILE
                ),
            );
        }
    }

    pub(super) fn token(&mut self, genesis: &Genesis) {
        let (token, public) = (self.secret(token::FILE), self.text(PUBLIC_FILE));
        if let (Some(token), Some(public)) = (&token, &public) {
            match token::verify(token, public) {
                Ok(claims) => self.claims(&claims, genesis),
                Err(problem) => self.wrong(token::FILE, problem),
            }
        }
        if self.folder.join(SECRET_FILE).exists() {
            self.token_key(public.as_deref());
        }
    }

    fn claims(&mut self, claims: &Claims, genesis: &Genesis) {
        if genesis.chain_id != Some(claims.chain_id) {
            let (found, expected) = (claims.chain_id, shown(genesis.chain_id));
            self.wrong(
                token::FILE,
                format!("chainId is {found}, and that of {GENESIS_FILE} is {expected}"),
            );
        }
        if claims.exp <= now() {
            self.wrong(token::FILE, format!("expired at {}", time(claims.exp)));
        } else if claims.exp <= now() + SOON {
            self.odd(token::FILE, format!("expires at {}", time(claims.exp)));
        }
        let may = |permission: &str| claims.permissions.iter().any(|given| given == permission);
        if !may("eth:*") && !may("*:*") {
            self.wrong(
                token::FILE,
                format!(
                    "permissions are {:?}, without \"eth:*\"",
                    claims.permissions
                ),
            );
        }
    }

    /// The key that signs may be elsewhere; where it is here, it is the public one's.
    fn token_key(&mut self, public: Option<&str>) {
        let Some(secret) = self.secret(SECRET_FILE) else {
            return;
        };
        match Issuer::read(&secret).and_then(|issuer| issuer.public_pem()) {
            Ok(own) if public.is_none_or(|public| public.trim_end() == own.trim_end()) => {}
            Ok(_) => self.wrong(SECRET_FILE, format!("is not the key of {PUBLIC_FILE}")),
            Err(problem) => self.wrong(SECRET_FILE, problem),
        }
    }

    pub(super) fn compose(&mut self, nodes: &[Found]) {
        let Some(text) = self.text(COMPOSE) else {
            return;
        };
        for image in values(&text, "image:").collect::<BTreeSet<_>>() {
            self.image(image);
        }
        let addresses = values(&text, "ipv4_address:")
            .map(str::to_owned)
            .collect::<BTreeSet<_>>();
        if !addresses.is_empty() {
            let hosts = nodes.iter().map(|node| node.string("p2p-host").to_owned());
            self.compare(
                COMPOSE,
                &addresses,
                &hosts.collect(),
                "p2p-host of the nodes",
            );
        }
        if text.contains("BESU_MIN_GAS_PRICE") {
            self.wrong(
                COMPOSE,
                "sets BESU_MIN_GAS_PRICE, which counts before min-gas-price of the nodes",
            );
        }
    }

    fn image(&mut self, image: &str) {
        let oldest = OLDEST.map(|part| part.to_string()).join(".");
        match version(image) {
            None => self.wrong(COMPOSE, format!("image {image} names no release: nodes could run different ones")),
            Some(found) if found < OLDEST => self.wrong(COMPOSE, format!("image {image} is older than {oldest}: it makes no blocks with contracts that read block.prevrandao")),
            Some(_) => {}
        }
    }
}

fn shown(chain_id: Option<u64>) -> String {
    chain_id.map_or_else(|| "missing".into(), |id| id.to_string())
}

/// The values of a name, line by line: the file is ours, and no more of YAML is needed.
fn values<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = text.lines().map(str::trim);
    lines.filter_map(move |line| {
        line.strip_prefix(name)
            .map(|value| value.trim().trim_matches('"'))
    })
}

/// The release in an image's tag.
fn version(image: &str) -> Option<[u32; 3]> {
    let tagged = image.split_once('@').map_or(image, |(tagged, _)| tagged);
    let (_, tag) = tagged.rsplit_once(':')?;
    let numbers = tag
        .split('-')
        .next()?
        .split('.')
        .map(|part| part.parse().ok());
    numbers.collect::<Option<Vec<u32>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_token_fits_the_chain_and_is_not_over() {
        let genesis = Genesis {
            chain_id: Some(7),
            block_time: None,
            gas_limit: None,
            validators: Vec::new(),
        };
        let may = |permissions: &[&str]| permissions.iter().map(|&may| may.to_owned()).collect();
        let good = || Claims::new(7, now(), 365);
        for (claims, found) in [
            (good(), None),
            (
                Claims {
                    permissions: may(&["*:*"]),
                    ..good()
                },
                None,
            ),
            (
                Claims {
                    permissions: may(&["net:*"]),
                    ..good()
                },
                Some("without \"eth:*\""),
            ),
            (
                Claims {
                    chain_id: 8,
                    ..good()
                },
                Some("chainId is 8, and that of genesis.json is 7"),
            ),
            (
                Claims {
                    exp: now() - 1,
                    ..good()
                },
                Some("expired at"),
            ),
            (Claims::new(7, now(), 1), Some("expires at")),
        ] {
            let mut examination = Examination::of(Path::new(""));
            examination.claims(&claims, &genesis);
            let problem = examination
                .findings
                .first()
                .map(|finding| &*finding.problem);
            match found {
                Some(words) => assert!(problem.unwrap().contains(words), "{problem:?}"),
                None => assert_eq!(problem, None),
            }
        }
    }

    #[test]
    fn an_image_names_its_release_or_none() {
        for (image, release) in [
            ("hyperledger/besu:26.9.0", Some([26, 9, 0])),
            ("registry.example:5000/besu:26.6.1-amd64", Some([26, 6, 1])),
            ("hyperledger/besu:26.9.0@sha256:00", Some([26, 9, 0])),
            ("hyperledger/besu:latest", None),
            ("hyperledger/besu", None),
            ("hyperledger/besu:26", None),
        ] {
            assert_eq!(version(image), release, "{image}");
        }
    }
}
