use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::args::Global;
use crate::command::Command;
use crate::cx::Cx;
use crate::error::InputError;
use crate::output::{Verdict, report};

/// Shares cyber threat intelligence in a consortium, and counts what it achieved
#[derive(Debug, Parser)]
#[command(
    name = "ayumi",
    version,
    max_term_width = 100,
    propagate_version = true,
    after_help = "\
Results are on stdout, everything else on stderr. Exit status: 0 done, 1 a negative answer, 2 an error."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

/// Runs the command with its arguments, the program's name first.
pub async fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let _ = ayumi_chain::http(); // from here on any client has its TLS
    let arguments = arguments.into_iter().collect::<Vec<_>>();
    let as_json = arguments.iter().any(|argument| argument == "--json");
    let (cli, matches) = match parse(&arguments) {
        Ok(parsed) => parsed,
        Err(error) => return misused(&error, as_json),
    };
    let cx = Cx {
        global: cli.global,
        matches,
    };
    let answer = cli.command.run(&cx).await;
    match answer.and_then(|answer| answer.print(cx.global.output.json)) {
        Ok(Verdict::Done) => ExitCode::SUCCESS,
        Ok(Verdict::Negative) => ExitCode::from(1),
        Err(error) => {
            report(&error, cx.global.output.json);
            ExitCode::from(2)
        }
    }
}

fn parse(arguments: &[OsString]) -> Result<(Cli, clap::ArgMatches), clap::Error> {
    let matches = Cli::command().try_get_matches_from(arguments)?;
    let cli = Cli::from_arg_matches(&matches)?;
    Ok((cli, matches))
}

/// Help and version are results; the rest is an error, in the form that was asked for.
fn misused(error: &clap::Error, as_json: bool) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) || !as_json
    {
        let _ = error.print();
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
    }
    let text = error.render().to_string();
    let (message, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let message = message
        .strip_prefix("error: ")
        .unwrap_or(message)
        .to_owned();
    let told = rest
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("For more"));
    let hint = told.collect::<Vec<_>>().join("; ");
    report(&InputError::Misused { message, hint }.into(), true);
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        Cli::command().debug_assert();
    }

    /// A command's argument with the id of a shared one would be read in its place, or panic.
    #[test]
    fn no_command_takes_the_id_of_a_shared_argument() {
        let command = Cli::command();
        let shared = command
            .get_arguments()
            .filter(|argument| argument.is_global_set());
        let shared = shared
            .map(|argument| argument.get_id().clone())
            .collect::<Vec<_>>();
        let mut commands = command.get_subcommands().collect::<Vec<_>>();
        while let Some(command) = commands.pop() {
            for argument in command.get_arguments() {
                assert!(
                    !shared.contains(argument.get_id()),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
            commands.extend(command.get_subcommands());
        }
    }
}
