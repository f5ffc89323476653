//! What stands at the end of every `--help`: the exit codes.

use clap::Command;

/// The exit codes of every command.
const EXIT_CODES: &str = "\
Exit codes:
  0   yes, or good; advice alone is good, unless `--strict` is given
  1   the program failed
  2   no (check); refused (rules), or not proved (rules prove); not as it was
      written (ledger verify); something differs or is missing (ledger replay);
      records that cannot be read (ledger find); not understood (config check)
  64  wrong usage";

/// Adds the table of exit codes to the help of a command and of all below it.
pub(super) fn with_exit_codes(command: Command) -> Command {
    let own = command.get_after_help().map(|help| format!("{help}\n\n")).unwrap_or_default();
    command.after_help(format!("{own}{EXIT_CODES}")).mut_subcommands(with_exit_codes)
}
