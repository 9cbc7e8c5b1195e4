//! Any order of writes, rotations, compressions, deletions, looks and crashes, against the lines that were written.

use super::*;

/// A sequence that a seed decides.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// What happens to one log, and what of it nobody can be asked to have read.
struct History {
    world: World,
    dice: Dice,
    /// Rotation copies and empties instead of renaming.
    copies: bool,
    destroys: bool,
    /// The writer still has the handle of a file that was renamed or deleted.
    is_astray: bool,
    /// Lines that were destroyed while they were not known to be read: each may have been got, once.
    destroyed: BTreeSet<u32>,
}

impl History {
    fn new(seed: u64) -> Self {
        let dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let (copies, destroys) = (seed.is_multiple_of(2), seed.is_multiple_of(3));
        Self { world: World::new(), dice, copies, destroys, is_astray: false, destroyed: BTreeSet::new() }
    }

    fn step(&mut self) {
        self.world.now += self.dice.below(3) * 150;
        match self.dice.below(if self.destroys { 12 } else { 10 }) {
            0..=2 => {
                let lines = self.dice.below(9) as u32 + 1;
                self.world.write(lines);
            }
            3 | 4 => self.world.poll(),
            5 => self.rotate(),
            6 => self.reopen(),
            7 | 8 => self.compress(),
            9 => self.world.restart(),
            10 => self.delete_rotated(),
            _ => self.destroy_current(),
        }
    }

    fn reopen(&mut self) {
        self.world.reopen();
        self.is_astray = false;
    }

    fn rotate(&mut self) {
        if self.is_astray {
            return;
        }
        if !self.copies {
            self.world.rename();
            self.is_astray = true;
            return;
        }
        self.world.tick();
        // The copy may be seen half made, and whole before the file is emptied.
        self.world.shift();
        let text = fs::read(&self.world.path).unwrap();
        let half = text.len() / 2;
        let mut copy = append(&self.world.numbered(1));
        for part in [&text[..half], &text[half..]] {
            copy.write_all(part).unwrap();
            if self.dice.below(3) == 0 {
                self.world.poll();
            }
        }
        self.world.writer.set_len(0).unwrap();
    }

    /// Compresses a rotated file that nobody writes to; it may be seen half made.
    fn compress(&mut self) {
        let number = self.dice.below(4) as u32 + 1;
        let path = self.world.numbered(number);
        if !path.exists() || (self.is_astray && number == 1) {
            return;
        }
        let packing = Packing::ALL[self.dice.below(3) as usize];
        if self.dice.below(2) == 0 {
            let packed = packing.pack(&path);
            let target = format!("{}.{}", path.display(), packing.ending());
            fs::write(target, &packed[..packed.len() / 2]).unwrap();
            self.world.poll();
        }
        self.world.compress(number, packing);
    }

    fn delete_rotated(&mut self) {
        let number = self.dice.below(4) as u32 + 1;
        let Some(path) = self.world.rotated(number).filter(|_| !(self.is_astray && number == 1)) else {
            return;
        };
        self.destroyed.extend(self.unread());
        fs::remove_file(path).unwrap();
    }

    /// Empties the log without a copy, or deletes it.
    fn destroy_current(&mut self) {
        if self.is_astray {
            return;
        }
        self.destroyed.extend(self.unread());
        if self.dice.below(2) == 0 {
            self.world.writer.set_len(0).unwrap();
        } else {
            fs::remove_file(&self.world.path).unwrap();
            self.reopen();
        }
    }

    /// Every line that was not got yet: more than what is destroyed, which only makes the test milder.
    fn unread(&self) -> Vec<u32> {
        let got: BTreeSet<u32> = self.world.numbers().into_iter().collect();
        (0..self.world.written).filter(|line| !got.contains(line)).collect()
    }

    fn assert_whole(mut self, seed: u64) {
        self.reopen();
        self.world.settle();
        let got = self.world.numbers();
        let once: BTreeSet<u32> = got.iter().copied().collect();
        assert_ne!(once.last(), Some(&u32::MAX), "seed {seed}: what was there before is not ours to judge");
        let twice: Vec<&u32> =
            got.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
        assert_eq!(twice, Vec::<&u32>::new(), "seed {seed}: twice");
        let lost: Vec<u32> = (0..self.world.written)
            .filter(|line| !once.contains(line) && !self.destroyed.contains(line))
            .collect();
        assert_eq!(lost, Vec::<u32>::new(), "seed {seed}: lost");
        if !self.destroys {
            assert_eq!(self.world.gaps, Vec::<String>::new(), "seed {seed}");
        }
    }
}

/// `NEARMISS_TEST_SEEDS` tries more of them.
#[test]
fn any_history_gives_every_line_once() {
    let seeds = std::env::var("NEARMISS_TEST_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(120);
    for seed in 0..seeds {
        let mut history = History::new(seed);
        for _ in 0..40 {
            history.step();
        }
        history.assert_whole(seed);
    }
}
