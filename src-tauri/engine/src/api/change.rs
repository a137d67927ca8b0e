//! Changing what the pool holds: tags, and deleting, which is soft.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::dto::{ChangedDto, FilterDto};
use super::{ApiError, Engine};
use crate::check::now_ms;
use crate::engine::{name_sources, record};
use crate::pool::{Pool, index, number};
use crate::tags::{self, MAX_TAGS};
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

/// Adds tags to all proxies that a filter matches, and takes others off them.
///
/// # Errors
/// [`Invalid`](super::dto::ErrorCode::Invalid) when a word cannot be a tag, is to be added and taken off at once, or
/// a proxy would have too many; nothing is changed then. What writing can meet: batches before the one that failed
/// are kept.
pub fn tag(
    engine: &Engine,
    filter: &FilterDto,
    add: &[String],
    remove: &[String],
) -> Result<ChangedDto, ApiError> {
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
    let ids = engine.ids_matching(filter)?;
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
    let store = engine.store()?;
    let mut changed = 0;
    for chunk in changing.chunks(BATCH) {
        let after = |set: &u32| becomes.get(set).map(Vec::as_slice).unwrap_or_default();
        let batch = chunk.iter().map(|(id, set)| (*id, tags::write(after(set)))).collect();
        changed += store.set_tags(batch, now_ms())?;
        engine.change_pool(|pool| chunk.iter().for_each(|(id, set)| pool.set_tags(*id, after(set))));
    }
    Ok(ChangedDto { matched: number(ids.len()), changed })
}

/// Deletes all proxies that a filter matches. What is known of them stays, and a list that has one of them again does
/// not bring it back; [`undelete`] does.
///
/// # Errors
/// What writing can meet: batches before the one that failed are kept.
pub fn delete(engine: &Engine, filter: &FilterDto) -> Result<ChangedDto, ApiError> {
    engine.must_write()?;
    let ids = engine.ids_matching(filter)?;
    let done = set_deleted(engine, &ids, true)?;
    engine.change_pool(|pool| pool.remove(ids.get(..done.written).unwrap_or_default()));
    done.outcome.map(|()| ChangedDto { matched: number(ids.len()), changed: done.changed })
}

/// Brings all deleted proxies back that a filter matches, as they were.
///
/// # Errors
/// What reading can meet; what writing can: batches before the one that failed are kept.
pub fn undelete(engine: &Engine, filter: &FilterDto) -> Result<ChangedDto, ApiError> {
    engine.must_write()?;
    validate_filter(filter)?;
    let store = engine.store()?;
    let now = now_ms();
    let mut deleted = Pool::new(Arc::clone(engine.geo()));
    store.load_deleted(now, |row| deleted.put(&record(&row)))?;
    store.reached(|target, id| deleted.visited(target, id, true))?;
    name_sources(&mut deleted, store)?;
    let rows = sift(&deleted, filter, now).rows;
    let ids: Vec<i64> = rows.iter().map(|row| deleted.columns().id[index(*row)]).collect();
    let done = set_deleted(engine, &ids, false)?;
    let records: Vec<_> =
        rows.iter().take(done.written).filter_map(|row| deleted.record(index(*row))).collect();
    engine.change_pool(|pool| {
        pool.bring_back(&records);
        deleted.texts().sources.iter().for_each(|(source, name)| pool.name_source(*source, name));
    });
    done.outcome.map(|()| ChangedDto { matched: number(ids.len()), changed: done.changed })
}

/// How far writing in batches came.
struct Done {
    /// Rows that are otherwise now.
    changed: u32,
    /// How many of the proxies, from the first, were written.
    written: usize,
    /// What stood in the way of the rest.
    outcome: Result<(), ApiError>,
}

fn set_deleted(engine: &Engine, ids: &[i64], deleted: bool) -> Result<Done, ApiError> {
    let store = engine.store()?;
    let mut done = Done { changed: 0, written: 0, outcome: Ok(()) };
    for chunk in ids.chunks(BATCH) {
        match store.set_deleted(chunk.to_vec(), deleted, now_ms()) {
            Ok(changed) => done.changed += changed,
            Err(error) => {
                done.outcome = Err(error.into());
                break;
            }
        }
        done.written += chunk.len();
    }
    Ok(done)
}
