//! Arrays, power supplies and containers.

use nearmiss_agent_core::redundancy::{self, Health};
use nearmiss_agent_core::{container, power};

use super::text;
use crate::Target;

pub(crate) const ARRAYS: Target = Target {
    name: "arrays",
    run: arrays,
    seeds: &[
        "Personalities : [raid1]\nmd0 : active raid1 sdb1[1] sda1[0](F)\n      1000 blocks super 1.2 [2/1] [_U]\n",
        "  pool: tank\n state: DEGRADED\nconfig:\n\n\tNAME STATE READ WRITE CKSUM\n\ttank DEGRADED 0 0 0\n\
         \t  raidz2-0 DEGRADED 0 0 0\n\t    sda ONLINE 0 0 0\n\t    sdb FAULTED 3 0 0  bad\n\nerrors: No\n",
        "{\"report\":[{\"lv\":[{\"vg_name\":\"v\",\"lv_name\":\"h\",\"segtype\":\"raid1\",\"stripes\":\"2\",\
         \"lv_attr\":\"rwi-aor-p-\",\"lv_health_status\":\"partial\",\"devices\":\"h_rimage_0(0)\"}]}]}",
    ],
    corpus: None,
};

/// An array never survives more than its layout does.
fn arrays(bytes: &[u8]) {
    let text = text(bytes);
    let mut all = redundancy::arrays(&text, |_| None);
    all.extend(redundancy::pools(&text));
    all.extend(redundancy::volumes(&text).unwrap_or_default());
    for array in all {
        if let Health::Survives(left) = array.health {
            assert!(left <= array.designed, "{array:?}");
        }
        array.members.iter().for_each(|member| assert!(member.contains(redundancy::drive_of(member))));
    }
}

pub(crate) const POWER: Target = Target {
    name: "power",
    run: |bytes| {
        let text = text(bytes);
        drop((power::listed(&text), power::of_nut(&text), power::of_apcupsd(&text)));
    },
    seeds: &[
        "battery.charge: 90\nbattery.runtime: 1200\nups.status: OL CHRG\n",
        "APC      : 001,036,0879\nSTATUS   : ONLINE\nTIMELEFT : 20.0 Minutes\nBCHARGE  : 100.0 Percent\n",
    ],
    corpus: None,
};

pub(crate) const CONTAINERS: Target = Target {
    name: "containers",
    run: |bytes| {
        drop((container::ids(bytes), container::inspected(bytes)));
    },
    seeds: &[
        "[{\"Id\":\"abc\"}]",
        "{\"Name\":\"/web\",\"RestartCount\":2,\"State\":{\"Status\":\"running\",\"Health\":{\"Status\":\"healthy\",\
         \"FailingStreak\":0}},\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":5}}}",
    ],
    corpus: None,
};
