//! What every log promises the writer, held to each of them.

mod opened;
mod memory;
mod file;
mod cases;

macro_rules! contract {
    ($($case:ident)*) => {
        contract! { the_file super::file::FileLog; $($case)* }
        contract! { a_log_in_memory super::memory::MemoryLog; $($case)* }
    };
    ($log:ident $opened:ty; $($case:ident)*) => {
        mod $log {
            use super::opened::Case;

            $(#[test]
            fn $case() -> Case {
                super::cases::$case::<$opened>()
            })*
        }
    };
}

contract! {
    an_empty_log_ends_before_everything
    revisions_and_records_are_numbered_in_the_order_they_were_entered
    a_change_sees_those_before_it_in_the_same_commit
    what_a_sheet_enters_is_there_together
    the_past_stays_as_it_was
    a_row_that_is_taken_away_is_gone_until_it_is_written_again
    of_drafts_that_are_gone_it_is_known_how_far_they_came_also_by_rows_that_an_earlier_version_left
    a_commit_that_is_given_up_leaves_nothing
    a_commit_that_fails_is_there_whole_or_not_at_all
    where_the_log_has_gone_on_nothing_is_entered
    a_sheet_of_another_revision_is_refused_with_the_rest_of_its_commit
    what_was_entered_is_there_when_it_is_opened_again
    a_change_that_comes_to_something_else_when_it_is_run_again_enters_nothing
    a_change_that_fails_or_panics_concerns_itself_alone
    the_time_of_what_is_entered_never_goes_back
    entries_are_read_from_where_one_is_until_there_are_enough
    all_logs_come_to_the_same
}
