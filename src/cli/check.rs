//! `standing check`: asks one question.

use clap::Args;

use super::{Data, Ended, Failure};

/// Ask one question; the exit code is 0 for yes and 2 for no.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing check Partner::contoso removeSeats Subscription::s-office")]
pub(super) struct Check {
    /// Who wants to act, for example `Partner::contoso`.
    subject: String,
    /// What they want to do, for example `removeSeats`.
    action: String,
    /// What they want to do it to, for example `Subscription::s-office`.
    resource: String,
    /// Say what would turn the answer round.
    #[arg(long)]
    explain: bool,
    /// Answer as of a past time or revision.
    #[arg(long, value_name = "TIME|REVISION")]
    as_of: Option<String>,
    #[command(flatten)]
    data: Data,
}

impl Check {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        Ok(Ended::Denied)
    }
}
