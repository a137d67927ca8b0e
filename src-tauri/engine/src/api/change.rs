//! Changing what the pool holds: tags, and deleting, which is soft. What was changed can be taken back.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::dto::{ChangedDto, FilterDto, TagCountDto, TagsDto, UndoableDto, WhichDto};
use super::{ApiError, Engine};
use crate::check::now_ms;
use crate::engine::{name_sources, record};
use crate::pool::{Pool, index, number};
use crate::tags::{self, MAX_TAGS};
use crate::undo::Undo;
use crate::view::{sift, validate_filter};

/// Proxies that are written at once; the store takes some 1,000 well.
const BATCH: usize = 1000;

/// Whether a word can be a tag.
///
/// # Errors
/// [`Invalid`](super::dto::ErrorCode::Invalid) with what is wrong with it.
pub fn usable_tag(text: &str) -> Result<(), ApiError> {
    tags::usable(text).map(drop)
}

/// Which tags there are, and how many of some proxies have each.
///
/// # Errors
/// Those of finding the proxies: a filter that is not valid, a view that is closed.
pub fn tags(engine: &Engine, which: &WhichDto) -> Result<TagsDto, ApiError> {
    let ids = engine.ids_of(which)?;
    let pool = engine.pool();
    let sets = &pool.columns().tags;
    let count = |rows: &mut dyn Iterator<Item = usize>| {
        let mut by_set = vec![0_u32; pool.texts().tag_sets.len()];
        rows.for_each(|row| by_set[index(sets[row])] += 1);
        pool.by_tag(&by_set)
    };
    let total = count(&mut (0..pool.len()));
    let matched = count(&mut ids.iter().filter_map(|id| pool.row_of(*id)));
    let tags = total.into_iter().map(|(tag, total)| TagCountDto {
        tag: tag.to_owned(),
        matched: matched.get(tag).copied().unwrap_or_default(),
        total,
    });
    Ok(TagsDto { matched: number(ids.len()), tags: tags.collect() })
}

/// Adds tags to proxies, and takes others off them. [`undo`] gives each the tags back that it had.
///
/// # Errors
/// [`Invalid`](super::dto::ErrorCode::Invalid) when a word cannot be a tag, is to be added and taken off at once, or
/// a proxy would have too many. What finding the proxies and writing can meet. Nothing is changed then.
pub fn tag(
    engine: &Engine,
    which: &WhichDto,
    add: &[String],
    remove: &[String],
) -> Result<UndoableDto, ApiError> {
    engine.must_write()?;
    let words =
        |words: &[String]| words.iter().map(|word| tags::usable(word)).collect::<Result<BTreeSet<_>, _>>();
    let (add, remove) = (words(add)?, words(remove)?);
    if let Some(both) = add.intersection(&remove).next() {
        return Err(ApiError::invalid(
            "tag",
            format!("The tag {both} is to be added and taken off at once."),
        )
        .hint("Name it once."));
    }
    let ids = engine.ids_of(which)?;
    // Many proxies share few sets of tags, and what becomes of each set is worked out once.
    let mut becomes: HashMap<u32, Vec<Box<str>>> = HashMap::new();
    let mut changing = Vec::new();
    {
        let pool = engine.pool();
        for id in &ids {
            let Some(row) = pool.row_of(*id) else { continue };
            let set = pool.columns().tags[row];
            let before = pool.tags(row);
            let after = becomes.entry(set).or_insert_with(|| {
                let kept = before.iter().filter(|tag| !remove.contains(*tag));
                kept.chain(&add).cloned().collect::<BTreeSet<_>>().into_iter().collect()
            });
            if after.len() > MAX_TAGS {
                return Err(ApiError::invalid("tag", format!("A proxy would have {} tags.", after.len()))
                    .hint(format!("A proxy has at most {MAX_TAGS}. Take some off first.")));
            }
            if *after != before {
                changing.push((*id, set));
            }
        }
    }
    let done = set_tags(engine, &changing, &becomes)?;
    changing.truncate(done.written);
    let undo = engine.undos().keep(Undo::Tagged(changing));
    Ok(done.answer(ids.len(), undo))
}

/// Deletes proxies. What is known of them stays, and a list that has one of them again does not bring it back;
/// [`undo`] and [`undelete`] do.
///
/// # Errors
/// What finding the proxies and writing can meet; nothing is changed then.
pub fn delete(engine: &Engine, which: &WhichDto) -> Result<UndoableDto, ApiError> {
    engine.must_write()?;
    let ids = engine.ids_of(which)?;
    let (done, deleted) = set_deleted(engine, &ids, true)?;
    engine.change_members(|pool| pool.remove(ids.get(..done.written).unwrap_or_default()));
    let undo = engine.undos().keep(Undo::Deleted(deleted));
    Ok(done.answer(ids.len(), undo))
}

/// Brings all deleted proxies back that a filter matches, as they were.
///
/// # Errors
/// What reading can meet; what writing can: batches before the one that failed are kept.
pub fn undelete(engine: &Engine, filter: &FilterDto) -> Result<ChangedDto, ApiError> {
    engine.must_write()?;
    validate_filter(filter)?;
    let deleted = load_deleted(engine, |_| true)?;
    let rows = sift(&deleted, filter, now_ms()).rows;
    let done = bring_back(engine, &deleted, &rows)?;
    let changed = ChangedDto { matched: number(rows.len()), changed: done.changed };
    done.outcome.map(|()| changed)
}

/// Takes a change back by the number that it answered with: exactly what it deleted or gave other tags, whatever was
/// deleted or tagged before it. What could be taken back in part only can be tried again.
///
/// # Errors
/// [`NotFound`](super::dto::ErrorCode::NotFound) when it was taken back already, or so long ago that it is forgotten.
/// What reading and writing can meet; nothing is taken back then.
pub fn undo(engine: &Engine, change: u32) -> Result<UndoableDto, ApiError> {
    engine.must_write()?;
    let kept = engine.undos().get(change)?;
    let (done, meant) = match kept.as_ref() {
        Undo::Deleted(ids) => {
            let deleted = load_deleted(engine, |id| ids.binary_search(&id).is_ok())?;
            let rows: Vec<u32> = (0..number(deleted.len())).collect();
            (bring_back(engine, &deleted, &rows)?, ids.len())
        }
        Undo::Tagged(before) => {
            let sets = {
                let pool = engine.pool();
                before.iter().map(|(_, set)| (*set, pool.tags_of_set(*set))).collect()
            };
            (set_tags(engine, before, &sets)?, before.len())
        }
    };
    let again = done.outcome.is_err();
    if !again {
        engine.undos().forget(change);
    }
    Ok(done.answer(meant, again.then_some(change)))
}

/// How far writing in batches came.
struct Done {
    /// Proxies that are otherwise now.
    changed: u32,
    /// How many of the proxies, from the first, were written.
    written: usize,
    /// What stood in the way of the rest.
    outcome: Result<(), ApiError>,
}

impl Done {
    /// Writes all of some things, in batches. How many were changed is told by whoever writes.
    ///
    /// # Errors
    /// What stood in the way of the first batch, since nothing was changed then.
    fn of<T>(all: &[T], mut write: impl FnMut(&[T]) -> Result<u32, ApiError>) -> Result<Self, ApiError> {
        let mut done = Self { changed: 0, written: 0, outcome: Ok(()) };
        for batch in all.chunks(BATCH) {
            match write(batch) {
                Ok(changed) => done.changed += changed,
                Err(error) if done.written == 0 => return Err(error),
                Err(error) => {
                    done.outcome = Err(error);
                    break;
                }
            }
            done.written += batch.len();
        }
        Ok(done)
    }

    /// For a surface.
    fn answer(self, matched: usize, undo: Option<u32>) -> UndoableDto {
        let failed = self.outcome.err().map(Into::into);
        UndoableDto { matched: number(matched), changed: self.changed, undo, failed }
    }
}

/// Deletes proxies or brings them back, in the database alone; also answers with exactly those that this changed.
fn set_deleted(engine: &Engine, ids: &[i64], deleted: bool) -> Result<(Done, Vec<i64>), ApiError> {
    let store = engine.store()?;
    let mut changed = Vec::new();
    let done = Done::of(ids, |batch| {
        let these = store.set_deleted(batch.to_vec(), deleted, now_ms())?;
        changed.extend(&these);
        Ok(number(these.len()))
    })?;
    Ok((done, changed))
}

/// Gives proxies, each of which names a set of tags, what becomes of that set.
fn set_tags(
    engine: &Engine,
    changing: &[(i64, u32)],
    becomes: &HashMap<u32, Vec<Box<str>>>,
) -> Result<Done, ApiError> {
    let store = engine.store()?;
    let after = |set: &u32| becomes.get(set).map(Vec::as_slice).unwrap_or_default();
    Done::of(changing, |batch| {
        let tags = batch.iter().map(|(id, set)| (*id, tags::write(after(set)))).collect();
        let changed = store.set_tags(tags, now_ms())?;
        engine.change_pool(|pool| batch.iter().for_each(|(id, set)| pool.set_tags(*id, after(set))));
        Ok(changed)
    })
}

/// The deleted proxies that are wanted, as a pool of their own.
fn load_deleted(engine: &Engine, is_wanted: impl Fn(i64) -> bool) -> Result<Pool, ApiError> {
    let store = engine.store()?;
    let mut deleted = Pool::new(Arc::clone(engine.geo()));
    store.load_deleted(now_ms(), |row| {
        if is_wanted(row.id) {
            deleted.put(&record(&row));
        }
    })?;
    store.reached(|target, id| deleted.visited(target, id, true))?;
    name_sources(&mut deleted, store)?;
    Ok(deleted)
}

/// Brings rows of a pool of deleted proxies back into the pool of the others.
fn bring_back(engine: &Engine, deleted: &Pool, rows: &[u32]) -> Result<Done, ApiError> {
    let ids: Vec<i64> = rows.iter().map(|row| deleted.columns().id[index(*row)]).collect();
    let (done, _) = set_deleted(engine, &ids, false)?;
    let records: Vec<_> =
        rows.iter().take(done.written).filter_map(|row| deleted.record(index(*row))).collect();
    engine.change_members(|pool| {
        pool.bring_back(&records);
        deleted.texts().sources.iter().for_each(|(source, name)| pool.name_source(*source, name));
    });
    Ok(done)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

    use super::*;

    /// Writes more than two batches, of which the one of this number fails.
    fn failing_at(wrong: usize) -> Result<Done, ApiError> {
        let mut batches = 0..;
        Done::of(&[(); 2 * BATCH + 1], |batch| match batches.next() {
            Some(at) if at == wrong => Err(ApiError::internal("The disk is full.")),
            _ => Ok(number(batch.len())),
        })
    }

    #[test]
    fn what_was_written_before_a_batch_failed_is_told_with_what_stood_in_the_way() {
        assert!(failing_at(0).is_err(), "nothing was changed");
        let done = failing_at(1).unwrap();
        assert_eq!(done.written, BATCH);
        let told = done.answer(2 * BATCH + 1, Some(7));
        assert_eq!((told.matched, told.changed, told.undo), (2001, 1000, Some(7)));
        assert!(told.failed.unwrap().message.contains("disk"));
        let whole = failing_at(9).unwrap().answer(2 * BATCH + 1, Some(7));
        assert_eq!((whole.changed, whole.failed), (2001, None));
    }
}
