/// How results are written.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Print one JSON document
    #[arg(long, global = true)]
    pub json: bool,
}
