//! An entry of systemd's journal as `journalctl --output=json` prints it (systemd.journal-fields(7)), as a line like those of
//! a log file: `sshd[123]: Failed password for ...`, of the log `journal:ssh.service`.

use std::collections::BTreeMap;

use nearmiss_shared::time::Timestamp;
use serde::Deserialize;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where reading goes on behind it.
    pub cursor: String,
    /// `journal:UNIT`; what is of no unit is `journal:kernel`, or `journal:` and what it calls itself.
    pub source: String,
    /// Each line of its message, with who said it, and its end.
    pub lines: Vec<u8>,
    /// What is printed of it besides.
    pub fields: BTreeMap<String, String>,
    /// When the journal got it.
    pub at: Option<Timestamp>,
}

/// A field is text, or bytes where it is none; a field that is there more than once is a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Bytes(Vec<u8>),
    Several(Vec<Value>),
    /// Too long to be printed.
    Nothing(()),
}

impl Value {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
            Self::Several(all) => all.first().map_or(&[], Self::bytes),
            Self::Nothing(()) => &[],
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }
}

/// Reads one line of JSON; `None` where it is no entry.
pub fn entry(json: &[u8]) -> Option<Entry> {
    let mut fields: BTreeMap<String, Value> = serde_json::from_slice(json).ok()?;
    let message = fields.remove("MESSAGE");
    let mut fields: BTreeMap<String, String> = fields
        .into_iter()
        .map(|(name, value)| (name, value.text()))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let cursor = fields.remove("__CURSOR")?;
    let at = fields.remove("__REALTIME_TIMESTAMP").and_then(|text| text.parse::<i64>().ok());
    let at = at.map(|microseconds| Timestamp::from_millis(microseconds / 1000));
    let field = |name: &str| fields.get(name).map(String::as_str);
    let is_kernel = field("_TRANSPORT") == Some("kernel");
    let identifier = field("SYSLOG_IDENTIFIER").unwrap_or("unknown");
    let source = match field("_SYSTEMD_UNIT") {
        Some(unit) => format!("journal:{unit}"),
        None if is_kernel => "journal:kernel".to_owned(),
        None => format!("journal:{identifier}"),
    };
    let pid = field("_PID").filter(|_| !is_kernel).map_or_else(String::new, |pid| format!("[{pid}]"));
    let head = format!("{identifier}{pid}: ");
    let mut lines = Vec::new();
    for line in message.as_ref().map_or(&b""[..], Value::bytes).split(|byte| *byte == b'\n') {
        lines.extend_from_slice(head.as_bytes());
        lines.extend_from_slice(line);
        lines.push(b'\n');
    }
    Some(Entry { cursor, source, lines, fields, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(fields: &str) -> (String, String) {
        let json =
            format!("{{\"__CURSOR\":\"s=1;i=2\",\"__REALTIME_TIMESTAMP\":\"1795608591314000\",{fields}}}");
        let entry = entry(json.as_bytes()).unwrap();
        assert_eq!(
            (entry.cursor.as_str(), entry.at),
            ("s=1;i=2", Some(Timestamp::from_millis(1_795_608_591_314)))
        );
        (entry.source, String::from_utf8_lossy(&entry.lines).into_owned())
    }

    #[test]
    fn an_entry_is_a_line_of_its_unit() {
        for (fields, source, lines) in [
            (
                r#""MESSAGE":"Failed password for x","SYSLOG_IDENTIFIER":"sshd","_PID":"12","_SYSTEMD_UNIT":"ssh.service""#,
                "journal:ssh.service",
                "sshd[12]: Failed password for x\n",
            ),
            (
                r#""MESSAGE":"I/O error, dev sda","SYSLOG_IDENTIFIER":"kernel","_TRANSPORT":"kernel""#,
                "journal:kernel",
                "kernel: I/O error, dev sda\n",
            ),
            (r#""MESSAGE":[111,107,255],"SYSLOG_IDENTIFIER":"a""#, "journal:a", "a: ok\u{fffd}\n"),
            (r#""MESSAGE":"one\ntwo","SYSLOG_IDENTIFIER":["a","b"]"#, "journal:a", "a: one\na: two\n"),
            (r#""MESSAGE":null"#, "journal:unknown", "unknown: \n"),
        ] {
            assert_eq!(told(fields), (source.to_owned(), lines.to_owned()));
        }
    }

    #[test]
    fn what_else_is_told_of_an_entry_are_its_fields() {
        let json = r#"{"__CURSOR":"c","MESSAGE":"x","PRIORITY":"3","_UID":["0","1"],"_CMDLINE":null,"_EXE":[47,255]}"#;
        let fields = entry(json.as_bytes()).unwrap().fields;
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(fields, ["PRIORITY=3", "_EXE=/\u{fffd}", "_UID=0"]);
    }

    #[test]
    fn what_is_no_entry_is_none() {
        for json in ["", "{}", "[]", "{\"MESSAGE\":\"x\"}", "-- No entries --"] {
            assert_eq!(entry(json.as_bytes()), None, "{json}");
        }
    }
}
