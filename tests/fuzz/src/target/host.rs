//! What the kernel, the clock's daemons and the login records say of a host.

use nearmiss_agent_core::login::{self, utmp};
use nearmiss_agent_core::timekeeper::Keeper;
use nearmiss_agent_core::{meminfo, mountinfo, oom, pressure};

use super::text;
use crate::Target;

pub(crate) const PROC: Target = Target {
    name: "proc",
    run: proc,
    seeds: &[
        "36 35 98:0 / /mnt\\040x rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n",
        "MemTotal: 16 kB\nMemAvailable: 8 kB\nSwapTotal: 4 kB\nSwapFree: 4 kB\n",
        "some avg10=0.00 avg60=0.12 avg300=1.00 total=12\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
        "oom_kill 3\n",
        "1024\t0\t9223372036854775807\n",
    ],
    corpus: None,
};

fn proc(bytes: &[u8]) {
    let text = text(bytes);
    let all = mountinfo::parse(&text).len();
    assert!(mountinfo::watchable(&text).len() <= all);
    if let Some(free) = meminfo::file_handles_free(&text) {
        assert!((0.0..=1.0).contains(&free), "{free}");
    }
    let _told = (meminfo::parse(&text), pressure::parse(&text), oom::parse(&text));
}

pub(crate) const CLOCK: Target = Target {
    name: "clock",
    run: |bytes| {
        for keeper in Keeper::ALL {
            let _standing = keeper.read(&text(bytes));
        }
    },
    seeds: &[
        "C0A80001,192.168.0.1,3,1763980000.1,0.000012,0.00001,0.00002,1.2,0.1,0.2,0.01,0.02,64.1,Normal\n",
        "     remote           refid      st t when poll reach   delay   offset  jitter\n\
         *ntp.example   .GPS.  1 u 33 64 377 0.3 -1.2 0.4\n",
        "       Server: 1.2.3.4\n       Offset: +1.5ms\n        Delay: 2ms\n",
    ],
    corpus: None,
};

pub(crate) const LOGINS: Target = Target {
    name: "logins",
    run: |bytes| {
        for layout in [utmp::Layout::Narrow, utmp::Layout::Wide] {
            assert!(utmp::sessions(bytes, layout).len() <= bytes.len() / layout.record_bytes());
        }
        let text = text(bytes);
        let (passwd, group) = text.split_once("\n\n").unwrap_or((&text, &text));
        drop(login::privileged(passwd, group));
    },
    seeds: &["root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\nsudo:x:27:ann,bob\n\nsudo:x:27:ann\n"],
    corpus: None,
};
