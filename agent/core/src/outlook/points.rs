//! Counts of events on a drive, and the points that they and their growth give.

use std::collections::VecDeque;

use crate::drive_stats::Day;

/// Growth is looked at over so many days.
const WINDOW: i32 = 14;

/// One kind of count: the ATA attributes that hold it, of which the highest counts, and its weight. Unreadable sectors
/// stand in 197 while they wait and in 198 when a scan found them: the same ones.
struct Measure {
    name: &'static str,
    attributes: &'static [u8],
    weight: f64,
}

const MEASURES: [Measure; 4] = [
    Measure { name: "reallocated sectors", attributes: &[5], weight: 1.0 },
    Measure { name: "unreadable sectors", attributes: &[197, 198], weight: 2.0 },
    Measure { name: "uncorrectable errors", attributes: &[187], weight: 2.0 },
    Measure { name: "spin retries and end-to-end errors", attributes: &[10, 184], weight: 2.0 },
];

/// The counts of one drive at one time, by measure; 0 where the drive does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; MEASURES.len()]);

impl Counts {
    /// Takes what `attribute` gives for an ATA id: its count of events.
    pub fn of(attribute: impl Fn(u8) -> Option<u64>) -> Self {
        let highest = |measure: &Measure| measure.attributes.iter().filter_map(|id| attribute(*id)).max();
        Self(MEASURES.each_ref().map(|measure| highest(measure).unwrap_or(0)))
    }
}

/// The last days of one drive, oldest first; at most one entry a day of the window and today.
#[derive(Clone, Debug, Default)]
pub struct History {
    days: VecDeque<(Day, Counts)>,
}

impl History {
    /// One more day; a day told twice counts as it was told last.
    pub fn push(&mut self, day: Day, counts: Counts) {
        self.days.retain(|(kept, _)| *kept < day && day - *kept <= WINDOW);
        self.days.push_back((day, counts));
    }

    /// What `attribute` had counted on an earlier day.
    pub fn recall(&mut self, day: Day, attribute: u8, count: u64) {
        let Some(index) = MEASURES.iter().position(|measure| measure.attributes.contains(&attribute)) else {
            return;
        };
        let place = self.days.partition_point(|(kept, _)| *kept < day);
        if self.days.get(place).is_none_or(|(kept, _)| *kept != day) {
            self.days.insert(place, (day, Counts::default()));
        }
        let counts = self.days.get_mut(place).and_then(|(_, counts)| counts.0.get_mut(index));
        counts.into_iter().for_each(|held| *held = count.max(*held));
    }

    /// The points of the newest day.
    pub fn points(&self) -> f64 {
        self.parts().map(|part| part.points()).sum()
    }

    /// What the points come from in words, the heaviest first.
    pub fn reasons(&self) -> Vec<String> {
        let mut parts: Vec<Part> = self.parts().collect();
        parts.sort_by(|one, other| other.points().total_cmp(&one.points()));
        parts.iter().map(Part::told).collect()
    }

    /// Every measure that counts anything.
    fn parts(&self) -> impl Iterator<Item = Part> {
        let ends = self.days.front().zip(self.days.back());
        let measured = ends.into_iter().flat_map(|((first, then), (last, now))| {
            let counts = then.0.iter().zip(now.0);
            MEASURES.iter().zip(counts).map(move |(measure, (then, now))| Part {
                measure,
                now,
                grown: now.saturating_sub(*then),
                days: last - first,
            })
        });
        measured.filter(|part| part.now > 0)
    }
}

/// One measure of a drive, and how it moved in so many days.
struct Part {
    measure: &'static Measure,
    now: u64,
    grown: u64,
    days: i32,
}

impl Part {
    fn points(&self) -> f64 {
        self.measure.weight * (logarithm(self.now) + logarithm(self.grown))
    }

    fn told(&self) -> String {
        let Self { measure: Measure { name, .. }, now, grown, days } = self;
        match (grown, days) {
            (0, 0) => format!("{now} {name}"),
            (0, days) => format!("{now} {name}, none new for {days} days"),
            (grown, 1) => format!("{now} {name}, {grown} more since the day before"),
            (grown, days) => format!("{now} {name}, {grown} more in {days} days"),
        }
    }
}

fn logarithm(count: u64) -> f64 {
    (1.0 + count as f64).log2()
}
