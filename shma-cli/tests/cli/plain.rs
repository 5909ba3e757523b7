//! Answers without a terminal, as a script and a log see them.

use insta::assert_snapshot;
use serde_json::Value;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

use crate::owner::Owner;
use crate::shma::{shma, steady};

/// The first line, and those of one region.
fn lines_of(text: &str, name: &str) -> String {
    let lines = text.lines().enumerate();
    let ours = lines.filter(|(i, line)| *i == 0 || line.contains(name)).map(|(_, line)| line);
    ours.collect::<Vec<_>>().join("\n")
}

/// A region among those that other programs have at the time.
fn region_of<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let regions = answer["regions"].as_array().unwrap();
    regions.iter().find(|region| region["name"] == name).expect("the region is listed")
}

#[test]
fn a_living_region_looks_otherwise() {
    watched(|| {
        let name = Name::new("plain");
        let mut owner = Owner::create(&name);
        owner.ask("step");
        let pid = owner.pid();
        let ls = lines_of(&shma(&["ls"]).done(), &name);
        assert_snapshot!("ls", steady(&ls, &name, pid));
        // The name of the owner's program has a hash in it.
        let info = shma(&["info", &name]).done();
        let info: Vec<_> = info.lines().filter(|line| !line.starts_with("  process")).collect();
        assert_snapshot!("info", steady(&info.join("\n"), &name, pid));
        let metrics = lines_of(&shma(&["metrics"]).done(), &name);
        let metrics: Vec<_> = metrics.lines().filter(|line| !line.contains("_age_")).collect();
        assert_snapshot!("metrics", steady(&metrics.join("\n"), &name, pid));
        assert_snapshot!(
            "watch",
            steady(&shma(&["watch", &name, "-i", "0.01"]).done(), &name, pid)
        );
        let top = lines_of(&shma(&["top", "-i", "0.01"]).done(), &name);
        assert_snapshot!("top", steady(&top, &name, pid));
        assert_snapshot!("doctor", shma(&["doctor", &name]).done());
        assert_snapshot!("header", shma(&["header", &name]).done());
        assert_snapshot!("diff_of_equals", shma(&["diff", &name, &name]).done());
    });
}

/// A holder that lives, and one that was killed.
#[test]
fn a_killed_owner_is_shown_alive() {
    watched(|| {
        let name = Name::new("killed");
        let mut owner = Owner::create(&name);
        owner.hold();
        let pid = owner.pid();
        let held = shma(&["info", &name, "--json"]).json();
        let holder = &held["region"]["fields"][2]["holder"];
        assert_eq!((&holder["pid"], &holder["dead"]), (&pid.into(), &false.into()));
        assert_eq!(held["region"]["condition"], "alive");
        let row = lines_of(&shma(&["info", &name]).done(), "step");
        assert_snapshot!("held", steady(&row, &name, pid));
        owner.kill();
        let dead = shma(&["info", &name, "--json"]).json();
        let holder = &dead["region"]["fields"][2]["holder"];
        assert_eq!((&holder["pid"], &holder["dead"]), (&pid.into(), &true.into()));
        assert_eq!(dead["region"]["condition"], "dead");
        let row = lines_of(&shma(&["info", &name]).done(), "step");
        assert_snapshot!("died", steady(&row, &name, pid));
        let doctor = shma(&["doctor", &name]);
        assert_eq!(doctor.status, 1);
        assert_snapshot!("doctor_of_the_dead", steady(&doctor.out, &name, pid));
        assert_eq!(region_of(&shma(&["ls", "--json"]).json(), &name)["condition"], "dead");
        let ls = lines_of(&shma(&["ls"]).done(), &name);
        assert_snapshot!("ls_of_the_dead", steady(&ls, &name, pid));
        assert_eq!(shma(&["get", &name, "step"]).done(), "41\n");
    });
}

/// A look leaves no trace: the last process to detach still removes the region.
#[test]
fn a_look_keeps_a_region() {
    watched(|| {
        let name = Name::new("looked");
        let owner = Owner::create(&name);
        let mut watch =
            crate::shma::command(&["watch", &name, "-i", "0.01", "-n", "100000", "--json"]);
        let mut watch = shma_tests::child::Child::start_command(&mut watch);
        watch.line();
        let seen = shma(&["info", &name, "--json"]).json();
        assert_eq!(seen["region"]["attached"]["attachments"], 1, "only the owner is attached");
        owner.leave();
        assert!(!name.exists(), "a look has kept the region");
        // It says so, and ends.
        while watch.next_line().is_some() {}
        assert_eq!(watch.end().code(), Some(3));
    });
}

/// One object a line, each with what all have.
#[test]
fn an_answer_is_no_json() {
    watched(|| {
        let name = Name::new("json");
        let owner = Owner::create(&name);
        for arguments in [
            &["ls"][..],
            &["info", &name],
            &["get", &name, "grid"],
            &["watch", &name, "-i", "0.01"],
            &["top", "-i", "0.01"],
            &["diff", &name, &name],
            &["doctor", &name],
            &["doctor"],
            &["clean", "--dry-run"],
            &["header", &name],
            &["metrics"],
            &["completions", "bash"],
            &["schema"],
        ] {
            let ran = shma(&[arguments, &["--json"]].concat());
            assert!(ran.status < 2, "{ran:?}");
            assert_eq!(ran.json()["command"], arguments[0]);
        }
        let failed = shma(&["info", "no-such-region-anywhere", "--json"]).failed(3);
        let failed: Value = serde_json::from_str(&failed).unwrap();
        assert_eq!((&failed["schema"], &failed["error"]["exit_status"]), (&1.into(), &3.into()));
        owner.leave();
    });
}

/// What each kind of failure says with its exit status.
#[test]
fn a_failure_has_the_status_of_another() {
    watched(|| {
        let name = Name::new("status");
        let owner = Owner::create(&name);
        assert!(shma(&["info", "no-such-region-anywhere"]).failed(3).contains("does not exist"));
        assert!(shma(&["info", "../etc/passwd"]).failed(2).contains("cannot name a region"));
        assert!(shma(&["get", &name, "grip"]).failed(3).contains("it has grid, series, step"));
        assert!(shma(&["get", &name, "grid[9]"]).failed(2).contains("out of range"));
        assert!(shma(&["watch", &name, "grip"]).failed(3).contains("no field `grip`"));
        assert!(shma(&["rm", &name]).failed(5).contains("is in use"));
        assert!(
            shma(&["export", &name, "/no/such/folder/x.npz"]).failed(3).contains("No such file")
        );
        shma(&["no-such-command"]).failed(2);
        shma(&[]).failed(2);
        owner.leave();
    });
}

/// Readers that stop listening, as `head` does.
#[test]
fn a_closed_pipe_is_a_failure() {
    watched(|| {
        let name = Name::new("pipe");
        let owner = Owner::create(&name);
        let mut get = crate::shma::command(&["watch", &name, "-i", "0.001", "-n", "100000"]);
        let mut get = get.stdout(std::process::Stdio::piped()).spawn().unwrap();
        drop(get.stdout.take());
        assert!(get.wait().unwrap().success());
        owner.leave();
    });
}
