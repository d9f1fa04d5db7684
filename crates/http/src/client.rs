//! Who is at the other end, and how much of that one is let in.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::Limits;

/// The header in which a proxy says who asks.
const FORWARDED: &str = "x-forwarded-for";

/// Bits of an IPv6 address that tell networks apart: what is below them, a client chooses at will.
const NETWORK_BITS: u32 = 64;

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// A client: an address, or a whole network of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client(IpAddr);

impl Client {
    /// At this address.
    pub fn at(address: IpAddr) -> Self {
        let network = match address.to_canonical() {
            IpAddr::V6(address) => {
                let mask = u128::MAX << (u128::BITS - NETWORK_BITS);
                Ipv6Addr::from_bits(address.to_bits() & mask).into()
            }
            address @ IpAddr::V4(_) => address,
        };
        Self(network)
    }

    /// Who sent a request: the peer, or whom a proxy that is trusted names last, since that is what it added itself.
    pub fn of(peer: Peer, headers: &HeaderMap, trusted_proxy: bool) -> Self {
        let last = headers.get_all(FORWARDED).iter().next_back();
        let named = last
            .filter(|_| trusted_proxy)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.rsplit(',').next())
            .and_then(|address| address.trim().parse().ok());
        Self::at(named.unwrap_or(peer.0))
    }
}

/// How often each client may ask.
#[derive(Debug)]
pub struct Rates(Option<DefaultKeyedRateLimiter<Client>>);

impl Rates {
    /// As the limits have it.
    pub fn new(limits: &Limits) -> Self {
        Self(NonZeroU32::new(limits.client_rate).map(|rate| {
            let burst = NonZeroU32::new(limits.client_burst).unwrap_or(rate);
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
        }))
    }

    /// Counts a request. Says how long to wait where it is one too many.
    pub fn check(&self, client: Client) -> Result<(), Duration> {
        let Some(limiter) = &self.0 else {
            return Ok(());
        };
        limiter
            .check_key(&client)
            .map_err(|refused| refused.wait_time_from(DefaultClock::default().now()))
    }

    /// Forgets those who have not asked for a while.
    pub fn forget(&self) {
        if let Some(limiter) = &self.0 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

/// What each client has of something at the moment.
#[derive(Debug, Clone)]
pub struct Shares {
    most: usize,
    taken: Arc<Mutex<HashMap<Client, usize>>>,
}

/// One more, until it is dropped.
#[derive(Debug)]
pub struct Share {
    shares: Shares,
    client: Client,
}

impl Shares {
    /// So many for one client, at most.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            taken: Arc::default(),
        }
    }

    /// One more for a client, if it may.
    pub fn take(&self, client: Client) -> Option<Share> {
        let mut taken = self.lock();
        let count = taken.entry(client).or_default();
        // It is nought for whom it was made just now only.
        if *count >= self.most.max(1) {
            return None;
        }
        *count += 1;
        Some(Share {
            shares: self.clone(),
            client,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Client, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.shares.lock().entry(self.client) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> Client {
        Client::at(address.parse().unwrap())
    }

    #[test]
    fn a_client_is_an_address_or_a_network() {
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
        assert_eq!(client("192.0.2.1"), client("::ffff:192.0.2.1"));
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:1"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
    }

    #[test]
    fn only_a_trusted_proxy_says_who_asks() {
        let peer = Peer("192.0.2.9".parse().unwrap());
        let mut headers = HeaderMap::new();
        let of = |headers: &HeaderMap, trusted| Client::of(peer, headers, trusted);
        assert_eq!(of(&headers, true), client("192.0.2.9"));
        for (value, named) in [
            ("192.0.2.1", "192.0.2.1"),
            // What comes before is what the client says of itself.
            ("192.0.2.1, 192.0.2.2", "192.0.2.2"),
            ("unknown", "192.0.2.9"),
        ] {
            headers.insert(FORWARDED, value.parse().unwrap());
            assert_eq!(of(&headers, true), client(named));
            assert_eq!(of(&headers, false), client("192.0.2.9"));
        }
        headers.append(FORWARDED, "192.0.2.3".parse().unwrap());
        assert_eq!(of(&headers, true), client("192.0.2.3"));
    }

    #[test]
    fn each_client_has_its_share() {
        let shares = Shares::new(2);
        let (one, other) = (client("192.0.2.1"), client("192.0.2.2"));
        let first = shares.take(one).unwrap();
        let second = shares.take(one).unwrap();
        assert!(shares.take(one).is_none() && shares.take(other).is_some());
        drop(first);
        assert!(shares.take(one).is_some());
        drop(second);
        assert!(shares.lock().is_empty());
    }

    #[test]
    fn who_asks_too_often_is_told_when_to_come_back() {
        let limits = |client_rate| Limits {
            connections: 1,
            client_requests: 1,
            client_rate,
            client_burst: 2,
            trusted_proxy: false,
            header: Duration::MAX,
            stall: Duration::MAX,
        };
        let (one, other) = (client("192.0.2.1"), client("192.0.2.2"));
        let rates = Rates::new(&limits(1));
        assert_eq!([rates.check(one), rates.check(one)], [Ok(()); 2]);
        let wait = rates.check(one).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(1));
        assert_eq!(rates.check(other), Ok(()));
        rates.forget();
        assert!(rates.check(one).is_err());
        let open = Rates::new(&limits(0));
        assert!((0..9).all(|_| open.check(one).is_ok()));
    }
}
