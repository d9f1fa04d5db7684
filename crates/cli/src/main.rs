//! The command `ayumi`; everything is in the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A document is tens of thousands of small values: a third of the time of `ayumi lint` would go to the allocator of
/// the C library.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    ayumi_cli::run(std::env::args_os()).await
}
