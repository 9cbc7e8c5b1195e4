//! `nearmiss-collector`.

use std::process::ExitCode;

fn main() -> ExitCode {
    nearmiss_collector::cli::main()
}
