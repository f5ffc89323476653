//! `standing token`: creates, lists, replaces and revokes access tokens.

use clap::{Args, Subcommand};
use hyper::Method;
use jiff::{Span, SpanRelativeTo};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::data::Data;
use super::ended::{Ended, Failure};
use super::print;
use super::reach::{Client, Wanted};
use crate::clock::{Clock as _, System, Timestamp, Written};

/// Create, list, replace and revoke access tokens.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing token create --role partner --for contoso --name \"Contoso's shop\"")]
pub(super) struct TokenCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a token; it is shown once and stored only as a hash.
    #[command(
        after_help = "Example: standing token create --role customer --for adatum --expires 2027-12-31T00:00:00Z"
    )]
    Create {
        /// `operator`, `registrar`, `asker`, `reviewer`, `auditor`, `partner` or `customer`.
        #[arg(long)]
        role: String,
        /// The partner or customer it speaks for.
        #[arg(long = "for", value_name = "ID")]
        speaks_for: Option<String>,
        /// What people call it; the role and a number when nothing is said.
        #[arg(long)]
        name: Option<String>,
        /// Whose it is: nobody approves what the same person proposed. A person of its own when nothing is said.
        #[arg(long, value_name = "PERSON")]
        person: Option<String>,
        /// When it ends by itself: a time as `2027-12-31T00:00:00Z`, a day, to its end in UTC, or for how long it is good, as
        /// `30d`; after 90 days when nothing is said.
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        #[command(flatten)]
        data: Data,
    },
    /// List tokens, without their secrets.
    #[command(after_help = "Example: standing token list")]
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Replace a token by a new one of the same role and person; both are good for a while.
    #[command(after_help = "Example: standing token rotate 1f9c0d2b7a6e5f43 --overlap 1h")]
    Rotate {
        /// The token's id, as the list shows it first.
        id: String,
        /// For how long the old one stays good, for example `1h` or `2d` [default: 1h]
        #[arg(long, value_name = "TIME")]
        overlap: Option<String>,
        #[command(flatten)]
        data: Data,
    },
    /// Revoke a token, from now on.
    #[command(after_help = "Example: standing token revoke 1f9c0d2b7a6e5f43")]
    Revoke {
        /// The token's id, as the list shows it first.
        id: String,
        #[command(flatten)]
        data: Data,
    },
}

impl TokenCommand {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        match self.action {
            Action::Create { role, speaks_for, name, person, expires, data } => {
                // `partner:contoso` is how the role is written elsewhere; take it here too.
                let (role, speaks_for) = match (role.split_once(':'), speaks_for) {
                    (Some((role, id)), None) => (role.to_owned(), Some(id.to_owned())),
                    (_, speaks_for) => (role, speaks_for),
                };
                let expires = expires.as_deref().map(|said| end(said, System.now())).transpose()?;
                let body = json!({
                    "role": role, "for": speaks_for, "name": name, "person": person, "expires": expires
                });
                let client = Client::open(&data, Wanted::There).await?;
                let issued = client.call(Method::POST, "/v1/tokens", Some(&body)).await?;
                show(&issued, data.json);
            }
            Action::Rotate { id, overlap, data } => {
                let client = Client::open(&data, Wanted::There).await?;
                let path = format!("/v1/tokens/{}/rotation", utf8_percent_encode(&id, NON_ALPHANUMERIC));
                let body = overlap.map_or_else(|| json!({}), |overlap| json!({ "overlap": overlap }));
                let issued = client.call(Method::POST, &path, Some(&body)).await?;
                show(&issued, data.json);
            }
            Action::List { data } => {
                let client = Client::open(&data, Wanted::There).await?;
                let list = client.call(Method::GET, "/v1/tokens", None).await?;
                if data.json {
                    print::line(&list);
                } else {
                    for token in list["tokens"].as_array().into_iter().flatten() {
                        print::line(line(token));
                    }
                }
            }
            Action::Revoke { id, data } => {
                let client = Client::open(&data, Wanted::There).await?;
                let revoked = client
                    .call(Method::DELETE, &format!("/v1/tokens/{}", utf8_percent_encode(&id, NON_ALPHANUMERIC)), None)
                    .await?;
                if data.json {
                    print::line(&revoked);
                } else {
                    print::line(line(&revoked));
                }
            }
        }
        Ok(Ended::Good)
    }
}

/// Shows a token that was issued.
fn show(issued: &Value, as_json: bool) {
    if as_json {
        return print::line(issued);
    }
    let text = |name: &str| issued[name].as_str().unwrap_or_default().to_owned();
    print::line(text("token"));
    print::error(format_args!(
        "token `{}` ({}) speaks for {} until {}; it is shown only this once",
        text("id"),
        text("name"),
        text("role"),
        text("expires")
    ));
}

/// When a token ends by what somebody wrote: a time, the end of a day, or so long from now on.
fn end(said: &str, now: Timestamp) -> Result<String, Failure> {
    const FORMS: &str = "write a time as `2027-12-31T00:00:00Z`, a day, or for how long it is good as `90d`";
    let day = || format!("{said}T23:59:59Z").parse::<Written>();
    let time = said.parse::<Written>().or_else(|_| day()).map(Timestamp::from);
    let end = match (time, said.parse::<Span>()) {
        (Ok(time), _) => Some(time),
        (_, Ok(span)) => {
            let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok();
            length.and_then(|length| now.checked_add(length).ok())
        }
        _ => None,
    };
    match end {
        Some(end) if end > now => Ok(end.to_string()),
        Some(_) => Err(Failure::usage(format!("`--expires {said}` has passed; {FORMS}"))),
        None => Err(Failure::usage(format!("`--expires {said}` is no time; {FORMS}"))),
    }
}

fn line(token: &Value) -> String {
    let text = |name: &str| token[name].as_str().unwrap_or_default().to_owned();
    let mut line = format!("{}  {}  {}  created {}", text("id"), text("role"), text("name"), text("created"));
    for (member, word) in [
        ("expires", "expires"),
        ("revoked", "revoked"),
        ("lastUsed", "last used"),
        ("madeBy", "made by"),
        ("replaces", "replaces"),
    ] {
        if token[member].is_string() {
            line.push_str(&format!("  {word} {}", text(member)));
        }
    }
    if token["person"] != token["id"] {
        line.push_str(&format!("  person {}", text("person")));
    }
    line
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_at_a_time_with_a_day_or_after_so_long_and_never_before_it_began() {
        let now: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
        let end = |said: &str| end(said, now).map_err(|failure| failure.message);
        for (said, when) in [
            ("2027-12-31T00:00:00Z", "2027-12-31T00:00:00Z"),
            ("2026-11-27", "2026-11-27T23:59:59Z"),
            ("90d", "2027-02-25T12:00:00Z"),
            ("12h", "2026-11-28T00:00:00Z"),
        ] {
            assert_eq!(end(said).as_deref(), Ok(when), "{said}");
        }
        for (said, why) in [
            ("2020-01-01", "has passed"),
            ("2026-11-27T12:00:00Z", "has passed"),
            ("0d", "has passed"),
            ("soon", "is no time"),
            ("1mo", "is no time"),
        ] {
            let refused = end(said).unwrap_err();
            assert!(refused.contains(why) && refused.contains("`90d`"), "{said}: {refused}");
        }
    }
}
