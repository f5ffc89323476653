//! The cast of the demonstration, of whom one is somebody by pressing a button.

use maud::{Markup, html};

use super::context::PageCall;
use super::words::{Words, name};
use crate::caller::{Caller, Identity, Person};
use crate::facts::Role;

/// Who says who the people of the demonstration are.
const DEMONSTRATION: &str = "demonstration";

/// Somebody of the cast of the demonstration.
struct Member {
    id: &'static str,
    called: &'static str,
    role: Part,
}

/// What somebody of the cast is.
#[derive(Clone, Copy)]
enum Part {
    Partner,
    Customer,
    Runs(Role),
}

/// The cast of the demonstration.
const CAST: [Member; 9] = [
    Member { id: "adatum", called: "Adatum School", role: Part::Customer },
    Member { id: "wingtip", called: "Wingtip Toys", role: Part::Customer },
    Member { id: "contoso", called: "Contoso Cloud", role: Part::Partner },
    Member { id: "fabrikam", called: "Fabrikam Services", role: Part::Partner },
    Member { id: "northwind", called: "Northwind Distribution", role: Part::Partner },
    Member { id: "ada", called: "Ada", role: Part::Runs(Role::Reviewer) },
    Member { id: "bob", called: "Bob", role: Part::Runs(Role::Reviewer) },
    Member { id: "auditor", called: "Eve", role: Part::Runs(Role::Auditor) },
    Member { id: "operator", called: "Olu", role: Part::Runs(Role::Operator) },
];

impl Member {
    fn identity(&self) -> Option<Identity> {
        let caller = match self.role {
            Part::Partner => Caller::Partner { id: self.id.parse().ok()? },
            Part::Customer => Caller::Customer { id: self.id.parse().ok()? },
            Part::Runs(role) => Caller::Operator { id: self.id.to_owned(), role },
        };
        let subject = match self.role {
            Part::Runs(_) => self.id.to_owned(),
            Part::Partner | Part::Customer => format!("somebody@{}.example", self.id),
        };
        let person = Some(Person { issuer: DEMONSTRATION.to_owned(), subject });
        Some(Identity { caller, person, ..Identity::anonymous() })
    }

    fn part(&self, words: Words) -> String {
        words.say(match self.role {
            Part::Partner => "role-partner",
            Part::Customer => "role-customer",
            Part::Runs(Role::Reviewer) => "role-reviewer",
            Part::Runs(Role::Auditor) => "role-auditor",
            Part::Runs(_) => "role-operator",
        })
    }
}

/// Somebody of the cast, by their id.
#[must_use]
pub fn member(id: &str) -> Option<Identity> {
    CAST.iter().find(|member| member.id == id).and_then(Member::identity)
}

/// What somebody of the cast is called who runs the service, as the button said by which they signed in.
#[must_use]
pub fn called(identity: &Identity) -> Option<&'static str> {
    let person = identity.person.as_ref().filter(|person| person.issuer == DEMONSTRATION)?;
    let is_it = |member: &&Member| member.id == person.subject && matches!(member.role, Part::Runs(_));
    CAST.iter().find(is_it).map(|member| member.called)
}

/// The cast of the demonstration, one press each.
#[must_use]
pub fn cast(page: &PageCall, next: Option<&str>) -> Markup {
    let words = page.words;
    html! {
        section.cast {
            h2 { (words.say("cast-title")) }
            p.hint { (words.say("cast-says")) }
            form method="post" action="/sign-in/cast" {
                @if let Some(next) = next { input type="hidden" name="next" value=(next); }
                ul.plain {
                    @for member in &CAST { li {
                        button.quiet name="as" value=(member.id) {
                            (name(member.called)) " " span.soft { "· " (member.part(words)) }
                        }
                    } }
                }
            }
        }
    }
}
