//! Values that are texts in JSON.

use alloy::primitives::{I256, U256};
use ayumi_contracts::ProductId;

/// Serialises an amount as a decimal number in a text: wei do not fit into the numbers of JSON's readers.
pub(super) mod wei {
    use super::I256;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in crate::answer) fn serialize<S: Serializer>(
        amount: &I256,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }

    pub(in crate::answer) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<I256, D::Error> {
        let text = String::deserialize(deserializer)?;
        I256::from_dec_str(&text).map_err(Error::custom)
    }
}

pub(super) mod maybe_wei {
    use super::I256;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    #[allow(clippy::ref_option)] // as serde calls it
    pub(in crate::answer) fn serialize<S: Serializer>(
        amount: &Option<I256>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        amount
            .map(|amount| amount.to_string())
            .serialize(serializer)
    }

    pub(in crate::answer) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<I256>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| I256::from_dec_str(&text).map_err(Error::custom))
            .transpose()
    }
}

pub(super) mod product_text {
    use super::ProductId;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    #[allow(clippy::ref_option)] // as serde calls it
    pub(in crate::answer) fn serialize<S: Serializer>(
        product: &Option<ProductId>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        product
            .map(|product| product.to_string())
            .serialize(serializer)
    }

    pub(in crate::answer) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<ProductId>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(Error::custom))
            .transpose()
    }
}

/// The id of a product in the index.
pub(crate) fn product_of(id: i64) -> Option<ProductId> {
    ProductId::try_from(U256::try_from(id).ok()?)
        .ok()
        .filter(|_| id != 0)
}

/// The same, the other way.
pub(crate) fn id_of(product: ProductId) -> i64 {
    i64::from(product.producer) << 24 | i64::from(product.sequence)
}
