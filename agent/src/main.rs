//! `nearmiss-agent`: watches one host and says how near each signal is to failure.

use std::process::ExitCode;

fn main() -> ExitCode {
    nearmiss_agent::cli::main()
}
