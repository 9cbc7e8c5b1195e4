//! libFuzzer on the target that `NEARMISS_FUZZ_TARGET` names. `--list` names them, `--seeds TARGET FOLDER` writes a
//! target's seeds; everything else is libFuzzer's own.
#![no_main]

use std::path::Path;
use std::process::exit;
use std::sync::OnceLock;

use nearmiss_fuzz::{TARGETS, Target, target};

libfuzzer_sys::fuzz_target!(init: start(), |data: &[u8]| (chosen().run)(data));

/// The target of this process.
fn chosen() -> &'static Target {
    static CHOSEN: OnceLock<&'static Target> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let name = std::env::var("NEARMISS_FUZZ_TARGET").unwrap_or_default();
        target(&name).unwrap_or_else(|| {
            eprintln!("NEARMISS_FUZZ_TARGET names no target: `{name}`; `fuzz --list` names them");
            exit(2)
        })
    })
}

/// What is asked of this program and not of libFuzzer.
fn start() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--list"] => {
            TARGETS.iter().for_each(|target| println!("{} {}", target.name, target.corpus.unwrap_or("-")));
            exit(0)
        }
        ["--seeds", name, folder] => exit(seeds(name, Path::new(folder))),
        _ => {}
    }
}

fn seeds(name: &str, folder: &Path) -> i32 {
    let Some(target) = target(name) else {
        eprintln!("no target is called {name}; `fuzz --list` names them");
        return 2;
    };
    for (number, seed) in target.seeds.iter().enumerate() {
        if let Err(fault) = std::fs::write(folder.join(format!("seed-{number}")), seed) {
            eprintln!("{}: {fault}", folder.display());
            return 3;
        }
    }
    0
}
