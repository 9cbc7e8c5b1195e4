//! The arrows that must never be, read from the manifests.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// What a core crate must not be able to name: runtimes, servers, drivers, clocks, random sources.
const EDGES: &[&str] = &[
    "nearmiss-runtime",
    "axum",
    "chrono",
    "fastrand",
    "getrandom",
    "hyper",
    "lettre",
    "notify",
    "procfs",
    "rand",
    "reqwest",
    "rustix",
    "sqlx",
    "sysinfo",
    "tokio",
    "zbus",
];

/// Each crate of the house with the crates its manifest names, tests' own dependencies left out.
fn manifests() -> BTreeMap<String, Vec<String>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names = |package: &Value| -> Vec<String> {
        let dependencies = package["dependencies"].as_array().unwrap();
        dependencies
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(|package| (package["name"].as_str().unwrap().to_owned(), names(package))).collect()
}

fn assert_none(manifests: &BTreeMap<String, Vec<String>>, room: &str, forbidden: &[&str]) {
    let named = manifests.get(room).unwrap_or_else(|| panic!("{room} is no crate of the house"));
    assert!(!named.is_empty(), "{room} names nothing: the reading of the manifests is broken");
    let wrong: Vec<&String> = named.iter().filter(|name| forbidden.contains(&name.as_str())).collect();
    assert!(wrong.is_empty(), "{room} must not name {wrong:?}");
}

#[test]
fn a_core_crate_names_no_runtime_driver_clock_or_random_source() {
    let manifests = manifests();
    for core in ["nearmiss-shared", "nearmiss-agent-core", "nearmiss-case"] {
        assert_none(&manifests, core, EDGES);
    }
}

/// What a core crate's own text must not name: the standard library's ways to the world.
const WORLD: [&str; 6] =
    ["std::fs", "std::net", "std::process", "std::time::SystemTime", "std::time::Instant", "std::thread"];

#[test]
fn a_core_crate_opens_no_file_socket_process_or_clock() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    for core in ["shared/src", "agent/core/src", "collector/core/src"] {
        let files = rust_files(&root.join(core));
        assert!(!files.is_empty(), "{core} holds no source: the reading is broken");
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let named: Vec<&&str> = WORLD.iter().filter(|word| text.contains(**word)).collect();
            assert!(named.is_empty(), "{} names {named:?}", file.display());
        }
    }
}

/// Every source file below `folder` that is no test.
fn rust_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn agent_and_collector_meet_only_in_shared() {
    let manifests = manifests();
    let collectors = ["nearmiss-case", "nearmiss-store", "nearmiss-collector"];
    let agents = ["nearmiss-agent-core", "nearmiss-agent-probe", "nearmiss-agent"];
    for agent in agents {
        assert_none(&manifests, agent, &collectors);
    }
    for collector in collectors {
        assert_none(&manifests, collector, &agents);
    }
    for common in ["nearmiss-shared", "nearmiss-runtime"] {
        assert_none(&manifests, common, &[&agents[..], &collectors[..]].concat());
    }
}

#[test]
fn the_store_names_no_http_and_the_pages_name_no_driver() {
    let manifests = manifests();
    assert_none(&manifests, "nearmiss-store", &["axum", "http", "hyper", "reqwest", "lettre", "askama"]);
    assert_none(&manifests, "nearmiss-collector", &["sqlx"]);
}
