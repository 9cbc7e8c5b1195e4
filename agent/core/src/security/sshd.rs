//! The directives of sshd_config(5) and the files it includes, without comments, order of words kept.

use std::collections::BTreeMap;

use super::Inventory;
use super::kept::kept;

/// Values that leave the host less guarded, by directive in lower case (sshd_config(5)).
const WEAKER: [(&str, &str); 8] = [
    ("permitrootlogin", "yes"),
    ("passwordauthentication", "yes"),
    ("kbdinteractiveauthentication", "yes"),
    ("permitemptypasswords", "yes"),
    ("strictmodes", "no"),
    ("pubkeyauthentication", "no"),
    ("hostbasedauthentication", "yes"),
    ("permituserenvironment", "yes"),
];

/// What the files say, read one after the other.
#[derive(Clone, Debug, Default)]
pub struct Directives {
    /// By their place (`Match User x: `) and name in lower case, as `sshd -T` prints them: all values in their order.
    found: BTreeMap<String, Vec<String>>,
    place: String,
}

impl Directives {
    /// Takes in a file. A `Match` of the file before it ends with that file.
    pub fn read(&mut self, text: &str) {
        self.place.clear();
        for (name, value) in text.lines().filter_map(directive) {
            if name.eq_ignore_ascii_case("match") {
                self.place = if value.eq_ignore_ascii_case("all") {
                    String::new()
                } else {
                    format!("Match {}: ", kept(&value))
                };
                continue;
            }
            let key = format!("{}{}", self.place, name.to_ascii_lowercase());
            self.found.entry(key).or_default().push(value);
        }
    }

    /// Each directive with all its values; of long ones, the start and a hash of the whole.
    pub fn inventory(self) -> Inventory {
        self.found.into_iter().map(|(name, values)| (name, kept(&values.join(", ")))).collect()
    }

    /// See [`super::Weaker`].
    pub fn is_weaker(name: &str, _: Option<&str>, new: Option<&str>) -> bool {
        let name = name.rsplit(": ").next().unwrap_or(name);
        let is = |value: &str| new.is_some_and(|new| new.eq_ignore_ascii_case(value));
        WEAKER.iter().any(|(directive, value)| *directive == name && is(value))
    }
}

/// The paths and globs that a file includes.
pub fn includes(text: &str) -> Vec<String> {
    let named = text.lines().filter_map(directive).filter(|(name, _)| name.eq_ignore_ascii_case("include"));
    named
        .flat_map(|(_, value)| value.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// `Name value`, or `Name=value`; without quotes.
fn directive(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let (name, value) = line.split_once([' ', '\t', '='])?;
    let value = value.trim_matches([' ', '\t', '=']);
    let value = value.split(" #").next().unwrap_or(value);
    let words: Vec<&str> = value.split_ascii_whitespace().map(|word| word.trim_matches('"')).collect();
    let value = words.join(" ");
    (!name.is_empty() && !name.starts_with('#')).then(|| (name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides_at_the_end_of_a_long_value_or_behind_others() {
        let told = |text: &str| {
            let mut directives = Directives::default();
            directives.read(text);
            directives.inventory()
        };
        let users = format!("AllowUsers {}", "somebody ".repeat(50));
        let (before, after) = (told(&users), told(&format!("{users}mallory\n")));
        assert_ne!(before, after);
        assert!(before["allowusers"].len() <= 200, "{before:?}");
        let padded = told(&format!("{}PermitRootLogin yes\n", "LogLevel INFO\n".repeat(5_000)));
        assert_eq!(padded["permitrootlogin"], "yes");
        let many = format!("Include {}/etc/last\n", "/etc/ssh/parts.d/*.conf ".repeat(20));
        assert_eq!(includes(&many).pop().as_deref(), Some("/etc/last"));
    }

    #[test]
    fn directives_are_what_counts_and_not_how_they_are_written() {
        let told = |text: &str| {
            let mut directives = Directives::default();
            directives.read(text);
            directives.inventory()
        };
        let plain = "PermitRootLogin no\nPort 22\nPort 2222\nMatch User backup\n  PasswordAuthentication yes\nMatch all\nX11Forwarding no\n";
        let odd = "# a comment\n\n  PermitRootLogin=no # said twice\nport\t22\nPort \"2222\"\nmatch User  backup\nPasswordAuthentication yes\nMatch All\nX11Forwarding   no\n";
        assert_eq!(told(plain), told(odd));
        let found = told(plain);
        assert_eq!(found["port"], "22, 2222");
        assert_eq!(found["Match User backup: passwordauthentication"], "yes");
        assert_eq!(
            includes("Include /etc/ssh/sshd_config.d/*.conf /etc/x\n#Include /no\n"),
            ["/etc/ssh/sshd_config.d/*.conf", "/etc/x"]
        );
        assert!(Directives::is_weaker("Match User backup: passwordauthentication", Some("no"), Some("yes")));
        assert!(!Directives::is_weaker("permitrootlogin", Some("yes"), Some("prohibit-password")));
    }
}
