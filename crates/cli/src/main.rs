//! The command `ayumi`; everything is in the library.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    ayumi_cli::run(std::env::args_os()).await
}
