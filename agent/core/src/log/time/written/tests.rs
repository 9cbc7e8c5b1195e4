//! Tables of times as logs write them.

use super::*;

fn told(head: &str) -> String {
    let zone = |offset: Option<Offset>| offset.map_or(String::new(), |offset| format!(" {offset}"));
    match written(head) {
        None => "-".to_owned(),
        Some(Written::Instant(at)) => at.to_string(),
        Some(Written::Shown(shown, offset)) => format!("{shown}{}", zone(offset)),
        Some(Written::InSomeYear { month, day, time, offset }) => {
            format!("{month}-{day} {time}{}", zone(offset))
        }
    }
}

#[test]
fn the_forms_of_known_writers_are_read() {
    for (head, shown) in [
        // nginx, Apache httpd, access logs.
        ("2026/11/25 10:00:01 [error] 1#1: *2 x", "2026-11-25T10:00:01"),
        ("[Wed Nov 25 10:00:01.123456 2026] [core:error] x", "2026-11-25T10:00:01.123456"),
        ("[Sun Nov 01 10:00:01 2026] [error] x", "2026-11-01T10:00:01"),
        ("192.0.2.7 - - [25/Nov/2026:10:00:01 +0000] \"GET / HTTP/1.1\" 200", "2026-11-25T10:00:01 +00"),
        ("h:80 ::1 - a [25/Nov/2026:10:00:01 -0330] \"GET /", "2026-11-25T10:00:01 -03:30"),
        // The user's name is the user's.
        (
            "1.1.1.1 - [01/Jan/2001:00:00:00 +0000] [25/Nov/2026:10:00:01 +0000] \"GET",
            "2026-11-25T10:00:01 +00",
        ),
        (
            "1.1.1.1 - - [25/Nov/2026:10:00:01 +0000] \"GET /[01/Jan/2001:00:00:00 +0000]",
            "2026-11-25T10:00:01 +00",
        ),
        // PHP, MariaDB, PostgreSQL, Nagios, squid, Cisco, date.
        ("[25-Nov-2026 10:00:01] WARNING: x", "2026-11-25T10:00:01"),
        ("[25-Nov-2026 10:00:01 UTC] PHP Notice: x", "2026-11-25T10:00:01 +00"),
        ("2026-11-25  9:00:03 0 [Note] x", "2026-11-25T09:00:03"),
        ("2026-11-25 09:00:03.123 UTC [7] LOG:  x", "2026-11-25T09:00:03.123 +00"),
        ("2026-11-25 09:00:03.123 PKT [7] LOG:  x", "2026-11-25T09:00:03.123"),
        ("[1795608591] SERVICE ALERT: x", "2026-11-25T12:09:51Z"),
        ("1795608591.314    123 192.0.2.7 TCP_MISS/200", "2026-11-25T12:09:51.314Z"),
        ("1795608591", "2026-11-25T12:09:51Z"),
        ("Nov 25 2026 10:00:01 switch x", "2026-11-25T10:00:01"),
        ("Nov 25 2026 10:00:01.123 UTC: %SYS-5-CONFIG_I", "2026-11-25T10:00:01.123 +00"),
        ("Nov 25 10:00:01 UTC: %SYS-5-CONFIG_I", "11-25 10:00:01 +00"),
        ("Wed Nov 25 10:00:01 UTC 2026 backup begins", "2026-11-25T10:00:01 +00"),
        ("Wed Nov 25 10:00:01 PKT 2026 backup begins", "2026-11-25T10:00:01"),
        ("Nov  5 10:00:01 Z sshd[1]: the host is called Z", "11-5 10:00:01"),
    ] {
        assert_eq!(told(head), shown, "{head}");
    }
}

#[test]
fn a_zone_is_what_stands_behind_the_time() {
    for (zone, offset) in [
        ("Z", " +00"),
        ("Z. x", " +00"),
        (" Z x", " +00"),
        (" GMT x", " +00"),
        ("+02", " +02"),
        (" +02 x", " +02"),
        ("+0000", " +00"),
        (" -0500] x", " -05"),
        ("+05:00", " +05"),
        ("+05:45 x", " +05:45"),
        ("", ""),
        (" EST x", ""),
        (" UTCx", ""),
        (" GMT+5 x", ""),
        (" Zed x", ""),
        (" +99 x", ""),
        (" +05:75 x", ""),
        (" -12.5 degrees", ""),
        (" - x", ""),
        (": x", ""),
        (" +2 x", ""),
    ] {
        let head = format!("2026-11-25 10:00:01{zone}");
        assert_eq!(told(&head), format!("2026-11-25T10:00:01{offset}"), "{head}");
    }
}

#[test]
fn what_is_no_time_is_none() {
    for head in [
        "Nov 25 2026",
        "Nov 25 2026 x",
        "Nov 25 1000 x",
        "2026-11-25 1000 x",
        "2026-11/25 10:00:01",
        "2026-11-25x10:00:01",
        "2026-11-25 10:00:011",
        "2026-11-31 10:00:01",
        "978307199",
        "0978307199 x",
        "4102444801 x",
        "17956085912 x",
        "1795608591a",
        "1795608591: x",
        "Wed Nov 25 10:00:01",
        "Wet Nov 25 10:00:01 2026",
        "[25/Nov/2026 x",
        "\"[25/Nov/2026:10:00:01 +0000]",
        "[",
    ] {
        assert_eq!(told(head), "-", "{head}");
    }
}
