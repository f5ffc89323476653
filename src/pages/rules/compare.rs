//! Two sets of rules: who gains and loses, which rows turn, which files differ, side by side.

use maud::html;

use super::evidence::{changed_files, difference};
use super::naming::set_link;
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::frame::Shown;
use crate::publish::report::rules_with;

/// `GET /rules/compare`
pub async fn compare(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let (pdp, current) = (&page.setting.pdp, page.setting.pdp.digest().to_string());
    let [from, to] = ["from", "to"].map(|side| page.asked(side).unwrap_or_else(|| current.clone()));
    let old = rules_with(pdp, &page.call, &from).await?;
    let new = rules_with(pdp, &page.call, &to).await?;
    let found = difference(&page, &old.value.digest, &new.value.digest).await?;
    let main = html! {
        p.trail { a href="/rules/history" { (words.say("back-to-history")) } }
        h1 { (words.say("compare-title")) }
        p { (words.with("compare-says", [
            ("from", set_link(&old.value.digest).into()),
            ("to", set_link(&new.value.digest).into()),
        ])) }
        @if old.value.digest == new.value.digest { p { (words.say("compare-same")) } }
        @else {
            @if let Some((found, _)) = &found { (found) }
            (changed_files(words, &old.value.files, &new.value.files))
        }
    };
    let seqs = [&old.seqs[..], &new.seqs[..], found.as_ref().map_or(&[][..], |(_, seqs)| seqs)].concat();
    Ok(Shown::of(words.say("compare-title"), main).at(new.revision, &seqs).into())
}
