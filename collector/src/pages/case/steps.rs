//! What to do first, by kind: what a colleague would say at 03:00, until the client has a playbook of its own.

use nearmiss_case::Case;
use nearmiss_shared::vocabulary::Category;

/// Two or three steps; a command stands in its own field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub text: &'static str,
    pub command: Option<String>,
}

pub(crate) fn first(case: &Case) -> Vec<Step> {
    let subject = shell_word(&case.subject);
    match case.category {
        Category::Capacity => vec![
            step("Find what grew:", format!("du -xh --max-depth=2 {subject} | sort -h | tail -20")),
            step("Deleted files that a process still holds:", "lsof +L1".to_owned()),
            plain(
                "Move or delete what is safe to lose; say what you did here. Do not shrink the evidence first.",
            ),
        ],
        Category::Disk => vec![
            plain("Check that a backup newer than this approach exists before anything else."),
            step("Read the drive again:", "smartctl -x /dev/disk/by-id/...".to_owned()),
            plain("In an array: see that it is whole before you pull a drive, and match the serial number."),
        ],
        Category::Service => vec![
            step("Why it restarts:", format!("journalctl -u {subject} -n 100 --no-pager")),
            plain(
                "Do not reset the failure count before you have read why: the next restart may be the last.",
            ),
        ],
        Category::Login => vec![
            step("Who tries, and from where:", "journalctl -u ssh -n 200 --no-pager".to_owned()),
            plain("Isolate the source or the account. The Security Lead rules on this case."),
        ],
        Category::Certificate => {
            vec![plain("Renew it, reload the service, and see that the new one is served.")]
        }
        Category::Backup => {
            vec![plain("Start a backup by hand and verify that it restores, before looking for the cause.")]
        }
        Category::Power => {
            vec![plain("Read the runtime left, and begin an orderly shutdown while there is time.")]
        }
        _ => vec![plain("Read the reasons above and the evidence below; say here what you find.")],
    }
}

fn plain(text: &'static str) -> Step {
    Step { text, command: None }
}

fn step(text: &'static str, command: String) -> Step {
    Step { text, command: Some(command) }
}

/// The subject as one word of a shell; what a host says is never pasted as it came.
fn shell_word(text: &str) -> String {
    let safe = |letter: char| letter.is_ascii_alphanumeric() || "/._-@:".contains(letter);
    if !text.is_empty() && text.chars().all(safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::sample;

    #[test]
    fn a_subject_from_outside_cannot_become_a_second_command() {
        assert_eq!(shell_word("/srv"), "/srv");
        assert_eq!(shell_word("/srv; rm -rf /"), "'/srv; rm -rf /'");
        assert_eq!(shell_word("a'b"), r"'a'\''b'");
        let steps = first(&sample::case(1));
        assert!(steps[0].command.as_ref().unwrap().contains("du -xh --max-depth=2 /srv |"));
    }
}
