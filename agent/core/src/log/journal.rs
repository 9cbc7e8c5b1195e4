//! An entry of systemd's journal as `journalctl --output=json` prints it (systemd.journal-fields(7)), as a line like those of
//! a log file: `sshd[123]: Failed password for ...`, of the log `journal:ssh.service`.

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
    /// When the journal got it.
    pub at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "__CURSOR")]
    cursor: String,
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    microseconds: Option<String>,
    #[serde(rename = "MESSAGE")]
    message: Option<Value>,
    #[serde(rename = "SYSLOG_IDENTIFIER")]
    identifier: Option<Value>,
    #[serde(rename = "_PID")]
    pid: Option<Value>,
    #[serde(rename = "_SYSTEMD_UNIT")]
    unit: Option<Value>,
    #[serde(rename = "_TRANSPORT")]
    transport: Option<Value>,
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
    let fields: Fields = serde_json::from_slice(json).ok()?;
    let field = |field: &Option<Value>| field.as_ref().map(Value::text).filter(|text| !text.is_empty());
    let is_kernel = field(&fields.transport).is_some_and(|transport| transport == "kernel");
    let identifier = field(&fields.identifier).unwrap_or_else(|| "unknown".to_owned());
    let source = match field(&fields.unit) {
        Some(unit) => format!("journal:{unit}"),
        None if is_kernel => "journal:kernel".to_owned(),
        None => format!("journal:{identifier}"),
    };
    let pid = field(&fields.pid).filter(|_| !is_kernel).map_or_else(String::new, |pid| format!("[{pid}]"));
    let head = identifier + &pid;
    let mut lines = Vec::new();
    for line in fields.message.as_ref().map_or(&b""[..], Value::bytes).split(|byte| *byte == b'\n') {
        lines.extend_from_slice(head.as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(line);
        lines.push(b'\n');
    }
    let at = fields.microseconds.and_then(|text| text.parse::<i64>().ok());
    let at = at.map(|microseconds| Timestamp::from_millis(microseconds / 1000));
    Some(Entry { cursor: fields.cursor, source, lines, at })
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
    fn what_is_no_entry_is_none() {
        for json in ["", "{}", "[]", "{\"MESSAGE\":\"x\"}", "-- No entries --"] {
            assert_eq!(entry(json.as_bytes()), None, "{json}");
        }
    }
}
