//! The rules of sudoers(5): its lines without comments, with continued ones joined and blanks made one.

use super::Inventory;
use super::kept::kept;

/// Every rule of a file; of a long one, its start and a hash of the whole.
pub fn rules(text: &str) -> Inventory {
    let mut found = Inventory::new();
    let mut rule = String::new();
    let mut is_quoted = false;
    for line in text.lines() {
        let line = without_comment(line, &mut is_quoted).trim_end();
        // A comment goes to the end of its line: it is not continued.
        let (line, goes_on) = match line.strip_suffix('\\') {
            Some(start) => (start, true),
            None => (line, false),
        };
        for word in line.split_ascii_whitespace() {
            rule.push_str(if rule.is_empty() { "" } else { " " });
            rule.push_str(word);
        }
        if !goes_on {
            found.extend((!rule.is_empty()).then(|| (kept(&rule), String::new())));
            rule.clear();
            is_quoted = false;
        }
    }
    found.extend((!rule.is_empty()).then(|| (kept(&rule), String::new())));
    found
}

/// The line up to its comment. A `#` before digits is the number of a user or group, and `#include` includes a file.
/// `is_quoted` goes on over continued lines.
fn without_comment<'l>(line: &'l str, is_quoted: &mut bool) -> &'l str {
    if line.trim_start().starts_with("#include") {
        return line;
    }
    let bytes = line.as_bytes();
    let mut is_escaped = false;
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => *is_quoted = !*is_quoted,
            b'#' if !*is_quoted && !is_number(bytes.get(index + 1..).unwrap_or_default()) => {
                return line.get(..index).unwrap_or(line);
            }
            _ => {}
        }
    }
    line
}

fn is_number(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b"-").unwrap_or(bytes).first().is_some_and(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        rules(text).into_keys().collect()
    }

    #[test]
    fn rules_are_what_counts_and_not_how_they_are_written() {
        assert_eq!(
            told(
                "# User rules\nDefaults\tenv_reset\nroot  ALL=(ALL:ALL) ALL # all\nbackup ALL=(root) \\\n  NOPASSWD: /usr/bin/rsync\n\n#includedir /etc/sudoers.d\n",
            ),
            [
                "#includedir /etc/sudoers.d",
                "Defaults env_reset",
                "backup ALL=(root) NOPASSWD: /usr/bin/rsync",
                "root ALL=(ALL:ALL) ALL"
            ]
        );
    }

    #[test]
    fn a_number_of_a_user_or_group_is_no_comment() {
        for rule in [
            "#1000 ALL=(ALL) NOPASSWD: ALL",
            "%#27 ALL=(ALL) ALL",
            "User_Alias OPS = sana, #1001",
            "sana ALL=(#0:#0) /bin/sh",
            "Defaults badpass_message=\"no # here\"",
            "sana ALL=/bin/echo \\#all",
        ] {
            assert_eq!(told(&format!("  {rule}  # why\n#a comment\n#\n")), [rule]);
        }
    }

    #[test]
    fn nothing_hides_at_the_end_of_a_long_rule_behind_others_or_below_a_comment() {
        let alias: Vec<String> = (0..100).map(|number| format!("/usr/sbin/tool-{number}")).collect();
        let alias = format!("Cmnd_Alias TOOLS = {}", alias.join(", \\\n  "));
        let (before, after) = (told(&alias), told(&format!("{alias}, /bin/bash\n")));
        assert_eq!((before.len(), after.len()), (1, 1));
        assert_ne!(before, after);
        assert!(before[0].starts_with("Cmnd_Alias TOOLS = /usr/sbin/tool-0, /usr/sbin/tool-1,"));

        let padded = format!("{}x ALL=ALL\n", "root ALL=ALL\n".repeat(5_000));
        assert_eq!(told(&padded), ["root ALL=ALL", "x ALL=ALL"]);
        assert_eq!(told("# so far \\\nx ALL=ALL\n"), ["x ALL=ALL"]);
        assert_eq!(told("x ALL=\\\n"), ["x ALL="]);
        let quoted = "Defaults badpass_message=\"no \\\n# here\", !authenticate\n# a comment\n";
        assert_eq!(told(quoted), ["Defaults badpass_message=\"no # here\", !authenticate"]);
    }
}
