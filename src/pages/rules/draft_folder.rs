//! A folder of rules, or some files, put into a draft as they were sent: all of them in one version of it, or none.

use std::collections::BTreeMap;

use super::drafts::{missing_version, shown, wrong};
use crate::id::{DraftId, Revision};
use crate::pages::context::{Answer, DonePart, Fault, PageCall, WhatWasDone};
use crate::pdp::call::{Call, CallError, Coded as _, Condition, PreconditionError};
use crate::publish::draft_error::DraftError;
use crate::publish::draft_files::put_files;
use crate::publish::draft_folder::{ChosenFiles, chosen_files};

/// How many of what is passed over are named where it is said what was done, which lies in a cookie; the rest are counted.
const NAMED_MAX: usize = 5;
/// How many characters of the path of each.
const NAME_LENGTH_MAX: usize = 60;

/// `POST /rules/drafts/{draft}/folder`
pub async fn uploaded(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let form = page.form(&["version", "into", "@folder", "@some-files"])?;
    let version = form.text("version").parse().map_err(|_| missing_version())?;
    let into = form.text("into").trim().trim_matches('/');
    let (words, draft) = (page.words, page.param::<DraftId>("draft")?);
    let again = async |field, says| Ok(shown(&page, ["", "", "", into], &wrong(field, says)).await?.into());
    if into.is_empty() && form.files().iter().any(|(name, _)| !name.contains('/')) {
        return again("into", words.say("upload-into-missing")).await;
    }
    // What is wrong with a file says which one, and nothing of the others is written.
    let refused = |error: DraftError| match error {
        DraftError::File { path, .. } => words.text("upload-wrong-file", &[("path", &path)]),
        error => words.find(&format!("reason-{}", error.code())).unwrap_or_else(|| error.to_string()),
    };
    let ChosenFiles { files, passed_over } = match chosen_files(form.files(), into) {
        Ok(chosen) if chosen.files.is_empty() => return again("folder", words.say("upload-nothing")).await,
        Ok(chosen) => chosen,
        Err(error) => return again("folder", refused(error)).await,
    };
    let conditions = vec![Condition::At(vec![Revision(version)])];
    let (call, count) = (Call { conditions, ..page.sending(&form)? }, files.len());
    match put_files(&page.setting.pdp, &call, &draft, files).await {
        Ok(_) => Ok(page.see_done(format!("/rules/drafts/{draft}"), &done(count, &passed_over))),
        Err(CallError::Precondition(PreconditionError::Moved { .. })) => {
            again("folder", words.say("reason-draft_changed")).await
        }
        Err(CallError::Refused(error)) if !matches!(error, DraftError::Unknown(_)) => {
            again("folder", refused(error)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// That so many files were put in, and what was passed over.
fn done(count: usize, passed_over: &[String]) -> WhatWasDone {
    let mut parts = BTreeMap::from([("count".to_owned(), DonePart::Number(count))]);
    if passed_over.is_empty() {
        return WhatWasDone { says: "done-uploaded".to_owned(), parts };
    }
    let short = |path: &String| match path.char_indices().nth(NAME_LENGTH_MAX) {
        Some((end, _)) => format!("{}…", path.get(..end).unwrap_or_default()),
        None => path.clone(),
    };
    parts.insert("passed".to_owned(), DonePart::Number(passed_over.len()));
    parts.insert("names".to_owned(), DonePart::Names(passed_over.iter().take(NAMED_MAX).map(short).collect()));
    WhatWasDone { says: "done-uploaded-but".to_owned(), parts }
}
