//! `standing ledger find`: the records that were asked for, each as a sentence.

use clap::Args;
use hyper::Method;
use serde_json::{Value, json};

use crate::cli::data::Data;
use crate::cli::ended::{Ended, Failure};
use crate::cli::print;
use crate::cli::reach::{Client, Wanted};

/// How many records are asked for at a time.
const PAGE: usize = 200;

/// Tell the records for which everything holds that is given: who asked what about whom, the answer and why.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: standing ledger find --subject Partner::contoso --decision no --from 2026-11-01 --to 2026-11-30\n          standing ledger find --caller auditor:1f9c0d2b7a6e5f43 --newest --limit 10\n\nA day without a time is one in UTC: `--from` is its beginning, `--to` its end. The exit code is 0, and 2 when records\nthat belong to the answer cannot be read."
)]
pub(super) struct Find {
    /// The subject, for example `Partner::contoso`.
    #[arg(long, value_name = "TYPE::ID")]
    subject: Option<String>,
    /// The action; that of a call of this service begins with `Api::`.
    #[arg(long, value_name = "NAME")]
    action: Option<String>,
    /// The resource, for example `Subscription::s-office`.
    #[arg(long, value_name = "TYPE::ID")]
    resource: Option<String>,
    /// The answer: `yes` or `no`.
    #[arg(long, value_name = "ANSWER", value_parser = ["yes", "no"])]
    decision: Option<String>,
    /// Who asked, for example `partner:contoso`.
    #[arg(long, value_name = "CALLER")]
    caller: Option<String>,
    /// Why it was a no, for example `not_original_reseller`.
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// A rule that decided, for example `may/remove-seats`.
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// The digest of the rules that decided.
    #[arg(long, value_name = "DIGEST")]
    rules: Option<String>,
    /// What kind of question it was.
    #[arg(long, value_name = "KIND")]
    asked: Option<String>,
    /// The caller's own name for the call.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// From this moment on: a time, or the beginning of a day.
    #[arg(long, value_name = "TIME|DAY")]
    from: Option<String>,
    /// Before this moment: a time, or the end of a day.
    #[arg(long, value_name = "TIME|DAY")]
    to: Option<String>,
    /// The newest first.
    #[arg(long)]
    newest: bool,
    /// At most so many.
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    #[command(flatten)]
    data: Data,
}

impl Find {
    fn query(&self) -> String {
        let decision = self.decision.as_deref().map(|decision| (decision == "yes").to_string());
        let given = [
            ("subject", self.subject.as_deref()),
            ("action", self.action.as_deref()),
            ("resource", self.resource.as_deref()),
            ("decision", decision.as_deref()),
            ("caller", self.caller.as_deref()),
            ("reason", self.reason.as_deref()),
            ("rule", self.rule.as_deref()),
            ("rules", self.rules.as_deref()),
            ("asked", self.asked.as_deref()),
            ("requestId", self.request_id.as_deref()),
            ("from", self.from.as_deref()),
            ("to", self.to.as_deref()),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in given {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.append_pair("order", if self.newest { "newest" } else { "oldest" });
        query.append_pair("words", "true");
        query.finish()
    }

    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let client = Client::open(&self.data, Wanted::There).await?;
        let query = self.query();
        let most = self.limit.unwrap_or(usize::MAX);
        let (mut found, mut missing, mut cursor) = (0, Vec::new(), String::new());
        let mut is_complete = true;
        // Nobody wants to know the rest once nobody reads.
        while found < most && !print::is_unread() {
            let limit = PAGE.min(most - found);
            let path = format!("/v1/decisions?{query}&limit={limit}{cursor}");
            let page = client.call(Method::GET, &path, None).await?;
            for record in page["decisions"].as_array().into_iter().flatten() {
                found += 1;
                if self.data.json { print::line(record) } else { print::text(described(record)) }
            }
            missing.extend(page["missing"].as_array().into_iter().flatten().cloned());
            is_complete = page["complete"] == true;
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        if self.data.json {
            print::line(json!({ "found": found, "complete": is_complete, "missing": missing }));
        } else {
            print::line(match found {
                1 => "1 record".to_owned(),
                many => format!("{many} records"),
            });
            for missing in &missing {
                print::line(lacking(missing));
            }
        }
        Ok(if missing.is_empty() { Ended::Good } else { Ended::Denied })
    }
}

/// A record on one line: its place, when, and what it says.
fn described(record: &Value) -> String {
    let (seq, at) = (&record["seq"], record["at"].as_str().unwrap_or_default());
    let words = record["words"].as_str().unwrap_or("this record cannot be read; run `standing ledger verify`");
    format!("{seq}  {at}  {words}\n")
}

/// What could not be shown.
fn lacking(missing: &Value) -> String {
    format!(
        "not complete: {} records from {} to {} cannot be read, archive `{}`: {}",
        missing["records"],
        missing["first"],
        missing["last"],
        missing["archive"].as_str().unwrap_or("unknown"),
        missing["why"].as_str().unwrap_or_default()
    )
}
