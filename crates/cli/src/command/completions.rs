use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use crate::app::Cli;
use crate::output::Answer;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell to complete for
    shell: Shell,
}

impl Args {
    pub(crate) fn run(self) -> Answer {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "ayumi", &mut script);
        let script = String::from_utf8_lossy(&script).trim_end().to_owned();
        Answer::new(
            &json!({ "shell": self.shell.to_string(), "script": script }),
            script,
        )
    }
}
