//! The access review of any customer or partner, at any moment.

use maud::{Markup, html};

use crate::answer::past::AsOf;
use crate::evidence::access_review::{AccessOf, AccessReviewError, ReviewedBy, access_review_by, may_review};
use crate::http::{access_sheet, past_moment};
use crate::pages::access::{Asked, Review, shown};
use crate::pages::called::Called;
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::form::{Choices, Field, FieldError, choices_checked, field, summary};
use crate::pages::frame::Shown;
use crate::pages::parameters::Parameters;
use crate::pages::words::Words;
use crate::pdp::call::{self, CallError, Coded as _};
use crate::pdp::page::ListError;

/// More than in other lists, so that most reviews are printed whole.
const ON_A_PAGE: usize = 200;

/// What is asked for, once nothing is wrong with it.
struct Wanted {
    of: AccessOf,
    as_of: Option<AsOf>,
    by: ReviewedBy,
}

/// `GET /access-review`
pub async fn access(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    // A customer or a partner has a page of its own for its own review.
    call::may::<AccessReviewError>(&page.setting.pdp, &page.call, "reviewAccess").await?;
    let asked = &page.parameters;
    let (wanted, mut errors) = wanted(&page, asked);
    if let Some(Wanted { of, as_of, by }) = wanted {
        match access_review_by(&page.setting.pdp, &page.call, of.clone(), as_of, by).await {
            Ok(opened) if asked.given("format") == Some("csv") => {
                let (revision, seqs) = (opened.value.revision(), opened.seqs);
                return Ok(Answer::Streamed(Box::new(access_sheet(opened.value, revision, &seqs))));
            }
            Ok(opened) => {
                let called = Called::of(&page)?;
                let called = match &of {
                    AccessOf::Customer(customer) => called.customer(customer.as_str()),
                    AccessOf::Partner(partner) => called.partner(partner.as_str()),
                };
                let review = Review { of, called, title: "nav-access-review", says: "access-says" };
                let given = ["customer", "partner", "rules"].into_iter();
                let parameters = given.filter_map(|name| Some((name, asked.given(name)?.to_owned()))).collect();
                let choose = form(words, asked, &[]);
                return Ok(shown(&page, &opened, &Asked { review, choose, parameters, rows: ON_A_PAGE })?.into());
            }
            Err(CallError::Refused(error)) => errors.push(mistake(words, &error)?),
            Err(error) => return Err(error.into()),
        }
    }
    let seen = may_review(&page.setting.pdp, &page.call).await?;
    let main = html! {
        (summary(words, &errors))
        h1 { (words.say("nav-access-review")) }
        p.lead { (words.say("review-says")) }
        (form(words, asked, &errors))
    };
    let shown = Shown::of(words.say("nav-access-review"), main);
    Ok(if errors.is_empty() { shown.at(seen.revision, &seen.seqs) } else { shown.as_mistake() }.into())
}

/// What is asked for; nothing where nothing is, or something is wrong with it.
fn wanted(page: &PageCall, asked: &Parameters) -> (Option<Wanted>, Vec<FieldError>) {
    let words = page.words;
    let mut errors = Vec::new();
    let mut wrong = |field: &str, mistake: &str| {
        errors.push(FieldError { field: field.to_owned(), says: words.say(mistake) });
    };
    let now = page.setting.pdp.now();
    let as_of = asked.given("as_of").map(|text| past_moment(text, now).ok());
    if as_of == Some(None) {
        wrong("as_of", "mistake-as-of");
    }
    let by = asked.given("rules").map(str::parse::<ReviewedBy>);
    if by.as_ref().is_some_and(Result::is_err) {
        wrong("rules", "mistake-choice");
    }
    let of = match (asked.given("customer"), asked.given("partner")) {
        (None, None) => None,
        (Some(_), Some(_)) => {
            wrong("partner", "mistake-one-of");
            None
        }
        (Some(customer), None) => Some(("customer", customer.parse().ok().map(AccessOf::Customer))),
        (None, Some(partner)) => Some(("partner", partner.parse().ok().map(AccessOf::Partner))),
    };
    if let Some((field, None)) = &of {
        wrong(field, "mistake-id");
    }
    let by = by.and_then(Result::ok).unwrap_or(ReviewedBy::Then);
    let of = of.and_then(|(_, of)| of);
    let wanted = of.map(|of| Wanted { of, as_of: as_of.flatten(), by });
    (wanted.filter(|_| errors.is_empty()), errors)
}

/// What is wrong with what was asked for, at its field.
fn mistake(words: Words, error: &AccessReviewError) -> Result<FieldError, Fault> {
    let (field, key) = match error {
        AccessReviewError::List(ListError::UnknownCustomer(_)) => ("customer", "mistake-unknown-customer"),
        AccessReviewError::List(ListError::UnknownPartner(_)) => ("partner", "mistake-unknown-partner"),
        AccessReviewError::Moment(_) => ("as_of", "mistake-no-such-moment"),
        AccessReviewError::List(_) | AccessReviewError::OtherTypes(_) => {
            let status = hyper::StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Fault::Refused(status, error.code().to_owned(), error.to_string()));
        }
    };
    Ok(FieldError { field: field.to_owned(), says: words.say(key) })
}

fn form(words: Words, asked: &Parameters, errors: &[FieldError]) -> Markup {
    let line = |name: &'static str, hint: &str| {
        let hint = Some(html! { (words.say(hint)) });
        let of = Field::text(words, name, &format!("review-{name}"), asked.text(name), false);
        field(words, &Field { hint, ..of }, errors)
    };
    let by = vec![("", words.say("review-rules-then")), ("current", words.say("rules-current"))];
    html! {
        form.screen method="get" action="/access-review" role="search" {
            div.find {
                (line("customer", "review-customer-hint"))
                (line("partner", "review-partner-hint"))
                (line("as_of", "review-as-of-hint"))
            }
            (choices_checked(words, &Choices { id: "rules", label: words.say("by-which-rules"), options: by, chosen: asked.text("rules") }, errors))
            div.buttons { button.quiet { (words.say("review-now")) } }
        }
    }
}
