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
    ayumi_chain::install_tls();
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
    let matches = command().try_get_matches_from(arguments)?;
    let cli = Cli::from_arg_matches(&matches)?;
    Ok((cli, matches))
}

/// The command with all its subcommands. Usages are those of the help: an error would show each option that is set by the
/// environment as if it were required. A value below zero is for the option to refuse, in its own words.
fn command() -> clap::Command {
    let mut built = Cli::command();
    built.build();
    tuned(Cli::command(), &mut built)
}

fn tuned(command: clap::Command, built: &mut clap::Command) -> clap::Command {
    let usage = built.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned();
    let command = command.override_usage(usage).mut_args(|argument| {
        let takes_value = argument.get_action().takes_values() && !argument.is_positional();
        argument.allow_negative_numbers(takes_value)
    });
    let names = command
        .get_subcommands()
        .map(|inner| inner.get_name().to_owned());
    names
        .collect::<Vec<_>>()
        .iter()
        .fold(command, |command, name| {
            command.mut_subcommand(name, |inner| match built.find_subcommand_mut(name) {
                Some(built) => tuned(inner, built),
                None => inner,
            })
        })
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
        command().debug_assert();
    }

    /// A command's argument with the id of a shared one would be read in its place, or panic.
    #[test]
    fn no_command_takes_the_id_of_a_shared_argument() {
        let command = command();
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

    #[test]
    fn a_usage_is_the_same_whatever_is_set() {
        for arguments in [
            ["ayumi", "show", "--account=me"],
            ["ayumi", "show", "--json"],
        ] {
            let error = command().try_get_matches_from(arguments).unwrap_err();
            let text = error.to_string();
            assert!(
                text.contains("Usage: ayumi show [OPTIONS] <PRODUCT>"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_price_below_zero_is_refused_as_a_price() {
        let arguments = ["publish", "x.json", "--price", "-1", "--stock", "1"];
        let arguments = [&["ayumi"][..], &arguments].concat();
        let error = command().try_get_matches_from(arguments).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueValidation);
        assert!(error.to_string().contains("not below 0"), "{error}");
    }
}
