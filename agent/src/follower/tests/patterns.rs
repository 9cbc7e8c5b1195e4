//! Logs that patterns find: each followed once, and nothing that was rotated of another.

use super::*;

#[test]
fn a_pattern_follows_what_comes_later_from_its_start_and_no_rotated_file() {
    let mut world = World::new(&["*.log"]);
    guess(&mut append(&world.path("old.log")), "10.0.0.1", 5);
    world.step(0);
    world.restart();
    guess(&mut append(&world.path("new.log")), "10.0.0.2", 4);
    guess(&mut append(&world.path("old.log")), "10.0.0.1", 1);
    world.step(1);
    assert_eq!((world.count("10.0.0.1"), world.count("10.0.0.2")), (Some(1.0), Some(4.0)));
    fs::rename(world.path("new.log"), world.path("new-20261123.log")).unwrap();
    guess(&mut append(&world.path("new.log")), "10.0.0.2", 1);
    world.step(2);
    assert_eq!(
        (world.count("10.0.0.2"), world.lines()),
        (Some(5.0), 6),
        "the renamed file is not read again"
    );
}

#[test]
fn a_file_that_is_renamed_under_its_pattern_is_not_read_again_when_it_was_let_go() {
    let mut world = World::new(&["*.log"]);
    append(&world.path("new.log"));
    world.step(0);
    guess(&mut append(&world.path("new.log")), "10.0.0.2", 4);
    world.step(1);
    fs::rename(world.path("new.log"), world.path("new-20261123.log")).unwrap();
    for second in [2, 20, 40] {
        world.step(second);
        world.restart();
    }
    guess(&mut append(&world.path("new.log")), "10.0.0.2", 1);
    for second in [50, 70, 90] {
        world.step(second);
    }
    assert_eq!((world.count("10.0.0.2"), world.lines()), (Some(5.0), 5));
}

/// Each log's own lines once, whichever of them comes first and whenever the agent starts again.
#[test]
fn logs_whose_names_differ_by_a_number_are_each_followed_and_nobody_elses() {
    for (pattern, names) in [
        ("*.log", ["worker.log", "worker-2.log", "worker-3.log"]),
        ("*.log", ["worker-20261123.log", "worker-2.log", "worker.log"]),
        ("job-*", ["job-7", "job-8", "job-9"]),
        ("job*", ["job-7-8", "job-7", "job"]),
        ("job*", ["job-7", "job", "jobs"]),
    ] {
        let mut world = World::new(&[pattern]);
        world.step(0);
        let mut seconds = 0;
        for (index, name) in names.iter().enumerate() {
            for turn in 0..3 {
                guess(&mut append(&world.path(name)), name, index + 1);
                seconds += 15;
                world.step(seconds);
                world.step(seconds + 12);
                if turn == 1 {
                    world.restart();
                }
            }
        }
        let told: Vec<_> = names.iter().map(|name| world.count(name)).collect();
        assert_eq!(told, [Some(3.0), Some(6.0), Some(9.0)], "{pattern} {names:?}");
        assert_eq!(world.lines(), 18, "{pattern} {names:?}");
    }
}

#[test]
fn a_pattern_may_stand_for_folders() {
    let mut world = World::new(&["li*/auth.log"]);
    world.step(0);
    fs::create_dir(world.path("live")).unwrap();
    guess(&mut append(&world.path("live/auth.log")), "10.0.0.1", 3);
    world.step(1);
    world.restart();
    guess(&mut append(&world.path("live/auth.log")), "10.0.0.1", 2);
    world.step(2);
    assert_eq!((world.count("10.0.0.1"), world.lines()), (Some(5.0), 5));
}
