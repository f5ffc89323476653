//! The parts of a form that files are sent with.

use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use multer::{Multipart, parse_boundary};

/// A part of such a form: a field, or a file.
#[derive(Debug)]
pub struct Part {
    /// The name of the field.
    pub name: String,
    /// The name of the file, as the browser says it; nothing for a field.
    pub file: Option<String>,
    /// What it holds.
    pub bytes: Bytes,
}

/// The parts of a body of a type of content, and at most one more than `most`; nothing where it is no such form, or does not
/// come to its end.
#[must_use]
pub fn parts(content_type: &str, body: &[u8], most: usize) -> Option<Vec<Part>> {
    let body = stream::once(ready(Ok::<_, Infallible>(Bytes::copy_from_slice(body))));
    let mut sent = Multipart::new(body, parse_boundary(content_type).ok()?);
    let reading = async move {
        let mut parts = Vec::new();
        while parts.len() <= most {
            let Some(part) = sent.next_field().await.ok()? else { break };
            let (name, file) = (part.name()?.to_owned(), part.file_name().map(str::to_owned));
            parts.push(Part { name, file, bytes: part.bytes().await.ok()? });
        }
        Some(parts)
    };
    // The body is there as a whole, so nothing is waited for.
    reading.now_or_never().flatten()
}
