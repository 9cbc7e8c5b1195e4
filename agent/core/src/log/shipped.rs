//! The log rules a bare install has, in packs by what writes the lines. A rule of the same name in `rules.d` replaces one.
//!
//! Each pack lies beside this file, and what its rules must match and must leave alone in `lines/`: lines of real programs that
//! were made to fail. Every pattern holds a text that is looked for (see [`super::search`]), so that many rules cost about as
//! much as one.
//!
//! A line holds what strangers chose: the name of an account that is guessed, a path, a command. So every pattern begins where
//! the line does, with the head that its writer puts there, and where such a text is followed by something of the writer's, with
//! that up to the line's end. Heads stand in the packs as words in braces, [`HEADS`]; a pattern may go on in lines that are
//! indented by four spaces.

/// What stands before a writer's own words, by the word in a pack; a head may hold a later one. Bytes, not letters, since a name
/// may be no UTF-8.
const HEADS: [(&str, &str); 16] = [
    ("{sshd}", r"{syslog}sshd(?:-session|-auth)?\[[0-9]+\]: {again}"),
    ("{sudo}", r"{syslog}sudo(?:\[[0-9]+\])?: {again} *"),
    // By syslog, by the journal, and as dmesg prints it.
    ("{kernel}", r"(?-u)^(?:{stamp}kernel: {again}(?:\[ *[0-9.]+\] )?|\[ *[0-9]+\.[0-9]+\] )"),
    ("{systemd}", r"{syslog}systemd\[[0-9]+\]: {again}"),
    ("{postfix}", r"{syslog}postfix[0-9a-z-]*(?:/[0-9a-z-]+)*/"),
    // What is before the level holds the names of a role and a database, which may be any: hence a single `:  ` in all.
    (
        "{postgres}",
        r"(?-u)^(?:{stamp}postgres\[[0-9]+\]: |[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+ (?:[A-Z]+|[+-][0-9:]+)[ :]){plain}",
    ),
    ("{plain}", r"(?:[^:]|:+(?:[^: ]| [^: ]))*"),
    (
        "{mariadb}",
        r"(?-u)^(?:{stamp}(?:mariadbd|mysqld)(?:\[[0-9]+\])?: )?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ] ?[0-9:.]+Z? [0-9]+ \[(?:Note|Warning|ERROR)\] (?:\[MY-[0-9]+\] \[[A-Za-z]+\] )?(?:[a-z/]*(?:mariadbd|mysqld): )?",
    ),
    ("{nginx}", r"{nginx-head}(?:alert|crit|error|warn)\] [0-9#]+: (?:\*[0-9]+ )?"),
    // What nginx itself could not do; that a path is not there, or not to be read, is `error`.
    ("{nginx-crit}", r"{nginx-head}(?:alert|crit)\] [0-9#]+: (?:\*[0-9]+ )?"),
    ("{nginx-head}", r"(?-u)^(?:{stamp}nginx(?:\[[0-9]+\])?: )?[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9:]{8} \["),
    (
        "{apache}",
        r"(?-u)^(?:{stamp}(?:apache2|httpd)(?:\[[0-9]+\])?: )?\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:.]+ [0-9]{4}\] \[[a-z0-9_]*:(?:emerg|alert|crit|error|warn|notice)\] \[pid [0-9]+(?::tid [0-9]+)?\] ",
    ),
    // What a unit's script calls: whatever name it has there, and none in a file of its own.
    ("{any}", r"(?-u)^(?:{stamp}[^ ]+: )?"),
    ("{syslog}", r"(?-u)^{stamp}"),
    // A line may stand for several, see `line::times`.
    ("{again}", r"(?:message repeated [0-9]+ times: \[ )?"),
    // Of rsyslog, with and without a priority, a year or busybox' facility; nothing before a line of the journal.
    (
        "{stamp}",
        r"(?:<[0-9]{1,3}>)?(?:(?:[A-Z][a-z]{2} [ 0-9][0-9] (?:[0-9]{4} )?[0-9:]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.,+Z-]+) [^ ]+ (?:[a-z]+[0-7]?\.[a-z]+ )?)?",
    ),
];

macro_rules! packs {
    ($($name:literal),+ $(,)?) => {
        [$((concat!("shipped:", $name), include_str!(concat!("shipped/", $name, ".toml")))),+]
    };
}

const PACKS: [(&str, &str); 7] = packs!["auth", "kernel", "systemd", "database", "web", "backup", "mail"];

/// Rules files, by the names that people are told: `shipped:auth`.
pub fn shipped_packs() -> [(String, String); PACKS.len()] {
    PACKS.map(|(name, text)| (name.to_owned(), with_heads(text)))
}

fn with_heads(pack: &str) -> String {
    let joined = pack.replace("\n    ", "");
    HEADS.iter().fold(joined, |text, (word, head)| text.replace(word, head))
}

#[cfg(test)]
mod tests;
