//! `standing link-key`: lists, rotates and retires the keys that links are signed with.

use clap::{Args, Subcommand};
use hyper::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::data::Data;
use super::ended::{Ended, Failure};
use super::print;
use super::reach::{Client, Wanted};

/// List, rotate and retire the keys that links are signed with.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing link-key rotate")]
pub(super) struct LinkKeyCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the keys, newest first; the first one signs.
    #[command(after_help = "Example: standing link-key list")]
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Sign with a new key from now on; links already sent still work.
    #[command(after_help = "Example: standing link-key rotate")]
    Rotate {
        #[command(flatten)]
        data: Data,
    },
    /// Refuse the links signed with a key from now on.
    #[command(after_help = "Example: standing link-key retire 5a1b2c3d4e5f6071")]
    Retire {
        /// The key's id, as the list shows it.
        id: String,
        #[command(flatten)]
        data: Data,
    },
}

impl LinkKeyCommand {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let (method, path, data) = match self.action {
            Action::List { data } => (Method::GET, "/v1/link-keys".to_owned(), data),
            Action::Rotate { data } => (Method::POST, "/v1/link-keys".to_owned(), data),
            Action::Retire { id, data } => {
                (Method::DELETE, format!("/v1/link-keys/{}", utf8_percent_encode(&id, NON_ALPHANUMERIC)), data)
            }
        };
        let client = Client::open(&data, Wanted::There).await?;
        let answer = client.call(method, &path, None).await?;
        if data.json {
            print::line(&answer);
            return Ok(Ended::Good);
        }
        for key in answer["keys"].as_array().into_iter().flatten() {
            print::line(line(key));
        }
        Ok(Ended::Good)
    }
}

fn line(key: &Value) -> String {
    let text = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
    let mut line = format!("{}  created {}", text("id"), text("created"));
    if key["signs"] == true {
        line.push_str("  signs");
    }
    if key["retired"].is_string() {
        line.push_str(&format!("  retired {}", text("retired")));
    }
    line
}
