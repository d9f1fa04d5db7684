//! The story of the suite.
fn main() {}
