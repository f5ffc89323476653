//! Making a search again from its record.

use data_encoding::HEXLOWER;

use crate::answer::search::candidates::Domain;
use crate::answer::search::{
    PageProperties, Pager, QuestionDigest, Search, SearchError, SearchPage, SearchTarget, page_of_world,
    question_digest,
};
use crate::audit::{Results, SearchKind};
use crate::clock::Timestamp;
use crate::decide::World;
use crate::facts::Facts;
use crate::pdp::call::CallError;
use crate::policy::Bundle;
use crate::question::Question;
use crate::store::{StoreError, View};

/// What is found again, and the facts of the sides that were given; nothing where the page's token is not one of the
/// search.
type FoundAgain = Result<Option<(Results, Facts)>, StoreError>;

/// A search as a record has it.
pub(crate) struct Replayable<'a> {
    search: Search,
    asked: Option<QuestionDigest>,
    results: &'a Results,
}

impl SearchTarget {
    /// The target of a recorded search: the question is empty in that place.
    pub(crate) fn of(kind: SearchKind, question: &Question) -> Self {
        let Question { subject, action, resource, .. } = question.clone();
        match kind {
            SearchKind::Subject => Self::Subject { kind: subject.kind, action, resource },
            SearchKind::Resource => Self::Resource { subject, action, kind: resource.kind },
            SearchKind::Action => Self::Action { subject, resource },
        }
    }
}

impl<'a> Replayable<'a> {
    pub(crate) fn of(question: &Question, results: &'a Results) -> Self {
        let properties = results.properties.as_deref().and_then(PageProperties::read);
        let page = Pager { token: results.token.clone(), limit: results.limit, properties };
        let target = SearchTarget::of(results.kind, question);
        // What the caller said besides what is recorded is in the tokens as a digest.
        let asked = match &results.asked {
            Some(asked) => HEXLOWER.decode(asked.as_bytes()).ok().and_then(|asked| asked.try_into().ok()),
            None => question_digest(question).ok(),
        };
        Self { search: Search { target, context: question.context.clone(), page: Some(page) }, asked, results }
    }

    pub(crate) fn in_world(&self, rules: &Bundle, world: &World) -> FoundAgain {
        let Some(asked) = &self.asked else { return Ok(None) };
        self.found(page_of_world(rules, world, &self.search, asked, false).map(|page| (page, Facts::default())))
    }

    pub(crate) fn in_domain(&self, rules: &Bundle, view: View<'_>, at: Timestamp) -> FoundAgain {
        let Some(asked) = self.asked else { return Ok(None) };
        self.found(Domain { rules, view, at, search: &self.search, asked, explain: false }.page())
    }

    fn found(&self, made: Result<(SearchPage, Facts), CallError<SearchError>>) -> FoundAgain {
        let (page, facts) = match made {
            Ok(made) => made,
            Err(CallError::Store(error)) => return Err(error),
            Err(_) => return Ok(None),
        };
        let sha256 = page.sha256().map_err(|error| StoreError::Unusable(error.to_string()))?;
        Ok(Some((Results { count: page.results.len(), sha256, ..self.results.clone() }, facts)))
    }
}
