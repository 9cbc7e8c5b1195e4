//! What every bundle holds about the host: who it is, how loaded it is, what runs and what is mounted.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::step::{Step, Taken};

/// Processes listed at most.
const MAX_PROCESSES: usize = 10_000;

const FILES: &[(&str, &str)] = &[
    ("loadavg.txt", "/proc/loadavg"),
    ("uptime.txt", "/proc/uptime"),
    ("meminfo.txt", "/proc/meminfo"),
    ("pressure/cpu.txt", "/proc/pressure/cpu"),
    ("pressure/memory.txt", "/proc/pressure/memory"),
    ("pressure/io.txt", "/proc/pressure/io"),
    ("mounts.txt", "/proc/self/mountinfo"),
];

/// The id of this boot.
pub(super) fn boot_id() -> String {
    one_line("/proc/sys/kernel/random/boot_id")
}

pub(super) fn steps() -> Vec<Step> {
    let files = FILES.iter().map(|(name, path)| file(name, path));
    let processes = Step::blocking("processes.txt", "read /proc/*/stat, without arguments", processes);
    files.chain([processes]).collect()
}

/// A file of the kernel, which answers at once.
pub(super) fn file(name: &'static str, path: &'static str) -> Step {
    let taken = fs::read(path).map_err(|fault| format!("{path}: {fault}"));
    Step::ready(name, format!("read {path}"), taken)
}

fn one_line(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// `pid ppid state uid rss_kib cpu_ticks started_ticks program`, one process a line. Never its arguments.
fn processes() -> Taken {
    let mut text = String::from("pid ppid state uid rss_pages cpu_ticks started_ticks program\n");
    for pid in pids().take(MAX_PROCESSES) {
        let folder = format!("/proc/{pid}");
        let Ok(stat) = fs::read_to_string(format!("{folder}/stat")) else { continue };
        let uid = fs::metadata(&folder).map(|metadata| metadata.uid()).unwrap_or_default();
        if let Some(line) = process_line(&stat, uid) {
            text.push_str(&line);
        }
    }
    Ok(text.into_bytes())
}

/// The ids of all processes that can be seen.
pub(super) fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir(Path::new("/proc")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// One line of `/proc/PID/stat` (proc_pid_stat(5)); the program's name stands in the last parentheses.
fn process_line(stat: &str, uid: u32) -> Option<String> {
    let (before, after) = stat.rsplit_once(')')?;
    let (pid, program) = before.split_once('(')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3).copied();
    let ticks = field(14)?.parse::<u64>().ok()?.saturating_add(field(15)?.parse().ok()?);
    let program: String =
        program.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect();
    Some(format!(
        "{} {} {} {uid} {} {ticks} {} {program}\n",
        pid.trim(),
        field(4)?,
        field(3)?,
        field(24)?,
        field(22)?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_parentheses_and_spaces_in_its_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 2 3 4 50 7 8 9 20 0 1 0 1234 5678 90 1 2\n";
        let line = process_line(stat, 33).unwrap();
        assert_eq!(line, "42 1 S 33 90 57 1234 a) b (c\n");
        assert_eq!(process_line("nonsense", 0), None);
        assert_eq!(process_line("1 (x) S", 0), None);
    }

    #[test]
    fn this_process_is_listed_without_its_arguments() {
        let text = String::from_utf8(processes().unwrap()).unwrap();
        let own = format!("{} ", std::process::id());
        assert!(text.lines().any(|line| line.starts_with(&own)), "{text}");
        assert!(!boot_id().is_empty());
    }
}
