//! The library as the tools of its users find it.

use std::path::Path;
use std::process::Command;

use shma_tests::skip::skip;
use shma_tests::watchdog::watched;

use crate::prefix::{PACKAGE, has, prefix, run, scratch};
use crate::stories::tell;

fn calls() -> std::path::PathBuf {
    Path::new(PACKAGE).join("tests/c/calls.c")
}

/// What `pkg-config` answers about the installed library.
fn asked(arguments: &[&str]) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.args(arguments).arg("shma");
    command.env("PKG_CONFIG_PATH", prefix().join("lib/pkgconfig"));
    run(&mut command).split_whitespace().map(str::to_owned).collect()
}

#[test]
fn pkg_config_finds_both_libraries() {
    watched(|| {
        if !has("pkg-config") || !has("cc") {
            return skip("there is no pkg-config, or no cc");
        }
        assert_eq!(asked(&["--modversion"]), [env!("CARGO_PKG_VERSION")]);
        let build = |to: &str, libs: &[String]| {
            let to = scratch().join(to);
            let mut command = Command::new("cc");
            command.args(["-D_GNU_SOURCE", "-pthread", "-o"]).arg(&to).arg(calls());
            run(command.args(asked(&["--cflags"])).args(libs));
            to
        };
        let lib = prefix().join("lib");
        let mut shared = asked(&["--libs"]);
        shared.push(format!("-Wl,-rpath,{}", lib.display()));
        tell(&build("by-pkg-config", &shared));
        let fixed: Vec<String> = asked(&["--static", "--libs"])
            .into_iter()
            .map(|it| if it == "-lshma" { "-l:libshma.a".to_owned() } else { it })
            .collect();
        let program = build("by-pkg-config-static", &fixed);
        tell(&program);
        if has("readelf") {
            let needed = run(Command::new("readelf").arg("--dynamic").arg(program));
            assert!(!needed.contains("libshma"), "{needed}");
        }
    });
}

const LISTS: &str = "\
cmake_minimum_required(VERSION 3.16)
project(user C CXX)
find_package(shma 0.1 REQUIRED)
foreach(kind shma static)
  add_executable(user-${kind} ${CALLS})
  target_compile_definitions(user-${kind} PRIVATE _GNU_SOURCE)
  target_link_libraries(user-${kind} PRIVATE shma::${kind})
endforeach()
";

#[test]
fn cmake_finds_both_libraries() {
    watched(|| {
        if !has("cmake") {
            return skip("there is no cmake");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("CMakeLists.txt"), LISTS).unwrap();
        let mut configure = Command::new("cmake");
        configure.arg("-S").arg(folder.path()).arg("-B").arg(folder.path().join("build"));
        configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix().display()));
        run(configure.arg(format!("-DCALLS={}", calls().display())));
        run(Command::new("cmake").arg("--build").arg(folder.path().join("build")));
        for kind in ["shma", "static"] {
            tell(&folder.path().join("build").join(format!("user-{kind}")));
        }
        // A version that it is not.
        let lists = LISTS.replace("shma 0.1", "shma 2.0");
        std::fs::write(folder.path().join("CMakeLists.txt"), lists).unwrap();
        let mut configure = Command::new("cmake");
        configure.arg("-S").arg(folder.path()).arg("-B").arg(folder.path().join("other"));
        configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix().display()));
        assert!(!configure.output().unwrap().status.success());
    });
}
