//! What is known of a candidate before the live world is looked at, as it goes between the service and the process that
//! examines for it.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::verdict::{Examination, Reviewed};
use crate::policy::{Bundle, Digest, RuleFiles, Rulebook};

/// What is to be examined.
#[derive(Serialize, Deserialize)]
pub(crate) struct ExaminationRequest {
    in_force: Vec<(String, String)>,
    candidate: Vec<(String, String)>,
    solver: Option<PathBuf>,
}

/// An answer, and what it is the answer to.
#[derive(Serialize, Deserialize)]
struct ExaminationAnswer {
    request: String,
    in_force: Digest,
    candidate: Digest,
    examination: Examination,
}

fn files_of(files: &RuleFiles) -> Vec<(String, String)> {
    files.iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

fn digest_of(request: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(request))
}

impl ExaminationRequest {
    pub(crate) fn of(in_force: &RuleFiles, candidate: &RuleFiles, solver: Option<&Path>) -> Self {
        Self { in_force: files_of(in_force), candidate: files_of(candidate), solver: solver.map(Path::to_owned) }
    }

    /// The request as it is sent.
    ///
    /// # Errors
    /// A sentence, when it cannot be written.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec(self).map_err(|error| error.to_string())
    }
}

/// Examines what a request asks for; the answer as it is sent back.
///
/// # Errors
/// A sentence, when the request is none, or the rules in force do not load.
pub fn examine_request(request: &[u8]) -> Result<Vec<u8>, String> {
    let asked: ExaminationRequest = serde_json::from_slice(request).map_err(|error| error.to_string())?;
    let in_force: RuleFiles = asked.in_force.into_iter().collect();
    let files: RuleFiles = asked.candidate.into_iter().collect();
    let in_force = Bundle::load(in_force, Rulebook::Domain).map_err(|error| error.to_string())?;
    let answer = ExaminationAnswer {
        request: digest_of(request),
        in_force: in_force.digest().clone(),
        candidate: Digest::of(&files),
        examination: Reviewed::default().examine(&in_force, files, asked.solver.as_deref()),
    };
    serde_json::to_vec(&answer).map_err(|error| error.to_string())
}

/// Reads the answer to a request.
///
/// # Errors
/// A sentence, when it is the answer to something else.
pub(crate) fn examination_of(
    answer: &[u8],
    request: &[u8],
    in_force: &Digest,
    candidate: &Digest,
) -> Result<Examination, String> {
    let answer: ExaminationAnswer = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    let is_it = answer.request == digest_of(request) && answer.in_force == *in_force && answer.candidate == *candidate;
    if is_it { Ok(answer.examination) } else { Err("it is the answer to something else".to_owned()) }
}
