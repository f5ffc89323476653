//! On what a question is answered: the moment, the rules, and how fresh the facts are.

use serde::Deserialize;
use utoipa::IntoParams;

use super::super::problem::Problem;
use super::super::request::Request;
use super::super::rules::Rules;
use super::super::times::Past;
use crate::answer::past::ReadOptions;
use crate::id::Revision;

/// On what a question is answered besides the moment and the rules, and how.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in super::super) struct Asking {
    /// The revision the facts must have reached.
    #[param(value_type = Option<u64>)]
    at_least: Option<Revision>,
    /// Should the answer say what would turn it round?
    explain: Option<bool>,
}

/// The read options of the query.
pub(super) fn read_options(request: &mut Request) -> Result<ReadOptions, Problem> {
    if request.has_no_query() {
        return Ok(ReadOptions::default());
    }
    let as_of = request.query::<Past>()?.moment(request.pdp.now())?;
    let (Rules { rules }, Asking { at_least, explain }) = (request.query()?, request.query()?);
    request.no_more_query()?;
    Ok(ReadOptions { as_of, rules, at_least, explain: explain.unwrap_or_default(), is_for_proxy: false })
}
