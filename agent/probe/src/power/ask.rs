//! The two programs that know supplies: which there are, and what each says.

use std::collections::BTreeSet;

use nearmiss_agent_core::power::{self, Ups};
use nearmiss_agent_core::rule::Supply;

use crate::command::{Ended, Program, RunFault};

/// What this host itself has.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Supplies that NUT's server on this host lists.
    pub(super) supplies: Vec<Supply>,
    /// What apcupsd on this host said of its one supply, under its name.
    pub(super) reports: Vec<(String, Ups)>,
    /// Servers of this host that did not answer.
    pub(super) faults: Vec<String>,
    pub(super) excuses: Vec<String>,
}

/// The programs, by name or path.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) upsc: String,
    pub(super) apcaccess: String,
}

impl Default for Programs {
    fn default() -> Self {
        Self { upsc: "upsc".to_owned(), apcaccess: "apcaccess".to_owned() }
    }
}

impl Programs {
    /// Asks the servers of this host; what the rules declare anyway is left out.
    pub(super) async fn find(&self, declared: &BTreeSet<Supply>) -> Found {
        let (nut, apcupsd) = tokio::join!(self.listed(), self.report(&[]));
        let mut found = Found::default();
        let absent = [&nut.as_ref().err(), &apcupsd.as_ref().err()]
            .iter()
            .all(|fault| matches!(fault, Some(NoAnswer::NotInstalled)));
        if absent && declared.is_empty() {
            found.excuses.push(
                "no power supply is known: nut-client (upsc) or apcupsd (apcaccess) tells of one on this host, and a \
                 [[power]] rule names one of another server"
                    .to_owned(),
            );
        }
        match nut {
            Ok(names) => {
                let is_new = |name: &String| !declared.iter().any(|supply| is_local(supply, name));
                found.supplies = names.into_iter().filter(is_new).map(Supply::Nut).collect();
            }
            Err(fault) => found.fault("NUT", "upsc -l", fault, declared),
        }
        match apcupsd {
            Ok(ups) => found.reports.push((ups.name.clone().unwrap_or_else(|| "apcupsd".to_owned()), ups)),
            Err(fault) => found.fault("apcupsd", "apcaccess", fault, declared),
        }
        found
    }

    /// What one supply says now, or why that cannot be read.
    pub(super) async fn ask(&self, supply: &Supply) -> Result<Ups, String> {
        let answer = match supply {
            Supply::Nut(name) => self.run(&self.upsc, &[name], power::of_nut).await,
            Supply::Apcupsd(server) => self.report(&["-h", server]).await,
        };
        answer.map_err(|fault| match fault {
            NoAnswer::NotInstalled => match supply {
                Supply::Nut(_) => "upsc is not installed: apt-get install nut-client".to_owned(),
                Supply::Apcupsd(_) => "apcaccess is not installed: apt-get install apcupsd".to_owned(),
            },
            NoAnswer::Said(why) => why,
        })
    }

    async fn listed(&self) -> Result<Vec<String>, NoAnswer> {
        self.run(&self.upsc, &["-l"], |text| Some(power::listed(text))).await
    }

    async fn report(&self, arguments: &[&str]) -> Result<Ups, NoAnswer> {
        self.run(&self.apcaccess, arguments, power::of_apcupsd).await
    }

    async fn run<T>(
        &self,
        program: &str,
        arguments: &[&str],
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, NoAnswer> {
        let argv = [program].into_iter().chain(arguments.iter().copied());
        let ended = Program::new(argv).run().await.map_err(|fault| match fault {
            RunFault::Missing(_) => NoAnswer::NotInstalled,
            other => NoAnswer::Said(other.to_string()),
        })?;
        if !ended.status.success() {
            return Err(NoAnswer::Said(complaint(&ended)));
        }
        let text = String::from_utf8_lossy(&ended.text);
        read(&text).ok_or_else(|| NoAnswer::Said("its answer tells no status".to_owned()))
    }
}

/// Why a program told of no supply.
#[derive(Debug)]
enum NoAnswer {
    NotInstalled,
    Said(String),
}

impl Found {
    fn fault(&mut self, server: &str, command: &str, fault: NoAnswer, declared: &BTreeSet<Supply>) {
        let NoAnswer::Said(why) = fault else { return };
        self.faults.push(format!("{command}: {why}"));
        // Who asks another host's server needs none here.
        if declared.is_empty() {
            self.excuses.push(format!(
                "no server of {server} answers on this host ({command}: {why}): start it, or name another host's in a \
                 [[power]] rule"
            ));
        }
    }
}

/// Whether the rule means what the server of this host lists as `name`.
fn is_local(supply: &Supply, name: &str) -> bool {
    let Supply::Nut(declared) = supply else { return false };
    let (declared, server) = declared.split_once('@').unwrap_or((declared, "localhost"));
    let host = server.strip_suffix(":3493").unwrap_or(server);
    declared == name && matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// The last line it complained of: before it upsc says how it sets up TLS.
fn complaint(ended: &Ended) -> String {
    let complaint = String::from_utf8_lossy(&ended.complaint);
    let last = complaint.lines().map(str::trim).rfind(|line| !line.is_empty());
    last.unwrap_or("it said nothing").trim_start_matches("Error: ").to_owned()
}
