//! Deleting and tagging, and taking that back: exactly what a change did, whatever was done before it.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use proxydeck_engine::api::dto::{
    ErrorCode, FilterDto, SortColumnDto, SortKeyDto, TagCountDto, UndoableDto, WhichDto,
};
use proxydeck_engine::api::{
    self, Access, Engine, ListHow, ListInput, Opening, import_list, open_view, view_places, view_rows,
};
use tempfile::TempDir;

struct World(TempDir);

impl World {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn open(&self) -> Engine {
        let data_dir = Some(self.0.path().join("data"));
        // The keyring of whoever runs the tests is left alone.
        Engine::open_as(&Opening { access: Access::Write, data_dir, keyring: false }).unwrap()
    }

    /// An engine with so many proxies: 1.1.1.1:1, 1.1.1.1:2 and so on.
    fn with(proxies: u32) -> (Self, Engine) {
        let world = Self::new();
        let engine = world.open();
        let list: String = (1..=proxies).map(|port| format!("1.1.1.1:{port}\n")).collect();
        import_list(&engine, &ListInput::Text(list), ListHow::default(), None).unwrap();
        (world, engine)
    }
}

/// By address, the last first.
const DOWN: [SortKeyDto; 1] = [SortKeyDto { column: SortColumnDto::Proxy, descending: true }];

fn port(proxy: &str) -> u32 {
    proxy.rsplit_once(':').unwrap().1.parse().unwrap()
}

/// The ports in a view, as it has them now.
fn ports(engine: &Engine, view: u32) -> Vec<u32> {
    let slice = view_rows(engine, view, 0, u32::MAX).unwrap();
    let ports: Vec<u32> = slice.rows.iter().map(|row| port(&row.proxy)).collect();
    assert_eq!(slice.of, u32::try_from(ports.len()).unwrap(), "it says how many it has");
    ports
}

fn all(engine: &Engine) -> Vec<u32> {
    ports(engine, open_view(engine, &FilterDto::default(), &[]).unwrap().view)
}

/// The number of the proxy at a port.
fn id(engine: &Engine, wanted: u32) -> i64 {
    let view = open_view(engine, &FilterDto::default(), &[]).unwrap().view;
    let rows = view_rows(engine, view, 0, u32::MAX).unwrap().rows;
    rows.iter().find(|row| port(&row.proxy) == wanted).unwrap().id
}

fn ids(engine: &Engine, ports: &[u32]) -> WhichDto {
    WhichDto::Ids { ids: ports.iter().map(|port| id(engine, *port)).collect() }
}

fn of_tag(tag: &str) -> FilterDto {
    FilterDto { tag: vec![tag.to_owned()], ..FilterDto::default() }
}

fn tag(engine: &Engine, which: &WhichDto, add: &[&str], remove: &[&str]) -> UndoableDto {
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    api::tag(engine, which, &owned(add), &owned(remove)).unwrap()
}

#[test]
fn what_is_deleted_leaves_the_open_view_and_an_undo_puts_it_where_it_stood() {
    let (_world, engine) = World::with(6);
    let view = open_view(&engine, &FilterDto::default(), &DOWN).unwrap();
    let two = [id(&engine, 5), id(&engine, 2)];
    let deleted = api::delete(&engine, &WhichDto::Ids { ids: vec![two[0], two[1], two[0], 4711] }).unwrap();
    assert_eq!((deleted.matched, deleted.changed, deleted.failed), (2, 2, None));
    assert_eq!(ports(&engine, view.view), [6, 4, 3, 1], "nobody else moves");
    let places = view_places(&engine, view.view, &[id(&engine, 1), two[0], id(&engine, 6)]).unwrap();
    assert_eq!(places, [Some(3), None, Some(0)]);
    let anew = open_view(&engine, &FilterDto::default(), &DOWN).unwrap();
    assert_eq!((anew.rows, anew.total), (4, 4));
    assert_eq!(anew.revision, view.revision, "an order without them is the order that there was");

    let back = api::undo(&engine, deleted.undo.unwrap()).unwrap();
    assert_eq!((back.matched, back.changed, back.undo, back.failed), (2, 2, None, None));
    assert_eq!(ports(&engine, view.view), [6, 5, 4, 3, 2, 1]);
    assert_eq!(ports(&engine, anew.view), [6, 4, 3, 1], "it never had them");
    let again = api::undo(&engine, deleted.undo.unwrap()).unwrap_err();
    assert_eq!(again.code(), ErrorCode::NotFound, "a change is taken back once");
}

#[test]
fn an_undo_brings_back_exactly_what_that_deletion_deleted() {
    // More than are written at once.
    let (world, engine) = World::with(2500);
    api::delete(&engine, &ids(&engine, &[7])).unwrap();
    let view = open_view(&engine, &FilterDto::default(), &DOWN).unwrap();
    let kept = id(&engine, 9);
    let deleted = api::delete(&engine, &WhichDto::View { view: view.view, except: vec![kept] }).unwrap();
    assert_eq!((deleted.matched, deleted.changed), (2498, 2498));
    assert_eq!(all(&engine), [9]);
    assert_eq!(ports(&engine, view.view), [9]);
    let nothing = api::delete(&engine, &WhichDto::View { view: view.view, except: vec![kept] }).unwrap();
    assert_eq!((nothing.matched, nothing.undo), (0, None), "there is nothing to take back");
    api::undo(&engine, deleted.undo.unwrap()).unwrap();
    let there = open_view(&engine, &FilterDto::default(), &[]).unwrap();
    assert_eq!(there.rows, 2499, "the one that was deleted before stays deleted");

    api::delete(&engine, &WhichDto::Filter { filter: FilterDto::default() }).unwrap();
    drop(engine);
    let engine = world.open();
    assert_eq!(all(&engine), [0; 0], "deleted is deleted after the next start too");
    assert_eq!(api::undelete(&engine, &FilterDto::default()).unwrap().changed, 2500);
}

#[test]
fn tags_are_counted_offered_and_taken_back_to_what_each_proxy_had() {
    let (world, engine) = World::with(4);
    tag(&engine, &ids(&engine, &[1]), &["old"], &[]);
    tag(&engine, &ids(&engine, &[2]), &["new", "old"], &[]);
    let view = open_view(&engine, &of_tag("old"), &DOWN).unwrap();
    let facets: Vec<_> = view.tag.iter().map(|facet| (facet.value.as_str(), facet.count)).collect();
    assert_eq!(facets, [("old", 2), ("new", 1)], "what each would bring, the most frequent first");
    let told = view_rows(&engine, view.view, 0, 1).unwrap().rows;
    assert_eq!(told[0].tags, ["new", "old"]);

    let three = ids(&engine, &[1, 2, 3]);
    let counts = |tags: &[(&str, u32, u32)]| -> Vec<TagCountDto> {
        let count =
            |&(tag, matched, total): &(&str, u32, u32)| TagCountDto { tag: tag.to_owned(), matched, total };
        tags.iter().map(count).collect()
    };
    let told = api::tags(&engine, &ids(&engine, &[1, 3])).unwrap();
    assert_eq!((told.matched, told.tags), (2, counts(&[("new", 0, 1), ("old", 1, 2)])));
    let changed = tag(&engine, &three, &["new"], &["old"]);
    assert_eq!((changed.matched, changed.changed), (3, 3));
    assert_eq!(api::tags(&engine, &three).unwrap().tags, counts(&[("new", 3, 3)]));
    let chosen = open_view(&engine, &of_tag("gone"), &[]).unwrap();
    let facets: Vec<_> = chosen.tag.iter().map(|facet| (facet.value.as_str(), facet.count)).collect();
    assert_eq!(facets, [("new", 3), ("gone", 0)], "one that is chosen can be taken away again");

    api::undo(&engine, changed.undo.unwrap()).unwrap();
    let tags = |engine: &Engine| api::tags(engine, &ids(engine, &[1, 2, 3])).unwrap().tags;
    let before = counts(&[("new", 1, 1), ("old", 2, 2)]);
    assert_eq!(tags(&engine), before);
    drop(engine);
    assert_eq!(tags(&world.open()), before, "and so it is kept");
}

#[test]
fn a_view_that_is_closed_and_a_word_that_is_no_tag_change_nothing() {
    let (_world, engine) = World::with(2);
    let closed = WhichDto::View { view: 99, except: Vec::new() };
    assert_eq!(api::delete(&engine, &closed).unwrap_err().code(), ErrorCode::NotFound);
    let everything = WhichDto::Filter { filter: FilterDto::default() };
    let refused = api::tag(&engine, &everything, &["a,b".to_owned()], &[]).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Invalid);
    assert_eq!(all(&engine), [1, 2]);
}
