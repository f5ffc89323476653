//! Renegotiating a commercial relationship, for either side: propose, agree, or take one's own proposal back.

use hyper::StatusCode;
use maud::{Markup, html};

use super::address::address;
use super::answer::{Tone, panel};
use super::context::{Answer, Fault, PageCall};
use super::frame::Shown;
use super::turned::turned;
use super::words::{Words, name};
use crate::answer::what_if::WhatIfError;
use crate::answer::what_if::own::OwnDelta;
use crate::change::expected::Expecting;
use crate::change::relationship::{renegotiate, withdraw_renegotiation};
use crate::change::renegotiation::{Renegotiation, RenegotiationEffect, RenegotiationError, Withdrawal};
use crate::domain::commercial::{Outcome, Position, Proposal, RelationshipState, RenegotiationState, Side};
use crate::id::{CustomerId, PartnerId, Revision, Seq};
use crate::pdp::call::{CallError, Response};

/// A commercial relationship, as one side sees it.
pub struct Negotiation {
    /// The side that looks.
    pub by: Side,
    /// What people call the other side.
    pub other: String,
    /// How it stands; nothing where there never was one.
    pub state: Option<RelationshipState>,
    /// What one side proposed.
    pub proposal: Option<Proposal>,
    /// The page of the other side.
    pub back: String,
    /// The revision.
    pub revision: Revision,
    /// Where it is recorded.
    pub seqs: Vec<Seq>,
}

/// What trying a renegotiation comes to.
pub enum Tried {
    /// It was not tried.
    Not,
    /// It cannot be done.
    Impossible,
    /// It would turn more than can be compared.
    TooMuch,
    /// It would turn this.
    Turns(OwnDelta, Vec<Seq>),
}

impl Tried {
    /// What an answer of trying says.
    ///
    /// # Errors
    /// [`Fault`] for every other error.
    pub fn of(tried: Result<Response<OwnDelta>, CallError<WhatIfError>>) -> Result<Self, Fault> {
        match tried {
            Ok(read) => Ok(Self::Turns(read.value, read.seqs)),
            Err(CallError::Refused(WhatIfError::Change { .. })) => Ok(Self::Impossible),
            Err(CallError::Refused(WhatIfError::TooMuch | WhatIfError::TooManyFacts)) => Ok(Self::TooMuch),
            Err(error) => Err(error.into()),
        }
    }
}

/// The position that a page or a form names.
///
/// # Errors
/// [`Fault::NotFound`] for what is none.
pub fn position(text: &str) -> Result<Position, Fault> {
    text.parse().map_err(|_| Fault::NotFound)
}

impl Negotiation {
    /// How the relationship stands, and what is proposed about it.
    #[must_use]
    pub fn stands(&self, words: Words) -> Markup {
        stands(words, self.by, self.state, self.proposal)
    }

    /// How far saying something comes, as it stands now; nothing where there is nothing to say.
    #[must_use]
    pub fn comes_to(&self, position: Position) -> Option<RenegotiationState> {
        let proposal = self.proposal.map(|proposal| (proposal.by == self.by, proposal.outcome));
        match (position.outcome(), proposal) {
            (None, Some((true, _))) => Some(RenegotiationState::Withdrawn),
            (None, _) => None,
            (Some(outcome), Some((false, proposed))) if proposed == outcome => Some(RenegotiationState::Agreed),
            (Some(outcome), Some((true, proposed))) if proposed == outcome => None,
            (Some(_), _) => Some(RenegotiationState::Proposed),
        }
    }

    /// The way to what may be said; nothing where there never was a relationship.
    #[must_use]
    pub fn way(&self, words: Words) -> Markup {
        let (outcome, key) = match (self.state, self.proposal) {
            (None, _) => return html! {},
            (_, Some(proposal)) if proposal.by == self.by => ("none", "take-back"),
            (_, Some(Proposal { outcome: Outcome::End, .. })) => ("end", "see-agree-end"),
            (_, Some(_)) => ("reinstate", "see-agree-reinstate"),
            (Some(RelationshipState::Active), None) => ("end", "propose-end"),
            (Some(RelationshipState::Ended), None) => ("reinstate", "propose-reinstate"),
        };
        let to = format!("{}/renegotiation?outcome={outcome}", self.back);
        html! {
            h2 { (words.say("column-commercial")) }
            p { (self.stands(words)) }
            p.buttons { a.button.quiet href=(to) { (words.say(key)) } }
        }
    }

    /// The page that asks whether to say something, with what it would turn.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when the system gives no random bytes.
    pub fn asked(
        &self,
        page: &PageCall,
        position: Position,
        tried: &Tried,
        called: &dyn Fn(&str) -> Option<String>,
        has_changed: bool,
    ) -> Result<Answer, Fault> {
        let words = page.words;
        let (turns, seqs) = match tried {
            Tried::Turns(delta, seqs) => {
                let turns = html! {
                    h2 { (words.say("what-would-change")) }
                    (turned(page, &delta.gained, &delta.lost, called))
                };
                (turns, [&self.seqs[..], &seqs[..]].concat())
            }
            Tried::TooMuch => (html! { p { (words.say("reason-too_much_to_compare")) } }, self.seqs.clone()),
            Tried::Not | Tried::Impossible => (html! {}, self.seqs.clone()),
        };
        let state = self.comes_to(position).filter(|_| !matches!(tried, Tried::Impossible));
        let Some(state) = state else { return Ok(self.nothing_to_say(words).at(self.revision, &seqs).into()) };
        let key = key(position, state);
        let other = || name(&self.other).into();
        let main = html! {
            p.trail { a href=(self.back) { (name(&self.other)) } }
            h1 { (words.with(key, [("other", other())])) }
            @if has_changed { (panel(Tone::Care, &words.say("changed-title"), &html! { p { (words.say("changed-says")) } })) }
            p { (words.with(&format!("{key}-says"), [("other", other()), ("side", self.by.as_str().into())])) }
            (turns)
            form method="post" action=(page.path) {
                (page.hidden()?)
                input type="hidden" name="outcome" value=(position);
                input type="hidden" name="shown" value=(state);
                div.buttons {
                    @let now = html! { button { (words.say(&format!("{key}-now"))) } };
                    (if state == RenegotiationState::Agreed { page.weighty(now, &asking(page, position)) } else { now })
                    a href=(self.back) { (words.say("go-back")) }
                }
            }
        };
        let status = if has_changed { StatusCode::CONFLICT } else { StatusCode::OK };
        let title = words.text(key, &[("other", &self.other)]);
        Ok(Shown::of(title, main).found_at(asking(page, position)).with_status(status).at(self.revision, &seqs).into())
    }

    fn nothing_to_say(&self, words: Words) -> Shown {
        let main = html! {
            p.trail { a href=(self.back) { (name(&self.other)) } }
            h1 { (words.say("nothing-to-say")) }
            p { (words.say("nothing-to-say-says")) }
            p { (words.with("commercial-is", [("state", self.stands(words).into())])) }
            p.buttons { a href=(self.back) { (words.say("go-back")) } }
        };
        Shown::of(words.say("nothing-to-say"), main)
    }
}

/// How a commercial relationship stands to one side, and what is proposed about it.
#[must_use]
pub fn stands(words: Words, own: Side, state: Option<RelationshipState>, proposal: Option<Proposal>) -> Markup {
    html! {
        @match state {
            Some(RelationshipState::Active) => (words.say("stands")),
            Some(RelationshipState::Ended) => (words.say("has-ended")),
            None => span.soft { (words.say("none")) },
        }
        @if let Some(proposal) = proposal {
            br;
            span.heed { (words.say(match (proposal.by == own, proposal.outcome) {
                (false, Outcome::End) => "it-proposes-end",
                (false, Outcome::Reinstate) => "it-proposes-reinstate",
                (true, Outcome::End) => "you-propose-end",
                (true, Outcome::Reinstate) => "you-propose-reinstate",
            })) }
        }
    }
}

/// The key of what is asked.
fn key(position: Position, state: RenegotiationState) -> &'static str {
    match (position, state) {
        (Position::None, _) => "say-take-back",
        (Position::End, RenegotiationState::Agreed) => "say-agree-end",
        (Position::End, _) => "say-propose-end",
        (Position::Reinstate, RenegotiationState::Agreed) => "say-agree-reinstate",
        (Position::Reinstate, _) => "say-propose-reinstate",
    }
}

/// The address of the page that asks whether to say something.
fn asking(page: &PageCall, position: Position) -> String {
    let said = position.to_string();
    address(&page.path, &[("outcome", Some(&said))])
}

/// What came of a form that says something.
pub enum Said {
    /// It is done; the key of the sentence that says so.
    Done(String),
    /// It has to be asked again, and whether that is because something changed.
    Again(Position, bool),
}

/// Says what a form of one side says.
///
/// # Errors
/// [`Fault`] for a form that cannot be read, and for whoever may not say it.
pub async fn say(page: &PageCall, customer: CustomerId, partner: PartnerId, by: Side) -> Result<Said, Fault> {
    let form = page.form(&["outcome", "shown"])?;
    let position = position(form.text("outcome"))?;
    let Ok(state) = form.text("shown").parse::<RenegotiationState>() else { return Ok(Said::Again(position, false)) };
    if state == RenegotiationState::Agreed {
        page.proved_lately(&asking(page, position))?;
    }
    let call = page.sending(&form)?;
    let (pdp, expected) = (&page.setting.pdp, Some(RenegotiationEffect { state }));
    let done = match position.outcome() {
        Some(outcome) => {
            let change = Renegotiation { customer, partner, by, outcome };
            renegotiate(pdp, &call, Expecting { change, expected }).await
        }
        None => {
            let change = Withdrawal { customer, partner, by };
            withdraw_renegotiation(pdp, &call, Expecting { change, expected }).await
        }
    };
    match done {
        Ok(_) => Ok(Said::Done(format!("{}-done", key(position, state)))),
        Err(CallError::Refused(RenegotiationError::NotAsExpected(_) | RenegotiationError::Impossible(_))) => {
            Ok(Said::Again(position, true))
        }
        Err(error) => Err(error.into()),
    }
}
