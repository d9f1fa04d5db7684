use std::fmt;
use std::str::FromStr;

use alloy::primitives::U256;

const SEQUENCE_BITS: usize = 24;

/// The id of a product: its producer's number in the Consortium, and the count of that producer's products. Written
/// `3-17`: the seventeenth product of account 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductId {
    /// The producer's number, from 1, of 24 bits.
    pub producer: u32,
    /// The count of its products, from 1, of 24 bits.
    pub sequence: u32,
}

/// Thrown by what is no product id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedProduct(String);

impl fmt::Display for MalformedProduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no product: expected a producer's number and a count, such as 3-17",
            self.0
        )
    }
}

impl std::error::Error for MalformedProduct {}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.producer, self.sequence)
    }
}

impl FromStr for ProductId {
    type Err = MalformedProduct;

    fn from_str(text: &str) -> Result<Self, MalformedProduct> {
        let malformed = || MalformedProduct(text.to_owned());
        let (producer, sequence) = text.split_once('-').ok_or_else(malformed)?;
        let part = |text: &str| {
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text
                .parse()
                .ok()
                .filter(|number| (1..1 << SEQUENCE_BITS).contains(number));
            if plain { number } else { None }
        };
        Ok(Self {
            producer: part(producer).ok_or_else(malformed)?,
            sequence: part(sequence).ok_or_else(malformed)?,
        })
    }
}

impl From<ProductId> for U256 {
    fn from(product: ProductId) -> Self {
        Self::from(u64::from(product.producer) << SEQUENCE_BITS | u64::from(product.sequence))
    }
}

impl TryFrom<U256> for ProductId {
    type Error = MalformedProduct;

    fn try_from(id: U256) -> Result<Self, MalformedProduct> {
        let malformed = || MalformedProduct(id.to_string());
        let id: u64 = id.try_into().map_err(|_| malformed())?;
        let producer = u32::try_from(id >> SEQUENCE_BITS).map_err(|_| malformed())?;
        let sequence = u32::try_from(id & ((1 << SEQUENCE_BITS) - 1)).expect("24 bits fit into 32");
        Ok(Self { producer, sequence })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        let product = ProductId {
            producer: 3,
            sequence: 17,
        };
        assert_eq!(product.to_string().parse(), Ok(product));
        let id: U256 = product.into();
        assert_eq!(id, U256::from((3 << 24) + 17));
        assert_eq!(ProductId::try_from(id), Ok(product));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "3",
            "3-",
            "-3",
            "0-1",
            "1-0",
            "+1-2",
            "1-2-3",
            "16777216-1",
            "1- 2",
            "a-b",
        ] {
            assert!(text.parse::<ProductId>().is_err(), "{text}");
        }
    }
}
