//! The promises, one by one.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::StoreError;
use super::super::draft::{Draft, DraftTexts, GoneDrafts};
use super::super::log::{Commit as _, Filled, Head, Log, WriteContext, change};
use super::super::metadata_changes::MetadataChanges;
use super::super::rows::Listed;
use super::super::sheet::{Sheet, Work};
use super::super::view::View;
use super::memory::MemoryLog;
use super::opened::{
    Case, Fault, Opened, SETTING, Seen, commit, enter, everything, id, named, odd, said, seen, set, setting, time, with,
};
use crate::audit::{Peaks, Recorded};
use crate::id::{DraftId, Revision, Seq};

pub(super) fn an_empty_log_ends_before_everything<O: Opened>() -> Case {
    let opened = O::new()?;
    let head = Head { revision: Revision(0), entry: 0, records: Peaks::default() };
    let nothing = Seen { head, entries: Vec::new(), partner: None, setting: None, is_remembered: false };
    assert_eq!(seen(opened.log())?, nothing);
    Ok(())
}

pub(super) fn revisions_and_records_are_numbered_in_the_order_they_were_entered<O: Opened>() -> Case {
    let opened = O::new()?;
    let (mut places, mut leaves) = (Vec::new(), Peaks::default());
    for commits in 0..3_u8 {
        commit(opened.log(), |commit| {
            for text in [[commits, 0], [commits, 1]] {
                let record = Recorded::of(text.to_vec());
                let Ok(()) = leaves.push(record.leaf, |_, _| Ok::<(), Infallible>(()));
                places.extend(commit.append(vec![record].into()));
            }
            let sheet = Sheet { records: Vec::new(), ..named(u64::from(commits) + 1, "Contoso")? };
            commit.enter(sheet).map(drop)
        })?;
    }
    assert_eq!(places, (1..=6).map(Seq).collect::<Vec<_>>());
    let Seen { head, entries, .. } = seen(opened.log())?;
    assert_eq!(head, Head { revision: Revision(3), entry: 0, records: leaves });
    assert_eq!(entries.iter().map(|(revision, _)| revision.0).collect::<Vec<_>>(), [1, 2, 3]);
    Ok(())
}

pub(super) fn a_change_sees_those_before_it_in_the_same_commit<O: Opened>() -> Case {
    let opened = O::new()?;
    commit(opened.log(), |commit| {
        commit.enter(everything(1, "First")?)?;
        let context = commit.context();
        assert_eq!(said(&context)?.as_deref(), Some("First of 1"));
        assert_eq!((context.view.revision(), context.next), (Revision(1), Revision(2)));
        assert_eq!(context.metadata.row::<String>(SETTING)?.as_deref(), Some("First"));
        assert!(context.remembered(b"key")?.is_some());
        commit.enter(everything(2, "Second")?)?;
        assert_eq!(said(&commit.context())?.as_deref(), Some("Second of 2"));
        Ok(())
    })?;
    assert_eq!(seen(opened.log())?.setting.as_deref(), Some("Second"));
    Ok(())
}

pub(super) fn what_a_sheet_enters_is_there_together<O: Opened>() -> Case {
    let opened = O::new()?;
    let written = enter(opened.log(), everything(1, "Contoso")?)?;
    let Seen { head, entries, partner, setting, is_remembered } = seen(opened.log())?;
    assert_eq!((&head, head.revision, head.entry, head.records.size()), (&written, Revision(1), 1, 1));
    assert_eq!((partner.as_deref(), setting.as_deref()), (Some("Contoso of 1"), Some("Contoso")));
    assert!(is_remembered);
    let [(Revision(1), entry)] = entries.as_slice() else { return Err(odd(format!("{entries:?}"))) };
    assert_eq!((entry.by.as_str(), entry.events.len()), ("somebody", 1));
    assert!(entry.facts.is_some() && entry.metadata.is_some());
    // A setting makes no revision.
    let after = enter(opened.log(), set("other")?)?;
    assert_eq!((after.revision, after.entry, after.records.size()), (Revision(1), 2, 2));
    assert_eq!(seen(opened.log())?.setting.as_deref(), Some("other"));
    Ok(())
}

pub(super) fn the_past_stays_as_it_was<O: Opened>() -> Case {
    let opened = O::new()?;
    for (revision, name) in [(1, "First"), (2, "Second"), (3, "Third")] {
        enter(opened.log(), named(revision, name)?)?;
    }
    let mut names = Vec::new();
    commit(opened.log(), |commit| {
        let newest = commit.context().view;
        for revision in 0..=3 {
            let mut listed = Vec::new();
            let view = View::new(newest.rows(), Revision(revision));
            view.partners(None, &mut |partner| {
                listed.push(partner.name);
                Ok(Listed::Continue(()))
            })?;
            let one = view.partner(&id("contoso")?)?.map(|found| found.fact.name);
            assert_eq!(listed.first(), one.as_ref());
            names.push(one.unwrap_or_default());
        }
        Ok(())
    })?;
    assert_eq!(names, ["", "First", "Second", "Third"]);
    Ok(())
}

pub(super) fn a_row_that_is_taken_away_is_gone_until_it_is_written_again<O: Opened>() -> Case {
    let mut opened = O::new()?;
    enter(opened.log(), set("first")?)?;
    commit(opened.log(), |commit| {
        let mut metadata = MetadataChanges::default();
        metadata.remove(SETTING.to_vec());
        commit.enter(with(metadata)?)?;
        let context = commit.context();
        assert_eq!(context.metadata.row::<String>(SETTING)?, None);
        assert!(context.metadata.keys(b"q", b"r").is_empty());
        Ok(())
    })?;
    for _ in 0..2 {
        assert_eq!(seen(opened.log())?.setting, None);
        opened = opened.again()?;
    }
    enter(opened.log(), set("second")?)?;
    assert_eq!(seen(opened.log())?.setting.as_deref(), Some("second"));
    Ok(())
}

pub(super) fn of_drafts_that_are_gone_it_is_known_how_far_they_came_also_by_rows_that_an_earlier_version_left<
    O: Opened,
>() -> Case {
    let opened = O::new()?;
    let id: DraftId = "tighter".parse().map_err(odd)?;
    let left = Draft {
        id: id.clone(),
        name: "Tighter".to_owned(),
        base: "none".to_owned(),
        version: 7,
        edited: 7,
        based: 1,
        begun: time(0)?,
        changed: time(0)?,
        editors: Vec::new(),
        files: BTreeMap::new(),
        deleted: Some(time(0)?),
    };
    let mut metadata = MetadataChanges::default();
    metadata.put_draft(&left, &DraftTexts::new())?;
    enter(opened.log(), with(metadata)?)?;
    commit(opened.log(), |commit| {
        let rows_of = vec![id.clone()];
        assert_eq!(commit.context().gone_drafts()?, GoneDrafts { version: 7, rows_of: rows_of.clone() });
        assert_eq!((commit.context().draft(&id)?, commit.context().drafts()?), (None, Vec::new()));
        let mut metadata = MetadataChanges::default();
        metadata.remove_drafts(&rows_of, 7)?;
        commit.enter(with(metadata)?)?;
        let context = commit.context();
        assert_eq!(context.gone_drafts()?, GoneDrafts { version: 7, rows_of: Vec::new() });
        let keys = context.metadata.keys(b"d", b"e");
        assert_eq!(keys.into_iter().collect::<Vec<_>>(), [b"dv"], "nothing else is left");
        Ok(())
    })
    .map(drop)
}

pub(super) fn a_commit_that_is_given_up_leaves_nothing<O: Opened>() -> Case {
    let opened = O::new()?;
    enter(opened.log(), everything(1, "Contoso")?)?;
    let before = seen(opened.log())?;
    let given_up = commit(opened.log(), |commit| {
        commit.enter(everything(2, "Other")?)?;
        commit.append(vec![Recorded::of(b"record".to_vec())].into());
        Err(StoreError::Unusable("given up".to_owned()))
    });
    assert!(matches!(given_up, Err(StoreError::Unusable(why)) if why == "given up"));
    assert_eq!(seen(opened.log())?, before);
    enter(opened.log(), everything(2, "Another")?)?;
    assert_eq!(seen(opened.log())?.partner.as_deref(), Some("Another of 2"));
    Ok(())
}

pub(super) fn a_commit_that_fails_is_there_whole_or_not_at_all<O: Opened>() -> Case {
    for fault in [Fault::Write, Fault::Sync] {
        let opened = O::new()?;
        enter(opened.log(), everything(1, "Contoso")?)?;
        let before = seen(opened.log())?;
        opened.fail_once(fault);
        assert!(enter(opened.log(), everything(2, "Other")?).is_err(), "{fault:?}");
        let opened = opened.again()?;
        let after = seen(opened.log())?;
        let facts = (after.head.revision, after.entries.len(), after.partner.as_deref(), after.setting.as_deref());
        if after.head == before.head {
            assert_eq!(after, before, "{fault:?}");
        } else {
            assert_eq!(facts, (Revision(2), 2, Some("Other of 2"), Some("Other")), "{fault:?}");
            assert_eq!((after.head.entry, after.head.records.size()), (2, 2), "{fault:?}");
        }
        // Whichever it is, what comes next is entered after it.
        let next = after.head.revision.next();
        assert_eq!(enter(opened.log(), everything(next.0, "Next")?)?.revision, next);
        assert_eq!(seen(opened.log())?.partner, Some(format!("Next of {next}")));
    }
    Ok(())
}

pub(super) fn where_the_log_has_gone_on_nothing_is_entered<O: Opened>() -> Case {
    let without_records = |sheet: Sheet| Sheet { records: Vec::new(), ..sheet };
    let moves = [
        ("a fact", without_records(named(2, "Moved")?)),
        ("a setting", without_records(set("moved")?)),
        ("a record", Sheet { metadata: MetadataChanges::default(), ..set("")? }),
    ];
    for ((what, moved), has_records) in moves.iter().flat_map(|moved| [(moved, true), (moved, false)]) {
        let opened = O::new()?;
        let old = enter(opened.log(), everything(1, "Contoso")?)?;
        enter(opened.log(), moved.clone())?;
        let before = seen(opened.log())?;
        let late = opened.log().commit(old, time(0)?, |commit| {
            let late = everything(commit.context().next.0, "Late")?;
            commit.enter(if has_records { late } else { without_records(late) }).map(drop)
        });
        assert!(late.is_err(), "after {what}");
        assert_eq!(seen(opened.log())?, before, "after {what}");
    }
    Ok(())
}

pub(super) fn a_sheet_of_another_revision_is_refused_with_the_rest_of_its_commit<O: Opened>() -> Case {
    let opened = O::new()?;
    enter(opened.log(), everything(1, "Contoso")?)?;
    let before = seen(opened.log())?;
    for revision in [0, 1, 3] {
        let refused = commit(opened.log(), |commit| {
            commit.append(vec![Recorded::of(b"record".to_vec())].into());
            commit.enter(everything(revision, "Other")?).map(drop)
        });
        assert!(refused.is_err(), "{revision}");
        assert_eq!(seen(opened.log())?, before, "{revision}");
    }
    Ok(())
}

pub(super) fn what_was_entered_is_there_when_it_is_opened_again<O: Opened>() -> Case {
    let opened = O::new()?;
    let before = seen(opened.log())?;
    let opened = opened.again()?;
    assert_eq!(seen(opened.log())?, before);
    for (revision, name) in [(1, "First"), (2, "Second")] {
        enter(opened.log(), everything(revision, name)?)?;
    }
    let before = seen(opened.log())?;
    let opened = opened.again()?;
    assert_eq!(seen(opened.log())?, before);
    assert_eq!(enter(opened.log(), everything(3, "Third")?)?.records.size(), 3);
    Ok(())
}

pub(super) fn a_change_that_comes_to_something_else_when_it_is_run_again_enters_nothing<O: Opened>() -> Case {
    let opened = O::new()?;
    let before = seen(opened.log())?;
    let runs = AtomicUsize::new(0);
    let other = |_: &WriteContext<'_>| setting(&runs.fetch_add(1, Ordering::Relaxed).to_string());
    let same = |_: &WriteContext<'_>| setting("same");
    let once = |commit: &mut <O::Log as Log>::Commit<'_>| -> Result<[Filled<()>; 2], StoreError> {
        Ok([change(commit, &other, true)?, change(commit, &same, true)?])
    };
    let mut filled = None;
    commit(opened.log(), |commit| {
        filled = Some(once(commit)?);
        Ok(())
    })?;
    let Some([Err(refused), Ok(kept)]) = filled else { return Err(odd(format!("{filled:?}"))) };
    assert!(refused.to_string().contains("something else when it was run again"), "{refused}");
    assert_eq!((kept.revision, kept.seqs), (Revision(0), vec![Seq(1)]));
    let after = seen(opened.log())?;
    assert_eq!((after.setting.as_deref(), before.setting), (Some("same"), None));
    assert_eq!((after.head.entry, runs.into_inner()), (1, 2));
    Ok(())
}

pub(super) fn a_change_that_fails_or_panics_concerns_itself_alone<O: Opened>() -> Case {
    let opened = O::new()?;
    commit(opened.log(), |commit| {
        let fails = change(commit, &|_| Err::<Work<()>, _>(StoreError::Closing), false)?;
        assert!(matches!(fails, Err(StoreError::Closing)));
        let panics = change(commit, &|_| -> Result<Work<()>, StoreError> { resume_unwind(Box::new("so")) }, false)?;
        assert!(matches!(panics, Err(StoreError::Unusable(why)) if why.ends_with("so")));
        let kept = change(commit, &|_| setting("kept"), false)?;
        assert_eq!(kept.map(|kept| kept.seqs).map_err(odd)?, [Seq(1)]);
        Ok(())
    })?;
    let after = seen(opened.log())?;
    assert_eq!((after.setting.as_deref(), after.head.entry, after.head.records.size()), (Some("kept"), 1, 1));
    Ok(())
}

pub(super) fn the_time_of_what_is_entered_never_goes_back<O: Opened>() -> Case {
    let opened = O::new()?;
    for (revision, (shown, expected)) in (1..).zip([(5, 5), (9, 9), (7, 9), (9, 9), (10, 10)]) {
        opened.log().commit(opened.log().head()?, time(shown)?, |commit| {
            let at = commit.context().at;
            assert_eq!(at, time(expected)?, "shown {shown}");
            commit.enter(Sheet { at, ..named(revision, "Contoso")? }).map(drop)
        })?;
    }
    Ok(())
}

pub(super) fn entries_are_read_from_where_one_is_until_there_are_enough<O: Opened>() -> Case {
    let opened = O::new()?;
    for revision in 1..=4 {
        let mut sheet = named(revision, "Contoso")?;
        sheet.events.extend(sheet.events.clone());
        enter(opened.log(), sheet)?;
    }
    let read = |after, to, enough| -> Result<Vec<u64>, StoreError> {
        let entries = opened.log().entries(Revision(after), Revision(to), enough)?;
        Ok(entries.iter().map(|(revision, _)| revision.0).collect())
    };
    assert_eq!(read(0, 4, usize::MAX)?, [1, 2, 3, 4]);
    assert_eq!(read(1, 3, usize::MAX)?, [2, 3]);
    assert_eq!(read(0, 4, 2)?, [1]);
    assert_eq!(read(1, 4, 3)?, [2, 3], "an entry is not split");
    assert_eq!([read(4, 4, 9)?, read(4, 2, 9)?], [[0; 0]; 2]);
    Ok(())
}

pub(super) fn all_logs_come_to_the_same<O: Opened>() -> Case {
    fn story<O: Opened>() -> Result<Seen, StoreError> {
        let opened = O::new()?;
        enter(opened.log(), everything(1, "First")?)?;
        commit(opened.log(), |commit| {
            commit.append(vec![Recorded::of(b"record".to_vec())].into());
            commit.enter(set("between")?)?;
            commit.enter(named(2, "Second")?)?;
            commit.enter(everything(3, "Third")?).map(drop)
        })?;
        seen(opened.again()?.log())
    }
    assert_eq!(story::<O>()?, story::<MemoryLog>()?);
    Ok(())
}
