//! Tasks: what they have left, and how they go on.

use std::sync::mpsc::channel;

use proxydeck_store::{AskedBy, NewTask, Stored, TaskEnd, TaskKind, TaskStatus};

use crate::world::{DAY, NOW, World, alive, check_task, dead};

#[test]
fn a_task_has_left_what_is_not_stored() {
    let world = World::with(5);
    let task = world.check_task(vec![5, 3, 1, 2, 3]);
    assert_eq!(
        world.store.remaining(task).unwrap(),
        [1, 2, 3, 5],
        "each proxy once, in the order of numbers"
    );
    let stored =
        world.store.checks(Some(task), vec![alive(3, NOW, 10), dead(1, NOW, 1), dead(4, NOW, 1)]).unwrap();
    assert_eq!(stored, Stored { kept: 3, finished: 2 }, "a proxy that was not asked for finishes nothing");
    assert_eq!(world.store.remaining(task).unwrap(), [2, 5]);
    let record = world.store.tasks(1).unwrap().remove(0);
    assert_eq!((record.done, record.total), (2, 4));
    assert_eq!((record.status, record.started, record.ended), (TaskStatus::Running, Some(NOW), None));
}

#[test]
fn a_proxy_checked_twice_counts_once() {
    let world = World::with(1);
    let task = world.check_task(vec![1]);
    world.store.checks(Some(task), vec![dead(1, NOW, 1)]).unwrap();
    world.store.checks(Some(task), vec![dead(1, NOW + 1, 2)]).unwrap();
    assert_eq!(world.store.tasks(1).unwrap()[0].done, 1, "progress never passes the whole");
}

#[test]
fn a_check_that_was_cut_off_goes_on_with_what_is_missing() {
    let world = World::with(4);
    let task = world.check_task(vec![1, 2, 3, 4]);
    world.store.checks(Some(task), vec![dead(2, NOW, 1)]).unwrap();
    assert_eq!(
        world.store.unfinished(TaskKind::Check).unwrap(),
        None,
        "a task at work is not an unfinished one"
    );
    // Nobody ends the task: to the next start that is what a kill looks like.
    let world = world.restart();
    let unfinished = world.store.unfinished(TaskKind::Check).unwrap().unwrap();
    assert_eq!((unfinished.task.id, unfinished.task.status), (task, TaskStatus::Paused));
    assert_eq!((unfinished.left, unfinished.task.done, unfinished.task.total), (3, 1, 4));
    assert!(world.store.resume_task(task).unwrap());
    assert!(!world.store.resume_task(task).unwrap(), "what runs already is not begun twice");
    assert_eq!(world.store.remaining(task).unwrap(), [1, 3, 4]);
    assert_eq!(world.store.tasks(1).unwrap()[0].ended, None, "a task that goes on has not ended");
}

#[test]
fn a_check_that_was_killed_after_its_last_result_has_succeeded() {
    let world = World::with(2);
    let task = world.check_task(vec![1, 2]);
    world.store.checks(Some(task), vec![dead(1, NOW, 1), dead(2, NOW, 1)]).unwrap();
    let world = world.restart();
    let record = world.store.tasks(1).unwrap().remove(0);
    assert_eq!((record.status, record.ended), (TaskStatus::Succeeded, Some(NOW + DAY)));
    assert_eq!(world.store.unfinished(TaskKind::Check).unwrap(), None);
}

#[test]
fn work_that_cannot_go_on_in_its_middle_has_failed() {
    let world = World::new();
    let import = NewTask { kind: TaskKind::Import, asked_by: AskedBy::User, params: "{}".to_owned() };
    let task = world.store.begin_task(import, Vec::new(), NOW).unwrap();
    world.store.task_progress(task, 2_000, 5_000).unwrap();
    let world = world.restart();
    let record = world.store.tasks(1).unwrap().remove(0);
    assert_eq!((record.status, record.done, record.total), (TaskStatus::Failed, 2_000, 5_000));
    assert!(record.error.is_some(), "the record says why");
    assert!(!world.store.resume_task(task).unwrap());
}

#[test]
fn a_paused_task_keeps_what_is_left_and_any_other_end_gives_it_up() {
    let world = World::with(2);
    let task = world.check_task(vec![1, 2]);
    world.store.finish_task(task, TaskEnd::Paused, None, None, NOW + 5).unwrap();
    assert_eq!(world.store.unfinished(TaskKind::Check).unwrap().map(|one| one.left), Some(2));
    let result = Some(r#"{"checked":0}"#.to_owned());
    world.store.finish_task(task, TaskEnd::Cancelled, result.clone(), None, NOW + 9).unwrap();
    assert_eq!(world.store.unfinished(TaskKind::Check).unwrap(), None);
    assert!(world.store.remaining(task).unwrap().is_empty());
    let record = world.store.tasks(1).unwrap().remove(0);
    assert_eq!((record.status, record.ended, record.result), (TaskStatus::Cancelled, Some(NOW + 9), result));
}

#[test]
fn a_later_check_does_not_hide_one_that_was_cut_off() {
    let world = World::with(2);
    let old = world.check_task(vec![1, 2]);
    world.store.finish_task(old, TaskEnd::Paused, None, None, NOW).unwrap();
    let new = world.check_task(vec![1]);
    world.store.checks(Some(new), vec![dead(1, NOW, 1)]).unwrap();
    world.store.finish_task(new, TaskEnd::Succeeded, None, None, NOW).unwrap();
    let paused = |world: &World| -> Vec<i64> {
        world.store.paused(TaskKind::Check).unwrap().iter().map(|unfinished| unfinished.task.id).collect()
    };
    assert_eq!(paused(&world), [old], "its results are still missing");
    let third = world.check_task(vec![2]);
    world.store.finish_task(third, TaskEnd::Paused, None, None, NOW).unwrap();
    assert_eq!(paused(&world), [third, old], "the newest first");
    let unfinished = world.store.unfinished(TaskKind::Check).unwrap().unwrap();
    assert_eq!((unfinished.task.id, unfinished.left), (third, 1));
    let ids: Vec<i64> = world.store.tasks(10).unwrap().iter().map(|task| task.id).collect();
    assert_eq!(ids, [third, new, old], "the newest first");
}

#[test]
fn deleted_and_missing_proxies_are_not_waited_for() {
    let world = World::with(3);
    let task = world.check_task(vec![1, 2, 999]);
    world.raw().execute("UPDATE proxies SET deleted = 1 WHERE id = 2", []).unwrap();
    assert_eq!(world.store.remaining(task).unwrap(), [1]);
    world.store.finish_task(task, TaskEnd::Paused, None, None, NOW).unwrap();
    assert_eq!(world.store.unfinished(TaskKind::Check).unwrap().map(|one| one.left), Some(1));
}

#[test]
fn whoever_hands_results_in_is_told_when_they_are_safe() {
    let world = World::with(2);
    let task = world.check_task(vec![1, 2]);
    let (tell, told) = channel();
    let also = tell.clone();
    let store = &world.store;
    store.submit_checks(Some(task), vec![dead(1, NOW, 1)], move |stored| tell.send(stored).unwrap()).unwrap();
    store.submit_checks(Some(task), vec![dead(2, NOW, 1)], move |stored| also.send(stored).unwrap()).unwrap();
    for stored in told {
        assert_eq!(stored.unwrap(), Stored { kept: 1, finished: 1 });
    }
    let checks: u32 = world.raw().query_row("SELECT count(*) FROM checks", [], |row| row.get(0)).unwrap();
    assert_eq!(checks, 2, "what was told to be safe is in the file for any other program");
}

#[test]
fn work_that_waits_is_finished_before_the_database_closes() {
    let world = World::with(100);
    let (tell, told) = channel();
    for id in 1..=100 {
        let tell = tell.clone();
        world
            .store
            .submit_checks(None, vec![dead(id, NOW, 1)], move |stored| tell.send(stored).unwrap())
            .unwrap();
    }
    drop(tell);
    world.store.shutdown();
    assert_eq!(told.iter().filter(Result::is_ok).count(), 100);
    let refused = world.store.begin_task(check_task(), vec![1], NOW);
    assert!(matches!(refused, Err(proxydeck_store::StoreError::Closed)), "{refused:?}");
}
