//! The closeness bar: one distance to failure, drawn the same in the terminal and in a message.
//!
//! ```text
//! ██████████████████┆████▌···│ 0.92
//! 0        approach ┆        │ failure
//! ```
//! Track from normal (0) to failure (1); a tick at the approach level; filled to now; past failure the fill is
//! hatched; no data is an empty dashed track. Colour is the caller's: [`tone`] says which of the three.

/// Eighths of a cell, so that the end of the fill is finer than a letter.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// How the number beside the bar is coloured. Never the only sign: number and words stand beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Below approach: plain ink.
    Quiet,
    /// From approach on.
    Amber,
    /// From 0.9, or when failure comes sooner than somebody can respond.
    Red,
    /// Past the failure limit: red and hatched.
    Breached,
    /// Nothing was measured.
    NoData,
}

/// The tone of a distance. `fails_before_response` is true when time to failure is under the response time.
pub fn tone(proximity: Option<f64>, approach: f64, fails_before_response: bool) -> Tone {
    match proximity {
        None => Tone::NoData,
        Some(now) if now >= 1.0 => Tone::Breached,
        Some(now) if now >= 0.9 || fails_before_response => Tone::Red,
        Some(now) if now >= approach => Tone::Amber,
        Some(_) => Tone::Quiet,
    }
}

/// Closeness as people read it: nothing is further from failure than normal. `None` is the caller's to say.
pub fn number(proximity: f64) -> String {
    let shown = if proximity > 0.0 { proximity } else { 0.0 };
    format!("{shown:.2}")
}

/// The bar in `width` cells plus its closing line. `approach` and `peak` are proximities in 0..1.
pub fn draw(proximity: Option<f64>, approach: f64, peak: Option<f64>, width: usize) -> String {
    let Some(now) = proximity.filter(|value| value.is_finite()) else {
        return format!("{}│", "╌".repeat(width));
    };
    let cell_of = |value: f64| ((value.clamp(0.0, 1.0) * width as f64) as usize).min(width.saturating_sub(1));
    let tick = cell_of(approach);
    let closest = peak.filter(|peak| *peak > now).map(cell_of);
    let eighths = (now.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    let full = if now >= 1.0 { "▓" } else { "█" };
    let mut bar = String::with_capacity(width * 3 + 3);
    for cell in 0..width {
        let filled = eighths.saturating_sub(cell * 8).min(8);
        bar.push_str(match filled {
            _ if cell == tick => "┆",
            8 => full,
            0 if closest == Some(cell) => "╵",
            0 => "·",
            part => EIGHTHS.get(part).copied().unwrap_or("·"),
        });
    }
    bar.push('│');
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_shows_now_the_approach_level_and_the_closest_point() {
        assert_eq!(draw(Some(0.5), 0.7, None, 10), "█████··┆··│");
        assert_eq!(draw(Some(0.0), 0.7, Some(0.95), 10), "·······┆·╵│");
        assert_eq!(draw(Some(0.25), 0.7, None, 10), "██▌····┆··│");
        assert_eq!(draw(Some(1.2), 0.7, None, 10), "▓▓▓▓▓▓▓┆▓▓│");
        assert_eq!(draw(None, 0.7, None, 4), "╌╌╌╌│");
        assert_eq!(draw(Some(f64::NAN), 0.7, None, 4), "╌╌╌╌│");
    }

    #[test]
    fn no_closeness_is_said_below_normal() {
        assert_eq!([-1.0, -0.0, 0.004, 0.92, 1.3].map(number), ["0.00", "0.00", "0.00", "0.92", "1.30"]);
    }

    #[test]
    fn every_bar_has_its_width() {
        for hundredth in -20..150 {
            let bar = draw(Some(f64::from(hundredth) / 100.0), 0.7, Some(0.8), 24);
            assert_eq!(bar.chars().count(), 25, "{bar}");
        }
    }

    #[test]
    fn tones_turn_at_approach_and_at_nine_tenths() {
        let tones = [0.1, 0.7, 0.9, 1.0].map(|now| tone(Some(now), 0.7, false));
        assert_eq!(tones, [Tone::Quiet, Tone::Amber, Tone::Red, Tone::Breached]);
        assert_eq!(tone(Some(0.72), 0.7, true), Tone::Red);
        assert_eq!(tone(None, 0.7, false), Tone::NoData);
    }
}
