//! `standing import` and `standing export`: everything in, and everything out.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use futures_util::StreamExt as _;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{Method, Response};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;

use super::data::Data;
use super::ended::{Ended, Failure};
use super::print;
use super::reach::{Client, Outgoing, Wanted, answered, whole};
use crate::caller::Caller;
use crate::change;
use crate::files;
use crate::pdp::call::Call;

/// How much of a file is sent at a time, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// Bring in partners, customers, subscriptions, grants and commercial relationships from a file, all or nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: standing import everything.ndjson\n\nA line is a noun: {\"noun\":\"customer\",\"id\":\"adatum\",\"name\":\"Adatum School\"}"
)]
pub(super) struct Import {
    /// The file, one JSON object on each line.
    file: PathBuf,
    #[command(flatten)]
    data: Data,
}

/// Write everything that is known to a file, in the form that is imported.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing export everything.ndjson")]
pub(super) struct Export {
    /// The file to write; it appears only once it is whole.
    file: PathBuf,
    #[command(flatten)]
    data: Data,
}

fn named(path: &Path) -> impl Fn(std::io::Error) -> Failure + '_ {
    move |error| Failure::failed(format!("cannot use `{}`: {error}", path.display()))
}

fn bar(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {bytes} of {total_bytes}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

impl Import {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let file = File::open(&self.file).map_err(named(&self.file))?;
        let bytes = file.metadata().map_err(named(&self.file))?.len();
        let client = Client::open(&self.data, Wanted::ThereOrNew).await?;
        let bar = bar(bytes);
        bar.set_message("importing");
        let imported = match &client.here {
            Some(pdp) => {
                let shown = bar.clone();
                let progress = move |_: u64, read: u64| shown.set_position(read);
                let done =
                    change::import::import(pdp, &Call::of(Caller::local()), BufReader::new(file), progress).await?;
                serde_json::to_value(done.value)?
            }
            None => {
                let body = sent(tokio::fs::File::from_std(file), bar.clone());
                answered(client.send(Method::POST, "/v1/import", "application/x-ndjson", body).await?).await?
            }
        };
        bar.finish_and_clear();
        if self.data.json {
            print::line(&imported);
        } else {
            print::line(spoken(&imported));
        }
        Ok(Ended::Good)
    }
}

/// The file as a body that shows how far it is sent.
fn sent(file: tokio::fs::File, bar: ProgressBar) -> Outgoing {
    let pieces = futures_util::stream::unfold((file, bar), |(mut file, bar)| async move {
        let mut piece = vec![0; PIECE_BYTES];
        match file.read(&mut piece).await {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                bar.inc(read as u64);
                Some((Ok(Frame::data(Bytes::from(piece))), (file, bar)))
            }
            Err(error) => Some((Err(error), (file, bar))),
        }
    });
    BodyExt::boxed(StreamBody::new(pieces))
}

fn spoken(imported: &Value) -> String {
    let count = |name: &str| imported[name].as_u64().unwrap_or_default();
    format!(
        "imported {} lines: {} partners, {} customers, {} subscriptions, {} grants, {} commercial relationships; revision {}",
        count("lines"),
        count("partners"),
        count("customers"),
        count("subscriptions"),
        count("grants"),
        count("commercialRelationships"),
        count("revision"),
    )
}

impl Export {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        let client = Client::open(&self.data, Wanted::There).await?;
        let response = client.send(Method::GET, "/v1/export", "application/json", whole("")).await?;
        let bytes = saved(response, &self.file).await?;
        if self.data.json {
            print::line(serde_json::json!({ "file": self.file, "bytes": bytes }));
        } else {
            print::line(format_args!("exported {bytes} bytes to `{}`", self.file.display()));
        }
        Ok(Ended::Good)
    }
}

/// Writes an answer to a file, which appears only once it is whole, and says how many bytes it has.
pub(super) async fn saved(response: Response<Incoming>, file: &Path) -> Result<u64, Failure> {
    if !response.status().is_success() {
        answered(response).await?;
        return Err(Failure::failed("nothing was exported; try again"));
    }
    let mut temporary = file.to_owned().into_os_string();
    temporary.push(".part");
    let temporary = PathBuf::from(temporary);
    let mut written = BufWriter::new(files::create(&temporary, files::SECRET).map_err(named(&temporary))?);
    let bar = ProgressBar::new_spinner();
    bar.set_message("exporting");
    let mut pieces = response.into_body().into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        bar.inc(piece.len() as u64);
        written.write_all(&piece).map_err(named(&temporary))?;
    }
    let whole = written.into_inner().map_err(|error| named(&temporary)(error.into_error()))?;
    whole.sync_all().map_err(named(&temporary))?;
    files::place(&temporary, file).map_err(named(file))?;
    let bytes = bar.position();
    bar.finish_and_clear();
    Ok(bytes)
}
