//! What is signed, answer by answer, so that rows may be reordered, reworded, joined and split and stay the same promise.

use std::collections::{BTreeMap, BTreeSet};

use super::FOLDER;
use super::rows::{Row, covers, readable, rows};
use crate::decide::Namespace;
use crate::policy::Bundle;
use crate::question::Kind;
use crate::standing::Standing;

/// A signed answer, with the reason that was signed with it if one was.
type SignedAnswer = (bool, Option<String>);

/// The signed answers to an action, standing by standing; none where partners cannot ask for it.
pub(in crate::assure) fn signed_cells(bundle: &Bundle, action: &str) -> BTreeMap<Standing, SignedAnswer> {
    let mut cells: BTreeMap<Standing, SignedAnswer> = BTreeMap::new();
    let Some(shape) = bundle.vocabulary().action(Namespace::Domain.as_str(), action) else { return cells };
    if !shape.principals.contains(Kind::Partner.as_str()) {
        return cells;
    }
    let path = format!("{FOLDER}{action}.md");
    let text = bundle.files().get(&path).unwrap_or_default();
    let signed = rows(&path, text, &mut Vec::new());
    let signed = readable(&path, text, &signed, &mut Vec::new());
    for case in Standing::all().filter(|case| shape.resources.contains(case.thing.kind().as_str())) {
        for row in signed.iter().filter(|row| covers(&row.covered, &case)) {
            let (_, because) = cells.entry(case).or_insert((row.is_yes, None));
            if because.is_none() {
                because.clone_from(&row.because);
            }
        }
    }
    cells
}

/// The signed rows of each action as they are written, in no order and less how they are laid out; actions without any
/// are left out.
pub(in crate::assure) fn signed_texts(bundle: &Bundle) -> BTreeMap<String, BTreeSet<BTreeMap<String, String>>> {
    let files = bundle.files().iter().filter(|(path, _)| path.starts_with(FOLDER));
    let rows = files.map(|(path, text)| {
        let action = path.trim_start_matches(FOLDER).trim_end_matches(".md").to_owned();
        let rows = rows(path, text, &mut Vec::new());
        (action, rows.into_iter().map(|Row { cells, .. }| cells).collect::<BTreeSet<_>>())
    });
    rows.filter(|(_, rows)| !rows.is_empty()).collect()
}
