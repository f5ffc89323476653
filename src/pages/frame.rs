//! The frame of every page: document, header, navigation, footer, titles, what was done.

use hyper::StatusCode;
use maud::{DOCTYPE, Markup, html};

use super::answer::{Tone, panel};
use super::assets::{MARK, SCRIPT, SHEET};
use super::when::moment;
use super::words::{Language, Words, id, name};
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::facts::Role;
use crate::id::{Revision, Seq};

/// Who looks at a page.
#[derive(Clone, Debug)]
pub enum Viewer {
    /// Somebody who has not said who they are.
    Visitor,
    /// Whoever is at a machine that asks for no sign-in.
    Unasked,
    /// Somebody with a session.
    SignedIn {
        /// Whom they speak for.
        caller: Caller,
        /// What people call whom they speak for.
        name: String,
        /// Who they are, as far as that is known.
        person: Option<String>,
        /// May they act for somebody else besides?
        may_choose: bool,
        /// The key that their forms hold.
        form_key: String,
    },
}

/// A section of the navigation: where it leads, and the key of its name.
pub struct Section {
    /// The path, in which `{id}` stands for whom one speaks for.
    pub path: &'static str,
    /// The key of its name.
    pub key: &'static str,
}

/// The sections of a customer's administrator.
pub static OF_CUSTOMER: &[Section] = &[
    Section { path: "/customers/{id}/partners", key: "nav-partners" },
    Section { path: "/customers/{id}/subscriptions", key: "nav-subscriptions" },
    Section { path: "/customers/{id}/changes", key: "nav-changes" },
    Section { path: "/customers/{id}/access", key: "nav-access" },
];

/// The sections of a partner.
pub static OF_PARTNER: &[Section] = &[
    Section { path: "/partners/{id}/customers", key: "nav-customers" },
    Section { path: "/partners/{id}/request", key: "nav-request" },
    Section { path: "/partners/{id}/changes", key: "nav-changes" },
    Section { path: "/partners/{id}/access", key: "nav-may" },
];

/// The sections of an auditor.
pub static OF_AUDITOR: &[Section] = &[
    Section { path: "/ledger", key: "nav-ledger" },
    Section { path: "/changes", key: "nav-changes" },
    Section { path: "/access-review", key: "nav-access-review" },
    Section { path: "/rules", key: "nav-rules-all" },
];

/// The sections of a reviewer.
pub static OF_REVIEWER: &[Section] = &[
    Section { path: "/rules", key: "nav-rules" },
    Section { path: "/rules/tables", key: "nav-rules-tables" },
    Section { path: "/rules/files", key: "nav-rules-files" },
    Section { path: "/rules/drafts", key: "nav-rules-drafts" },
    Section { path: "/rules/proposals", key: "nav-rules-proposals" },
    Section { path: "/rules/history", key: "nav-rules-history" },
];

/// The sections that somebody has, each with its address, as far as such pages are served.
#[must_use]
pub fn sections(viewer: &Viewer, is_served: impl Fn(&str) -> bool) -> Vec<(String, &'static str)> {
    let Viewer::SignedIn { caller, .. } = viewer else { return Vec::new() };
    let (sections, id) = match caller {
        Caller::Customer { id } => (OF_CUSTOMER, id.as_str()),
        Caller::Partner { id } => (OF_PARTNER, id.as_str()),
        Caller::Operator { role: Role::Auditor | Role::Operator, .. } => (OF_AUDITOR, ""),
        Caller::Operator { role: Role::Reviewer, .. } => (OF_REVIEWER, ""),
        Caller::Operator { .. } | Caller::Visitor => return Vec::new(),
    };
    let sections = sections.iter().map(|section| (section.path.replace("{id}", id), section.key));
    sections.filter(|(path, _)| is_served(path)).collect()
}

/// The page that somebody begins with.
#[must_use]
pub fn own_first_page(caller: &Caller) -> Option<String> {
    match caller {
        Caller::Customer { id } => Some(format!("/customers/{id}/partners")),
        Caller::Partner { id } => Some(format!("/partners/{id}/customers")),
        Caller::Operator { role: Role::Auditor, .. } => Some("/ledger".to_owned()),
        Caller::Operator { role: Role::Reviewer, .. } => Some("/rules".to_owned()),
        Caller::Operator { .. } | Caller::Visitor => None,
    }
}

/// A page, before its frame is put round it.
pub struct Shown {
    /// Its title, which is what its heading says.
    pub title: String,
    /// Its status.
    pub status: StatusCode,
    /// What stands in its main part, with its heading.
    pub main: Markup,
    /// The revision it shows.
    pub revision: Option<Revision>,
    /// Where it is recorded.
    pub seqs: Vec<Seq>,
    /// Where it can be looked at again, where that is not the address it was sent to.
    pub here: Option<String>,
    /// Does it say what is wrong with a form?
    pub is_mistake: bool,
    /// After how many seconds a browser loads it again, where it shows something that goes on.
    pub again_after: Option<u16>,
}

impl Shown {
    /// A page that is as it should be.
    #[must_use]
    pub fn of(title: impl Into<String>, main: Markup) -> Self {
        let (title, status, seqs) = (title.into(), StatusCode::OK, Vec::new());
        Self { title, status, main, revision: None, seqs, here: None, is_mistake: false, again_after: None }
    }

    /// With another status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// As what a form is answered with when something is wrong with it.
    #[must_use]
    pub fn as_mistake(mut self) -> Self {
        (self.status, self.is_mistake) = (StatusCode::UNPROCESSABLE_ENTITY, true);
        self
    }

    /// As what can be looked at again at an address.
    #[must_use]
    pub fn found_at(mut self, here: String) -> Self {
        self.here = Some(here);
        self
    }

    /// As what shows something that goes on, and is loaded again after so many seconds.
    #[must_use]
    pub fn loading_again(mut self, after: u16) -> Self {
        self.again_after = Some(after);
        self
    }

    /// With the revision it shows and where that is recorded.
    #[must_use]
    pub fn at(mut self, revision: Revision, seqs: &[Seq]) -> Self {
        self.revision = Some(revision);
        self.seqs.extend_from_slice(seqs);
        self
    }
}

/// What was done, said on the page that a form led to.
#[must_use]
pub fn done(words: Words, says: &Markup) -> Markup {
    panel(Tone::Good, &words.say("done"), &html! { p role="status" { (says) } })
}

/// Everything that goes round a page.
pub struct Frame<'a> {
    /// The language.
    pub words: Words,
    /// Who looks at it.
    pub viewer: &'a Viewer,
    /// The address of the page, for whatever leads back to it.
    pub here: &'a str,
    /// The sections of the navigation, each with its address.
    pub sections: &'a [(String, &'static str)],
    /// What was done just before.
    pub done: Option<Markup>,
    /// When it is looked at.
    pub at: Timestamp,
}

/// The whole document.
#[must_use]
pub fn document(frame: &Frame<'_>, shown: &Shown) -> Markup {
    let Frame { words, viewer, here, sections, done: what_was_done, at } = frame;
    let title = words.text(if shown.is_mistake { "title-mistake" } else { "title" }, &[("page", &shown.title)]);
    let here_path = here.split('?').next().unwrap_or_default();
    // A page below two sections is the one's that says more of its address.
    let is_of = |(path, _): &&(String, &str)| is_within(path, here_path);
    let current = sections.iter().filter(is_of).map(|(path, _)| path).max_by_key(|path| path.len());
    html! {
        (DOCTYPE)
        html lang=(words.0.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="icon" href=(MARK.address()) type=(MARK.media);
                link rel="stylesheet" href=(SHEET.address());
                script src=(SCRIPT.address()) defer {}
            }
            body {
                a.skip href="#main" { (words.say("skip")) }
                header.bar { div {
                    a.brand href="/" { "Standing" }
                    (who(*words, viewer, here))
                } }
                @if !sections.is_empty() {
                    nav.ways aria-label=(words.say("nav")) { div { ul {
                        @for (path, key) in *sections {
                            li { a href=(path) aria-current=[(current == Some(path)).then_some("page")] { (words.say(key)) } }
                        }
                    } } }
                }
                (on_paper(*words, shown, *at))
                main id="main" {
                    @if let Some(says) = what_was_done { (done(*words, says)) }
                    (shown.main)
                }
                (footer(*words, shown, here))
            }
        }
    }
}

/// What the first sheet of a printed page says of how things were when; on a screen the foot says it.
fn on_paper(words: Words, shown: &Shown, at: Timestamp) -> Markup {
    html! {
        @if let Some(revision) = shown.revision {
            p.paper { (words.with("on-paper", [("revision", revision.to_string().into()), ("at", moment(words, at).into())])) }
        }
    }
}

/// Is a page one of a section's? A partner's subscriptions are those of its customers.
fn is_within(section: &str, page: &str) -> bool {
    let below = |of: &str| page.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below(section)
        || section.strip_suffix("/customers").is_some_and(|partner| below(&format!("{partner}/subscriptions")))
}

fn who(words: Words, viewer: &Viewer, here: &str) -> Markup {
    match viewer {
        Viewer::Visitor => {
            let next: String = form_urlencoded::byte_serialize(here.as_bytes()).collect();
            let is_here = here.starts_with("/sign-in");
            let to = if is_here || here == "/" { "/sign-in".to_owned() } else { format!("/sign-in?next={next}") };
            html! { p.who { a href=(to) aria-current=[is_here.then_some("page")] { (words.say("sign-in")) } } }
        }
        Viewer::Unasked => html! { p.who { span { (words.say("no-sign-in")) } } },
        Viewer::SignedIn { caller, name: called, person, may_choose, form_key } => html! {
            form.who method="post" action="/sign-out" {
                input type="hidden" name="form_key" value=(form_key);
                span {
                    strong { (name(called)) }
                    " · " (speaks_for(words, caller))
                    @if let Some(person) = person.as_deref().filter(|person| *person != called) { " · " (id(person)) }
                }
                @if *may_choose { a href="/acting-as" { (words.say("acting-otherwise")) } }
                button.plain { (words.say("sign-out")) }
            }
        },
    }
}

/// What somebody is here, in a word.
#[must_use]
pub fn speaks_for(words: Words, caller: &Caller) -> String {
    words.say(match caller {
        Caller::Partner { .. } => "role-partner",
        Caller::Customer { .. } => "role-customer",
        Caller::Visitor => "role-visitor",
        Caller::Operator { role, .. } => match role {
            Role::Operator => "role-operator",
            Role::Registrar => "role-registrar",
            Role::Asker => "role-asker",
            Role::Reviewer => "role-reviewer",
            Role::Auditor => "role-auditor",
        },
    })
}

fn footer(words: Words, shown: &Shown, here: &str) -> Markup {
    html! {
        footer.foot { div {
            @for language in Language::ALL.into_iter().filter(|language| *language != words.0) {
                form method="post" action="/language" {
                    input type="hidden" name="language" value=(language.code());
                    input type="hidden" name="next" value=(here);
                    button.plain lang=(language.code()) { (language.own_name()) }
                }
            }
            p { a href="/words" { (words.say("words")) } }
            @if let Some(revision) = shown.revision {
                p { (words.with("revision", [("revision", revision.to_string().into())])) }
            }
        } }
    }
}
