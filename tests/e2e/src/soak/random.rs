use std::time::Duration;

use alloy::primitives::keccak256;

/// Numbers that follow from a seed and a name, so that each part of a soak draws the same ones whatever the others do.
pub struct Random(u64);

impl Random {
    /// Of one part.
    pub fn of(seed: u64, name: &str) -> Self {
        let hash = keccak256([&seed.to_be_bytes()[..], name.as_bytes()].concat());
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        Self(u64::from_be_bytes(first))
    }

    /// The next number: splitmix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `from` to `to`, both included.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from + 1)
    }

    /// True so often in a hundred times.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.between(1, 100) <= percent
    }

    /// So many milliseconds.
    pub fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.between(from, to))
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        let place = self.between(1, among.len() as u64) - 1;
        &among[usize::try_from(place).expect("lists are short")]
    }
}
