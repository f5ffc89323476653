//! `standing session`: lists the sessions of people on the pages, and ends them.

use clap::{Args, Subcommand};
use hyper::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::data::Data;
use super::ended::{Ended, Failure};
use super::print;
use super::reach::{Client, Wanted};

/// List and end the sessions of people on the pages.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing session end --person https://login.adatum.example ada")]
pub(super) struct SessionCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the sessions that are open, without their secrets.
    #[command(after_help = "Example: standing session list")]
    List {
        #[command(flatten)]
        data: Data,
    },
    /// End a session, or all of a person.
    #[command(after_help = "Example: standing session end 1f9c0d2b7a6e5f431f9c0d2b7a6e5f43")]
    End {
        /// The session's id, as the list shows it first.
        #[arg(required_unless_present = "person")]
        id: Option<String>,
        /// Whose sessions are ended: the issuer that names the person (`standing` for one of a token), and its name there.
        #[arg(long, num_args = 2, value_names = ["ISSUER", "SUBJECT"], conflicts_with = "id")]
        person: Option<Vec<String>>,
        #[command(flatten)]
        data: Data,
    },
}

impl SessionCommand {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let (method, path, data) = match self.action {
            Action::List { data } => (Method::GET, "/v1/sessions".to_owned(), data),
            Action::End { id, person, data } => {
                let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
                let path = match (id, person.as_deref()) {
                    (_, Some([issuer, subject])) => {
                        format!("/v1/sessions?issuer={}&subject={}", encoded(issuer), encoded(subject))
                    }
                    (id, _) => format!("/v1/sessions/{}", encoded(&id.unwrap_or_default())),
                };
                (Method::DELETE, path, data)
            }
        };
        let answer = Client::open(&data, Wanted::There).await?.call(method, &path, None).await?;
        if answer["ended"].as_array().is_some_and(Vec::is_empty) {
            let message =
                "no session of that person is open, so none was ended; `standing session list` shows whose are";
            return Err(Failure::failed(message));
        }
        if data.json {
            print::line(&answer);
        } else if let Some(sessions) = answer["sessions"].as_array() {
            sessions.iter().for_each(|session| print::line(line(session)));
            let altered = answer["altered"].as_array().into_iter().flatten().filter_map(Value::as_str);
            altered.for_each(|id| print::line(format_args!("{id}  was altered on disk, and opens nothing")));
        } else if let Some(ended) = answer["ended"].as_array() {
            ended.iter().filter_map(Value::as_str).for_each(|id| print::line(format_args!("{id}  ended")));
        } else {
            print::line(line(&answer));
        }
        Ok(Ended::Good)
    }
}

fn line(session: &Value) -> String {
    let text = |name: &str| session[name].as_str().unwrap_or_default().to_owned();
    let mut line = format!("{}  {}  {}  begun {}", text("id"), text("caller"), text("name"), text("begun"));
    for (member, word) in [("subject", "person"), ("issuer", "of"), ("token", "token"), ("ended", "ended")] {
        if session[member].is_string() {
            line.push_str(&format!("  {word} {}", text(member)));
        }
    }
    line
}
