//! The rules of sudoers(5): its lines without comments, with continued ones joined and blanks made one.

use super::Inventory;

const MOST: usize = 2_000;
/// A longer rule is cut.
const MOST_LETTERS: usize = 200;

/// Every rule of a file.
pub fn rules(text: &str) -> Inventory {
    let joined = text.replace("\\\n", " ");
    let rule = |line: &str| {
        // `#include` and `#uid` are no comments; `#` and a blank or a word is one.
        let line = if line.trim_start().starts_with("#include") {
            line
        } else {
            line.split('#').next().unwrap_or(line)
        };
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let text: String = words.join(" ").chars().take(MOST_LETTERS).collect();
        (!text.is_empty()).then(|| (text, String::new()))
    };
    joined.lines().filter_map(rule).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_what_counts_and_not_how_they_are_written() {
        let told: Vec<String> = rules(
            "# User rules\nDefaults\tenv_reset\nroot  ALL=(ALL:ALL) ALL # all\nbackup ALL=(root) \\\n  NOPASSWD: /usr/bin/rsync\n\n#includedir /etc/sudoers.d\n",
        )
        .into_keys()
        .collect();
        assert_eq!(
            told,
            [
                "#includedir /etc/sudoers.d",
                "Defaults env_reset",
                "backup ALL=(root) NOPASSWD: /usr/bin/rsync",
                "root ALL=(ALL:ALL) ALL"
            ]
        );
    }
}
