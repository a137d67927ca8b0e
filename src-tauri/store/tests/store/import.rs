//! Taking lists in: who a proxy is, and what is known of it.

use proxydeck_domain::{Hints, Protocol};
use proxydeck_store::{Identity, NewSource, Outcome, SourceKind};

use crate::world::{DAY, NOW, World, hinted, list, login, open};

fn outcomes(imported: &[proxydeck_store::Imported]) -> Vec<Outcome> {
    imported.iter().map(|one| one.outcome).collect()
}

#[test]
fn a_proxy_that_is_met_again_is_known() {
    let world = World::new();
    let first =
        world.import(vec![open("1.2.3.4:80"), open("proxy.example.com:3128"), open("[2001:db8::1]:1080")]);
    assert_eq!(outcomes(&first), [Outcome::New; 3]);
    let again = world.import(vec![open("[2001:db8::1]:1080"), open("1.2.3.4:81"), open("1.2.3.4:80")]);
    assert_eq!(outcomes(&again), [Outcome::Known, Outcome::New, Outcome::Known]);
    assert_eq!(again[0].id, first[2].id, "the answer is in the order of the batch and names the first row");
    let endpoints: Vec<String> = world.rows().iter().map(|row| row.endpoint.to_string()).collect();
    assert_eq!(
        endpoints,
        ["1.2.3.4:80", "proxy.example.com:3128", "[2001:db8::1]:1080", "1.2.3.4:81"],
        "every kind of host comes back as it was written"
    );
}

#[test]
fn a_proxy_twice_in_one_batch_is_one() {
    let world = World::new();
    let imported = world.import(vec![open("1.2.3.4:80"), open("1.2.3.4:80")]);
    assert_eq!(outcomes(&imported), [Outcome::New, Outcome::Known]);
    assert_eq!(imported[0].id, imported[1].id);
}

#[test]
fn the_account_is_part_of_the_identity() {
    let world = World::new();
    let gate = "gate.example.com:7777";
    let batch = vec![
        open(gate),
        login(gate, "ann", 1),
        login(gate, "bob", 1),
        login(gate, "ann", 2),
        // An account with nothing in it is still an account.
        login(gate, "", 0),
    ];
    assert_eq!(
        outcomes(&world.import(batch.clone())),
        [Outcome::New; 5],
        "the same gateway with five logins is five proxies"
    );
    assert_eq!(outcomes(&world.import(batch)), [Outcome::Known; 5], "and each of them is found again");
    let users: Vec<Option<String>> = world.rows().into_iter().map(|row| row.user).collect();
    let expected = [None, Some("ann"), Some("bob"), Some("ann"), Some("")];
    assert_eq!(
        users,
        expected.map(|user| user.map(str::to_owned)),
        "no account and an empty one are two things"
    );
}

#[test]
fn sealed_secrets_come_back_where_they_are_asked_for() {
    let world = World::new();
    assert!(!world.store.has_sealed().unwrap(), "an empty pool needs no key");
    let ids: Vec<i64> = world
        .import(vec![open("1.2.3.4:80"), login("1.2.3.4:80", "ann", 7)])
        .iter()
        .map(|one| one.id)
        .collect();
    assert!(world.store.has_sealed().unwrap(), "from now on no second key may be made");
    let accounts = world.store.accounts(&[ids[1], ids[0], 999]).unwrap();
    assert_eq!(accounts[0].as_ref().map(|account| account.sealed.as_slice()), Some([7; 60].as_slice()));
    assert_eq!(accounts[0].as_ref().map(|account| account.user.as_str()), Some("ann"));
    assert_eq!(
        accounts[1..],
        [None, None],
        "a proxy without an account has none, nor has one that is not there"
    );
}

#[test]
fn the_secret_that_was_sealed_first_stays() {
    let world = World::new();
    let id = world.import(vec![login("1.2.3.4:80", "ann", 7)])[0].id;
    let mut sealed_again = login("1.2.3.4:80", "ann", 7);
    sealed_again.account.as_mut().unwrap().sealed = vec![9; 60];
    world.import(vec![sealed_again]);
    let account = world.store.accounts(&[id]).unwrap().remove(0).unwrap();
    assert_eq!(account.sealed, [7; 60], "the same secret sealed twice needs no write");
}

#[test]
fn claims_of_all_lists_are_gathered() {
    let world = World::new();
    world.import(vec![hinted("1.2.3.4:80", Protocol::Http)]);
    let again = world.import(vec![hinted("1.2.3.4:80", Protocol::Socks5), open("1.2.3.4:80")]);
    let both = Hints::NONE.with(Protocol::Http).with(Protocol::Socks5);
    assert_eq!(again[1].hints, both, "the answer tells what is claimed now, so that a reader need not ask");
    assert_eq!(
        world.rows()[0].hints,
        both,
        "a label is a hint, and one endpoint is one record with all of them"
    );
}

#[test]
fn what_was_deleted_stays_deleted() {
    let world = World::new();
    let id = world.import(vec![open("1.2.3.4:80")])[0].id;
    world.raw().execute("UPDATE proxies SET deleted = 1", []).unwrap();
    let again = world.import(vec![open("1.2.3.4:80")]);
    assert_eq!((again[0].id, again[0].outcome), (id, Outcome::Deleted));
    assert!(world.rows().is_empty(), "the pool does not show it");
    assert!(world.row(id).deleted, "and its row says why");
}

#[test]
fn a_preview_says_what_is_known_without_writing() {
    let world = World::new();
    let imported = world.import(vec![open("1.2.3.4:80"), login("1.2.3.4:80", "ann", 7), open("5.6.7.8:80")]);
    world.raw().execute("UPDATE proxies SET deleted = 1 WHERE host = '5.6.7.8'", []).unwrap();
    let identity = |endpoint: &str, account: Option<(&str, u8)>| Identity {
        endpoint: endpoint.parse().unwrap(),
        account: account.map(|(user, secret)| (user.to_owned(), [secret; 16])),
    };
    let known = world
        .store
        .lookup(&[
            identity("9.9.9.9:80", None),
            identity("1.2.3.4:80", Some(("ann", 7))),
            identity("1.2.3.4:80", Some(("ann", 8))),
            identity("5.6.7.8:80", None),
        ])
        .unwrap();
    let found: Vec<Option<(i64, bool)>> =
        known.into_iter().map(|one| one.map(|known| (known.id, known.deleted))).collect();
    assert_eq!(found, [None, Some((imported[1].id, false)), None, Some((imported[2].id, true))]);
    assert_eq!(world.rows().len(), 2, "looking up adds nothing");
}

#[test]
fn every_source_of_a_proxy_is_remembered_with_its_times() {
    let world = World::new();
    let id = world.import(vec![open("1.2.3.4:80")])[0].id;
    let pasted = NewSource { name: "Pasted".to_owned(), kind: SourceKind::Text, address: String::new() };
    world.store.import(pasted, vec![open("1.2.3.4:80")], NOW + DAY).unwrap();
    let renamed = NewSource { name: "renamed.txt".to_owned(), ..list("list.txt") };
    world.store.import(renamed, vec![open("1.2.3.4:80")], NOW + 2 * DAY).unwrap();
    let sources = world.store.sources_of(id).unwrap();
    let told: Vec<_> =
        sources.iter().map(|s| (s.source.plan.name.as_str(), s.first_seen, s.last_seen)).collect();
    assert_eq!(
        told,
        [("renamed.txt", NOW, NOW + 2 * DAY), ("Pasted", NOW + DAY, NOW + DAY)],
        "a file that is read again is the same source, under its newest name"
    );
    assert_eq!(world.row(id).first_seen, NOW);
}
