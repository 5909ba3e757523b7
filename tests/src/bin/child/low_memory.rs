//! A process that creates a region of some MiB where little memory seems to be left.

use shma_core::ShmState;
use shma_tests::namespace::{hide_folder, mount_small, replace_file};

use crate::{next_line, say, talk};

/// 4 MiB, with its slots.
#[derive(Debug, ShmState)]
struct Hall {
    rows: [[u8; 1024]; 1024],
}

/// Answers line after line: what the machine or its control group has left, and a creation.
pub fn run() {
    if let Err(error) = mount_small("64m", "100") {
        return say(&format!("not permitted: {error}"));
    }
    say("ok");
    while let Some(line) = next_line() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let files = |files: &[(&str, &str)]| {
            for (path, text) in files {
                replace_file(path, text).unwrap();
            }
            "ok".to_owned()
        };
        say(&match words[..] {
            ["machine", available, swap] => {
                let text =
                    format!("MemFree: 1 kB\nMemAvailable: {available} kB\nSwapFree: {swap} kB\n");
                files(&[("/proc/meminfo", &text)])
            }
            // The versions of control groups, each with a group inside of the one that sets the limit.
            ["group-1", limit, used, cached] => {
                let top = control_groups("4:memory:/outer/inner\n", "/sys/fs/cgroup/memory/outer");
                let stat = format!("total_inactive_file 0\ntotal_active_file {cached}\n");
                write(
                    &top,
                    &[
                        ("memory.limit_in_bytes", limit),
                        ("memory.usage_in_bytes", used),
                        ("memory.stat", &stat),
                    ],
                )
            }
            ["group-2", limit, used, cached] => {
                let top = control_groups("0::/outer/inner\n", "/sys/fs/cgroup/outer");
                let stat = format!("anon 7\ninactive_file {cached}\nactive_file 0\n");
                write(
                    &top,
                    &[("memory.max", limit), ("memory.current", used), ("memory.stat", &stat)],
                )
            }
            ["create", name] => match Hall::create(name, &Hall::zeroed()) {
                Ok(_) => "ok".to_owned(),
                Err(error) => talk::describe(&error),
            },
            ["left"] => {
                let files = shma_tests::region::files();
                files.iter().filter(|file| file.starts_with("shma")).count().to_string()
            }
            _ => panic!("unknown call `{line}`"),
        });
    }
}

/// Says that the process is in some group, and makes the folder of the one around it.
fn control_groups(groups: &str, folder: &str) -> String {
    hide_folder("/sys/fs/cgroup").unwrap();
    replace_file("/proc/self/cgroup", groups).unwrap();
    std::fs::create_dir_all(format!("{folder}/inner")).unwrap();
    folder.to_owned()
}

fn write(folder: &str, files: &[(&str, &str)]) -> String {
    for (file, text) in files {
        std::fs::write(format!("{folder}/{file}"), text).unwrap();
    }
    "ok".to_owned()
}
