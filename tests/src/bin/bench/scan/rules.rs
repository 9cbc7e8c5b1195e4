//! Fifty rules of the usual kind, and fifty hard ones; in the words that `grep -E` and ours have in common.

/// What the packs of a server look for: each holds some words.
pub(super) const USUAL: [&str; 50] = [
    "Failed password for (invalid user )?[^ ]+ from [0-9.]+",
    "Invalid user [^ ]* from [0-9.]+",
    "authentication failure; .*rhost=[^ ]+",
    "error: maximum authentication attempts exceeded",
    "Connection closed by authenticating user [^ ]+",
    "Received disconnect from [0-9.]+.*Bye Bye",
    "sudo: .*: user NOT in sudoers",
    "sudo: .*COMMAND=/bin/(ba)?sh",
    "FAILED SU \\(to [a-z]+\\)",
    "new user: name=[a-z]+",
    "password changed for [a-z]+",
    "I/O error, dev [a-z]+, sector [0-9]+",
    "critical medium error, dev [a-z]+",
    "EXT4-fs error \\(device [a-z0-9-]+\\)",
    "XFS \\([a-z0-9-]+\\): (Corruption|metadata I/O error)",
    "BTRFS (error|critical) \\(device [a-z]+\\)",
    "Out of memory: Killed process [0-9]+",
    "oom-kill:constraint=",
    "mce: \\[Hardware Error\\]",
    "EDAC .*(CE|UE) .*memory",
    "Package temperature above threshold",
    "nvme [a-z0-9]+: I/O [0-9]+ QID [0-9]+ timeout",
    "ata[0-9.]+: failed command: [A-Z ]+",
    "md/raid1?:md[0-9]+: Disk failure on [a-z0-9]+",
    "NIC Link is Down",
    "link becomes ready",
    "segfault at [0-9a-f]+ ip [0-9a-f]+",
    "general protection fault",
    "watchdog: BUG: soft lockup",
    "blocked for more than [0-9]+ seconds",
    "Failed with result '[a-z-]+'",
    "Start request repeated too quickly",
    "Main process exited, code=(killed|dumped)",
    "Failed to start [A-Z]",
    "Dependency failed for",
    "FATAL: +sorry, too many clients already",
    "FATAL: +remaining connection slots are reserved",
    "PANIC: +could not write to file",
    "could not extend file .*No space left on device",
    "InnoDB: Database page corruption",
    "Too many connections",
    "Aborted connection [0-9]+ to db",
    "upstream timed out \\([0-9]+:",
    "worker_connections are not enough",
    "AH[0-9]+: server reached MaxRequestWorkers",
    "repository is already locked",
    "rsync error: .*code [0-9]+",
    "warning: SASL (LOGIN|PLAIN) authentication failed",
    "status=(bounced|deferred)",
    "No space left on device",
];

/// Few words, or such as stand in every tenth line.
pub(super) fn hard() -> Vec<String> {
    const SHAPES: [&str; 10] = [
        "[0-9]+\\.[0-9]+\\.[0-9]+\\.N[^0-9]",
        "[A-Z]+=[0-9]*N[ ,]",
        "[a-z]+\\[N[0-9]*\\]",
        "#[0-9]*N$",
        " [a-z]+ [0-9]*N[0-9] ",
        "^[A-Z][a-z]+ [0-9]+ [0-9]+:[0-9]+:[0-9]N ",
        "[(\"][a-z/]*N",
        "[a-f]+[0-9]+N[a-f]",
        "(GET|PUT|CMD) .*N",
        "[aeiou]{2,}.*[0-9]N ",
    ];
    // The first make it a tenth of all lines, the others are rarer.
    const NUMBERS: [&str; 5] = ["1", "23", "347", "45", "5678"];
    (0..50).map(|index| SHAPES[index % SHAPES.len()].replace('N', NUMBERS[index / SHAPES.len()])).collect()
}
