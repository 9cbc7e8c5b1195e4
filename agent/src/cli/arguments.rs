//! What can be typed.

mod past;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use nearmiss_shared::action::CaseNumber;
use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use crate::settings::DEFAULT_FILE;

pub(super) use past::{History, Range};

const EXITS: &str = "Exit codes: 0 fine; 1 the condition asked about does not hold; 2 usage or configuration; \
                     3 could not reach or read.";

/// Watches this host and says how near each signal is to failure.
#[derive(Debug, Parser)]
#[command(name = "nearmiss-agent", version, after_help = EXITS, max_term_width = 100)]
pub(super) struct Arguments {
    /// Configuration file; conf.d/ and rules.d/ lie beside it.
    #[arg(long, global = true, value_name = "FILE", help = format!("Configuration file [default: {DEFAULT_FILE}]"))]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the daemon in the foreground until SIGTERM; SIGHUP reads the configuration again.
    #[command(after_help = "Example:\n  nearmiss-agent run --config /etc/nearmiss/agent.toml")]
    Run,
    /// Print this host's margins, most urgent first. Needs no daemon, no configuration and no collector.
    #[command(
        after_help = "Examples:\n  nearmiss-agent check\n  nearmiss-agent check --json --fail-on approach\n  \
                            nearmiss-agent check --watch"
    )]
    Check(Check),
    /// Say what cannot be watched on this host and how to enable it, the most serious first.
    ///
    /// Works without daemon, configuration and collector. Exits with 1 when something fails.
    #[command(after_help = "Examples:\n  nearmiss-agent doctor\n  nearmiss-agent doctor --json")]
    Doctor(Doctor),
    /// Enrol this host at a collector.
    #[command(after_help = "Examples:\n  nearmiss-agent enrol https://collector.example - < token\n  \
                            nearmiss-agent enrol https://collector.example token.txt --replace lab-srv-07")]
    Enrol(Enrol),
    /// Say how the running agent is: spool, last contact, enrolment.
    #[command(after_help = "Example:\n  nearmiss-agent status --json")]
    Status {
        /// One line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put a remark on the timeline. Waits in the spool while the collector is away.
    #[command(after_help = "Examples:\n  nearmiss-agent note \"swapped the drive in bay 3\"\n  \
                            nearmiss-agent note --case NM-0042 \"it was the nightly export\"")]
    Note {
        /// The case it is about [default: every running case of this host].
        #[arg(long, value_name = "CASE")]
        case: Option<CaseNumber>,
        #[arg(required = true, value_name = "TEXT")]
        text: Vec<String>,
    },
    /// Acknowledge a case of this host: its clock stops. Waits in the spool while the collector is away.
    #[command(after_help = "Examples:\n  nearmiss-agent ack NM-0042\n  nearmiss-agent ack 42 \"on it\"")]
    Ack {
        /// As it is named in messages, on the page, by `check` and by `status`.
        #[arg(value_name = "CASE")]
        case: CaseNumber,
        #[arg(value_name = "COMMENT")]
        comment: Vec<String>,
    },
    /// Call an old count of a drive known: it is quiet until it grows, or until the time is over.
    ///
    /// Reallocated sectors, errors and the like never go down again. What is known keeps no case open; any growth past it
    /// opens one. Replacing the drive needs no word of yours.
    #[command(
        after_help = "Examples:\n  nearmiss-agent baseline WD-WCC4E1XX \"there since delivery, the mirror is new\"\n  \
                            nearmiss-agent baseline WD-WCC4E1XX --signal disk.crc_errors --for 365d \"cable was changed\""
    )]
    Baseline {
        /// Who the drive is (`check` shows it), or a part of it that no other has, like its serial.
        #[arg(value_name = "SUBJECT")]
        subject: String,
        #[arg(value_name = "REASON", required = true)]
        reason: Vec<String>,
        /// Only this count; else every one that is not 0.
        #[arg(long, value_name = "SIGNAL")]
        signal: Option<String>,
        /// Then it is looked at again; at most 730d.
        #[arg(long = "for", value_name = "SPAN", default_value = "180d")]
        length: Span,
    },
    /// Announce work for a span of time: watching goes on, nobody is paged.
    #[command(after_help = "Examples:\n  nearmiss-agent maintenance 2h \"moving /srv to the new array\"\n  \
                            nearmiss-agent maintenance --end")]
    Maintenance {
        /// Such as 30m, 2h or 1d; at most 7d.
        #[arg(value_name = "SPAN", required_unless_present = "end", requires = "reason")]
        span: Option<Span>,
        #[arg(value_name = "REASON")]
        reason: Vec<String>,
        /// End what was announced now.
        #[arg(long, conflicts_with_all = ["span", "reason"])]
        end: bool,
    },
    /// Run a command against an open case: snapshots before and after, recorded with its effect.
    ///
    /// The command is yours: it runs here, in this terminal, with your rights. When the agent cannot be reached it runs
    /// all the same, and nothing is recorded. Its exit code is passed on.
    #[command(
        after_help = "Examples:\n  nearmiss-agent mitigate --case NM-0042 -- rm -r /srv/old-images\n  \
                            nearmiss-agent mitigate --case 42 --what restart -- systemctl restart nginx"
    )]
    Mitigate(Mitigate),
    /// Rehearse a near miss: marked readings pass through rules, evidence, spool and collector.
    #[command(
        after_help = "Examples:\n  nearmiss-agent drill disk-failure\n  nearmiss-agent drill disk-failure --abort"
    )]
    Drill {
        #[arg(value_name = "NAME")]
        name: String,
        /// End it now.
        #[arg(long)]
        abort: bool,
    },
    /// Freeze a signed bundle of evidence by hand.
    #[command(
        after_help = "Example:\n  nearmiss-agent snapshot --category capacity --subject /srv --out srv.tar"
    )]
    Snapshot(Snapshot),
    /// Check a bundle of evidence offline: every hash, the signature, every byte.
    #[command(
        after_help = "Examples:\n  nearmiss-agent verify srv.tar\n  nearmiss-agent verify --key KEY --json srv.tar"
    )]
    Verify(Verify),
    /// Read drive reports.
    #[command(subcommand)]
    Smart(Smart),
    /// Show what this host recorded of itself: every signal, or one of them as a curve, a table or JSON.
    ///
    /// The agent keeps each reading for a while ([history] in agent.toml, 30 days or 64 MiB), and the least, mean and
    /// largest value of each hour for longer. Readings are written once a minute: a crash loses the last one. Without
    /// SIGNAL it says what there is.
    #[command(
        after_help = "Examples:\n  nearmiss-agent history\n  nearmiss-agent history filesystem.free /srv --since 7d\n  \
                            nearmiss-agent history filesystem.free /srv --csv >srv-free.csv"
    )]
    History(History),
    /// Judge recorded history by the code that judges live: what would have opened, when, and how close it came.
    #[command(subcommand)]
    Replay(Replay),
    /// Count the matches of log rules in log files, by the matcher that follows them.
    ///
    /// Of a line longer than 64 KiB only the start is matched; how many there were is told. What cannot be read to its end is
    /// said, and counted as far as it goes.
    #[command(after_help = "Examples:\n  nearmiss-agent scan --rules rules.d/ssh.toml /var/log/auth.log\n  \
                            nearmiss-agent scan --rules shipped /var/log")]
    Scan {
        /// A rules file with [[log]] tables, whose `host` and `labels` are left aside; `configured` for this host's rules,
        /// or `shipped`.
        #[arg(long, value_name = "FILE")]
        rules: String,
        /// Files, plain or compressed (gzip, xz, zstd), folders whose regular files are read, or `-` for standard input.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// One line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// A level that a script asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Level {
    Approach,
    Critical,
    Breached,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// One line of JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Exit with 1 when a signal is past this level.
    #[arg(long, value_name = "LEVEL")]
    pub(super) fail_on: Option<Level>,
    /// Draw it anew every so often, until Ctrl-C.
    #[arg(long, value_name = "SPAN", num_args = 0..=1, default_missing_value = "2s", conflicts_with_all = ["json", "fail_on"])]
    pub(super) watch: Option<Span>,
    /// Every signal, also those that are far from failure.
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// One line of JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Also what is well, with what was found.
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Debug, Args)]
pub(super) struct Mitigate {
    /// The case, as it is named in messages, on the page, by `check` and by `status`.
    #[arg(long, value_name = "CASE")]
    pub(super) case: CaseNumber,
    /// What kind of mitigation it is.
    #[arg(long, value_name = "KIND", default_value = "custom",
          value_parser = ["failover", "restart", "isolate", "custom"])]
    pub(super) what: String,
    /// Record the whole command line, not only the program: arguments may hold secrets.
    #[arg(long)]
    pub(super) record_arguments: bool,
    /// Program and arguments, as they are; no shell is in between.
    #[arg(required = true, last = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(super) struct Enrol {
    /// The collector, such as https://collector.example.
    pub(super) url: String,
    /// The enrolment token: `-` reads standard input, a file is read, anything else is the token itself.
    pub(super) token: String,
    /// Continue the history of this host, which was reinstalled.
    #[arg(long, value_name = "HOST")]
    pub(super) replace: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Snapshot {
    /// What is looked for: disk, capacity, service, login, ...
    #[arg(long, value_name = "CATEGORY")]
    pub(super) category: Category,
    /// What it is about, such as a mount point or a unit.
    #[arg(long, default_value = "")]
    pub(super) subject: String,
    /// Where the bundle is written; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// The manifest, as one line of JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    pub(super) file: PathBuf,
    /// The public key that must have signed, 64 hexadecimal digits [default: this agent's own].
    #[arg(long)]
    pub(super) key: Option<String>,
    /// One line of JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Smart {
    /// Judge what smartctl printed.
    #[command(after_help = "Examples:\n  smartctl -i -H -A /dev/sda | nearmiss-agent smart parse -\n  \
                            nearmiss-agent smart parse --json reports/")]
    Parse {
        /// Files, folders that are walked, or `-` for standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// A line of JSON for each file.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Replay {
    /// Judge a recorded series, by one rule or by two side by side: what this host recorded of itself, or a CSV file.
    #[command(
        after_help = "Examples:\n  nearmiss-agent replay series --rule proposed.toml --against configured \
                            --history filesystem.free --subject /srv --since 30d\n  \
                            nearmiss-agent replay series --rule proposed.toml srv-free.csv\n  \
                            nearmiss-agent replay series --rule proposed.toml --against configured --subject /srv \
                            srv-free.csv\n\nEach line of the file is an RFC 3339 instant (or seconds or milliseconds \
                            since 1970) and a number in the signal's unit, oldest first; a head is welcome."
    )]
    Series(ReplaySeries),
    /// Judge a recorded log by the time that its lines tell.
    #[command(
        after_help = "Examples:\n  nearmiss-agent replay log --rules rules.d/ssh.toml /var/log/auth.log\n  \
                            nearmiss-agent replay log --rules proposed.toml --against configured \
                            --as /var/log/auth.log auth.log.2.gz auth.log.1"
    )]
    Log(ReplayLog),
    /// Judge daily statistics of many drives (Backblaze's columns, any subset of attributes): who would have been warned of.
    #[command(after_help = "Examples:\n  nearmiss-agent replay drive-stats data/2013\n  \
                            nearmiss-agent replay drive-stats --each --sensitivity high data/2013\n\nEach day is judged \
                            by it and earlier days alone. Two rules warn, and each warning says its numbers: counts of \
                            bad sectors and their growth in 14 days, and a model of which one drive in twenty has failed.")]
    DriveStats(ReplayDrives),
}

#[derive(Debug, Args)]
pub(super) struct ReplayDrives {
    /// A line for each drive.
    #[arg(long)]
    pub(super) each: bool,
    /// How early to speak: `high` finds more drives, and names more healthy ones.
    #[arg(long, value_name = "HOW", default_value = "default", value_parser = ["default", "high"])]
    sensitivity: String,
    /// A line of JSON for each drive that is asked for, and one for the summary.
    #[arg(long)]
    pub(super) json: bool,
    /// A folder of daily .csv or .csv.gz files, read in the order of their names; or one file.
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,
}

impl ReplayDrives {
    pub(super) fn sensitivity_is_high(&self) -> bool {
        self.sensitivity == "high"
    }
}

#[derive(Debug, Args)]
pub(super) struct ReplaySeries {
    /// A rules file, whose `host` and `labels` are left aside; `configured` for this host's rules, or `shipped`.
    #[arg(long, value_name = "FILE")]
    pub(super) rule: String,
    /// The rules to compare with, named as by --rule.
    #[arg(long, value_name = "FILE")]
    pub(super) against: Option<String>,
    /// What was recorded, where the file has rules for several signals.
    #[arg(long, value_name = "SIGNAL")]
    pub(super) signal: Option<String>,
    /// Of what it was recorded: chooses the rule by its `match`.
    #[arg(long, value_name = "SUBJECT")]
    pub(super) subject: Option<String>,
    /// Judge what this host recorded of SIGNAL, instead of a file.
    #[arg(long, value_name = "SIGNAL", conflicts_with_all = ["signal", "series"])]
    pub(super) history: Option<String>,
    #[command(flatten)]
    pub(super) range: Range,
    /// A line of JSON for each transition, and one for the summary.
    #[arg(long)]
    pub(super) json: bool,
    /// The series, plain or compressed (gzip, xz, zstd); `-` is standard input.
    #[arg(value_name = "CSV", required_unless_present = "history")]
    pub(super) series: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ReplayLog {
    /// A rules file with [[log]] tables, whose `host` and `labels` are left aside; `configured` for this host's rules,
    /// or `shipped`.
    #[arg(long, value_name = "FILE")]
    pub(super) rules: String,
    /// The rules to compare with, named as by --rules.
    #[arg(long, value_name = "FILE")]
    pub(super) against: Option<String>,
    /// The year of the first line, where lines tell none [default: the last that is not after the file itself].
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i16).range(1970..9999))]
    pub(super) year: Option<i16>,
    /// The zone of times without one, such as Asia/Karachi [default: this host's].
    #[arg(long, value_name = "ZONE")]
    pub(super) zone: Option<String>,
    /// The path by which rules know the log [default: the path as given].
    #[arg(long = "as", value_name = "PATH")]
    pub(super) known_as: Option<String>,
    /// A line of JSON for each transition, and one for the summary.
    #[arg(long)]
    pub(super) json: bool,
    /// The log, plain or compressed (gzip, xz, zstd), in parts from the oldest on; `-` is standard input.
    #[arg(required = true, value_name = "LOG")]
    pub(super) logs: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Tell every fault of configuration and rules, with file and line.
    #[command(after_help = "Example:\n  nearmiss-agent config check --config ./agent.toml")]
    Check {
        /// One line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say which rule judges each signal on this host, by which levels, and where they come from.
    #[command(
        after_help = "Examples:\n  nearmiss-agent config show\n  nearmiss-agent config show --subject /srv\n  \
                            nearmiss-agent config show --signal filesystem.free --subject /srv"
    )]
    Show(Show),
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// One signal, in full.
    #[arg(long, value_name = "SIGNAL")]
    pub(super) signal: Option<String>,
    /// Only what judges this subject: a mount point, a unit, a drive.
    #[arg(long, value_name = "SUBJECT")]
    pub(super) subject: Option<String>,
    /// A line of JSON for each rule.
    #[arg(long)]
    pub(super) json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound_and_every_command_has_help_and_an_example() {
        let mut command = Arguments::command();
        command.build();
        let mut left: Vec<&clap::Command> = command.get_subcommands().collect();
        while let Some(command) = left.pop() {
            if command.get_name() == "help" {
                continue;
            }
            assert!(command.get_about().is_some(), "{}", command.get_name());
            if command.has_subcommands() {
                left.extend(command.get_subcommands());
            } else {
                let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(after.contains("Example"), "{}", command.get_name());
            }
        }
    }

    #[test]
    fn the_configuration_is_named_before_or_after_the_command() {
        for line in ["nearmiss-agent --config a.toml status", "nearmiss-agent status --config a.toml --json"]
        {
            let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(arguments.config, Some(PathBuf::from("a.toml")), "{line}");
        }
        let nested =
            Arguments::try_parse_from("nearmiss-agent config check --config a.toml".split(' ')).unwrap();
        assert!(matches!(nested.command, Command::Config(ConfigCommand::Check { json: false })));
    }

    #[test]
    fn nonsense_is_a_usage_error() {
        for line in [
            "nearmiss-agent check --fail-on maybe",
            "nearmiss-agent maintenance soon x",
            "nearmiss-agent maintenance 2h",
            "nearmiss-agent maintenance --end 2h x",
            "nearmiss-agent maintenance",
            "nearmiss-agent ack",
            "nearmiss-agent ack soon",
            "nearmiss-agent mitigate --case 42",
            "nearmiss-agent mitigate --case 42 true",
            "nearmiss-agent mitigate -- true",
            "nearmiss-agent history --csv",
            "nearmiss-agent history host.memory --since soon",
            "nearmiss-agent replay series --rule shipped",
            "nearmiss-agent replay series --rule shipped --history host.memory a.csv",
            "nearmiss-agent",
        ] {
            assert_eq!(Arguments::try_parse_from(line.split(' ')).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
