//! What is searched, which page of it, and what is found.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::answer::ask::AskError;
use crate::answer::search::asked::PageProperties;
use crate::audit::SearchKind;
use crate::decide::Decision;
use crate::pdp::call::Coded;
use crate::question::{Action, Entity, Members, Question};

/// Which place of a question is open, and what stands in the others.
#[derive(Clone, PartialEq, Debug)]
pub enum SearchTarget {
    /// Which subjects of a type may do it?
    Subject {
        /// The type.
        kind: String,
        /// What they would do.
        action: Action,
        /// What they would do it to.
        resource: Entity,
    },
    /// To which resources of a type may it be done?
    Resource {
        /// Who would do it.
        subject: Entity,
        /// What they would do.
        action: Action,
        /// The type.
        kind: String,
    },
    /// Which actions may be done?
    Action {
        /// Who would do them.
        subject: Entity,
        /// What they would do them to.
        resource: Entity,
    },
}

impl SearchTarget {
    /// The question with this as the searched entity.
    pub(super) fn filled(&self, with: &str, context: &Members) -> Question {
        let mut question = match self {
            Self::Subject { kind, action, resource } => {
                let mut question = Question::new(Entity::new(kind, with), "", resource.clone());
                question.action = action.clone();
                question
            }
            Self::Resource { subject, action, kind } => {
                let mut question = Question::new(subject.clone(), "", Entity::new(kind, with));
                question.action = action.clone();
                question
            }
            Self::Action { subject, resource } => Question::new(subject.clone(), with, resource.clone()),
        };
        question.context.clone_from(context);
        question
    }

    /// The result when this is the searched entity.
    pub(super) fn found(&self, with: String) -> Found {
        match self {
            Self::Subject { kind, .. } | Self::Resource { kind, .. } => Found::Entity { kind: kind.clone(), id: with },
            Self::Action { .. } => Found::Action { name: with },
        }
    }

    pub(super) fn kind(&self) -> SearchKind {
        match self {
            Self::Subject { .. } => SearchKind::Subject,
            Self::Resource { .. } => SearchKind::Resource,
            Self::Action { .. } => SearchKind::Action,
        }
    }
}

/// Which page of a search to show.
#[derive(Clone, PartialEq, Eq, Debug, Default, ToSchema)]
#[schema(as = SearchPageRequest)]
pub struct Pager {
    /// The token the page before gave; nothing for the first page.
    pub token: Option<String>,
    /// The most results it may hold; with a token, nothing for as many as before.
    pub limit: Option<usize>,
    /// What the caller said in `page.properties`; with a token, nothing for the same as before.
    #[schema(value_type = Option<Object>)]
    pub properties: Option<PageProperties>,
}

/// A search.
#[derive(Clone, PartialEq, Debug)]
pub struct Search {
    /// What is searched, and the other places of the question.
    pub target: SearchTarget,
    /// The circumstances.
    pub context: Members,
    /// Which page to show; nothing for everything at once.
    pub page: Option<Pager>,
}

/// Something that fills the hole of a search.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Found {
    /// A subject or a resource.
    #[schema(title = "Entity")]
    Entity {
        /// Its type.
        #[serde(rename = "type")]
        kind: String,
        /// Its id.
        id: String,
    },
    /// An action.
    #[schema(title = "Action")]
    Action {
        /// Its name.
        name: String,
    },
}

/// One page of what a search found.
#[derive(Clone, Debug)]
pub struct SearchPage {
    /// What is on it, in an order that stays.
    pub results: Vec<Found>,
    /// Where to go on; nothing when there is no more.
    pub next_token: Option<String>,
    /// How many there are in all, when the one page holds them.
    pub total: Option<usize>,
    /// What the rules said about each result, in their order, when that was asked for.
    pub decisions: Option<Vec<Decision>>,
    /// Was it decided by other rules than were in force at the moment it is about?
    pub is_hypothetical: bool,
}

impl SearchPage {
    /// The SHA-256 of the page as the record of a search has it.
    pub(super) fn sha256(&self) -> Result<String, serde_json::Error> {
        #[derive(Serialize)]
        struct Page<'a> {
            next_token: &'a str,
            results: &'a [Found],
        }
        let page = Page { next_token: self.next_token.as_deref().unwrap_or_default(), results: &self.results };
        Ok(data_encoding::HEXLOWER.encode(&Sha256::digest(serde_json::to_vec(&page)?)))
    }
}

/// Why a search cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The token is none, or belongs to another search.
    #[error("`page.token` is not one that this search gave; repeat the search it was given for, or begin without one")]
    Token,
    /// The facts or rules asked for cannot be had.
    #[error(transparent)]
    ReadOptions(#[from] AskError),
}

impl Coded for SearchError {
    fn code(&self) -> &'static str {
        match self {
            Self::Token => "invalid_page_token",
            Self::ReadOptions(error) => error.code(),
        }
    }
}
