/// What a producer states of a product.
#[derive(Debug, Clone, clap::Args)]
pub struct ListingArgs {}
