//! Running a program for what it prints: no shell, its own time limit, killed when the bundle closes.

use std::process::Stdio;

use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::step::{Step, Taken};

/// What a program prints beyond this is not read.
const MAX_OUTPUT_BYTES: u64 = 4 * 1024 * 1024;

/// The standard output of `argv`, as an item.
pub(super) fn output_of(name: &'static str, argv: &[&str]) -> Step {
    let method = argv.join(" ");
    let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
    Step::new(name, method, async move { run(&argv).await })
}

async fn run(argv: &[String]) -> Taken {
    let [program, arguments @ ..] = argv else { return Err("no program is named".to_owned()) };
    let mut child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|fault| format!("{program}: {fault}"))?;
    let (mut text, mut complaint) = (Vec::new(), Vec::new());
    let stdout = child.stdout.take().ok_or("no standard output")?;
    let stderr = child.stderr.take().ok_or("no standard error")?;
    let (mut stdout, mut stderr) = (stdout.take(MAX_OUTPUT_BYTES), stderr.take(4096));
    let (read, _) = tokio::join!(stdout.read_to_end(&mut text), stderr.read_to_end(&mut complaint));
    read.map_err(|fault| format!("{program}: {fault}"))?;
    drop((stdout, stderr));
    let status = child.wait().await.map_err(|fault| format!("{program}: {fault}"))?;
    if !status.success() && text.is_empty() {
        let complaint = String::from_utf8_lossy(&complaint);
        let said = complaint.lines().next().unwrap_or("it said nothing").trim();
        return Err(format!("{program} ended with {status}: {said}"));
    }
    Ok(text)
}
