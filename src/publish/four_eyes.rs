//! Four eyes are two persons: whether whoever approves is another one than whoever proposed.
//!
//! Persons differ, and neither's token was made with the other's, however many tokens lie between: whoever makes a
//! token for itself is one person with two tokens. Where persons cannot be distinguished, nobody approves.

use std::collections::BTreeSet;

use crate::caller::{Caller, OWN_ISSUER, Person};
use crate::clock::Timestamp;
use crate::id::TokenId;
use crate::pdp::call::Call;
use crate::pdp::call::CallError;
use crate::publish::PublishError;
use crate::store::{Approval, Editor, Maker, Proposal, StoreError, Token};

/// Looks up a token by its public name.
pub(crate) type Tokens<'a> = &'a dyn Fn(&TokenId) -> Result<Option<Token>, StoreError>;

/// Whose hand something comes from.
#[derive(Clone, Debug)]
pub(crate) struct Hand {
    pub(crate) caller: Caller,
    pub(crate) person: Option<Person>,
    pub(crate) token: Option<TokenId>,
}

impl Hand {
    /// Whoever makes a call.
    pub(crate) fn of_call(call: &Call) -> Self {
        Self { caller: call.caller.clone(), person: call.person.clone(), token: call.proof.token().cloned() }
    }

    /// Whoever made a proposal.
    fn of_proposal(proposal: &Proposal, tokens: Tokens<'_>) -> Result<Self, StoreError> {
        Self::kept(&proposal.proposer, proposal.person.as_ref(), proposal.token.as_ref(), tokens)
    }

    /// Whoever changed the draft it was made of.
    fn of_editor(editor: &Editor, tokens: Tokens<'_>) -> Result<Self, StoreError> {
        Self::kept(&editor.by, editor.person.as_ref(), editor.token.as_ref(), tokens)
    }

    /// Whoever approved one.
    fn of_approval(approval: &Approval, tokens: Tokens<'_>) -> Result<Self, StoreError> {
        Self::kept(&approval.by, approval.person.as_ref(), approval.token.as_ref(), tokens)
    }

    /// What was kept before there were persons names the token alone, as the id of its caller.
    fn kept(
        caller: &Caller,
        person: Option<&Person>,
        token: Option<&TokenId>,
        tokens: Tokens<'_>,
    ) -> Result<Self, StoreError> {
        let named = match caller {
            Caller::Operator { id, .. } if person.is_none() && *caller != Caller::local() => id.parse().ok(),
            _ => None,
        };
        let (token, mut person) = (token.cloned().or(named), person.cloned());
        if person.is_none()
            && let Some(id) = &token
        {
            person = tokens(id)?.map(|token| person_of(&token));
        }
        Ok(Self { caller: caller.clone(), person, token })
    }
}

/// Whose a token is.
fn person_of(token: &Token) -> Person {
    Person::of_token(token.person.clone().unwrap_or_else(|| token.id.to_string()))
}

/// May `hand` approve alone, or call rules back? It needs a person, and one of another issuer where that is asked for.
pub(crate) fn is_somebody(hand: &Hand, needs_persons: bool) -> Result<(), PublishError> {
    match &hand.person {
        None => Err(PublishError::Nobody { who: hand.caller.to_string() }),
        Some(person) if needs_persons && person.issuer == OWN_ISSUER => {
            Err(PublishError::PersonNeeded { person: person.to_string() })
        }
        Some(_) => Ok(()),
    }
}

/// Is whoever decides on a proposal another person than whoever made it, and than each who edited the draft it was made
/// of, with a token that neither made for the other?
pub(crate) fn are_two(
    proposal: &Proposal,
    approver: &Hand,
    needs_persons: bool,
    tokens: Tokens<'_>,
) -> Result<(), CallError<PublishError>> {
    is_somebody(approver, needs_persons)?;
    is_another(&Hand::of_proposal(proposal, tokens)?, approver, tokens)?;
    proposal.editors.iter().try_for_each(|editor| is_another(&Hand::of_editor(editor, tokens)?, approver, tokens))
}

/// Is whoever decides on a proposal another hand than one that it comes from?
fn is_another(author: &Hand, approver: &Hand, tokens: Tokens<'_>) -> Result<(), CallError<PublishError>> {
    // A role is no identity: a token keeps its name whatever it may do.
    let is_same_caller = author.caller.entity() == approver.caller.entity();
    if is_same_caller || author.person == approver.person {
        return Err(PublishError::SameIdentity { who: approver.caller.to_string() }.into());
    }
    for (made, maker) in [(author, approver), (approver, author)] {
        if let Some(made) = &made.token
            && descends(made, maker, tokens)?
        {
            let maker = maker.token.as_ref().map_or_else(|| maker.caller.to_string(), ToString::to_string);
            return Err(PublishError::SameHand { made: made.to_string(), maker }.into());
        }
    }
    Ok(())
}

/// Was a token made by somebody, or in place of one that was, or so with one that was?
fn descends(made: &TokenId, maker: &Hand, tokens: Tokens<'_>) -> Result<bool, StoreError> {
    let (mut looked_at, mut next) = (BTreeSet::new(), vec![made.clone()]);
    while let Some(id) = next.pop() {
        if maker.token.as_ref() == Some(&id) {
            return Ok(true);
        }
        if looked_at.insert(id.clone())
            && let Some(token) = tokens(&id)?
        {
            if token.maker.is_some_and(|known| is_same(&known, maker)) {
                return Ok(true);
            }
            next.extend(token.made_by.into_iter().chain(token.replaces));
        }
    }
    Ok(false)
}

/// Is whoever made a token this one, whichever role it had then?
fn is_same(known: &Maker, hand: &Hand) -> bool {
    known.caller.entity() == hand.caller.entity() || (known.person.is_some() && known.person == hand.person)
}

/// Does an approval that was given earlier still count: may its token still be used, and is it still a second
/// person's?
pub(crate) fn still_counts(
    proposal: &Proposal,
    approval: &Approval,
    now: Timestamp,
    needs_persons: bool,
    tokens: Tokens<'_>,
) -> Result<(), CallError<PublishError>> {
    let approver = Hand::of_approval(approval, tokens)?;
    are_two(proposal, &approver, needs_persons, tokens)?;
    let lapsed = |why: String| Err(PublishError::Lapsed { who: approval.by.to_string(), why }.into());
    let Some(id) = &approver.token else {
        // A person of another issuer holds no token of ours that could have been revoked.
        return Ok(());
    };
    match tokens(id)? {
        None => lapsed(format!("its token `{id}` is not known")),
        Some(Token { revoked: Some(at), .. }) => lapsed(format!("its token `{id}` was revoked at {at}")),
        Some(Token { expires: Some(at), .. }) if at <= now => lapsed(format!("its token `{id}` expired at {at}")),
        Some(token) if token.caller != approval.by => {
            lapsed(format!("its token `{id}` speaks for `{}` now", token.caller))
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Role;
    use crate::id::IdError;

    fn somebody(issuer: &str, subject: &str) -> Person {
        Person { issuer: issuer.to_owned(), subject: subject.to_owned() }
    }

    fn operator(id: &str) -> Caller {
        Caller::Operator { id: id.to_owned(), role: Role::Operator }
    }

    fn token(id: &str, made_by: Option<&str>, maker: Option<Maker>) -> Result<Token, IdError> {
        Ok(Token {
            id: id.parse()?,
            caller: Caller::Operator { id: id.to_owned(), role: Role::Reviewer },
            name: None,
            person: None,
            made_by: made_by.map(str::parse).transpose()?,
            maker,
            created: Timestamp::UNIX_EPOCH,
            expires: None,
            revoked: None,
            replaces: None,
            sha256: [0; 32],
        })
    }

    #[test]
    fn whoever_made_a_token_is_one_hand_with_it_by_whatever_proof_it_was_made() -> Result<(), Box<dyn std::error::Error>>
    {
        let (ada, bob) = (somebody("https://login.example", "ada"), somebody("https://login.example", "bob"));
        let by_ada = Maker { caller: operator("https://login.example ada"), person: Some(ada.clone()) };
        let by_machine = Maker { caller: operator("dns:gateway.example"), person: None };
        let known = [
            token("0000000000000001", None, Some(by_ada))?,
            token("0000000000000002", Some("0000000000000001"), None)?,
            token("0000000000000003", None, Some(by_machine))?,
        ];
        let tokens = |id: &TokenId| Ok(known.iter().find(|token| token.id == *id).cloned());
        let hand = |caller: Caller, person: Option<Person>| Hand { caller, person, token: None };
        for (made, maker, is_one) in [
            ("0000000000000001", hand(operator("another role"), Some(ada.clone())), true),
            ("0000000000000002", hand(operator("another role"), Some(ada.clone())), true),
            ("0000000000000001", hand(operator("another"), Some(bob.clone())), false),
            ("0000000000000001", hand(operator("another"), None), false),
            ("0000000000000003", hand(operator("dns:gateway.example"), None), true),
            ("0000000000000003", hand(operator("dns:other.example"), Some(bob)), false),
        ] {
            let made: TokenId = made.parse()?;
            assert_eq!(descends(&made, &maker, &tokens)?, is_one, "{made} {maker:?}");
        }
        Ok(())
    }
}
